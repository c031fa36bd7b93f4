// One function per operator: shapes and errors as in spec/tensor.md §3. The moves drop what moves nothing, as §5 says:
// a reshape of a reshape, a transpose of a transpose, a slice of everything are never emitted.
import type { Emitter, Value } from "./Emitter.ts";
import { type Shape, sameShape } from "./Graph.ts";

const NONE = {};

export const matmul = (g: Emitter, a: Value, b: Value): Value => g.emit("matmul", [a, b], NONE);
export const matmulInt8 = (g: Emitter, a: Value, b: Value): Value => g.emit("matmulInt8", [a, b], NONE);
export const toFloat = (g: Emitter, x: Value): Value => g.emit("toFloat", [x], NONE);
export const toInt8 = (g: Emitter, x: Value): Value => g.emit("toInt8", [x], NONE);

export const add = (g: Emitter, a: Value, b: Value): Value => g.emit("add", [a, b], NONE);
export const sub = (g: Emitter, a: Value, b: Value): Value => g.emit("sub", [a, b], NONE);
export const mul = (g: Emitter, a: Value, b: Value): Value => g.emit("mul", [a, b], NONE);
export const div = (g: Emitter, a: Value, b: Value): Value => g.emit("div", [a, b], NONE);
/** `a < b ? b : a`. */
export const max = (g: Emitter, a: Value, b: Value): Value => g.emit("max", [a, b], NONE);
/** `b < a ? b : a`. */
export const min = (g: Emitter, a: Value, b: Value): Value => g.emit("min", [a, b], NONE);
/** `a > b ? 1 : 0`. */
export const gt = (g: Emitter, a: Value, b: Value): Value => g.emit("gt", [a, b], NONE);
/** `choice[0]` where the condition is not 0, else `choice[1]`. */
export const select = (g: Emitter, condition: Value, choice: readonly [Value, Value]): Value =>
  g.emit("select", [condition, ...choice], NONE);
export const neg = (g: Emitter, x: Value): Value => g.emit("neg", [x], NONE);
export const abs = (g: Emitter, x: Value): Value => g.emit("abs", [x], NONE);
export const sqrt = (g: Emitter, x: Value): Value => g.emit("sqrt", [x], NONE);
export const exp = (g: Emitter, x: Value): Value => g.emit("exp", [x], NONE);
export const log = (g: Emitter, x: Value): Value => g.emit("log", [x], NONE);
export const tanh = (g: Emitter, x: Value): Value => g.emit("tanh", [x], NONE);

export const reduceSum = (g: Emitter, x: Value, axis: number): Value => g.emit("reduceSum", [x], { axis });
export const reduceMax = (g: Emitter, x: Value, axis: number): Value => g.emit("reduceMax", [x], { axis });

/** The same elements under another shape. */
export function reshape(g: Emitter, x: Value, shape: Shape): Value {
  const source = g.producer(x);
  const from = source?.op === "reshape" ? source.operands[0]! : x;
  return sameShape(from.shape, shape) ? from : g.emit("reshape", [from], { shape });
}

/** Broadcast to a shape. */
export function expand(g: Emitter, x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : g.emit("expand", [x], { shape });
}

/** Axis d of the result is axis `axes[d]` of x. */
export function transpose(g: Emitter, x: Value, axes: readonly number[]): Value {
  const source = g.producer(x);
  const from = source?.op === "transpose" ? source.operands[0]! : x;
  const through = source?.op === "transpose" ? axes.map((axis) => source.attributes.axes[axis] ?? -1) : axes;
  const moves = axes.length !== x.shape.length || through.some((axis, d) => axis !== d);
  return moves ? g.emit("transpose", [from], { axes: through }) : from;
}

/** The last two axes exchanged. */
export function transposeLast(g: Emitter, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(g, x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** `length` entries of an axis from `start` on. */
export function slice(
  g: Emitter,
  x: Value,
  range: { readonly axis: number; readonly start: number; readonly length: number },
): Value {
  return range.start === 0 && range.length === x.shape[range.axis] ? x : g.emit("slice", [x], range);
}

/** Operands side by side along an axis. */
export function concat(g: Emitter, parts: readonly Value[], axis: number): Value {
  return parts.length === 1 ? parts[0]! : g.emit("concat", parts, { axis });
}

/** Neighbours 2i and 2i+1 of the last axis exchanged. */
export const swapPairs = (g: Emitter, x: Value): Value => g.emit("swapPairs", [x], NONE);

/** Rows of `table[V,W]` by index; index -1 gives a row of `fill` (an element; fp32 as its word). */
export const gather = (g: Emitter, table: Value, { index, fill = 0 }: { index: Value; fill?: number }): Value =>
  g.emit("gather", [table, index], { fill });

/** 1 at the index of each row, else 0. */
export const oneHot = (g: Emitter, index: Value, size: number): Value => g.emit("oneHot", [index], { size });

/** [rows,W]: row `index[i]` is the sum of the rows i of x. */
export const scatterAdd = (g: Emitter, x: Value, { index, rows }: { index: Value; rows: number }): Value =>
  g.emit("scatterAdd", [x, index], { rows });

/** Repeated axes of `x` summed, last first, so that it gets the shape of an operand that was broadcast (§2). */
export function unbroadcast(g: Emitter, x: Value, shape: Shape): Value {
  const added = x.shape.length - shape.length;
  let sum = x;
  for (let axis = x.shape.length - 1; axis >= 0; axis--)
    if (x.shape[axis]! > 1 && (shape[axis - added] ?? 1) === 1) sum = reduceSum(g, sum, axis);
  return reshape(g, sum, shape);
}
