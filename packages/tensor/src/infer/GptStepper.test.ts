// The bit rule: every position's logits are those of the forward graph over its prefix, whatever shares its steps.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import type { Draws } from "../kernel/setFixture.ts";
import type { StepRow } from "./GptStepper.ts";
import {
  createDraws,
  drawModel,
  type OpenStepper,
  openLoaded,
  prefixLogits,
  randomWeights,
  rowBits,
} from "./inferFixture.ts";

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

for (const [threads, models] of [
  [1, 8],
  [2, 3],
  [4, 2],
] as const)
  test(`random schedules, ${threads} threads: every position has the bits of the forward graph over its prefix`, async () => {
    let compared = 0;
    for (let i = 0; i < models; i++) {
      const what = `seed schedule/${threads}/${i}`;
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
    assert.ok(compared > 10 * models, `${compared} rows`);
  });

test("a sequence of NaN and infinity leaves nothing to others, nor to who has its slot next", async () => {
  const draws = createDraws("poison");
  const healthy = drawModel(draws);
  const config = { ...healthy.config, tiedHead: false };
  const model = randomWeights(config, 3);
  const embed = model.tensors[0]!.data as Float32Array;
  embed.fill(Number.POSITIVE_INFINITY, config.dim, 2 * config.dim);
  const open = await openLoaded(model, { slots: 2, context: config.context, rows: 8 }, 1);
  const { stepper } = open;
  const good = [0, 2, 3, 4, 2, 0];
  const expected = prefixLogits(model, good);
  const bad = stepper.step(
    [0, 1, 1, 2].map((token, position) => ({ token, slot: 0, position })),
    [3],
  );
  assert.ok(bad.every(Number.isNaN), "the bad one is bad");
  for (const slot of [1, 0])
    good.forEach((token, position) => {
      // The bad one goes on beside it.
      const beside = slot === 1 ? [{ token: 1, slot: 0, position: 4 + position }] : [];
      const logits = stepper.step([{ token, slot, position }, ...beside], [0]);
      assert.equal(rowBits(logits), expected[position], `slot ${slot}, position ${position}`);
    });
  await open.close();
});

test("weights: a NaN is named, a missing, unknown or misshapen parameter too", async () => {
  const model = randomWeights(drawModel(createDraws("weights")).config);
  const name = "model.layers.0.mlp.down_proj.weight";
  const rewritten = (change: (data: Float32Array) => Float32Array): GptWeights => ({
    ...model,
    tensors: model.tensors.map((tensor) =>
      tensor.name === name ? { ...tensor, dtype: "f32", data: change(tensor.data as Float32Array) } : tensor,
    ),
  });
  const size = { slots: 1, context: 4, rows: 8 };
  const { hidden } = model.config;
  const refused: [Parameters<typeof openLoaded>[0], string, RegExp][] = [
    [
      rewritten((data) => data.with(hidden + 1, Number.NaN)),
      "nan",
      new RegExp(`${name} holds a NaN at element ${hidden + 1}$`),
    ],
    [rewritten((data) => data.subarray(hidden)), "bad-model", new RegExp(`${name} misses ${hidden} elements`)],
    [rewritten((data) => data.subarray(1)), "bad-model", new RegExp(`${name} is not`)],
    [{ ...model, tensors: [...model.tensors, model.tensors[0]!] }, "bad-model", /model.embed_tokens.weight is not/],
    [{ ...model, tensors: [...model.tensors, { ...model.tensors[0]!, name: "other" }] }, "bad-model", /has no other/],
  ];
  for (const [weights, code, message] of refused)
    await assert.rejects(openLoaded(weights, size, 1), { code: `tensor.${code}`, message });
});
