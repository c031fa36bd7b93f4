// One graph node as kernel calls, nothing fused: what a planner starts from and what tests and replays run. Reshape is a copy
// here; a planner gives its result the operand's place instead.
import { DTYPE_BYTES, elementCount, type Node } from "../graph/Graph.ts";
import type { ChainOp, KernelCall } from "./KernelCall.ts";
import { stridesOf, transposed, type View } from "./View.ts";

export type NodeCall = {
  /** Begins the message of an error: "node 7 gather". */
  readonly place: string;
  readonly node: Node;
  /** Contiguous. */
  readonly operands: readonly View[];
  readonly out: View;
};

function part(whole: View, axis: number, start: number, length: number): View {
  const strides = stridesOf(whole);
  const shape = whole.shape.map((size, i) => (i === axis ? length : size));
  return { ...whole, at: whole.at + start * strides[axis]! * DTYPE_BYTES[whole.dtype], shape, strides };
}

function concatenation(operands: readonly View[], axis: number, out: View): KernelCall[] {
  let start = 0;
  return operands.map((x) => {
    const length = x.shape[axis]!;
    start += length;
    return { call: "copy", x, out: part(out, axis, start - length, length) };
  });
}

function flat(view: View): View {
  return { at: view.at, dtype: view.dtype, shape: [elementCount(view.shape)] };
}

/** An elementwise operator as a chain of one step. */
function oneStep(op: ChainOp, operands: readonly View[], out: View): KernelCall[] {
  const steps = [{ op, in: operands.map((_, i) => i) }];
  return [{ call: "chain", shape: out.shape, sources: operands, steps, outputs: [{ value: operands.length, out }] }];
}

function callsOf({ node, operands, out }: NodeCall): KernelCall[] {
  const [x, y] = operands as [View, View];
  switch (node.op) {
    case "matmul":
    case "matmulInt8":
      return [{ call: node.op, a: x, b: y, out }];
    case "reduceSum":
    case "reduceMax":
      return [{ call: "reduce", kind: node.op === "reduceSum" ? "sum" : "max", x, axis: node.axis, out }];
    case "reshape":
      return [{ call: "copy", x: flat(x), out: flat(out) }];
    case "expand":
      return [{ call: "copy", x, out }];
    case "transpose":
      return [{ call: "copy", x: transposed(x, node.axes), out }];
    case "slice":
      return [{ call: "copy", x: part(x, node.axis, node.start, node.length), out }];
    case "concat":
      return concatenation(operands, node.axis, out);
    case "swapPairs":
      return [{ call: "swapPairs", x, out }];
    case "gather":
      return [{ call: "gather", table: x, index: y, fill: node.fill, out }];
    case "oneHot":
      return [{ call: "oneHot", index: x, out }];
    case "scatterAdd":
      return [{ call: "scatterAdd", x, index: y, out }];
    case "toInt8":
    case "toFloat":
      return [{ call: node.op, x, out }];
    default:
      return oneStep(node.op, operands, out);
  }
}

/** The calls of a node, in order. */
export function nodeCalls(call: NodeCall): KernelCall[] {
  return callsOf(call).map((one) => ({ ...one, place: call.place }));
}
