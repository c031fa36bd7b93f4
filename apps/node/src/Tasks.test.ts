import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@weft/transport/Clock";
import { pino } from "pino";
import { Tasks } from "./Tasks.ts";

const log = pino({ level: "silent" });

test("the same key runs once at a time; a failure waits, then runs again; success forgets", async () => {
  let runs = 0;
  let ends = 0;
  const tasks = new Tasks({ clock: systemClock, log, onEnd: () => ends++, firstRetryMs: 30 });
  const work = async () => {
    runs += 1;
    await sleep(5);
    if (runs === 1) throw new Error("first time");
  };
  tasks.run("a", work);
  tasks.run("a", work);
  await sleep(15);
  assert.equal(runs, 1);
  assert.equal(tasks.failures("a"), 1);
  tasks.run("a", work);
  assert.equal(runs, 1, "too early");
  await sleep(40);
  assert.ok(ends >= 2, "told again when the wait is over");
  tasks.run("a", work);
  await sleep(15);
  assert.equal(runs, 2);
  assert.equal(tasks.failures("a"), 0);
  await tasks.stop();
});

test("a limit on what runs at once, and stop aborts and waits", async () => {
  const tasks = new Tasks({ clock: systemClock, log, onEnd: () => {}, limit: 2 });
  let aborted = 0;
  const work = async (signal: AbortSignal) => {
    await sleep(60_000, undefined, { signal }).catch(() => {
      aborted += 1;
    });
  };
  for (const key of ["a", "b", "c"]) tasks.run(key, work);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => tasks.isRunning(key)),
    [true, true, false],
  );
  await tasks.stop();
  assert.equal(aborted, 2);
});
