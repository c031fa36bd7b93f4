// Weights into an engine's memory: matrices packed a few rows at a time, norms as they are; each parameter once and whole.
import { elementCount } from "../graph/Graph.ts";
import type { KernelSet } from "../kernel/KernelSet.ts";
import { type GptConfig, gpt } from "../models/gpt.ts";
import { TensorError } from "../TensorError.ts";
import { type ModelViews, stagedRows, type WeightPlace, weightPlaces } from "./modelViews.ts";

export type WeightLoading = {
  /** Rows of a parameter from row `row` on, row-major. Throws TensorError `nan` naming parameter and element, `bad-model`. */
  load(name: string, row: number, elements: Float32Array): void;
  /** Ends the loading. Throws TensorError `bad-model` naming a parameter that is missing. */
  finishLoading(): void;
};

export function weightLoading(kernels: KernelSet, config: GptConfig, views: ModelViews): WeightLoading {
  const places = weightPlaces(config, views);
  const shapes = new Map(gpt.parameters(config).map(({ name, shape }) => [name, shape]));
  const missing = new Map(gpt.parameters(config).map(({ name, shape }) => [name, elementCount(shape)]));
  const bad = (problem: string): never => {
    throw new TensorError("bad-model", problem, "pass every parameter of the model once");
  };
  return {
    load(name, row, elements) {
      const shape = shapes.get(name) ?? bad(`the model has no ${name}`);
      const nan = elements.findIndex(Number.isNaN);
      if (nan >= 0)
        throw new TensorError(
          "nan",
          `${name} holds a NaN at element ${row * (shape[1] ?? 1) + nan}`,
          "use the weights of a training that went right",
        );
      const left = missing.get(name)! - elements.length;
      const columns = shape.at(-1)!;
      if (left < 0 || elements.length % columns !== 0) bad(`${name} is not [${shape}]`);
      missing.set(name, left);
      place(kernels, views, { to: places.get(name)!, row, columns, elements });
    },
    finishLoading() {
      for (const [name, left] of missing) if (left !== 0) bad(`${name} misses ${left} elements`);
      const { at, bytes } = views.staging;
      kernels.write({ at, dtype: "f32", shape: [bytes / 4] }, new Float32Array(bytes / 4));
    },
  };
}

type Placed = {
  readonly to: WeightPlace;
  readonly row: number;
  readonly columns: number;
  readonly elements: Float32Array;
};

/** Writes a norm as it is, packs rows of a matrix; `row` is a multiple of a panel's rows. */
function place(kernels: KernelSet, { staging }: ModelViews, { to, row, columns, elements }: Placed): void {
  if ("plain" in to) {
    kernels.write(to.plain, elements);
    return;
  }
  const step = stagedRows(staging, columns);
  for (let done = 0; done * columns < elements.length; done += step) {
    const part = elements.subarray(done * columns, (done + step) * columns);
    const shape = [part.length / columns, columns];
    const b = { at: staging.at, dtype: "f32", shape } as const;
    kernels.write(b, part);
    const at = to.packed.at + (to.row + row + done) * columns * 4;
    const plan = kernels.compile([{ call: "pack", b, out: { at, dtype: "f32", shape, packed: true } }]);
    kernels.run(plan);
    plan.release();
  }
}
