// From a valid graph to a plan: order and chains (fuse.ts), then lives and places of buffers. Deterministic: equal graphs
// give equal plans.
import { constantType } from "../graph/constants.ts";
import { DTYPE_BYTES, elementCount, type Graph, type ValueType } from "../graph/Graph.ts";
import { assignPlaces, paddedBytes } from "./assignPlaces.ts";
import { fuse } from "./fuse.ts";
import type { GraphPlan, PlannedBuffer, Region } from "./GraphPlan.ts";
import type { Fusion, Schedule, Step } from "./Schedule.ts";
import { isContiguous, type View, wholeView } from "./View.ts";

/** Plans a graph that validateGraph has passed. `whole` stores every value by itself, for traces. */
export function planGraph(graph: Graph, fusion: Fusion = "chains"): GraphPlan {
  const { steps, outputs, claims, types } = withOutputs(graph, fuse(graph, fusion));
  const bytes = { constants: 0, state: 0, next: 0, batch: 0, arena: 0 };
  const given = givenBuffers(graph, bytes);
  if (claims.size > 0) bytes.next = bytes.state;
  const lives = livesOf(steps, outputs);
  const made = steps.flatMap(storedBy).map((value): PlannedBuffer => {
    const type = types[value]!;
    const state = claims.get(value);
    const place =
      state === undefined
        ? ({ region: "arena", offset: 0 } as const)
        : ({ region: "next", offset: given[state]!.offset } as const);
    return { value, type, ...place, bytes: bytesOf(type), ...lives(value) };
  });
  const arena = made.filter(({ region }) => region === "arena");
  const places = assignPlaces(arena);
  const offsets = new Map(arena.map(({ value }, i) => [value, places.offsets[i]!]));
  bytes.arena = places.bytes;
  return {
    graph,
    steps,
    buffers: [
      ...given.map((buffer) => ({ ...buffer, ...lives(buffer.value), first: -1 })),
      ...made.map((buffer) => ({ ...buffer, offset: offsets.get(buffer.value) ?? buffer.offset })),
    ],
    outputs,
    bytes,
  };
}

function bytesOf({ dtype, shape }: ValueType): number {
  return elementCount(shape) * DTYPE_BYTES[dtype];
}

/** Inputs and constants, which have fixed places. */
function givenBuffers(graph: Graph, bytes: Record<Region, number>): Omit<PlannedBuffer, "first" | "last">[] {
  const put = (value: number, type: ValueType, region: Region) => {
    const offset = bytes[region];
    bytes[region] += paddedBytes(bytesOf(type));
    const { dtype, shape } = type;
    return { value, type: { dtype, shape }, region, offset, bytes: bytesOf(type) };
  };
  const inputs = graph.inputs.map((input, i) => put(i, input, input.role === "state" ? "state" : "batch"));
  const first = graph.inputs.length;
  return [...inputs, ...graph.constants.map((constant, i) => put(first + i, constantType(constant), "constants"))];
}

/** Values that a step stores. */
export function storedBy(step: Step): readonly number[] {
  return step.kind === "chain" ? step.stored : [step.value];
}

/** Stored values that a step reads. */
export function readBy(step: Step): number[] {
  if (step.kind === "copy") return [step.from.root];
  if (step.kind === "node") return step.operands.map(({ root }) => root);
  return step.members.flatMap(({ operands }) =>
    operands.flatMap((operand) => {
      if (operand.kind === "member") return [];
      return [operand.kind === "oneHot" ? operand.index.root : operand.root];
    }),
  );
}

/** First and last step of a value's life. */
function livesOf(steps: readonly Step[], outputs: readonly View[]) {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  steps.forEach((step, i) => {
    for (const value of storedBy(step)) first.set(value, i);
    for (const value of [...storedBy(step), ...readBy(step)]) last.set(value, i);
  });
  for (const { root } of outputs) last.set(root, steps.length);
  return (value: number) => ({ first: first.get(value) ?? -1, last: last.get(value) ?? -1 });
}

type Finished = Pick<Schedule, "steps" | "types"> & {
  /** Contiguous, in order of the graph's outputs. */
  readonly outputs: readonly View[];
  /** Values that are written to the next state, with the number of the state input. */
  readonly claims: ReadonlyMap<number, number>;
};

/** Adds the copies that bring outputs where they belong: state into the next state, results into one piece. */
function withOutputs(graph: Graph, schedule: Schedule): Finished {
  const steps = [...schedule.steps];
  const types = [...schedule.types];
  const claims = new Map<number, number>();
  const computed = new Set(steps.flatMap(storedBy));
  const states = new Map(graph.inputs.map(({ name }, i) => [name, i]));
  const copied = (from: View): View => {
    const value = types.length;
    types.push({ dtype: types[from.root]!.dtype, shape: from.shape });
    steps.push({ kind: "copy", value, from });
    return wholeView(value, from.shape);
  };
  const outputs = graph.outputs.map(({ name, value }): View => {
    const view = schedule.views[value]!;
    const state = states.get(name);
    const inPlace = computed.has(view.root) && isContiguous(view);
    if (state === undefined) return inPlace ? view : copied(view);
    const whole = view.offset === 0 && elementCount(view.shape) === elementCount(types[view.root]!.shape);
    const end = inPlace && whole && !claims.has(view.root) ? view : copied(view);
    claims.set(end.root, state);
    return end;
  });
  return { steps, types, outputs, claims };
}
