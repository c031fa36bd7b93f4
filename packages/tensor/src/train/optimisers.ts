// Optimisers as chains of operators (spec/tensor.md §7.3): AdamW (Loshchilov & Hutter 2019) and SGD with momentum, and
// clipping by the global norm (Pascanu, Mikolov & Bengio 2013).
import type { Emitter, Value } from "../graph/Emitter.ts";
import type { Shape } from "../graph/Graph.ts";
import { add, concat, div, min, mul, reduceSum, reshape, slice, sqrt, sub } from "../graph/ops.ts";
import { scalar } from "../graph/scalar.ts";
import { ONES, type StateTensor, ZEROS } from "../models/StateTensor.ts";

const f = Math.fround;
const PPM = 1_000_000;
const NANO = 1_000_000_000;

export type AdamwConfig = {
  readonly kind: "adamw";
  readonly beta1Ppm: number;
  readonly beta2Ppm: number;
  readonly epsilonNano: number;
  readonly weightDecayPpm: number;
};
export type SgdConfig = { readonly kind: "sgd"; readonly momentumPpm: number };
export type OptimiserConfig = AdamwConfig | SgdConfig;

/** One parameter in a step. */
export type Update = { readonly name: string; readonly value: Value; readonly gradient: Value };
export type Step = {
  readonly updates: readonly Update[];
  /** State of the optimiser by name. */
  readonly state: Readonly<Record<string, Value>>;
  /** [1]. */
  readonly rate: Value;
};

type Optimiser<C> = {
  /** State besides the parameters, in committed order. */
  state(config: C, parameters: readonly StateTensor[]): StateTensor[];
  /** The next value of every parameter and of the optimiser's state, by name. */
  update(g: Emitter, config: C, step: Step): Record<string, Value>;
};

const zerosLike = (prefix: string, parameters: readonly StateTensor[]): StateTensor[] =>
  parameters.map(({ name, shape }) => ({ name: prefix + name, shape, start: ZEROS }));

const adamw: Optimiser<AdamwConfig> = {
  state: (_, parameters) => [
    ...zerosLike("adam.mean.", parameters),
    ...zerosLike("adam.square.", parameters),
    { name: "adam.power", shape: [2], start: ONES },
  ],
  update(g, config, { updates, state, rate }) {
    const betas = [scalar(g, config.beta1Ppm / PPM), scalar(g, config.beta2Ppm / PPM)];
    const power = mul(g, state["adam.power"]!, concat(g, betas, 0));
    const corrections = [0, 1].map((start) => sub(g, scalar(g, 1), slice(g, power, { axis: 0, start, length: 1 })));
    const next: Record<string, Value> = { "adam.power": power };
    for (const update of updates) Object.assign(next, adamwUpdate(g, config, { update, corrections, state, rate }));
    return next;
  },
};

type AdamwStep = Pick<Step, "state" | "rate"> & { readonly update: Update; readonly corrections: readonly Value[] };

function adamwUpdate(g: Emitter, config: AdamwConfig, { update, corrections, state, rate }: AdamwStep) {
  const { name, value, gradient } = update;
  const [beta1, beta2] = [f(config.beta1Ppm / PPM), f(config.beta2Ppm / PPM)];
  const [m, v] = [state[`adam.mean.${name}`]!, state[`adam.square.${name}`]!];
  // Written in the order of the formulas of §7.3: the order is part of the graph.
  const mean = add(g, mul(g, scalar(g, beta1), m), mul(g, scalar(g, 1 - beta1), gradient));
  const square = add(g, mul(g, scalar(g, beta2), v), mul(g, scalar(g, 1 - beta2), mul(g, gradient, gradient)));
  const step = div(
    g,
    div(g, mean, corrections[0]!),
    add(g, sqrt(g, div(g, square, corrections[1]!)), scalar(g, config.epsilonNano / NANO)),
  );
  const pull =
    config.weightDecayPpm > 0 && value.shape.length > 1
      ? add(g, step, mul(g, scalar(g, config.weightDecayPpm / PPM), value))
      : step;
  const moved = sub(g, value, mul(g, rate, pull));
  return { [name]: moved, [`adam.mean.${name}`]: mean, [`adam.square.${name}`]: square };
}

const sgd: Optimiser<SgdConfig> = {
  state: (_, parameters) => zerosLike("sgd.momentum.", parameters),
  update(g, config, { updates, state, rate }) {
    const next: Record<string, Value> = {};
    for (const { name, value, gradient } of updates) {
      const before = mul(g, scalar(g, config.momentumPpm / PPM), state[`sgd.momentum.${name}`]!);
      const momentum = add(g, before, gradient);
      next[`sgd.momentum.${name}`] = momentum;
      next[name] = sub(g, value, mul(g, rate, momentum));
    }
    return next;
  },
};

const OPTIMISERS: { readonly [K in OptimiserConfig["kind"]]: Optimiser<Extract<OptimiserConfig, { kind: K }>> } = {
  adamw,
  sgd,
};

/** The optimiser of a configuration. */
export function optimiserOf<C extends OptimiserConfig>({ kind }: C): Optimiser<C> {
  return OPTIMISERS[kind] as unknown as Optimiser<C>;
}

/** Gradients times min(1, limit / (norm + 1e-6)), norm [1] over all of them together. */
export function clipByGlobalNorm(g: Emitter, gradients: readonly Value[], limit: number) {
  const squares = gradients.map((gradient) => total(g, mul(g, gradient, gradient)));
  const norm = sqrt(
    g,
    squares.reduce((sum, square) => add(g, sum, square)),
  );
  const factor = min(g, scalar(g, 1), div(g, scalar(g, limit), add(g, norm, scalar(g, 1 / PPM))));
  return { norm, gradients: gradients.map((gradient) => mul(g, gradient, factor)) };
}

/** All elements summed, last axis first → [1]. */
function total(g: Emitter, x: Value): Value {
  const axes: Shape = x.shape.map((_, axis) => axis).reverse();
  return reshape(
    g,
    axes.reduce((sum, axis) => reduceSum(g, sum, axis), x),
    [1],
  );
}
