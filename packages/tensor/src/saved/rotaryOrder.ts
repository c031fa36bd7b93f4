// The two orders of rows in which a head's rotary pairs are stored: neighbours 2i, 2i+1 (here, llama2.c, GGUF), or halves
// i, i + d/2 (transformers). Only q_proj and k_proj know the difference; d is the width of a head.
import type { NamedValue } from "../formats/NamedValue.ts";
import type { GptConfig } from "../models/gpt.ts";

export type RotaryOrder = "neighbours" | "halves";

const TURNED = /\.self_attn\.[qk]_proj\.weight$/;

/** The tensor with its rows in the other order, where it has rotary rows; `to` is the order wanted. */
export function reorderRotary(tensor: NamedValue, { dim, heads }: GptConfig, to: RotaryOrder): NamedValue {
  if (!TURNED.test(tensor.name)) return tensor;
  const [rows, columns] = tensor.shape as [number, number];
  const width = dim / heads;
  const from = tensor.data as Float32Array;
  const data = new Float32Array(from.length);
  for (let row = 0; row < rows; row++) {
    const within = row % width;
    const pair = within < width / 2 ? 2 * within : 2 * (within - width / 2) + 1;
    // Row `within` of the halves is row `pair` of the neighbours.
    const [halves, neighbours] = [row, row - within + pair];
    const [source, target] = to === "halves" ? [neighbours, halves] : [halves, neighbours];
    data.set(from.subarray(source * columns, (source + 1) * columns), target * columns);
  }
  return { ...tensor, data } as NamedValue;
}
