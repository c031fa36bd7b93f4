import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts } from "@weft/chain/facts";
import { zeroHash } from "@weft/protocol/fields";
import { presets } from "@weft/protocol/Params";
import { earningOf } from "../leases/earning.ts";
import { decideMoney, defaultMoneyPolicy } from "./decideMoney.ts";

const params = presets.local;
const key = `0x${"55".repeat(20)}` as const;
const nodeId = `0x${"11".repeat(20)}` as const;
const facts: LeaseFacts = {
  leaseId: zeroHash,
  nodeId,
  buyer: key,
  orderHash: zeroHash,
  offerHash: zeroHash,
  jobCommitment: zeroHash,
  voucherKey: key,
  tier: 1n,
  accrue: false,
  ratePerSecond: 10n,
  durationSeconds: 100n,
  ...{ pay: 1000n, auditPot: 500n, bond: 1000n, cap: 1000n },
  state: "running",
  reason: undefined,
  openedAt: 900n,
  startedAt: 1000n,
  readyAt: 0n,
  inputsHolder: undefined,
  claimUntil: 0n,
  claimed: 0n,
  claimedAt: 0n,
  anchored: 0n,
  ...{ startFee: 0n, paid: 0n, refunded: 0n, auditPaid: 0n, voidedFrom: undefined },
  frozen: false,
};

function decide(change: Partial<LeaseFacts>, cumulative: bigint, now = 1010n) {
  const lease = { ...facts, ...change };
  const voucher = { voucher: { channelId: zeroHash, payee: nodeId, cumulative }, signature: zeroHash };
  const receipts = [{ segment: 0n, meteredSeconds: 5n }];
  const earning = earningOf(lease, { receipts, voucher: cumulative === 0n ? undefined : voucher });
  return decideMoney({ facts: lease, earning, now, params, policy: defaultMoneyPolicy(params) });
}

test("claims a quarter of the pay, anything after a release delay, and everything once the lease closes", () => {
  assert.deepEqual(decide({}, 0n), { act: "wait" });
  assert.deepEqual(decide({}, 249n), { act: "wait" });
  assert.deepEqual(decide({}, 250n), { act: "claim", amount: 250n });
  assert.deepEqual(decide({}, 1n, 1000n + params.releaseDelaySeconds), { act: "claim", amount: 1n });
  assert.deepEqual(decide({ state: "closing", claimUntil: 1013n }, 1n), { act: "claim", amount: 1n });
});

test("what is claimed already is not claimed again; then it is collected", () => {
  assert.deepEqual(decide({ claimed: 250n, claimedAt: 1005n }, 250n), { act: "collect" });
  assert.deepEqual(decide({ claimed: 250n, claimedAt: 1005n, frozen: true }, 250n), { act: "wait" });
  assert.deepEqual(decide({ state: "settling", claimUntil: 1005n }, 400n), { act: "collect" });
  assert.deepEqual(decide({ state: "settled" }, 400n), { act: "wait" });
});

test("accrue mode claims what is anchored", () => {
  assert.deepEqual(decide({ accrue: true, anchored: 300n }, 0n), { act: "claimAccrued", anchored: 300n });
  assert.deepEqual(decide({ accrue: true, anchored: 100n }, 0n), { act: "wait" });
  assert.deepEqual(decide({ accrue: true, anchored: 100n, state: "closing", claimUntil: 1013n }, 0n), {
    act: "claimAccrued",
    anchored: 100n,
  });
});
