// The synchronous core of an engine: a model's weights packed in memory, caches of several sequences, and steps over rows
// (token, slot, position) in any mix: whole prompts, parts of them, one token of each of many sequences. The logits of a
// row are those of the forward graph over its sequence's tokens up to it (spec/inference.md §2), whatever else runs.
// Not here: which rows run when (Scheduler.ts), drawing (Sampling.ts).
import { callBytes } from "../execute/regions.ts";
import { inverseRoot } from "../graph/composites.ts";
import { constantValue } from "../graph/constants.ts";
import type { KernelCall } from "../kernel/KernelCall.ts";
import type { KernelSet, Plan } from "../kernel/KernelSet.ts";
import type { View } from "../kernel/View.ts";
import { teamBytes } from "../kernel/wasmKernels.ts";
import type { GptConfig } from "../models/gpt.ts";
import { TensorError } from "../TensorError.ts";
import { type EngineSize, firstRows, type ModelViews, modelViews, plannedRoom } from "./modelViews.ts";
import { bodyCalls, headCalls, powerCalls } from "./stepCalls.ts";
import { type WeightLoading, weightLoading } from "./weightLoading.ts";

/** A token at a position of the sequence in a slot, whose earlier positions ran before or run in the same step. */
export type StepRow = { readonly token: number; readonly slot: number; readonly position: number };

export type GptStepper = WeightLoading & {
  readonly config: GptConfig;
  readonly size: EngineSize;
  /**
   * Runs up to `size.rows` rows; logits [wanted, vocab] of the named ones of them (at most one per slot), overwritten by the next
   * call. Throws TensorError `bad-index` for a row out of range.
   */
  step(rows: readonly StepRow[], wanted: readonly number[]): Float32Array;
  /** exp((l - shift) · factor) of each of these rows of logits in fp32, in as many rows; overwritten by the next call. */
  powers(logits: Float32Array, scales: readonly { readonly shift: number; readonly factor: number }[]): Float32Array;
};

/** Rows that steps are planned for: a step runs as the next larger one, its last rows counting for nothing. */
const PLANNED = [1, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];

function plannedRows(most: number): number[] {
  return [...PLANNED.filter((rows) => rows < most), plannedRoom(most)];
}

/** Every list of calls that a stepper may compile. */
function allCalls(config: GptConfig, size: EngineSize, views: ModelViews): KernelCall[][] {
  const bodies = plannedRows(size.rows).map((rows) => bodyCalls({ config, views, rows }));
  const heads = plannedRows(size.slots).flatMap((wanted) => [
    headCalls(views, size.rows, wanted),
    powerCalls(views, wanted),
  ]);
  return [...bodies, ...heads];
}

/** Bytes of memory of an engine: weights, caches, rows, commands, and what the threads need. */
export function stepperBytes(config: GptConfig, size: EngineSize, threads: number): number {
  const views = modelViews(config, size);
  const plans = allCalls(config, size, views).reduce((sum, calls) => sum + callBytes(calls), 65_536);
  return views.bytes + plans + teamBytes({ threads });
}

/** Reserves everything. The kernel set has room for `stepperBytes`. */
export function openStepper(kernels: KernelSet, config: GptConfig, size: EngineSize): GptStepper {
  const views = modelViews(config, size, kernels.reserve(modelViews(config, size).bytes));
  writeConstants(kernels, config, { views, size });
  return { config, size, ...weightLoading(kernels, config, views), ...stepping(kernels, { config, size, views }) };
}

type Opened = { readonly config: GptConfig; readonly size: EngineSize; readonly views: ModelViews };

function stepping(kernels: KernelSet, { config, size, views }: Opened): Pick<GptStepper, "step" | "powers"> {
  const bodies = compiled(kernels, size.rows, (rows) => bodyCalls({ config, views, rows }));
  const heads = compiled(kernels, size.slots, (wanted) => headCalls(views, size.rows, wanted));
  const draws = compiled(kernels, size.slots, (wanted) => powerCalls(views, wanted));
  const results = new Float32Array(size.slots * config.vocab);
  const { work } = views;
  const put = (view: View, elements: Int32Array | Float32Array, count: number) =>
    kernels.write(firstRows(view, count), elements);
  const readRows = (view: View, count: number): Float32Array => {
    const into = results.subarray(0, count * config.vocab);
    kernels.read(firstRows(view, count), into);
    return into;
  };
  return {
    step(rows, wanted) {
      const body = bodies(rows.length);
      const column = (of: (row: StepRow) => number) =>
        Int32Array.from({ length: body.rows }, (_, i) => (i < rows.length ? of(rows[i]!) : -1));
      put(
        work.tokens,
        column(({ token }) => token),
        body.rows,
      );
      put(
        work.slots,
        column(({ slot }) => slot),
        body.rows,
      );
      put(
        work.positions,
        column(({ position }) => position),
        body.rows,
      );
      kernels.run(body.plan);
      if (wanted.length === 0) return results.subarray(0, 0);
      const head = heads(wanted.length);
      put(
        work.wanted,
        Int32Array.from({ length: head.rows }, (_, i) => wanted[i] ?? -1),
        head.rows,
      );
      kernels.run(head.plan);
      return readRows(work.logits, wanted.length);
    },
    powers(logits, scales) {
      const draw = draws(scales.length);
      put(work.logits, logits, scales.length);
      put(
        work.shifts,
        Float32Array.from(scales, ({ shift }) => shift),
        scales.length,
      );
      put(
        work.factors,
        Float32Array.from(scales, ({ factor }) => factor),
        scales.length,
      );
      kernels.run(draw.plan);
      return readRows(work.powers, scales.length);
    },
  };
}

/** Plans by their number of rows, compiled when first needed. */
function compiled(kernels: KernelSet, most: number, callsFor: (rows: number) => KernelCall[]) {
  const planned = plannedRows(most);
  const plans = new Map<number, Plan>();
  return (count: number): { readonly rows: number; readonly plan: Plan } => {
    const rows = planned.find((fitting) => fitting >= count);
    if (rows === undefined || count < 1 || count > most)
      throw new TensorError("bad-option", `a step of ${count} rows`, `use 1 to ${most}`);
    const plan = plans.get(rows) ?? kernels.compile(callsFor(rows));
    plans.set(rows, plan);
    return { rows, plan };
  };
}

function writeConstants(
  kernels: KernelSet,
  { dim, heads, normEpsilonNano, ropeTheta }: GptConfig,
  { views, size }: { views: ModelViews; size: EngineSize },
): void {
  const depth = dim / heads;
  const values = {
    one: 1,
    inverseDim: 1 / dim,
    epsilon: normEpsilonNano / 1_000_000_000,
    scale: inverseRoot(depth),
    sigmoidLimit: 88,
  };
  for (const [name, value] of Object.entries(values))
    kernels.write(views.scalars[name as keyof typeof values], Float32Array.of(value));
  for (const part of ["cos", "sin"] as const) {
    const table = constantValue({ kind: "rope", positions: size.context, dim: depth, theta: ropeTheta, part });
    kernels.write(views[part], table.data);
  }
}
