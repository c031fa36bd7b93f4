import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { Loop } from "./Loop.ts";

const log = pino({ level: "silent" });
const clock = {
  now: () => Date.now(),
  sleep: (ms: number, signal?: AbortSignal) => sleep(ms, undefined, { signal: signal as AbortSignal }),
};

test("a poke during a step gives one more step, not two at once", async () => {
  let running = 0;
  let most = 0;
  let steps = 0;
  const loop = new Loop(
    {
      name: "t",
      everyMs: 60_000,
      step: async () => {
        running += 1;
        most = Math.max(most, running);
        steps += 1;
        await sleep(20);
        running -= 1;
      },
    },
    { clock, log },
  );
  loop.start();
  loop.poke();
  loop.poke();
  await sleep(10);
  loop.poke();
  await sleep(60);
  await loop.stop();
  assert.equal(most, 1);
  assert.equal(steps, 2);
});

test("a failing step backs off and goes on; stop ends a pause at once", async () => {
  let steps = 0;
  const loop = new Loop(
    {
      name: "t",
      everyMs: 10,
      step: async () => {
        steps += 1;
        if (steps < 3) throw new Error("not yet");
      },
    },
    { clock, log },
  );
  loop.start();
  await sleep(900);
  assert.ok(steps >= 3, `${steps} steps`);
  const before = performance.now();
  await loop.stop();
  assert.ok(performance.now() - before < 200);
});

test("stop waits for the step that is running and aborts its signal", async () => {
  let ended = false;
  const loop = new Loop(
    {
      name: "t",
      everyMs: 10,
      step: async (signal) => {
        await sleep(60_000, undefined, { signal }).catch(() => {});
        ended = true;
      },
    },
    { clock, log },
  );
  loop.start();
  await sleep(10);
  await loop.stop();
  assert.equal(ended, true);
});
