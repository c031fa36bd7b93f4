// The constant `rope` (spec/tensor.md §5.2): cosines and sines of position times frequency, in binary64 by `+ - * /`
// alone, rounded to fp32 at the end.
import { cosSin64, exp64, log64 } from "../numerics/binary64.ts";
import type { ConstantAttributes, ValueType } from "./Graph.ts";
import { refuse } from "./refuse.ts";
import type { TensorValue } from "./TensorValue.ts";

/** Beyond it the reduction of the angle is no longer exact. */
const MOST_POSITIONS = 2 ** 20;

/** [positions, dim]. Throws TensorError `bad-graph`. */
export function ropeType(place: string, { positions, dim }: ConstantAttributes["rope"]): ValueType {
  if (positions > MOST_POSITIONS) refuse(place, `positions is ${positions}`, `use at most ${MOST_POSITIONS}`);
  if (dim % 2 !== 0) refuse(place, `dim is ${dim}`, "use an even number");
  return { dtype: "f32", shape: [positions, dim] };
}

/** Columns 2i and 2i+1 belong to the frequency theta^(-2i/dim). */
export function fillRope({ positions, dim, theta, part }: ConstantAttributes["rope"], { data }: TensorValue): void {
  const logTheta = log64(theta);
  for (let column = 0; column < dim; column += 2) {
    const frequency = exp64(-((column / dim) * logTheta));
    for (let p = 0; p < positions; p++) {
      const [cos, sin] = cosSin64(p * frequency);
      data[p * dim + column] = part === "cos" ? cos : -sin;
      data[p * dim + column + 1] = part === "cos" ? cos : sin;
    }
  }
}
