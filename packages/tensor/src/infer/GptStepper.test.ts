// The bit rule: every position's logits are those of the forward graph over its prefix, whatever shares its steps.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GptWeights } from "../formats/readLlama2cCheckpoint.ts";
import { createDraws } from "../kernel/setFixture.ts";
import { checkSchedules, drawModel, openLoaded, prefixLogits, randomWeights, rowBits } from "./inferFixture.ts";

for (const [threads, models] of [
  [1, 8],
  [2, 3],
  [4, 2],
] as const)
  test(`random schedules, ${threads} threads: every position has the bits of the forward graph over its prefix`, async () => {
    const compared = await checkSchedules(models, threads, `schedule/${threads}`);
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
