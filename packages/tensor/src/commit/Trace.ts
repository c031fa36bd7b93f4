// The deep levels of a commitment, made on demand (spec/tensor.md §6): one step of a training replayed value by value from
// a checkpoint, every value's tensor root, and openings of leaves and partial sums. Values are hashed as they pass; for an
// opening the step is walked again and only what it needs is kept, so memory stays that of the walk.
import { checkMemory, walkBytes } from "../execute/openGraph.ts";
import { type WalkedValue, walkGraph } from "../execute/walkGraph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { createTensor, type TensorValue } from "../graph/TensorValue.ts";
import { stateRootFrom } from "../HashLayout.ts";
import { hashRoomBytes, rootAddresses } from "../kernel/hashRoom.ts";
import type { KernelSet } from "../kernel/KernelSet.ts";
import type { View as KernelView } from "../kernel/View.ts";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { hashLeaf } from "../Merkle.ts";
import type { GraphPlan } from "../plan/GraphPlan.ts";
import { planGraph } from "../plan/planGraph.ts";
import { fromHex32 } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import type { OpenProgram } from "../train/Program.ts";
import { merkleTree } from "./MerkleTree.ts";
import { type OperatorsCommitment, type TypedGraph, typedGraph, type ValueOpening } from "./OperatorsCommitment.ts";
import { tensorRootFrom } from "./TensorLayout.ts";

/** Changes a value's elements in place before they are used and hashed: what a cheat computes instead (Cheat.ts). */
export type Change = (own: TensorValue, operands: readonly TensorValue[]) => void;

export type TraceInputs = {
  readonly step: number;
  /** Of the step, by name. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** What is changed at a value, for attack galleries. */
  readonly changeOf?: ((value: number) => Change | undefined) | undefined;
  readonly memoryLimit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type Trace = {
  readonly step: TypedGraph;
  readonly commitment: OperatorsCommitment;
  /** Per value of the step graph. */
  readonly tensorRoots: readonly Uint8Array[];
  /** State roots before and after the step, as they follow from the values. */
  readonly stateRoots: readonly [before: Uint8Array, after: Uint8Array];
  openValue(value: number): ValueOpening;
  /** Walks again and gives these values, in the order asked; at most 8,192. */
  read(values: readonly number[]): Promise<TensorValue[]>;
};

/** Values between two turns of the event loop. */
const VALUES_PER_TURN = 32;
const MOST_READ = 8192;

type Walking = Omit<TraceInputs, "step"> & { readonly plan: GraphPlan };

/** Walks a step and commits to all of it. Throws TensorError `over-memory`, `bad-index`. */
export async function traceStep(open: OpenProgram, traced: TraceInputs): Promise<Trace> {
  const step = typedGraph(open.step.graph);
  const plan = planGraph(step.graph, "whole");
  checkMemory(walkBytes(plan), traced.memoryLimit);
  const walking = { ...traced, plan };
  const tensorRoots: Uint8Array[] = [];
  await walk(walking, ({ kernels, room, value, view }) => {
    tensorRoots[value] = rootOf(kernels, view, room);
    return false;
  });
  const tree = merkleTree(tensorRoots.map(hashLeaf));
  const graphHash = fromHex32(open.program.stepGraph, "stepGraph");
  const values = tensorRoots.length;
  return {
    step,
    commitment: { step: traced.step, graphHash, values, valuesRoot: tree.root },
    tensorRoots,
    stateRoots: stateRootsOf(open, { step: traced.step, tensorRoots }),
    openValue: (value) => ({ value, tensorRoot: tensorRoots[value]!, valuePath: tree.path(value) }),
    read: (wanted) => readValues(walking, wanted),
  };
}

type Seen = WalkedValue & { readonly kernels: KernelSet; readonly room: number };

/** Walks the step; ends early when `visit` says so. */
async function walk(walking: Walking, visit: (seen: Seen) => boolean): Promise<void> {
  const { plan, inputs, signal } = walking;
  const change = changer(walking);
  const roomBytes = Math.max(...plan.buffers.map(({ type }) => hashRoomBytes([type])));
  const kernels = await createWasmKernels(walkBytes(plan) + roomBytes + 4096, { threads: 1 });
  try {
    const room = kernels.reserve(roomBytes);
    for (const { value, view } of walkGraph(kernels, plan, { inputs })) {
      change(kernels, { value, view });
      if (visit({ kernels, room, value, view })) return;
      if (value % VALUES_PER_TURN === 0) await new Promise((wake) => setImmediate(wake));
      signal?.throwIfAborted();
    }
  } finally {
    await kernels.close();
  }
}

function valueAt(kernels: KernelSet, { dtype, shape, ...view }: KernelView): TensorValue {
  const value = createTensor({ dtype, shape });
  kernels.read({ dtype, shape, ...view }, value.data);
  return value;
}

/** Makes the changes of a walk as it passes, with the operands that each was computed from. */
function changer({ plan: { graph }, changeOf }: Walking): (kernels: KernelSet, seen: WalkedValue) => void {
  const first = firstNodeValue(graph);
  const operandsOf = (value: number) => graph.nodes[value - first]?.in ?? [];
  const changes = new Map<number, Change>();
  for (let value = 0; changeOf !== undefined && value < first + graph.nodes.length; value++) {
    const change = changeOf(value);
    if (change !== undefined) changes.set(value, change);
  }
  const wanted = new Set([...changes.keys()].flatMap(operandsOf));
  const held = new Map<number, TensorValue>();
  return (kernels, { value, view }) => {
    const change = changes.get(value);
    if (change !== undefined) {
      const own = valueAt(kernels, view);
      change(
        own,
        operandsOf(value).map((operand) => held.get(operand)!),
      );
      kernels.write(view, own.data);
    }
    if (wanted.has(value)) held.set(value, valueAt(kernels, view));
  };
}

/** Tensor root of a value, its leaves hashed by the kernels. */
function rootOf(kernels: KernelSet, view: KernelView, room: number): Uint8Array {
  const plan = kernels.compile([{ call: "hash", values: [view], room }]);
  kernels.run(plan);
  plan.release();
  const root = new Int8Array(32);
  kernels.read({ at: rootAddresses([view], room)[0]!, dtype: "i8", shape: [32] }, root);
  return tensorRootFrom(view, new Uint8Array(root.buffer));
}

async function readValues(walking: Walking, wanted: readonly number[]): Promise<TensorValue[]> {
  if (wanted.length > MOST_READ)
    throw new TensorError("bad-option", `${wanted.length} values`, `read at most ${MOST_READ} at a time`);
  const { graph } = walking.plan;
  const missing = new Set(wanted);
  const end = firstNodeValue(graph) + graph.nodes.length;
  for (const value of missing)
    if (!Number.isInteger(value) || value < 0 || value >= end)
      throw new TensorError("bad-option", `value is ${value}`, `use 0..${end - 1}`);
  const found = new Map<number, TensorValue>();
  await walk(walking, ({ kernels, value, view }) => {
    if (missing.delete(value)) found.set(value, valueAt(kernels, view));
    return missing.size === 0;
  });
  return wanted.map((value) => found.get(value)!);
}

/** Roots of the state inputs and of the state outputs. */
function stateRootsOf(
  { step }: OpenProgram,
  { step: number, tensorRoots }: { step: number; tensorRoots: readonly Uint8Array[] },
): [Uint8Array, Uint8Array] {
  const { graph } = step;
  const names = step.state.map(({ name }) => name);
  const inputs = new Map(graph.inputs.map(({ name }, value) => [name, value]));
  const outputs = new Map(graph.outputs.map(({ name, value }) => [name, value]));
  const rootsOf = (find: (name: string) => number) => names.map((name) => tensorRoots[find(name)]!);
  const before = rootsOf((name) => inputs.get(name)!);
  const after = rootsOf((name) => outputs.get(name) ?? inputs.get(name)!);
  return [stateRootFrom(number, names, before), stateRootFrom(number + 1, names, after)];
}
