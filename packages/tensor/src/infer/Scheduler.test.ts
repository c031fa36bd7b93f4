// Rows of steps: answers before prompts, nobody waits for ever, nobody runs ahead of its reader, positions follow on.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkSampling } from "./Sampling.ts";
import { nextStep, recentTokens, type SequenceRequest, startSequence, takeToken } from "./Scheduler.ts";

const draw = checkSampling({ temperatureMilli: 0 });

function start(slot: number, changes: Partial<SequenceRequest> = {}, credit = 8) {
  const request = { id: slot, prompt: [1, 2, 3], maxTokens: 10, stopTokens: [], slides: false, draw };
  return startSequence({ ...request, ...changes }, slot, credit);
}

test("answers come before prompts, prompts oldest first, and only the last row of a sequence draws", () => {
  const [long, other, answering] = [start(0, { prompt: [9, 8, 7, 6, 5] }), start(1), start(2)];
  nextStep([answering], 8);
  takeToken(answering, 4, 20);
  const step = nextStep([long, other, answering], 7);
  assert.deepEqual(
    step.rows.map(({ slot, position, token }) => [slot, position, token]),
    [
      [2, 3, 4],
      [0, 0, 9],
      [0, 1, 8],
      [0, 2, 7],
      [0, 3, 6],
      [0, 4, 5],
      [1, 0, 1],
    ],
  );
  assert.deepEqual(
    step.drawing.map(({ sequence, row }) => [sequence.slot, row]),
    [
      [2, 0],
      [0, 5],
    ],
  );
});

test("any lengths, limits and readers: each token runs once, in order, and every sequence ends", () => {
  const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9 })), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 6, max: 12 }), fc.integer({ min: 1, max: 3 }), (sizes, rows, credit) => {
      const prompt = (length: number) => Array.from({ length }, (_, i) => i);
      let open = sizes.map(([length, maxTokens], slot) => start(slot, { prompt: prompt(length), maxTokens }, credit));
      const next = sizes.map(() => 0);
      for (let steps = 0; open.length > 0; steps++) {
        assert.ok(steps < 400, "no end");
        const step = nextStep(open, rows);
        assert.ok(step.rows.length <= rows);
        for (const { slot, position } of step.rows) assert.equal(position, next[slot]!++);
        for (const { sequence } of step.drawing) {
          assert.ok(sequence.credit > 0);
          if (takeToken(sequence, 7, 99).ended !== undefined) open = open.filter((one) => one !== sequence);
        }
        if (step.rows.length > 0) continue;
        // All wait for their readers, who take something.
        for (const sequence of open) {
          assert.equal(sequence.credit, 0);
          sequence.credit = credit;
        }
      }
      sizes.forEach(([length, maxTokens], slot) => {
        assert.equal(next[slot], length + maxTokens - 1);
      });
    }),
    { numRuns: 300 },
  );
});

test("ends: a stop token, the most tokens, a full context; or the last half again", () => {
  const stopping = start(0, { stopTokens: [5] });
  assert.deepEqual(takeToken(stopping, 4, 10), { token: 4 });
  assert.deepEqual(takeToken(stopping, 5, 10), { ended: "stop", stopToken: 5 });
  assert.equal(stopping.drawn, 1);
  const short = start(0, { maxTokens: 1 });
  assert.deepEqual(takeToken(short, 4, 10), { token: 4, ended: "length" });
  const full = start(0, {});
  assert.deepEqual(takeToken(full, 4, 4), { token: 4 });
  assert.deepEqual(takeToken(full, 6, 4), { token: 6, ended: "context" });
  const sliding = start(0, { slides: true });
  nextStep([sliding], 8);
  takeToken(sliding, 4, 4);
  nextStep([sliding], 8);
  assert.deepEqual(takeToken(sliding, 6, 4), { token: 6 });
  assert.deepEqual([sliding.tokens, sliding.done], [[4, 6], 0]);
  assert.deepEqual(recentTokens({ ...sliding, draw: { ...draw, repetitionWindow: 1 } }), [6]);
});
