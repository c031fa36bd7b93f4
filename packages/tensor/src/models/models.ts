// The model families by kind.
import { show } from "../graph/fields.ts";
import { refuseModel } from "./checkConfig.ts";
import { type CnnConfig, cnn } from "./cnn.ts";
import { type GptConfig, gpt } from "./gpt.ts";
import type { ModelKind } from "./ModelKind.ts";
import { type MlpConfig, mlp } from "./mlp.ts";

export type ModelConfig = GptConfig | MlpConfig | CnnConfig;

const MODELS: { readonly [K in ModelConfig["kind"]]: ModelKind<Extract<ModelConfig, { kind: K }>> } = { gpt, mlp, cnn };

/** The family of a configuration. */
export function modelOf<C extends ModelConfig>({ kind }: C): ModelKind<C> {
  return MODELS[kind] as unknown as ModelKind<C>;
}

/** Checks untrusted data. Throws TensorError `bad-model` naming the field and its limit. */
export function validateModel(value: unknown): ModelConfig {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(MODELS, kind))
    refuseModel(`model kind is ${show(kind)}`, `use one of ${Object.keys(MODELS).join(", ")}`);
  return MODELS[kind as ModelConfig["kind"]].validate(value);
}
