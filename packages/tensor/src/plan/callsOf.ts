// A plan as calls of a kernel set, with every region at an address.
import { DTYPE_BYTES } from "../graph/Graph.ts";
import { firstNodeValue, placeOf } from "../graph/inferTypes.ts";
import type { ChainStep as ChainCallStep, ChainOutput, ChainSource, KernelCall } from "../kernel/KernelCall.ts";
import type { View as KernelView } from "../kernel/View.ts";
import type { GraphPlan, PlannedBuffer, Region } from "./GraphPlan.ts";
import { rowShape, rowStrides } from "./rowShape.ts";
import type { ChainOperand, ChainStep, NodeStep, Step } from "./Schedule.ts";
import { contiguousStrides, type View, wholeView } from "./View.ts";

/** Addresses at which the regions begin. */
export type Bases = Readonly<Record<Region, number>>;

/** One call with what it computes. */
export type PlannedCall = { readonly call: KernelCall; readonly step: Step };

type Lowering = {
  readonly plan: GraphPlan;
  readonly bases: Bases;
  readonly buffers: ReadonlyMap<number, PlannedBuffer>;
};

/** The calls of a plan, in order. */
export function callsOf(plan: GraphPlan, bases: Bases): PlannedCall[] {
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.value, buffer]));
  const lowering = { plan, bases, buffers };
  return plan.steps.flatMap((step) => lowerStep(lowering, step).map((call) => ({ call, step })));
}

/** A stored value's view at its address. */
export function kernelView({ bases, buffers }: Omit<Lowering, "plan">, view: View): KernelView {
  const { type, region, offset } = buffers.get(view.root)!;
  const at = bases[region] + offset + view.offset * DTYPE_BYTES[type.dtype];
  return { at, dtype: type.dtype, shape: view.shape, strides: view.strides };
}

function whole(lowering: Lowering, value: number): KernelView {
  return kernelView(lowering, wholeView(value, lowering.buffers.get(value)!.type.shape));
}

function lowerStep(lowering: Lowering, step: Step): KernelCall[] {
  if (step.kind === "chain") return [lowerChain(lowering, step)];
  if (step.kind === "copy")
    return [{ call: "copy", x: kernelView(lowering, step.from), out: whole(lowering, step.value) }];
  return lowerNode(lowering, step);
}

function nodePlace({ plan }: Lowering, value: number): string {
  const number = value - firstNodeValue(plan.graph);
  return placeOf(number, plan.graph.nodes[number]!.op);
}

function lowerNode(lowering: Lowering, { value, node, operands }: NodeStep): KernelCall[] {
  const [x, y] = operands.map((view) => kernelView(lowering, view)) as [KernelView, KernelView];
  const out = whole(lowering, value);
  const place = nodePlace(lowering, value);
  switch (node.op) {
    case "matmul":
    case "matmulInt8":
      return [{ call: node.op, place, a: x, b: y, out }];
    case "reduceSum":
    case "reduceMax":
      return [{ call: "reduce", place, kind: node.op === "reduceSum" ? "sum" : "max", x, axis: node.axis, out }];
    case "gather":
      return [{ call: "gather", place, table: x, index: y, fill: node.fill, out }];
    case "oneHot":
      return [{ call: "oneHot", place, index: x, out }];
    case "scatterAdd":
      return [{ call: "scatterAdd", place, x, index: y, out }];
    case "toInt8":
    case "swapPairs":
      return [{ call: node.op, place, x, out }];
    case "concat":
      return lowerConcat(lowering, { node, operands, out });
    default:
      throw new Error(`${node.op} runs in chains`);
  }
}

/** One copy per operand. */
function lowerConcat(
  lowering: Lowering,
  { node, operands, out }: { node: { axis: number }; operands: readonly View[]; out: KernelView },
): KernelCall[] {
  const strides = contiguousStrides(out.shape);
  let start = 0;
  return operands.map((view) => {
    const at = out.at + start * strides[node.axis]! * DTYPE_BYTES[out.dtype];
    start += view.shape[node.axis]!;
    return { call: "copy", x: kernelView(lowering, view), out: { at, dtype: out.dtype, shape: view.shape, strides } };
  });
}

function lowerChain(lowering: Lowering, step: ChainStep): KernelCall {
  const { rows, columns } = step;
  const axes = rowShape(
    rows,
    step.members.flatMap(({ operands }) => operands),
  )!;
  const sources: ChainSource[] = [];
  const known = new Map<string, number>();
  const numberOf = (operand: ChainOperand): number => {
    if (operand.kind === "member") return -1;
    const source = lowerSource(lowering, operand, { axes, columns });
    const key = JSON.stringify(source);
    const number = known.get(key) ?? sources.push(source) - 1;
    known.set(key, number);
    return number;
  };
  const numbers = step.members.map(({ operands }) => operands.map(numberOf));
  const values = new Map(step.members.map(({ value }, i) => [value, sources.length + i]));
  const steps = step.members.map(
    ({ op, operands }, i): ChainCallStep => ({
      op,
      in: operands.map((operand, o) => (operand.kind === "member" ? values.get(operand.value)! : numbers[i]![o]!)),
    }),
  );
  const perRow = new Set(step.members.flatMap((member) => (member.perRow ? [member.value] : [])));
  const outputs = step.stored.map((value): ChainOutput => {
    const { at, dtype } = whole(lowering, value);
    return { value: values.get(value)!, out: { at, dtype, shape: [...axes, perRow.has(value) ? 1 : columns] } };
  });
  const hot = step.members.flatMap(({ operands }) => operands).find(({ kind }) => kind === "oneHot");
  const named = hot?.kind === "oneHot" ? hot.node : step.members[0]!.value;
  return { call: "chain", place: nodePlace(lowering, named), shape: [...axes, columns], sources, steps, outputs };
}

function lowerSource(
  lowering: Lowering,
  operand: Exclude<ChainOperand, { kind: "member" }>,
  { axes, columns }: { axes: readonly number[]; columns: number },
): ChainSource {
  if (operand.kind === "oneHot") {
    const { root, offset } = operand.index;
    const strides = contiguousStrides(axes);
    return { oneHot: kernelView(lowering, { root, offset, shape: axes, strides }) };
  }
  const { root, access, perRow } = operand;
  const along = perRow || access.along === 0 ? 0 : 1;
  const rowsOf = rowStrides(axes, access.terms);
  const shape = axes.map((size, axis) => (rowsOf[axis] === 0 ? 1 : size));
  const view: View = {
    root,
    offset: access.offset,
    shape: [...shape, along === 0 ? 1 : columns],
    strides: [...rowsOf, along],
  };
  return kernelView(lowering, view);
}
