import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "./Clock.ts";
import { Redialer } from "./Redialer.ts";

function fixture() {
  const clock = createManualClock();
  const state = { connected: false, answers: false, dialsAtMs: [] as number[] };
  const redialer = new Redialer(["a"], {
    clock,
    minDelayMs: 100,
    maxDelayMs: 1_000,
    random: () => 1,
    isConnected: () => state.connected,
    async dial() {
      state.dialsAtMs.push(clock.now());
      if (!state.answers) throw new Error("nobody there");
      state.connected = true;
    },
  });
  return { clock, state, redialer };
}

test("an absent peer is dialled with growing, bounded waits until it answers", async () => {
  const { clock, state, redialer } = fixture();
  await redialer.start();
  await clock.advance(5_000);
  assert.deepEqual(state.dialsAtMs, [0, 200, 600, 1_400, 2_400, 3_400, 4_400]);
  state.answers = true;
  await clock.advance(1_000);
  assert.ok(state.connected);
  await clock.advance(60_000);
  assert.equal(state.dialsAtMs.length, 8, "connected: no more dials");
});

test("a lost peer is dialled again from the shortest wait, others are not its business", async () => {
  const { clock, state, redialer } = fixture();
  state.answers = true;
  await redialer.start();
  state.connected = false;
  redialer.lost("a");
  redialer.lost("a");
  redialer.lost("stranger");
  await clock.advance(99);
  assert.equal(state.dialsAtMs.length, 1);
  await clock.advance(1);
  assert.deepEqual(state.dialsAtMs, [0, 100]);
});

test("nothing is dialled after stop", async () => {
  const { clock, state, redialer } = fixture();
  await redialer.start();
  redialer.stop();
  redialer.lost("a");
  await clock.advance(60_000);
  assert.equal(state.dialsAtMs.length, 1);
});
