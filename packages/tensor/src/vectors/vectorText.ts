// How the shared vectors write tensors: fp32 as hex words, integers in decimal, joined by spaces; one case per line.
import { bitsView, createTensor, type TensorValue } from "../graph/TensorValue.ts";
import type { Dtype, Shape } from "../graph/Graph.ts";
import { TensorError } from "../TensorError.ts";

export type TensorText = { readonly dtype: Dtype; readonly shape: Shape; readonly elements: string };

/** Eight hex digits of 32 bits. */
export const hexWord = (bits: number): string => bits.toString(16).padStart(8, "0");

/** A NaN keeps its bits. */
export function tensorText(tensor: TensorValue): TensorText {
  const { dtype, shape, data } = tensor;
  const elements = dtype === "f32" ? Array.from(bitsView(tensor), hexWord) : Array.from(data, String);
  return { dtype, shape, elements: elements.join(" ") };
}

/** The reverse of tensorText. Throws TensorError `bad-tensor` for a wrong count. */
export function parseTensor({ dtype, shape, elements }: TensorText): TensorValue {
  const tensor = createTensor({ dtype, shape });
  const words = elements.split(" ");
  if (words.length !== tensor.data.length)
    throw new TensorError("bad-tensor", `${words.length} elements for [${shape}]`, "write one word per element");
  if (dtype === "f32") bitsView(tensor).set(words.map((word) => Number.parseInt(word, 16)));
  else tensor.data.set(words.map(Number));
  return tensor;
}

/** A JSON list or object with one entry per line. */
export function vectorFile(value: readonly unknown[] | Readonly<Record<string, unknown>>): string {
  if (Array.isArray(value)) return `[\n${value.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`;
  const lines = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}: ${entryText(entry)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

function entryText(entry: unknown): string {
  const isTable = Array.isArray(entry) && typeof entry[0] === "object";
  return isTable ? vectorFile(entry).trimEnd() : JSON.stringify(entry);
}
