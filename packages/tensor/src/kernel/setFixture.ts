// For tests: tensors in and out of a kernel set, and tensors from seeded bits.
import { DTYPE_BYTES, elementCount, type Node, type Op, type OperatorAttributes, type Shape } from "../graph/Graph.ts";
import { inferOperator } from "../graph/operators.ts";
import { bitsView, createTensor, type TensorOf, type TensorValue } from "../graph/TensorValue.ts";
import { evaluateNode } from "../reference/evaluateNode.ts";
import { seedWords, wordBelow } from "../seedStream.ts";
import type { KernelCall, PackedView } from "./KernelCall.ts";
import type { KernelSet } from "./KernelSet.ts";
import { packedBytes } from "./packedBytes.ts";
import { stridesOf, type View } from "./View.ts";

/** How the bits of test elements are drawn: in [-2, 2), any, or mostly subnormal products. */
export const MIXES = ["ordinary", "any", "tiny"] as const;
export type Mix = (typeof MIXES)[number];

/** A counter-based stream of draws. */
export type Draws = { below(range: number): number; words(count: number): Uint32Array; pick<T>(list: readonly T[]): T };

export function createDraws(label: string): Draws {
  let counter = 0;
  const words = (count: number) => seedWords(new Uint8Array(32).fill(17), `kernels/${label}`, counter++, count);
  const below = (range: number) => wordBelow(words(1)[0]!, range);
  return { words, below, pick: (list) => list[below(list.length)]! };
}

function elementBits(mix: Mix, word: number): number {
  if (mix === "any") return word;
  if (mix === "tiny") return (word & 0x83ffffff) >>> 0;
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, ((word >>> 8) * 2 ** -23 - 1) * 2);
  return view.getUint32(0);
}

/** An f32 tensor of drawn bits. */
export function drawTensor(draws: Draws, shape: Shape, mix: Mix): TensorOf<"f32"> {
  const tensor = createTensor({ dtype: "f32", shape }) as TensorOf<"f32">;
  bitsView(tensor).set(draws.words(elementCount(shape)).map((word) => elementBits(mix, word)));
  return tensor;
}

/** An i8 or i32 tensor of drawn integers in [least, most]. */
export function drawIntegers(
  draws: Draws,
  { dtype, shape }: { dtype: "i8" | "i32"; shape: Shape },
  [least, most]: [number, number],
) {
  const tensor = createTensor({ dtype, shape });
  tensor.data.set(Array.from(draws.words(elementCount(shape)), (word) => least + wordBelow(word, most - least + 1)));
  return tensor;
}

/** A shape of `rank` axes of 1 to `most` entries. */
export function drawShape(draws: Draws, rank: number, most: number): number[] {
  return Array.from({ length: rank }, () => 1 + draws.below(most));
}

/** A contiguous view of new memory. */
export function room(set: KernelSet, { dtype, shape }: Pick<View, "dtype" | "shape">): View {
  return { at: set.reserve(elementCount(shape) * DTYPE_BYTES[dtype]), dtype, shape };
}

/** A tensor copied to new memory. */
export function put(set: KernelSet, tensor: TensorValue): View {
  const view = room(set, tensor);
  set.write(view, tensor.data);
  return view;
}

/** A contiguous view's elements. */
export function get(set: KernelSet, { at, dtype, shape }: View): TensorValue {
  const tensor = createTensor({ dtype, shape });
  set.read({ at, dtype, shape }, tensor.data);
  return tensor;
}

/** Runs calls once. */
export function runOnce(set: KernelSet, calls: readonly KernelCall[]): void {
  const plan = set.compile(calls);
  set.run(plan);
  plan.release();
}

/** What the reference gives. */
export function expected<K extends Op>(
  op: K,
  operands: readonly TensorValue[],
  attributes: OperatorAttributes[K],
): TensorValue {
  const type = inferOperator(op, operands, { op, attributes });
  return evaluateNode({ place: op, node: { op, in: [], ...attributes } as unknown as Node, operands, type });
}

/** The bits of a tensor, for comparison. */
export const bits = (tensor: TensorValue): readonly number[] => Array.from(bitsView(tensor));

/** A matrix packed as a product wants its second operand. */
export function putPacked(set: KernelSet, b: View): PackedView {
  const out: PackedView = { at: set.reserve(packedBytes(b)), dtype: b.dtype, shape: b.shape, packed: true };
  runOnce(set, [{ call: "pack", b, out }]);
  return out;
}

/** The tensor inside a larger one of other numbers, so that its rows have gaps. */
export function putWithGaps(
  set: KernelSet,
  tensor: TensorValue,
  { draws, gap }: { readonly draws: Draws; readonly gap: number },
): View {
  const wide = [...tensor.shape.slice(0, -1), tensor.shape.at(-1)! + gap];
  const whole = put(set, drawTensor(draws, wide, "any"));
  const view = { ...whole, shape: tensor.shape, strides: stridesOf(whole) };
  runOnce(set, [{ call: "copy", x: put(set, tensor), out: view }]);
  return view;
}
