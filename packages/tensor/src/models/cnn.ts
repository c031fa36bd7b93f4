// An image classifier (spec/tensor.md §7.1): convolutions that keep the size, relu, max pooling, one linear layer.
import { linear, relu } from "../graph/composites.ts";
import { conv, maxPool, sameWindow, tileWindow } from "../graph/convolution.ts";
import type { Emitter, Value } from "../graph/Emitter.ts";
import { reshape } from "../graph/ops.ts";
import { checkConfig, refuseModel } from "./checkConfig.ts";
import { checkParameters, type ModelKind, type Weights, weightOf } from "./ModelKind.ts";
import { fanIn, type StateTensor, uniform, ZEROS } from "./StateTensor.ts";

export type CnnLayer = {
  readonly kind: "conv";
  readonly filters: number;
  /** Odd. */
  readonly kernel: number;
  /** Side of the pooled tiles; 1 pools nothing. */
  readonly pool: number;
};

export type CnnConfig = {
  readonly kind: "cnn";
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
  readonly layers: readonly CnnLayer[];
};

const LIMITS = { height: [1, 4_096], width: [1, 4_096], channels: [1, 4_096], classes: [2, 65_536] } as const;
const LAYER_LIMITS = { filters: [1, 4_096], kernel: [1, 31], pool: [1, 16] } as const;
const MOST_LAYERS = 32;

function validate(value: unknown): CnnConfig {
  const { layers } = checkConfig("cnn", value, { limits: LIMITS, others: ["kind", "layers"] });
  if (!Array.isArray(layers) || layers.length < 1 || layers.length > MOST_LAYERS)
    refuseModel("cnn layers is not a list of 1 to 32", `use 1 to ${MOST_LAYERS} layers`);
  layers.forEach((layer, i) => {
    const { kind, kernel } = checkConfig(`cnn layer ${i}`, layer, { limits: LAYER_LIMITS, others: ["kind"] });
    if (kind !== "conv") refuseModel(`cnn layer ${i} kind is unknown`, 'use "conv"');
    if (Number(kernel) % 2 === 0) refuseModel(`cnn layer ${i} kernel is ${kernel}`, "use an odd number");
  });
  const config = value as CnnConfig;
  config.layers.reduce(checkPooling, [config.height, config.width]);
  checkParameters(parameters(config));
  return config;
}

function checkPooling([height, width]: number[], { pool }: CnnLayer, i: number): number[] {
  if (height! < pool || width! < pool)
    refuseModel(`cnn layer ${i} pools ${pool} x ${pool} of ${height} x ${width} pixels`, "pool less, or larger images");
  return [Math.floor(height! / pool), Math.floor(width! / pool)];
}

function parameters(config: CnnConfig): StateTensor[] {
  let { height, width, channels } = config;
  const tensors: StateTensor[] = [];
  config.layers.forEach(({ filters, kernel, pool }, i) => {
    const inputs = kernel * kernel * channels;
    tensors.push({
      name: `conv.${i}.weight`,
      shape: [filters, inputs],
      start: uniform(Math.sqrt(Math.fround(6 / inputs))),
    });
    tensors.push({ name: `conv.${i}.bias`, shape: [filters], start: ZEROS });
    [height, width, channels] = [Math.floor(height / pool), Math.floor(width / pool), filters];
  });
  const inputs = height * width * channels;
  tensors.push({ name: "output.weight", shape: [config.classes, inputs], start: fanIn(inputs) });
  tensors.push({ name: "output.bias", shape: [config.classes], start: ZEROS });
  return tensors;
}

/** images f32 [rows, height, width, channels] → [rows, classes]. */
function logits(g: Emitter, config: CnnConfig, { weights, data }: { weights: Weights; data: Value }): Value {
  let x = data;
  config.layers.forEach(({ kernel, pool }, i) => {
    const weight = weightOf(weights, `conv.${i}.weight`);
    const bias = weightOf(weights, `conv.${i}.bias`);
    x = relu(g, conv(g, x, { window: sameWindow(kernel), weight, bias }));
    if (pool > 1) x = maxPool(g, x, tileWindow(pool));
  });
  const [rows, height, width, channels] = x.shape as [number, number, number, number];
  const flat = reshape(g, x, [rows, height * width * channels]);
  return linear(g, flat, { weight: weightOf(weights, "output.weight"), bias: weightOf(weights, "output.bias") });
}

export const cnn: ModelKind<CnnConfig> = {
  validate,
  parameters,
  batch: ({ height, width, channels }, rows) => ({
    data: { name: "images", role: "batch", dtype: "f32", shape: [rows, height, width, channels] },
    targets: { name: "targets", role: "batch", dtype: "i32", shape: [rows] },
  }),
  logits,
};
