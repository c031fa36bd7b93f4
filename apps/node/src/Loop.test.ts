import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "@weft/transport/Clock";
import { pino } from "pino";
import { Loop } from "./Loop.ts";

const log = pino({ level: "silent" });

test("a poke during a step gives one more step, not two at once", async () => {
  const clock = createManualClock();
  let running = 0;
  let most = 0;
  let steps = 0;
  let endStep = () => {};
  const loop = new Loop(
    {
      name: "t",
      everyMs: 60_000,
      step: async () => {
        running += 1;
        most = Math.max(most, running);
        steps += 1;
        await new Promise<void>((resolve) => {
          endStep = resolve;
        });
        running -= 1;
      },
    },
    { clock, log },
  );
  loop.start();
  for (let poke = 0; poke < 3; poke++) loop.poke();
  assert.equal(steps, 1);
  endStep();
  await clock.advance(0);
  assert.equal(steps, 2, "three pokes are one step more");
  endStep();
  await clock.advance(59_999);
  assert.equal(steps, 2, "nobody poked: the pause is whole");
  loop.poke();
  await clock.advance(0);
  assert.equal(steps, 3, "a poke ends a pause");
  endStep();
  await loop.stop();
  assert.equal(most, 1);
});

test("a failing step backs off and goes on; stop ends a pause at once", async () => {
  const clock = createManualClock();
  const stepsAtMs: number[] = [];
  const loop = new Loop(
    {
      name: "t",
      everyMs: 10,
      step: async () => {
        stepsAtMs.push(clock.now());
        if (stepsAtMs.length < 3) throw new Error("not yet");
      },
    },
    { clock, log },
  );
  loop.start();
  await clock.advance(620);
  const [first, second, third, fourth] = stepsAtMs as [number, number, number, number];
  assert.ok(second - first >= 200 && third - second >= 2 * (second - first) - 10, stepsAtMs.join());
  assert.equal(fourth - third, 10, "as often as ever once it works");
  // No time passes any more: only a pause that is cut short lets this end.
  await loop.stop();
});

test("stop waits for the step that is running and aborts its signal", async () => {
  let ended = false;
  const step = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await new Promise((resolve) => setImmediate(resolve));
    ended = true;
  };
  const loop = new Loop({ name: "t", everyMs: 10, step }, { clock: createManualClock(), log });
  loop.start();
  await loop.stop();
  assert.equal(ended, true);
});
