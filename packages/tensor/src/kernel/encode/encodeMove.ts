// Strided copies as commands (kernels/assembly/moves.ts). The nest of loops is merged and ordered so that the innermost axis is
// the one that `out` has contiguous; its form follows from how x runs along it.
import { DTYPE_BYTES } from "../../graph/Graph.ts";
import type { Touched } from "../check/Touched.ts";
import type { CallOf } from "../KernelCall.ts";
import { type Axis, axesOf, broadcastStrides, mergeAxes, stridesOf } from "../View.ts";
import { type Command, command, OP } from "./Command.ts";

const FORM = { runs: 0, fill: 1, transpose: 2, single: 3 } as const;
/** A lone run of at least this many bytes is cut, so that a team shares it. */
const SHARED_BYTES = 16_384;
const PIECES = 64;

const UNIT: Axis = { size: 1, strides: [0, 0] };
/** Strides are [x, out] here. */
const along = (axis: Axis, operand: 0 | 1): number => axis.strides[operand]!;

function formOf(inner: Axis, second: Axis): number {
  if (along(inner, 1) !== 1 && inner.size > 1) return FORM.single;
  if (along(inner, 0) === 1) return FORM.runs;
  if (along(inner, 0) === 0) return FORM.fill;
  return along(second, 0) === 1 ? FORM.transpose : FORM.single;
}

/** Axes from the outermost to the innermost, the one that x has contiguous brought next to the innermost. */
function order(axes: readonly Axis[]): Axis[] {
  const sorted = mergeAxes([...axes].sort((a, b) => along(b, 1) - along(a, 1)));
  const inner = sorted.pop() ?? { size: 1, strides: [1, 1] };
  const contiguous = sorted.findIndex((axis) => along(axis, 0) === 1);
  const [second] = sorted.splice(contiguous < 0 ? sorted.length - 1 : contiguous, 1);
  return [...sorted, second ?? UNIT, inner];
}

/** A lone long run as pieces of equal length and a rest. */
function pieces([second, inner]: readonly Axis[], bytes: number): Axis[][] {
  const chunk = Math.floor(inner!.size / PIECES);
  if (second!.size > 1 || inner!.size * bytes < SHARED_BYTES) return [[second!, inner!]];
  const step = inner!.strides.map((stride) => stride * chunk);
  const whole = [
    { size: PIECES, strides: step },
    { size: chunk, strides: inner!.strides },
  ];
  const rest = inner!.size - PIECES * chunk;
  return rest === 0 ? [whole] : [whole, [UNIT, { size: rest, strides: inner!.strides }]];
}

export function encodeCopy({ x, out }: CallOf<"copy">, touched: Touched): Command[] {
  const bytes = DTYPE_BYTES[x.dtype];
  const axes = order(axesOf(out.shape, [broadcastStrides(x, out.shape), stridesOf(out)]));
  const form = formOf(axes.at(-1)!, axes.at(-2)!);
  const nests = axes.length === 2 && form !== FORM.transpose ? pieces(axes, bytes) : [axes];
  let done = 0;
  return nests.map((nest) => {
    const [inner, second, ...outer] = [...nest].reverse() as [Axis, Axis, ...Axis[]];
    const words = ({ size, strides }: Axis) => [size, ...strides.map((stride) => stride * bytes)];
    const [fromX, fromOut] = [0, 1].map((operand) => done * along(inner, operand as 0 | 1) * bytes) as [number, number];
    done += second.size * inner.size;
    const operands = [x.at + fromX, out.at + fromOut, bytes, form, outer.length];
    return command(OP.copy, [...operands, ...outer.flatMap(words), ...words(second), ...words(inner)], touched);
  });
}
