// For tests: small random models, random schedules over a stepper, and what the reference says of each prefix.
import assert from "node:assert/strict";
import { forward } from "../formats/gptFixture.ts";
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import { createDraws, type Draws } from "../kernel/setFixture.ts";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { type GptConfig, gpt } from "../models/gpt.ts";
import { startState } from "../train/startState.ts";
import { type GptStepper, openStepper, type StepRow, stepperBytes } from "./GptStepper.ts";
import type { EngineSize } from "./modelViews.ts";

/** Start weights of a model. */
export function randomWeights(config: GptConfig, fill = 7): GptWeights {
  const state = startState(new Uint8Array(32).fill(fill), gpt.parameters(config));
  return { config, tensors: Object.entries(state).map(([name, tensor]) => ({ name, ...tensor })) };
}

/** A model of odd sizes: panels that are not full, key heads of their own or shared, a free or tied head. */
export function drawModel(draws: Draws): GptWeights {
  const kvHeads = draws.pick([1, 2, 3]);
  const heads = kvHeads * draws.pick([1, 2, 3]);
  const config = gpt.validate({
    kind: "gpt",
    vocab: 5 + draws.below(40),
    context: 12 + draws.below(10),
    dim: heads * draws.pick([2, 4, 6, 10]),
    layers: 1 + draws.below(2),
    heads,
    kvHeads,
    hidden: 3 + draws.below(30),
    tiedHead: draws.below(2) === 0,
    normEpsilonNano: 10_000,
    ropeTheta: 10_000,
  });
  return randomWeights(config, draws.below(256));
}

export type OpenStepper = { readonly stepper: GptStepper; close(): Promise<void> };

/** A stepper with its weights loaded, in a kernel set of its own. */
export async function openLoaded(model: GptWeights, size: EngineSize, threads: number): Promise<OpenStepper> {
  const kernels = await createWasmKernels(stepperBytes(model.config, size, threads), { threads });
  const stepper = openStepper(kernels, model.config, size);
  for (const { name, data } of model.tensors) stepper.load(name, 0, data as Float32Array);
  stepper.finishLoading();
  return { stepper, close: () => kernels.close() };
}

/** The logits after each token of a sequence, each from the forward graph over that prefix alone: rows of bits. */
export function prefixLogits(model: GptWeights, tokens: readonly number[]): string[] {
  const { vocab } = model.config;
  return tokens.map((_, t) => {
    const logits = forward(model, Int32Array.from(tokens.slice(0, t + 1)));
    return rowBits(logits.subarray(t * vocab, (t + 1) * vocab));
  });
}

export function rowBits(row: Float32Array): string {
  return Buffer.from(row.slice().buffer).toString("hex");
}

type Schedule = { readonly sequences: readonly (readonly number[])[]; readonly rows: number; readonly draws: Draws };

/** Rows of a next step, some of each sequence, and which of them are asked for. */
function drawStep({ sequences, rows, draws }: Schedule, done: number[]): { step: StepRow[]; wanted: number[] } {
  const step: StepRow[] = [];
  const wanted: number[] = [];
  sequences.forEach((tokens, slot) => {
    const left = Math.min(rows - step.length, tokens.length - done[slot]!);
    const count = Math.min(left, draws.pick([0, 1, 1, draws.below(left + 1)]));
    for (let i = 0; i < count; i++) {
      const position = done[slot]!++;
      step.push({ token: tokens[position]!, slot, position });
    }
    if (count > 0 && draws.below(4) > 0) wanted.push(step.length - 1);
  });
  return { step, wanted };
}

/** Feeds sequences in random pieces until all are in; every row that was asked for must be as expected. */
function runSchedule(
  { stepper }: OpenStepper,
  schedule: Schedule,
  { expected, what }: { expected: readonly (readonly string[])[]; what: string },
): number {
  const { vocab } = stepper.config;
  const done = schedule.sequences.map(() => 0);
  let compared = 0;
  while (schedule.sequences.some(({ length }, slot) => done[slot]! < length)) {
    const { step, wanted } = drawStep(schedule, done);
    if (step.length === 0) continue;
    const logits = stepper.step(step, wanted);
    wanted.forEach((row, i) => {
      const { slot, position } = step[row]!;
      const found = rowBits(logits.subarray(i * vocab, (i + 1) * vocab));
      assert.equal(found, expected[slot]![position], `${what}, slot ${slot}, position ${position}`);
      compared += 1;
    });
  }
  return compared;
}

/** Random models, sequences and schedules; the number of rows that were compared. Seeds are the label and a number. */
export async function checkSchedules(models: number, threads: number, label: string): Promise<number> {
  let compared = 0;
  for (let i = 0; i < models; i++) {
    const what = `seed ${label}/${i}`;
    const draws = createDraws(what);
    const model = drawModel(draws);
    const { context, vocab } = model.config;
    const [slots, rows] = [1 + draws.below(5), 8 + draws.below(12)];
    const open = await openLoaded(model, { slots, context, rows }, threads);
    // Twice as many sequences as slots: each slot is used again, over what another sequence left in it.
    for (let round = 0; round < 2; round++) {
      const tokens = () => Array.from({ length: 1 + draws.below(context) }, () => draws.below(vocab));
      const sequences = Array.from({ length: slots }, tokens);
      const expected = sequences.map((one) => prefixLogits(model, one));
      compared += runSchedule(open, { sequences, rows, draws }, { expected, what });
    }
    await open.close();
  }
  return compared;
}
