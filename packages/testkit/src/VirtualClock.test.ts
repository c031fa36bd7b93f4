import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as realSleep } from "node:timers/promises";
import { VirtualClock } from "./VirtualClock.ts";

const limit = { timeout: 120_000 };
const startMs = 1_000_000;

test("time passes faster than real time, sleepers wake in order and at their time", limit, async (t) => {
  const clock = new VirtualClock({ startMs, speed: 100 });
  clock.start();
  t.after(() => clock.stop());
  const real = performance.now();
  const woken: [string, number][] = [];
  const sleeper = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push([name, clock.now()]);
  };
  await Promise.all([sleeper("c", 60_000), sleeper("a", 300), sleeper("b", 300)]);
  assert.deepEqual(woken, [
    ["a", startMs + 300],
    ["b", startMs + 300],
    ["c", startMs + 60_000],
  ]);
  assert.ok(performance.now() - real < 60_000, "a virtual minute took less than one");
});

test("no faster than asked", limit, async (t) => {
  const clock = new VirtualClock({ startMs, speed: 2 });
  clock.start();
  t.after(() => clock.stop());
  const real = performance.now();
  await clock.sleep(400);
  assert.ok(performance.now() - real >= 190);
});

test("a hold stops time, nested ones too", limit, async (t) => {
  const clock = new VirtualClock({ startMs, speed: 100 });
  clock.start();
  t.after(() => clock.stop());
  const before = await clock.hold(async () => {
    const now = clock.now();
    await clock.hold(() => realSleep(20));
    await realSleep(50);
    assert.equal(clock.now(), now);
    return now;
  });
  await clock.sleep(10);
  assert.ok(clock.now() > before);
});

test("work on a file stops time too, between its steps it passes", limit, async (t) => {
  const clock = new VirtualClock({ startMs, speed: 1000 });
  clock.start();
  t.after(() => clock.stop());
  const folder = mkdtempSync(join(tmpdir(), "weft-clock-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const bytes = Buffer.alloc(16 * 1024 * 1024, 7);
  const before = clock.now();
  for (let round = 0; round < 8; round++) {
    const file = await open(join(folder, "blob"), "w");
    await file.write(bytes);
    await file.sync();
    await file.close();
  }
  // The writes take tens of real milliseconds each, at a thousand times that: what passes is a jump here and there.
  assert.ok(clock.now() - before < 2000, `${clock.now() - before} virtual ms`);
  await clock.sleep(5000);
  assert.ok(clock.now() >= before + 5000);
});

test("ticks come at exact multiples and time waits for them", limit, async (t) => {
  const ticks: number[] = [];
  const clock = new VirtualClock({
    ...{ startMs, speed: 100, tickMs: 250 },
    onTick: async (nowMs) => {
      ticks.push(nowMs - startMs);
      await realSleep(5);
      assert.equal(clock.now(), nowMs);
    },
  });
  clock.start();
  t.after(() => clock.stop());
  await clock.sleep(1000);
  assert.deepEqual(ticks.slice(0, 3), [250, 500, 750]);
  assert.equal(clock.fault, undefined);
});

test("a standstill begins after the tick that is under way, and no other begins before its end", limit, async (t) => {
  let ticking = false;
  let ticks = 0;
  const clock = new VirtualClock({
    ...{ startMs, speed: 100, tickMs: 50 },
    onTick: async () => {
      ticking = true;
      ticks += 1;
      await realSleep(20);
      ticking = false;
    },
  });
  clock.start();
  t.after(() => clock.stop());
  for (let round = 0; round < 5; round++) {
    while (!ticking) await realSleep(1);
    await clock.standstill(async () => {
      const before = ticks;
      assert.equal(ticking, false);
      await realSleep(30);
      assert.deepEqual([ticking, ticks], [false, before]);
    });
  }
});

test("an aborted sleep rejects with the signal's reason and is forgotten; a failed tick is kept", limit, async () => {
  const clock = new VirtualClock({ startMs, tickMs: 50, onTick: () => Promise.reject(new Error("no chain")) });
  const stop = new AbortController();
  const slept = assert.rejects(clock.sleep(40, stop.signal), /enough/);
  stop.abort(new Error("enough"));
  await slept;
  await assert.rejects(clock.sleep(1, stop.signal), /enough/);
  clock.start();
  while (clock.fault === undefined) await realSleep(1);
  assert.match(String(clock.fault), /no chain/);
  await clock.stop();
});
