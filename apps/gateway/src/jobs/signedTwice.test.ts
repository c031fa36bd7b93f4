// Whichever of two contents comes second, and from wherever: both are shown to the chain once, and nothing else is.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SegmentFacts } from "@weft/chain/facts";
import * as Segment from "@weft/protocol/Segment";
import { pino } from "pino";
import type { GatewayContext } from "../GatewayContext.ts";
import { openJobStore } from "./JobStore.ts";
import { reportTwin, watchTwins } from "./signedTwice.ts";

const hash = (byte: string) => `0x${byte.repeat(32)}` as const;
const lease = { leaseId: hash("01") };

const signed = (changes: Partial<Segment.SegmentCommitment> = {}): Segment.SignedSegment => ({
  commitment: {
    ...{ leaseId: lease.leaseId, segment: 0n, firstStep: 0n, lastStep: 5n, orderHash: hash("02"), program: hash("03") },
    ...{ dataRoot: hash("04"), startRoot: hash("05"), endRoot: hash("06"), historyRoot: hash("07") },
    ...{ checkpoint: hash("08"), meteredSeconds: 2n, tokens: 9n, beaconRound: 4n, ...changes },
  },
  signature: `0x${"33".repeat(65)}`,
});

/** A gateway whose chain shows what `record` was given, or only its hash. */
function stage() {
  const segments: SegmentFacts[] = [];
  const readable: Segment.SignedSegment[] = [];
  const reports: Segment.SignedSegment[][] = [];
  const listeners = new Set<() => void>();
  let failures = 0;
  const chain = {
    segments: () => segments,
    signedCommitment: async (_: string, segment: bigint) =>
      readable.find(({ commitment }) => commitment.segment === segment),
    reportEquivocation: async (...both: Segment.SignedSegment[]) => {
      if (failures-- > 0) throw new Error("the chain is away");
      reports.push(both);
      return { hash: hash("99"), blockNumber: 1n, gasUsed: 1n };
    },
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const context = { chain, store: openJobStore(":memory:"), log: pino({ level: "silent" }) };
  return {
    context: context as unknown as GatewayContext,
    reports,
    listeners,
    failNext: () => (failures = 1),
    record(one: Segment.SignedSegment, can: { read: boolean } = { read: true }) {
      const { segment } = one.commitment;
      segments.push({ segment, commitmentHash: Segment.hash(one.commitment) } as SegmentFacts);
      if (can.read) readable.push(one);
    },
    async block() {
      for (const listener of listeners) listener();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const [one, other, later] = [signed(), signed({ meteredSeconds: 20n }), signed({ beaconRound: 5n })];

test("told twice, nothing on chain", async () => {
  const { context, reports } = stage();
  assert.equal(await reportTwin(context, lease, one), false);
  assert.equal(await reportTwin(context, lease, one), false, "the same again");
  assert.equal(await reportTwin(context, lease, later), false, "signed again for a later round");
  assert.equal(await reportTwin(context, lease, other), true);
  assert.deepEqual(reports, [[one, other]]);
});

test("on chain first, told later; on chain in a way that nobody else can read", async () => {
  const { context, reports, record } = stage();
  record(one);
  assert.equal(await reportTwin(context, lease, later), false);
  const fresh = stage();
  fresh.record(one);
  assert.equal(await reportTwin(fresh.context, lease, other), true);
  assert.deepEqual([reports, fresh.reports], [[], [[one, other]]]);
  const hidden = stage();
  hidden.record(one, { read: false });
  assert.equal(await reportTwin(hidden.context, lease, other), false);
});

test("told first, on chain later: found with the block, again after a failure, and once only", async () => {
  const { context, reports, listeners, record, block, failNext } = stage();
  const end = watchTwins(context, lease);
  await reportTwin(context, lease, one);
  await block();
  assert.deepEqual(reports, []);
  record(other);
  failNext();
  await block();
  assert.deepEqual(reports, [], "the report did not arrive");
  await block();
  await block();
  assert.deepEqual(reports, [[other, one]]);
  end();
  assert.equal(listeners.size, 0);
});

test("what is of another lease, or far ahead of the chain, is not kept", async () => {
  const { context } = stage();
  const far = signed({ segment: 64n });
  await reportTwin(context, lease, far);
  assert.equal(await reportTwin(context, lease, signed({ segment: 64n, tokens: 1n })), false);
  const foreign = signed({ leaseId: hash("0f") });
  assert.equal(await reportTwin(context, lease, foreign), false);
  assert.equal(context.store.getCommitment(hash("0f"), 0n), undefined);
});

test("a kept commitment is the first one, whole", () => {
  const store = openJobStore(":memory:");
  assert.equal(store.getCommitment(lease.leaseId, 0n), undefined);
  store.keepCommitment(one);
  store.keepCommitment(other);
  assert.deepEqual(store.getCommitment(lease.leaseId, 0n), one);
});
