import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "@weft/transport/Clock";
import { pino } from "pino";
import { Tasks } from "./Tasks.ts";

const log = pino({ level: "silent" });

test("the same key runs once at a time; a failure waits, then runs again; success forgets", async () => {
  const clock = createManualClock();
  let runs = 0;
  let ends = 0;
  const tasks = new Tasks({ clock, log, onEnd: () => ends++, firstRetryMs: 30 });
  const work = async () => {
    runs += 1;
    await clock.sleep(5);
    if (runs === 1) throw new Error("first time");
  };
  tasks.run("a", work);
  tasks.run("a", work);
  assert.equal(runs, 1);
  await clock.advance(5);
  assert.equal(tasks.failures("a"), 1);
  await clock.advance(29);
  tasks.run("a", work);
  assert.equal(runs, 1, "too early");
  assert.equal(ends, 1);
  await clock.advance(1);
  assert.equal(ends, 2, "told again when the wait is over");
  tasks.run("a", work);
  await clock.advance(5);
  assert.equal(runs, 2);
  assert.equal(tasks.failures("a"), 0);
  await tasks.stop();
});

test("a limit on what runs at once, and stop aborts and waits", async () => {
  const tasks = new Tasks({ clock: createManualClock(), log, onEnd: () => {}, limit: 2 });
  let aborted = 0;
  const work = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    aborted += 1;
  };
  for (const key of ["a", "b", "c"]) tasks.run(key, work);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => tasks.isRunning(key)),
    [true, true, false],
  );
  await tasks.stop();
  assert.equal(aborted, 2);
});

test("a failure is a warning from the one on that is worth it, and debug before and between", async () => {
  const clock = createManualClock();
  const levels: string[] = [];
  const counting = pino({ level: "debug" }, { write: (line: string) => void levels.push(JSON.parse(line).level) });
  const tasks = new Tasks({ clock, log: counting, onEnd: () => {}, firstRetryMs: 1, longestRetryMs: 1 });
  for (let attempt = 0; attempt < 18; attempt++) {
    tasks.run("everyday", async () => Promise.reject(new Error("not yet")), { warnFrom: 2 });
    await clock.advance(1);
    await clock.advance(1);
  }
  await tasks.stop();
  const warned = levels.flatMap((level, index) => (Number(level) === 40 ? [index + 1] : []));
  assert.deepEqual(warned, [2, 16]);
});
