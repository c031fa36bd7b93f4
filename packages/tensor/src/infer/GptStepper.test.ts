import assert from "node:assert/strict";
import { test } from "node:test";
import { createDraws, drawModel, openLoaded, prefixLogits, rowBits } from "./inferFixture.ts";

/** Feeds sequences to a stepper in random pieces, several at a time; returns the bits of every row's logits that was asked for. */
for (const threads of [1, 2, 4])
  test(`random schedules, ${threads} threads: every position has the bits of the forward graph over its prefix`, async () => {
    const seeds = Array.from({ length: 6 }, (_, i) => `schedule/${threads}/${i}`);
    for (const seed of seeds) {
      const draws = createDraws(seed);
      const model = drawModel(draws);
      const { context, vocab } = model.config;
      const [slots, rows] = [1 + draws.below(5), 8 + draws.below(12)];
      const { stepper, close } = await openLoaded(model, { slots, context, rows }, threads);
      try {
        // Twice as many sequences as slots: each slot is used again, over what another sequence left in it.
        for (let round = 0; round < 2; round++) {
          const sequences = Array.from({ length: slots }, () =>
            Array.from({ length: 1 + draws.below(context) }, () => draws.below(vocab)),
          );
          const expected = sequences.map((tokens) => prefixLogits(model, tokens));
          const done = sequences.map(() => 0);
          while (sequences.some(({ length }, slot) => done[slot]! < length)) {
            const step: { token: number; slot: number; position: number }[] = [];
            const wanted: number[] = [];
            for (let slot = 0; slot < slots && step.length < rows; slot++) {
              const left = Math.min(rows - step.length, sequences[slot]!.length - done[slot]!);
              const count = draws.pick([0, 1, Math.min(1, left), left, draws.below(left + 1)]);
              for (let i = 0; i < Math.min(count, left); i++) {
                const position = done[slot]!++;
                step.push({ token: sequences[slot]![position]!, slot, position });
              }
              if (count > 0 && left > 0 && draws.below(4) > 0) wanted.push(step.length - 1);
            }
            if (step.length === 0) continue;
            const logits = stepper.step(step, wanted);
            wanted.forEach((row, i) => {
              const { slot, position } = step[row]!;
              assert.equal(
                rowBits(logits.subarray(i * vocab, (i + 1) * vocab)),
                expected[slot]![position],
                `seed ${seed}, slot ${slot}, position ${position}`,
              );
            });
          }
        }
      } finally {
        await close();
      }
    }
  });
