// Opening a lease, folded: packed words, and the two events that follow it only where they apply.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hex } from "viem";
import type { ChainEvent, Place } from "../Events.ts";
import { foldEvents } from "../foldEvents.ts";
import { accountOf, empty, type Snapshot, sessionKey } from "../Snapshot.ts";

const id = (byte: string, length: number): Hex => `0x${byte.repeat(length)}`;
const [leaseId, orderHash, courtId] = [id("1e", 32), id("0d", 32), id("c0", 32)];
const [buyer, session, matcher, nodeId] = [id("b0", 20), id("5e", 20), id("3a", 20), id("0e", 20)];
const at: Place = { block: 7n, timestamp: 86_400n * 3n + 5n, logIndex: 0, transactionHash: id("7a", 32) };

const event = (eventName: string, args: object): ChainEvent =>
  ({ contract: "market", eventName, args, at }) as unknown as ChainEvent;

// | payMode 8 | fill 8 | tier 8 | rate 64 | seconds 32 | units 32 | pool 32 |, every byte another one.
const terms = 0x01_02_03_1112131415161718_21222324_31323334_41424344n;
const money = 0x5152535455565758_6162636465666768_7172737475767778_0000000000000064n;
const opened = event("LeaseOpened", {
  ...{ leaseId, nodeId, buyer, orderHash, offerHash: id("0f", 32), jobCommitment: id("ab", 32), session, terms, money },
});

/** A buyer whose session was granted. */
const before: Snapshot = foldEvents(
  empty,
  [
    {
      ...{ contract: "channels", eventName: "SessionGranted", at },
      args: { buyer, key: session, dailyCap: 1n << 90n, expiresAt: 1n << 40n, anyPayee: true, nodeIds: [] },
    } as ChainEvent,
  ],
  { number: 6n, timestamp: 0n },
);
const fold = (events: ChainEvent[]) => foldEvents(before, events, { number: 7n, timestamp: at.timestamp });

test("the words of LeaseOpened unpack to the lease's terms and money", () => {
  const lease = fold([opened]).leases.get(leaseId);
  assert.ok(lease !== undefined);
  const { payMode, fill, tier, rate, durationSeconds, units, poolId } = lease;
  assert.deepEqual([payMode, fill, tier, rate], [1n, 2, 3n, 0x1112131415161718n]);
  assert.deepEqual([durationSeconds, units, poolId], [0x21222324n, 0x31323334n, 0x41424344n]);
  const { pay, auditPot, startFee, bond } = lease.money;
  assert.deepEqual([pay, auditPot], [100n, 0x7172737475767778n]);
  assert.deepEqual([startFee, bond], [0x6162636465666768n, 0x5152535455565758n]);
  assert.deepEqual([lease.fee, lease.courtId], [0n, id("00", 32)]);
});

test("a fee leaves the buyer's escrow and the session's day, and is the matcher's", () => {
  const [bare, paid] = [fold([opened]), fold([opened, event("MatcherPaid", { leaseId, matcher, fee: 9n })])];
  const spent = (state: Snapshot) => state.sessions.get(sessionKey(buyer, session))?.spentAtMost ?? 0n;
  assert.equal(spent(bare), 100n + 0x7172737475767778n);
  assert.equal(spent(paid), spent(bare) + 9n);
  assert.equal(accountOf(paid, buyer).free, accountOf(bare, buyer).free - 9n);
  assert.equal(accountOf(paid, matcher).earned, 9n);
  assert.equal(paid.leases.get(leaseId)?.fee, 9n);
});

test("a pinned court is the lease's", () => {
  const state = fold([opened, event("CourtPinned", { leaseId, courtId })]);
  assert.equal(state.leases.get(leaseId)?.courtId, courtId);
});
