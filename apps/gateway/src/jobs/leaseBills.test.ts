// What chain and record leave of a job's means, and the errors when that is nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts } from "@weft/chain/facts";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { check } from "@weft/protocol/JobFile";
import type { GatewayContext } from "../GatewayContext.ts";
import type { JobRecord } from "./JobRecord.ts";
import { openJobStore } from "./JobStore.ts";
import { meansFor } from "./leaseBills.ts";

const leaseId = `0x${"11".repeat(32)}` as const;
const orderHash = `0x${"22".repeat(32)}` as const;
const checked = check({ name: "t", kind: "train-lm", duration: "60s", pay: { budget: "0.002" } });
assert.ok(checked.ok);
const file = checked.job;

function left(facts: Partial<LeaseFacts> | undefined, voucher = 0n) {
  const store = openJobStore(":memory:");
  const signature = `0x${"33".repeat(65)}` as const;
  if (voucher > 0n)
    store.putVoucher({ channelId: leaseId, payee: `0x${"44".repeat(20)}`, cumulative: voucher, signature });
  const whole = { cap: 1200n, claimed: 0n, startFee: 0n, auditPaid: 0n, state: "closing", ...facts };
  const chain = { lease: () => (facts === undefined ? undefined : whole) };
  const record = {
    orders: [{ orderHash, order: { units: 2n, payMode: 0n } }],
    leases: [{ leaseId, orderHash, pay: 1200n, auditPot: 800n, pricePerUnitSecond: 10n }],
  };
  return meansFor({ chain, store } as unknown as GatewayContext, file, record as unknown as JobRecord);
}

const failsWith = (code: string, settles: boolean) => (error: unknown) =>
  hasCode(error, code) && error instanceof WeftError && /settle/.test(error.remedy ?? "") === settles;

test("vouchers bound what a closed lease may still take, in money and in seconds", () => {
  assert.deepEqual(left({}), { budget: 1200n, durationSeconds: 60n });
  assert.deepEqual(left({}, 400n), { budget: 800n, durationSeconds: 40n });
  assert.deepEqual(left({ state: "settled", claimed: 400n, auditPaid: 100n }, 400n), {
    budget: 1500n,
    durationSeconds: 40n,
  });
});

test("a lease that the chain does not show counts whole; nothing left is an error that says what to do", () => {
  assert.throws(() => left(undefined), failsWith("job.budgetSpent", true));
  assert.throws(() => left({ state: "running" }), failsWith("job.budgetSpent", true));
  assert.throws(() => left({ state: "settled", claimed: 1200n, auditPaid: 800n }), failsWith("job.budgetSpent", false));
  assert.throws(() => left({ state: "settled", claimed: 1200n }, 1200n), failsWith("job.timeSpent", false));
});
