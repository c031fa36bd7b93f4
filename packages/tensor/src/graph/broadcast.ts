// The broadcasting rule of §2: shapes are aligned at the last axis, a missing leading axis counts as 1, and on each axis
// the sizes are equal or one of them is 1.
import type { Shape } from "./Graph.ts";

/** The common shape, or undefined when the shapes do not fit. */
export function broadcastShapes(...shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result: number[] = [];
  for (let back = rank; back >= 1; back--) {
    const sizes = shapes.map((shape) => shape.at(-back) ?? 1);
    const size = Math.max(...sizes);
    if (sizes.some((own) => own !== 1 && own !== size)) return undefined;
    result.push(size);
  }
  return result;
}

/** Element of an operand that is read for element `i` of the result it is broadcast to. */
export function broadcastSource(result: Shape, operand: Shape, i: number): number {
  let source = 0;
  let stride = 1;
  let rest = i;
  for (let back = 1; back <= operand.length; back++) {
    const size = result.at(-back)!;
    const own = operand.at(-back)!;
    if (own > 1) source += (rest % size) * stride;
    rest = Math.floor(rest / size);
    stride *= own;
  }
  return source;
}
