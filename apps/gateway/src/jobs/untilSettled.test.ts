// How long a job waits for its money: all windows and a minute, and whatever audits and courts take on top.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@weft/protocol/Clock";
import { hasCode } from "@weft/protocol/Errors";
import { presets } from "@weft/protocol/Params";
import type { GatewayContext } from "../GatewayContext.ts";
import { untilSettled } from "./untilSettled.ts";

const leaseId = `0x${"01".repeat(32)}` as const;
const { claimWindowSeconds, releaseDelaySeconds, auditCommitSeconds } = presets.local;
const patience = Number(claimWindowSeconds + 2n * releaseDelaySeconds + auditCommitSeconds) + 60;

/** A lease as the chain shows it at a second. The clock jumps. */
function stage(lease: (second: number) => object) {
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
  };
  const told: string[] = [];
  let sent = 0;
  const chain = { params: presets.local, lease: () => lease(now / 1000), settle: async () => void sent++ };
  const context = { clock, chain, emit: (_: string, kind: string) => void told.push(kind) };
  const work = { jobId: "j", record: { segments: [{ leaseId, segment: 3, void: false }] } };
  const signal = new AbortController().signal;
  const ended = untilSettled(context as unknown as GatewayContext, { ...work, signal } as never, leaseId);
  return { ended, told, seconds: () => now / 1000, sent: () => sent };
}

const closing = { state: "closing", frozen: false, voidedFrom: undefined };
const settled = { ...closing, state: "settled", nodeId: "n", paid: 1n, refunded: 2n, auditPaid: 3n };

test("settles as soon as the chain lets it, and says so", async () => {
  const { ended, told, sent, seconds } = stage((second) => (second < 86 ? closing : settled));
  assert.equal(await ended, "settled");
  assert.deepEqual([told, seconds()], [["settled"], 86]);
  assert.ok(sent() > 0, "anyone may send it");
});

test("an end that never comes is named after all windows and a minute", async () => {
  const { ended, seconds } = stage(() => closing);
  await assert.rejects(ended, (error) => hasCode(error, "job.unsettled"));
  assert.equal(seconds(), patience + 0.5);
});

test("a dispute holds the money back for longer than that: its time does not count", async () => {
  const long = patience + 300;
  const frozen = stage((second) =>
    second < long ? { ...closing, frozen: true } : second < long + 90 ? closing : settled,
  );
  assert.equal(await frozen.ended, "settled");
  const after = stage((second) => ({ ...closing, frozen: second < long }));
  await assert.rejects(after.ended, (error) => hasCode(error, "job.unsettled"));
  assert.equal(after.seconds(), long + patience);
});

test("work that is found false while the money waits is told as that", async () => {
  const late = stage((second) => (second < 30 ? closing : { ...closing, voidedFrom: 2n }));
  assert.equal(await late.ended, "falseSegment");
});
