// The state before step 0 (spec/tensor.md §7.5): a pure function of the seed and the list of state tensors.
import { elementCount } from "../graph/Graph.ts";
import { type TensorOf, tensorFrom } from "../graph/TensorValue.ts";
import type { StateTensor } from "../models/StateTensor.ts";
import { fromBits } from "../recipes.ts";
import { seedStream } from "../seedStream.ts";

const LABEL = "weft/start-state/2";

/** The tensors by name. `seed` is 32 bytes. Tensor number n of the list draws from stream (seed, label, n). */
export function startState(seed: Uint8Array, state: readonly StateTensor[]): Record<string, TensorOf<"f32">> {
  return Object.fromEntries(state.map((tensor, n) => [tensor.name, startTensor(seed, tensor, n)]));
}

/** Tensor number n. */
export function startTensor(seed: Uint8Array, tensor: StateTensor, n: number): TensorOf<"f32"> {
  const parts = startParts(seed, tensor, n);
  for (;;) {
    const { value, done } = parts.next();
    if (done) return value;
  }
}

/** Elements between two pauses: some milliseconds of drawing. */
const PART = 2 ** 14;

/**
 * The same, pausing before each part of a drawn tensor, for who has to let others run in between; says how many elements the
 * part has. Element i is fl((w · 2^-23 - 1) · bound), w the top 24 bits of word i; the bracket is exact in fp32.
 */
export function* startParts(
  seed: Uint8Array,
  { shape, start }: StateTensor,
  n: number,
): Generator<number, TensorOf<"f32">> {
  const tensor = tensorFrom("f32", shape, new Float32Array(elementCount(shape)));
  const { data } = tensor;
  const value = fromBits(start.word);
  if (start.kind === "fill") {
    data.fill(value);
    return tensor;
  }
  const words = seedStream(seed, LABEL, n);
  for (let first = 0; first < data.length; first += PART) {
    const count = Math.min(PART, data.length - first);
    yield count;
    words(first, count).forEach((word, i) => {
      data[first + i] = ((word >>> 8) * 2 ** -23 - 1) * value;
    });
  }
  return tensor;
}
