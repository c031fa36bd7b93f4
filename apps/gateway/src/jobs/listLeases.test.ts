// `weft leases`: the reservation with its audit pot, and what came back.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts } from "@weft/chain/facts";
import { openJobStore } from "./JobStore.ts";
import { listLeases } from "./listLeases.ts";

const hash = (byte: string) => `0x${byte.repeat(32)}` as const;
const nodeId = `0x${"0a".repeat(20)}` as const;

function storeWith(leaseId: `0x${string}`) {
  const store = openJobStore(":memory:");
  const offer = {
    ...{ nodeId, poolId: "0", slot: "0", seq: "1", class: `0x${"01".repeat(8)}`, attributes: "0", units: "1" },
    ...{ pricePerUnitSecond: "1", region: "0", expiresAt: "10", orderHash: hash("00"), detailsHash: hash("00") },
  };
  const lease = {
    ...{ leaseId, orderHash: hash("02"), fill: 0, nodeId, offer: { offer, signature: `0x${"00".repeat(65)}` } },
    ...{ pricePerUnitSecond: "1", pay: "100", auditPot: "50", firstStep: 0, firstSegment: 0 },
  };
  const record = {
    ...{ file: {}, corpus: { contentId: hash("03"), bytes: 1 }, program: "{}", totalSteps: 1, details: [] },
    ...{ jobCommitment: hash("04"), leases: [lease] },
  };
  store.createJob({ jobId: "j", name: "n", record: JSON.stringify(record), at: 1 });
  return store;
}

test("reserved holds the audit pot, and what is settled adds up to it", () => {
  const leaseId = hash("01");
  const facts = {
    ...{ state: "settled", reason: "completed", pay: 100n, auditPot: 50n, bond: 7n },
    ...{ paid: 60n, auditPaid: 20n, refunded: 70n },
  } as LeaseFacts;
  const list = (found: LeaseFacts | undefined) =>
    listLeases({ store: storeWith(leaseId), chain: { lease: (id) => (id === leaseId ? found : undefined) } });
  const named = { jobId: "j", leaseId, orderHash: hash("02"), nodeId, fill: 0 };
  assert.deepEqual(list(facts), [
    {
      ...{ ...named, state: "settled", reason: "completed" },
      ...{ reserved: "150", bond: "7", paid: "60", auditorsPaid: "20", refunded: "70" },
    },
  ]);
  assert.deepEqual(list(undefined), [{ ...named, state: "none" }]);
});
