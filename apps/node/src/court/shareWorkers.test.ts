import assert from "node:assert/strict";
import { test } from "node:test";
import { mostRivalsOf } from "./courtLimits.ts";
import { firstServed, gamesKept, givesWay, type Idle, type Waiting } from "./shareWorkers.ts";

const now = 1000;
const load = (waiting: Waiting[], idle: Idle[]) => ({ now, margin: 10, workers: 1, waiting, idle });
const wait = (key: string, until: number, seconds = 100): Waiting => ({ key, until, seconds });
const rest = (key: string, left: number, about: Partial<Idle> = {}): Idle => {
  return { key, left, seconds: 100, since: now - 5, pause: 0, ...about };
};

test("nobody gives way before anybody's clock asks for it, or a replay's time was spent on waiting", () => {
  assert.equal(givesWay(load([], [rest("idle", 5000, { since: 0 })])), undefined);
  assert.equal(givesWay(load([wait("a", 3000)], [rest("idle", 5000)])), undefined);
  assert.equal(givesWay(load([wait("a", 3000)], [rest("idle", 5000, { since: now - 100 })])), "idle");
  // Its other side took longer than a replay last time.
  assert.equal(givesWay(load([wait("a", 3000)], [rest("idle", 5000, { pause: 150 })])), "idle");
});

test("when a clock would be over otherwise the game with the most time gives way, if it can come back", () => {
  const games = [rest("little", 400), rest("much", 5000)];
  assert.equal(givesWay(load([wait("a", now + 110)], games)), undefined);
  assert.equal(givesWay(load([wait("a", now + 109)], games)), "much");
  // Each in the queue waits for those before it.
  assert.equal(givesWay(load([wait("a", now + 150), wait("b", now + 209)], games)), "much");
  assert.equal(givesWay(load([wait("a", now + 109)], [rest("little", 209)])), undefined);
  // Those that can't be met any more hurry nobody and hold up nobody.
  assert.equal(givesWay(load([wait("a", now + 99)], games)), undefined);
  assert.equal(givesWay(load([wait("late", now + 99), wait("a", now + 109)], [rest("some", 210)])), "some");
});

test("a queue that no clock has room for makes nobody that has begun give way", () => {
  const queue = Array.from({ length: 50 }, (_, i) => wait(`${i}`, now + 4000));
  assert.equal(givesWay(load(queue, [rest("begun", 4500, { since: 0 })])), undefined);
  assert.equal(givesWay(load(queue.slice(0, 30), [rest("begun", 4500, { since: 0 })])), "begun");
});

test("the earliest clock that can be met is served first", () => {
  assert.equal(firstServed([], now), undefined);
  assert.equal(firstServed([wait("b", 1300), wait("late", 1050), wait("a", 1200)], now)?.key, "a");
  assert.equal(firstServed([wait("later", 1080), wait("late", 1050)], now)?.key, "late");
});

test("games that can be kept up with follow from a replay's time and a side's clock", () => {
  assert.equal(gamesKept({ workers: 2, seconds: 300, clock: 14_400 }), 24);
  assert.equal(gamesKept({ workers: 2, seconds: 1800, clock: 14_400 }), 4);
  assert.equal(gamesKept({ workers: 1, seconds: 14_400, clock: 14_400 }), 1);
  const limits = { games: undefined, workers: 2 };
  const clock = 14_400;
  assert.deepEqual(
    [0, 60, 300, 1800].map((seconds) => mostRivalsOf(limits, { seconds, clock })),
    [16, 120, 24, 4],
  );
  // The owner's word goes first, and before any replay there is nothing to go by.
  assert.deepEqual([mostRivalsOf({ ...limits, games: 5 }, { seconds: 1800, clock }), mostRivalsOf(limits)], [5, 16]);
});
