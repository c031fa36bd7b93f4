import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "./Clock.ts";
import { defaultLimits, resolveLimits } from "./Limits.ts";
import { PeerLedger } from "./PeerLedger.ts";
import { createTokenBucket, takeToken } from "./TokenBucket.ts";
import { WireError } from "./WireError.ts";

test("a bucket gives its burst, then its rate, and a clock that steps back gives nothing", () => {
  const rate = { perSecond: 10, burst: 5 };
  const bucket = createTokenBucket(rate, 1_000);
  const take = (nowMs: number) => takeToken(bucket, rate, nowMs);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => take(1_000)),
    [true, true, true, true, true, false],
  );
  assert.equal(take(1_099), false);
  assert.equal(take(1_150), true);
  assert.equal(take(0), false, "stepped back");
  assert.equal(take(40), false);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => take(1e9)),
    [true, true, true, true, true, false],
    "never above the burst",
  );
});

test("rates are kept per peer and per kind", () => {
  const ledger = new PeerLedger(resolveLimits({ opensBurst: 2, opensPerSecond: 1 }), createManualClock());
  assert.deepEqual(
    [ledger.admit("a", "opens"), ledger.admit("a", "opens"), ledger.admit("a", "opens")],
    [true, true, false],
  );
  assert.ok(ledger.admit("b", "opens"), "another peer has its own");
  assert.ok(ledger.admit("a", "messages"), "another kind has its own");
});

test("an error counts once, a reported one costs nothing", () => {
  const ledger = new PeerLedger(defaultLimits, createManualClock());
  const error = new WireError("malformed", "x");
  ledger.rejectError("a", error);
  ledger.rejectError("a", error);
  ledger.rejectError("a", new WireError("window", "they say", { origin: "remote" }));
  assert.deepEqual(ledger.stats().peers["a"]?.rejected, { malformed: 1, aborted: 1 });
  assert.deepEqual(ledger.stats().total.rejected, { malformed: 1, aborted: 1 });
  assert.equal(ledger.penalty("a"), 5);
});

test("penalties fade, reach the ban line, and bans end", async () => {
  const clock = createManualClock();
  const ledger = new PeerLedger(resolveLimits({ banPenalty: 40, penaltyHalfLifeMs: 1_000, banMs: 5_000 }), clock);
  const banned: string[] = [];
  ledger.onBan = (peerId) => banned.push(peerId);
  ledger.reject("a", "window");
  await clock.advance(1_000);
  assert.equal(ledger.penalty("a"), 10);
  ledger.reject("a", "window");
  assert.deepEqual([ledger.isBanned("a"), banned], [false, []]);
  ledger.reject("a", "window");
  assert.deepEqual([ledger.isBanned("a"), banned], [true, ["a"]]);
  await clock.advance(5_001);
  assert.equal(ledger.isBanned("a"), false);
});

test("memory is bounded: the least recently seen peer goes first, a banned one last", () => {
  const ledger = new PeerLedger(resolveLimits({ maxTrackedPeers: 3, banPenalty: 20 }), createManualClock());
  ledger.reject("bad", "window");
  for (const peerId of ["a", "b", "a", "c", "d"]) ledger.countIn(peerId, 1);
  assert.deepEqual(Object.keys(ledger.stats().peers).sort(), ["bad", "c", "d"]);
  assert.equal(ledger.stats().total.messagesIn, 5, "totals forget nothing");
  for (let index = 0; index < 10; index += 1) ledger.reject(`bad-${index}`, "window");
  assert.equal(Object.keys(ledger.stats().peers).length, 3, "even when all are banned");
});

test("limits: the default is locked, a window below two messages is refused", () => {
  assert.equal(defaultLimits.maxMessageBytes, 1_048_576);
  assert.equal(defaultLimits.windowBytes, 4_194_304);
  assert.throws(() => resolveLimits({ windowBytes: (2 << 20) - 1 }), RangeError);
  assert.throws(() => resolveLimits({ opensBurst: 0 }), RangeError);
  assert.throws(() => resolveLimits({ lingerMs: Number.NaN }), RangeError);
});
