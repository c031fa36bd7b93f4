// The deep levels of a commitment, made on demand (spec/tensor.md §6): one step of a training replayed value by value from
// a checkpoint, every value's tensor root, and openings of leaves and partial sums. Values are hashed as they pass; for an
// opening the step is walked again and only what it needs is kept, so memory stays that of the walk.
import { checkMemory, walkBytes } from "../execute/openGraph.ts";
import { type WalkedValue, walkGraph } from "../execute/walkGraph.ts";
import { firstNodeValue } from "../graph/inferTypes.ts";
import { bitsView, createTensor, type TensorValue } from "../graph/TensorValue.ts";
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
import { type OpenProgram, openProgram, type TrainProgram } from "../train/Program.ts";
import { merkleTree } from "./MerkleTree.ts";
import { type OperatorsCommitment, type TypedGraph, typedGraph, type ValueOpening } from "./OperatorsCommitment.ts";
import { type StepAt, stepInputs } from "./stepInputs.ts";
import { tensorRootFrom } from "./TensorLayout.ts";

/** Flips one bit of a value before it is used and hashed: fault injection for tests. */
export type Tampering = { readonly value: number; readonly element: number; readonly bit: number };

export type TraceOptions = StepAt & { readonly tamper?: Tampering };

export type Trace = {
  readonly step: TypedGraph;
  readonly commitment: OperatorsCommitment;
  /** Per value of the step graph. */
  readonly tensorRoots: readonly Uint8Array[];
  /** State roots before and after the step, as they follow from the values. */
  readonly stateRoots: readonly [before: Uint8Array, after: Uint8Array];
  openValue(value: number): ValueOpening;
  /** Walks again and gives these values, in the order asked; at most 128. */
  read(values: readonly number[]): Promise<TensorValue[]>;
};

/** Values between two turns of the event loop. */
const VALUES_PER_TURN = 32;
const MOST_READ = 128;

type Walking = {
  readonly plan: GraphPlan;
  readonly inputs: Readonly<Record<string, TensorValue>>;
  readonly options: TraceOptions;
};

/**
 * Replays a step and commits to all of it. Throws TensorError `bad-program`, `bad-corpus`, `bad-checkpoint`, `bad-option`,
 * `over-memory`.
 */
export async function openTrace(program: TrainProgram, options: TraceOptions): Promise<Trace> {
  const open = openProgram(program);
  const step = typedGraph(open.step.graph);
  const plan = planGraph(step.graph, "whole");
  checkMemory(walkBytes(plan), options.memoryLimit);
  const walking = { plan, inputs: await stepInputs(open, options), options };
  const tensorRoots: Uint8Array[] = [];
  await walk(walking, ({ kernels, room, value, view }) => {
    tensorRoots[value] = rootOf(kernels, view, room);
    return false;
  });
  const tree = merkleTree(tensorRoots.map(hashLeaf));
  const graphHash = fromHex32(program.stepGraph, "stepGraph");
  const values = tensorRoots.length;
  return {
    step,
    commitment: { step: options.step, graphHash, values, valuesRoot: tree.root },
    tensorRoots,
    stateRoots: stateRootsOf(open, { step: options.step, tensorRoots }),
    openValue: (value) => ({ value, tensorRoot: tensorRoots[value]!, valuePath: tree.path(value) }),
    read: (wanted) => readValues(walking, wanted),
  };
}

type Seen = WalkedValue & { readonly kernels: KernelSet; readonly room: number };

/** Walks the step; ends early when `visit` says so. */
async function walk({ plan, inputs, options }: Walking, visit: (seen: Seen) => boolean): Promise<void> {
  const { tamper, signal } = options;
  const roomBytes = Math.max(...plan.buffers.map(({ type }) => hashRoomBytes([type])));
  const kernels = await createWasmKernels(walkBytes(plan) + roomBytes + 4096, { threads: 1 });
  try {
    const room = kernels.reserve(roomBytes);
    for (const { value, view } of walkGraph(kernels, plan, { inputs })) {
      if (value === tamper?.value) flipBit(kernels, view, tamper);
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

function flipBit(kernels: KernelSet, view: KernelView, { element, bit }: Tampering): void {
  const value = valueAt(kernels, view);
  bitsView(value)[element]! ^= 1 << bit;
  kernels.write(view, value.data);
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
