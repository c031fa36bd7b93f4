// Withheld state is found whatever the chain does meanwhile, and an outage of the chain is nobody's fault.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@weft/protocol/Clock";
import type { GatewayContext } from "../GatewayContext.ts";
import { handoverMs, untilWithheld } from "./untilWithheld.ts";

const leaseId = `0x${"01".repeat(32)}` as const;

/** A lease whose segment 0 is committed; `draw` says what the chain answers at a second. The clock jumps. */
function stage(draw: (second: number) => boolean, { checkpointBytes = 0, accusedUntil = 0 } = {}) {
  let now = 0;
  const stop = new AbortController();
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
  };
  const chain = {
    segments: () => [{ segment: 0n, audit: "waiting", accusers: now / 1000 < accusedUntil ? 1 : 0 }],
    draw: async () => {
      if (now > 300_000) stop.abort();
      return { ready: draw(now / 1000) };
    },
  };
  const work = {
    record: { segments: [] },
    lease: { leaseId },
    handoverMs: handoverMs(checkpointBytes),
    signal: stop.signal,
  };
  const ended = untilWithheld({ clock, chain } as unknown as GatewayContext, work as never);
  return { ended, seconds: () => now / 1000 };
}

test("a segment that is drawn and not handed over is withheld after its time", async () => {
  const { ended, seconds } = stage((second) => second >= 5);
  assert.equal(await ended, 0);
  assert.equal(seconds(), 26);
});

test("a large checkpoint has more time: a megabyte a second to a holder, then to the gateway", async () => {
  const { ended, seconds } = stage((second) => second >= 5, { checkpointBytes: 30_000_000 });
  assert.equal(await ended, 0);
  assert.equal(seconds(), 86);
});

test("a chain that is away neither ends the watch nor counts for the provider", async () => {
  const { ended, seconds } = stage((second) => {
    if (second >= 10 && second < 60) throw new Error("the chain is away");
    return true;
  });
  assert.equal(await ended, 0);
  assert.equal(seconds(), 81);
});

test("while an accusation stops pay nobody asks for the checkpoint, and its time does not run", async () => {
  const { ended, seconds } = stage(() => true, { accusedUntil: 60 });
  assert.equal(await ended, 0);
  assert.equal(seconds(), 81);
});

test("nothing is withheld before the draw; the lease's end ends the watch", async () => {
  const { ended } = stage(() => false);
  await assert.rejects(ended);
});
