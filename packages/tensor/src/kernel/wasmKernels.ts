// Kernel sets in WebAssembly: one thread, or a team of the caller and workers (teamWorker.ts) that share every call's work. Several
// sets may share a memory, each with its own threads: one can hash what another computed.
import { once as onceEmitted } from "node:events";
import { Worker } from "node:worker_threads";
import { DTYPE_BYTES, elementCount } from "../graph/Graph.ts";
import { TensorError } from "../TensorError.ts";
import { type Arena, createArena } from "./Arena.ts";
import type { Encoding } from "./encode/Command.ts";
import { type EncodedPlan, encodePlan } from "./encode/encodePlan.ts";
import { indexFailure } from "./indexFailure.ts";
import type { KernelCall } from "./KernelCall.ts";
import type { KernelSet, Plan } from "./KernelSet.ts";
import { kernelCode } from "./kernelCode.ts";
import { instantiate, type KernelCode, type PlanExports } from "./module.ts";
import { createPlanStore } from "./planStore.ts";
import type { FollowerSetup } from "./teamWorker.ts";
import { needPlain, rangeOf, refuseCall, type View } from "./View.ts";

/** Scratch of each thread: the products' packed operands fit, and chains of up to some dozen registers of long rows. */
const SCRATCH_BYTES = 2 * 2 ** 20;
const MAX_THREADS = 64;
const START_TIMEOUT_MS = 30_000;

export type TeamOptions = {
  readonly threads: number;
  /** Default: what this process can run fastest. */
  readonly code?: KernelCode;
};

/** Bytes that a set's own memory needs beside tensors and plans. */
export function teamBytes({ threads }: Pick<TeamOptions, "threads">): number {
  return threads * SCRATCH_BYTES;
}

type Team = {
  readonly arena: Arena;
  readonly threads: number;
  readonly code: KernelCode;
  readonly exports: PlanExports;
  readonly control: number;
  readonly scratch: readonly number[];
};

type WasmPlan = Plan & { readonly at: number; readonly encoded: EncodedPlan };

function createTeam(arena: Arena, { threads, code = kernelCode() }: TeamOptions): Team {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
    throw new TensorError("bad-option", `${threads} threads`, `use 1 to ${MAX_THREADS} threads`);
  const exports = instantiate(code.module, arena.memory);
  const scratch = Array.from({ length: threads }, () => arena.reserve(SCRATCH_BYTES));
  return { arena, threads, code, exports, control: arena.reserveControl(), scratch };
}

/** The array's bytes, checked against the view it is copied from or to. */
function bytesFor(view: View, elements: ArrayBufferView): Uint8Array {
  needPlain("a view that the host reads or writes", view);
  const bytes = elementCount(view.shape) * DTYPE_BYTES[view.dtype];
  if (elements.byteLength !== bytes) refuseCall(`${elements.byteLength} bytes for a view of ${bytes}`);
  return new Uint8Array(elements.buffer, elements.byteOffset, bytes);
}

function memoryBytes({ memory, bounds }: Arena, view: View): Uint8Array {
  const [from, to] = rangeOf(view);
  if (from < bounds[0] || to > bounds[1]) refuseCall(`bytes ${from} to ${to} are outside the set's memory`);
  return new Uint8Array(memory.buffer, from, to - from);
}

function encodingOf({ exports, arena, threads, code }: Team): Encoding {
  return {
    threads,
    wide: code.wide,
    tables: arena.tables,
    scratch: {
      product: exports.productScratchBytes(),
      productInt8: exports.productInt8ScratchBytes(),
      hash: exports.tensorHashScratchBytes(),
    },
  };
}

function setOf(team: Team, workers: readonly Worker[]): KernelSet {
  const { arena, threads, code, exports, control, scratch } = team;
  const encoding = encodingOf(team);
  const store = createPlanStore(arena);
  let closed = false;
  return {
    name: `wasm, ${threads} ${threads === 1 ? "thread" : "threads"}${code.wide ? ", wide" : ""}`,
    reserve: arena.reserve,
    write: (view, elements) => memoryBytes(arena, view).set(bytesFor(view, elements)),
    read: (view, into) => bytesFor(view, into).set(memoryBytes(arena, view)),
    compile(calls) {
      const encoded = encodePlan(calls, encoding, arena.bounds);
      if (encoded.scratch > SCRATCH_BYTES) refuseCall(`a call needs ${encoded.scratch} bytes of scratch`);
      const place = store.take(encoded.words.length * 4);
      new Uint32Array(arena.memory.buffer, place.at, encoded.words.length).set(encoded.words);
      return { calls, at: place.at, encoded, release: once(() => store.give(place)) } as WasmPlan;
    },
    run(plan) {
      if (closed) throw new TensorError("closed", "this kernel set is closed", "use one that is open");
      const { at, encoded } = plan as WasmPlan;
      const failed = exports.lead(at, threads, scratch[0]!, control);
      if (failed !== 0) throw indexFailure(callOf(plan, encoded, failed), (view) => memoryBytes(arena, view));
    },
    async close() {
      if (closed) return;
      closed = true;
      exports.dismiss(threads, control);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** Calls `act` the first time only. */
function once(act: () => void): () => void {
  let left = 1;
  return () => {
    if (left-- > 0) act();
  };
}

function callOf(plan: Plan, { callAt }: EncodedPlan, failed: number): KernelCall {
  return plan.calls[callAt.get(failed - 1)!]!;
}

/** A kernel set on the calling thread alone. */
export function soloKernels(arena: Arena, code?: KernelCode): KernelSet {
  return setOf(createTeam(arena, { threads: 1, ...(code && { code }) }), []);
}

async function startFollower(team: Team, thread: number): Promise<Worker> {
  const setup: FollowerSetup = {
    role: "weft-kernels",
    module: team.code.module,
    memory: team.arena.memory,
    thread,
    threads: team.threads,
    scratch: team.scratch[thread]!,
    control: team.control,
  };
  const worker = new Worker(new URL("./teamWorker.ts", import.meta.url), { workerData: setup });
  await onceEmitted(worker, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  // From here on it sleeps or works for the leader, and never keeps a process alive.
  worker.unref();
  return worker;
}

/**
 * A kernel set of the calling thread and `threads - 1` workers. Rejects with TensorError `worker-failed` when a worker does not
 * start. A run blocks the caller until all threads are done.
 */
export async function teamKernels(arena: Arena, options: TeamOptions): Promise<KernelSet> {
  const team = createTeam(arena, options);
  const others = Array.from({ length: options.threads - 1 }, (_, i) => startFollower(team, i + 1));
  const started = await Promise.allSettled(others);
  const workers = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = started.find((result) => result.status === "rejected");
  if (failed === undefined) return setOf(team, workers);
  await Promise.all(workers.map((worker) => worker.terminate()));
  throw new TensorError(
    "worker-failed",
    "a kernel thread did not start",
    "try again, or use fewer threads",
    failed.reason,
  );
}

/** A set with a memory of its own for `bytes` of tensors and plans. */
export function createWasmKernels(bytes: number, options: TeamOptions): Promise<KernelSet> {
  return teamKernels(createArena(bytes + teamBytes(options)), options);
}
