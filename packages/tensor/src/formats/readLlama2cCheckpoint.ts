// Reader of a checkpoint of llama2.c (karpathy/llama2.c: export.py version 0, run.c): seven i32 (dim, hidden, layers, heads,
// kv heads, vocab, context; a negative vocab says that the head has weights of its own), then fp32 weights by kind, each
// kind for all layers. The rotary tables in the file are skipped: they follow from the shape. Rotary pairs are
// neighbours there as here. Not here: versions 1 and 2 of that format.
import { elementCount } from "../graph/Graph.ts";
import { type GptConfig, gpt, layerName } from "../models/gpt.ts";
import { TensorError } from "../TensorError.ts";
import { ByteReader } from "./ByteReader.ts";
import type { NamedValue } from "./NamedValue.ts";

/** Model and parameters, in the order of the model's state (spec/tensor.md §7.1). */
export type GptWeights = { readonly config: GptConfig; readonly tensors: readonly NamedValue[] };

/** What llama2.c computes with and doesn't store. */
const FIXED = { kind: "gpt", normEpsilonNano: 10_000, ropeTheta: 10_000 } as const;
/** First word of the later versions, "ak42". */
const LATER_MAGIC = 0x616b3432;

function bad(problem: string): never {
  throw new TensorError("bad-llama2c", problem, "pass a checkpoint of llama2.c, such as stories260K.bin");
}

/** Reads a file. Throws TensorError `bad-llama2c`, or `bad-model` for a shape that is none. */
export function readLlama2cCheckpoint(bytes: Uint8Array): GptWeights {
  const reader = new ByteReader(bytes, bad);
  const config = readConfig(reader);
  const floats = layout(config).reduce((sum, { count }) => sum + count, 0);
  if (reader.left !== 4 * floats)
    bad(`its shape needs ${floats} fp32 and ${reader.left / 4} follow the header: the file is cut or corrupt`);
  const shapes = new Map(gpt.parameters(config).map(({ name, shape }) => [name, shape]));
  const found = new Map<string, Float32Array>();
  for (const { name, count } of layout(config)) {
    const at = reader.skip(4 * count, name);
    if (shapes.has(name)) found.set(name, new ByteReader(bytes.subarray(at), bad).floats(count, name));
  }
  const tensors = Array.from(shapes, ([name, shape]) => {
    return { name, dtype: "f32", shape, data: found.get(name) } as NamedValue;
  });
  return { config, tensors };
}

function readConfig(reader: ByteReader): GptConfig {
  const dim = reader.i32("dim");
  if (dim === LATER_MAGIC) bad("it is of a later version (magic ak42)");
  const [hidden, layers, heads] = [reader.i32("hidden"), reader.i32("layers"), reader.i32("heads")];
  const [kvHeads, vocab, context] = [reader.i32("kv heads"), reader.i32("vocab"), reader.i32("context")];
  const sizes = { dim, hidden, layers, heads, kvHeads, vocab: Math.abs(vocab), context };
  return gpt.validate({ ...FIXED, ...sizes, tiedHead: vocab > 0 });
}

/** What the file holds, in its order; rotary tables have a name that no parameter has. */
function layout(config: GptConfig): { name: string; count: number }[] {
  const shapes = gpt.parameters(config);
  const counts = new Map(shapes.map(({ name, shape }) => [name, elementCount(shape)]));
  const one = (name: string) => [{ name, count: counts.get(name)! }];
  const each = (part: string) =>
    Array.from({ length: config.layers }, (_, layer) => one(layerName(layer, part))).flat();
  return [
    ...one("model.embed_tokens.weight"),
    ...each("input_layernorm"),
    ...each("self_attn.q_proj"),
    ...each("self_attn.k_proj"),
    ...each("self_attn.v_proj"),
    ...each("self_attn.o_proj"),
    ...each("post_attention_layernorm"),
    ...each("mlp.gate_proj"),
    ...each("mlp.down_proj"),
    ...each("mlp.up_proj"),
    ...one("model.norm.weight"),
    { name: "rotary tables", count: config.context * (config.dim / config.heads) },
    ...(config.tiedHead ? [] : one("lm_head.weight")),
  ];
}
