// The llama-style language model (spec/tensor.md §7.1): RMSNorm, rotary positions, grouped causal attention, SwiGLU, tied
// or free head. Parameter names are those of llama safetensors; rotary pairs are neighbours, as in llama2.c and GGUF.
import { type Attention, attention, mergeHeads, rope, splitHeads } from "../graph/attention.ts";
import { inverseRoot, linear, rmsNorm, silu } from "../graph/composites.ts";
import type { Emitter, Value } from "../graph/Emitter.ts";
import { add, gather, mul, reshape } from "../graph/ops.ts";
import { checkConfig, refuseModel } from "./checkConfig.ts";
import { checkParameters, type ModelKind, type Weights, weightOf } from "./ModelKind.ts";
import { fanIn, ONES, type StateTensor } from "./StateTensor.ts";

export type GptConfig = {
  readonly kind: "gpt";
  readonly vocab: number;
  /** Tokens of one example. */
  readonly context: number;
  readonly dim: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly hidden: number;
  readonly tiedHead: boolean;
  readonly normEpsilonNano: number;
  readonly ropeTheta: number;
};

const LIMITS = {
  vocab: [2, 1_048_576],
  context: [1, 16_384],
  dim: [2, 16_384],
  layers: [1, 128],
  heads: [1, 256],
  kvHeads: [1, 256],
  hidden: [1, 65_536],
  normEpsilonNano: [1, 1_000_000],
  ropeTheta: [2, 2_147_483_647],
} as const;

function validate(value: unknown): GptConfig {
  const { tiedHead } = checkConfig("gpt", value, { limits: LIMITS, others: ["kind", "tiedHead"] });
  if (typeof tiedHead !== "boolean") refuseModel("gpt tiedHead is not true or false", "use true or false");
  const config = value as GptConfig;
  const { dim, heads, kvHeads } = config;
  if (dim % (2 * heads) !== 0) refuseModel(`gpt dim is ${dim} with ${heads} heads`, "make dim / heads an even integer");
  if (heads % kvHeads !== 0) refuseModel(`gpt kvHeads is ${kvHeads} of ${heads} heads`, "use a divisor of heads");
  checkParameters(parameters(config));
  return config;
}

/** Name of a parameter of a layer. */
export function layerName(layer: number, part: string): string {
  return `model.layers.${layer}.${part}.weight`;
}

/** Matrices are [out, in]; those that write to the residual stream start smaller by sqrt(2 · layers). */
function parameters({ vocab, dim, layers, hidden, heads, kvHeads, tiedHead }: GptConfig): StateTensor[] {
  const kvDim = (dim / heads) * kvHeads;
  const residual = inverseRoot(2 * layers);
  const matrix = (name: string, [rows, columns]: [number, number], scale = 1): StateTensor => {
    return { name, shape: [rows, columns], start: fanIn(columns, scale) };
  };
  const norm = (name: string): StateTensor => ({ name, shape: [dim], start: ONES });
  const block = (layer: number) => [
    norm(layerName(layer, "input_layernorm")),
    matrix(layerName(layer, "self_attn.q_proj"), [dim, dim]),
    matrix(layerName(layer, "self_attn.k_proj"), [kvDim, dim]),
    matrix(layerName(layer, "self_attn.v_proj"), [kvDim, dim]),
    matrix(layerName(layer, "self_attn.o_proj"), [dim, dim], residual),
    norm(layerName(layer, "post_attention_layernorm")),
    matrix(layerName(layer, "mlp.gate_proj"), [hidden, dim]),
    matrix(layerName(layer, "mlp.up_proj"), [hidden, dim]),
    matrix(layerName(layer, "mlp.down_proj"), [dim, hidden], residual),
  ];
  return [
    matrix("model.embed_tokens.weight", [vocab, dim]),
    ...Array.from({ length: layers }, (_, layer) => block(layer)).flat(),
    norm("model.norm.weight"),
    ...(tiedHead ? [] : [matrix("lm_head.weight", [vocab, dim])]),
  ];
}

/** Cosines and sines [T, d] of the positions that x holds. */
export type RopeTables = { readonly cos: Value; readonly sin: Value };

/** Tables of the positions from 0 on. */
export function ropeTables(g: Emitter, config: GptConfig, positions: number): RopeTables {
  const table = { kind: "rope", positions, dim: config.dim / config.heads, theta: config.ropeTheta } as const;
  return { cos: g.constant({ ...table, part: "cos" }), sin: g.constant({ ...table, part: "sin" }) };
}

export type GptLayer = {
  readonly weights: Weights;
  readonly layer: number;
  /** [B·T, dim]. */
  readonly x: Value;
  readonly batch: number;
  readonly tables: RopeTables;
  /** Mixes values by attention: q, k turned by their positions → [B, heads, T, d]. A cache goes in here. */
  readonly attend: (heads: Omit<Attention, "mask">) => Value;
};

/** One block: x + attention(norm x), then x + down(silu(gate) · up) of norm x → [B·T, dim]. */
export function gptLayer(g: Emitter, config: GptConfig, { weights, layer, x, batch, tables, attend }: GptLayer): Value {
  const weight = (part: string) => weightOf(weights, layerName(layer, part));
  const epsilon = config.normEpsilonNano / 1_000_000_000;
  const project = (from: Value, part: string) => linear(g, from, { weight: weight(part) });
  const normed = rmsNorm(g, x, { weight: weight("input_layernorm"), epsilon });
  const [heads, kvHeads] = [config.heads, config.kvHeads];
  const q = splitHeads(g, project(normed, "self_attn.q_proj"), { batch, heads });
  const k = splitHeads(g, project(normed, "self_attn.k_proj"), { batch, heads: kvHeads });
  const v = splitHeads(g, project(normed, "self_attn.v_proj"), { batch, heads: kvHeads });
  const mixed = mergeHeads(g, attend({ q: rope(g, q, tables), k: rope(g, k, tables), v }));
  const attended = add(g, x, project(mixed, "self_attn.o_proj"));
  const second = rmsNorm(g, attended, { weight: weight("post_attention_layernorm"), epsilon });
  const gated = mul(g, silu(g, project(second, "mlp.gate_proj")), project(second, "mlp.up_proj"));
  return add(g, attended, project(gated, "mlp.down_proj"));
}

/** tokens i32 [B,T] → [B·T, dim]. */
export function embed(g: Emitter, config: GptConfig, { weights, data }: { weights: Weights; data: Value }): Value {
  const rows = gather(g, weightOf(weights, "model.embed_tokens.weight"), { index: data });
  return reshape(g, rows, [rows.shape[0]! * rows.shape[1]!, config.dim]);
}

/** The last norm and the head: [N, dim] → [N, vocab]. */
export function head(g: Emitter, config: GptConfig, { weights, x }: { weights: Weights; x: Value }): Value {
  const epsilon = config.normEpsilonNano / 1_000_000_000;
  const normed = rmsNorm(g, x, { weight: weightOf(weights, "model.norm.weight"), epsilon });
  return linear(g, normed, {
    weight: weightOf(weights, config.tiedHead ? "model.embed_tokens.weight" : "lm_head.weight"),
  });
}

/** tokens i32 [B,T], T of any length → [B·T, vocab]; each token sees itself and those before it. */
function logits(g: Emitter, config: GptConfig, { weights, data }: { weights: Weights; data: Value }): Value {
  const [batch, length] = data.shape as [number, number];
  const tables = ropeTables(g, config, length);
  const mask = g.constant({ kind: "causal", size: length });
  const attend = (heads: Omit<Attention, "mask">) => attention(g, { ...heads, mask });
  let x = embed(g, config, { weights, data });
  for (let layer = 0; layer < config.layers; layer++)
    x = gptLayer(g, config, { weights, layer, x, batch, tables, attend });
  return head(g, config, { weights, x });
}

export const gpt: ModelKind<GptConfig> = {
  validate,
  parameters,
  batch: ({ context }, rows) => ({
    data: { name: "tokens", role: "batch", dtype: "i32", shape: [rows, context] },
    targets: { name: "targets", role: "batch", dtype: "i32", shape: [rows, context] },
  }),
  logits,
};
