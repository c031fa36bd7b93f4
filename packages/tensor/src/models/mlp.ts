// The tanh language model over the last `context` tokens (spec/tensor.md §7.1).
import { inverseRoot, linear } from "../graph/composites.ts";
import type { Emitter, Value } from "../graph/Emitter.ts";
import { gather, reshape, tanh } from "../graph/ops.ts";
import { checkConfig } from "./checkConfig.ts";
import { checkParameters, type ModelKind, type Weights, weightOf } from "./ModelKind.ts";
import { type StateTensor, uniform, ZEROS } from "./StateTensor.ts";

export type MlpConfig = {
  readonly kind: "mlp";
  readonly vocab: number;
  readonly context: number;
  readonly embedding: number;
  readonly hidden: number;
};

const LIMITS = {
  vocab: [2, 1_048_576],
  context: [1, 1_024],
  embedding: [1, 4_096],
  hidden: [1, 65_536],
} as const;

function validate(value: unknown): MlpConfig {
  checkConfig("mlp", value, { limits: LIMITS, others: ["kind"] });
  checkParameters(parameters(value as MlpConfig));
  return value as MlpConfig;
}

function parameters({ vocab, context, embedding, hidden }: MlpConfig): StateTensor[] {
  const inputs = context * embedding;
  return [
    { name: "embedding.weight", shape: [vocab, embedding], start: uniform(1) },
    {
      name: "hidden.weight",
      shape: [hidden, inputs],
      start: uniform(Math.sqrt(Math.fround(3 / inputs))),
    },
    { name: "hidden.bias", shape: [hidden], start: ZEROS },
    { name: "output.weight", shape: [vocab, hidden], start: uniform(inverseRoot(hidden)) },
    { name: "output.bias", shape: [vocab], start: ZEROS },
  ];
}

/** tokens i32 [rows, context] → [rows, vocab]: the logits of the token after them. */
function logits(g: Emitter, config: MlpConfig, { weights, data }: { weights: Weights; data: Value }): Value {
  const layer = (name: string) => ({
    weight: weightOf(weights, `${name}.weight`),
    bias: weightOf(weights, `${name}.bias`),
  });
  const rows = gather(g, weightOf(weights, "embedding.weight"), { index: data });
  const joined = reshape(g, rows, [data.shape[0]!, config.context * config.embedding]);
  return linear(g, tanh(g, linear(g, joined, layer("hidden"))), layer("output"));
}

export const mlp: ModelKind<MlpConfig> = {
  validate,
  parameters,
  batch: ({ context }, rows) => ({
    data: { name: "tokens", role: "batch", dtype: "i32", shape: [rows, context] },
    targets: { name: "targets", role: "batch", dtype: "i32", shape: [rows] },
  }),
  logits,
};
