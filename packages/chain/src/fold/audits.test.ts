// Segments folded: taken back by their node, voided by a court.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hex } from "viem";
import type { ChainEvent, Place } from "../Events.ts";
import { foldEvents } from "../foldEvents.ts";
import { empty, segmentKey } from "../Snapshot.ts";

const id = (byte: string, length: number): Hex => `0x${byte.repeat(length)}`;
const [leaseId, nodeId] = [id("1e", 32), id("0e", 20)];
const at: Place = { block: 7n, timestamp: 100n, logIndex: 0, transactionHash: id("7a", 32) };

const event = (contract: string, eventName: string, args: object) =>
  ({ contract, eventName, args, at }) as unknown as ChainEvent;
const opened = event("market", "LeaseOpened", {
  ...{ leaseId, nodeId, buyer: id("b0", 20), orderHash: id("0d", 32), offerHash: id("0f", 32) },
  ...{ jobCommitment: id("ab", 32), session: id("5e", 20), terms: 1n << 96n, money: 100n },
});
const committed = (segment: number, byte: string) => {
  const commitment = { beaconRound: 9n, meteredSeconds: 5, historyRoot: id("41", 32), checkpoint: id("c4", 32) };
  return event("audits", "SegmentCommitted", { leaseId, segment, nodeId, commitmentHash: id(byte, 32), commitment });
};
const fold = (events: ChainEvent[]) => foldEvents(empty, [opened, ...events], { number: 7n, timestamp: at.timestamp });

test("a segment that was taken back is gone, and the next one takes its place", () => {
  const retracted = event("audits", "SegmentRetracted", { leaseId, segment: 1, commitmentHash: id("02", 32) });
  const without = fold([committed(0, "01"), committed(1, "02"), retracted]);
  assert.equal(without.leases.get(leaseId)?.segmentCount, 1);
  assert.equal(without.segments.get(segmentKey(leaseId, 1)), undefined);
  const again = fold([committed(0, "01"), committed(1, "02"), retracted, committed(1, "03")]);
  assert.equal(again.leases.get(leaseId)?.segmentCount, 2);
  assert.equal(again.segments.get(segmentKey(leaseId, 1))?.commitmentHash, id("03", 32));
});

test("a court voids a segment and all after it", () => {
  const voided = (segment: number) => event("audits", "CourtVoided", { leaseId, segment, court: id("c0", 20) });
  const segments = [committed(0, "01"), committed(1, "02"), committed(2, "03")];
  assert.equal(fold([...segments, voided(1)]).leases.get(leaseId)?.voidedFrom, 1);
  assert.equal(fold([...segments, voided(1), voided(2)]).leases.get(leaseId)?.voidedFrom, 1);
  assert.equal(fold([...segments, voided(1), voided(0)]).leases.get(leaseId)?.voidedFrom, 0);
});
