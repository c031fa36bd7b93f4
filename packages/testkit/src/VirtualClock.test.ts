import assert from "node:assert/strict";
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
