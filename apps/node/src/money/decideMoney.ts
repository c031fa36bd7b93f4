// What to do about one lease's money now. Pure: the chain's facts, the highest voucher, a policy.
//
// Claims go to pending; what matured is released to the owner's earned money; a closed lease is settled after its
// windows. Nothing is sent while the lease is frozen, except claims: those only add to what is pending.

import type { LeaseFacts } from "@weft/chain/facts";
import { type ClaimPolicy, type EarningState, whenToClaim } from "@weft/market/earning";
import type { ProtocolParams } from "@weft/protocol/Params";

export interface MoneyPolicy {
  /** Claim once this share of the reserved pay is unclaimed. */
  claimPpm: bigint;
  /** Claim anything at all after this long. */
  maxWaitSeconds: bigint;
}

/** A quarter of the pay per claim, and nothing unclaimed for longer than a release delay: it would only mature later. */
export const defaultMoneyPolicy = (params: ProtocolParams): MoneyPolicy => ({
  claimPpm: 250_000n,
  maxWaitSeconds: params.releaseDelaySeconds,
});

export type MoneyAction =
  | { act: "claim"; amount: bigint }
  | { act: "claimAccrued"; anchored: bigint }
  /** Read the channel: something may have matured, or the lease may be due. */
  | { act: "collect" }
  | { act: "wait" };

export interface MoneyInput {
  facts: LeaseFacts;
  /** undefined when nothing was earned on this node. */
  earning: EarningState | undefined;
  now: bigint;
  policy: MoneyPolicy;
  params: ProtocolParams;
}

export function decideMoney(input: MoneyInput): MoneyAction {
  const { facts } = input;
  if (facts.state === "settled") return { act: "wait" };
  if (facts.state !== "settling") {
    const claim = facts.accrue ? accrueClaim(input) : voucherClaim(input);
    if (claim !== undefined) return claim;
  }
  if (facts.frozen) return { act: "wait" };
  const over = facts.state === "settling" || facts.state === "closing";
  return over || facts.claimed > 0n ? { act: "collect" } : { act: "wait" };
}

function voucherClaim({ facts, earning, now, policy, params }: MoneyInput): MoneyAction | undefined {
  if (earning === undefined) return undefined;
  const claimPolicy: ClaimPolicy = {
    minAmount: atLeastOne((facts.cap * policy.claimPpm) / 1_000_000n),
    maxWaitSeconds: policy.maxWaitSeconds,
    // The whole window: a closed lease is claimed at once.
    marginSeconds: params.claimWindowSeconds,
  };
  const closing = facts.state === "closing" ? { claimBy: facts.claimUntil } : {};
  const decision = whenToClaim(earning, claimPolicy, { now, ...closing });
  return decision.claim ? { act: "claim", amount: decision.amount } : undefined;
}

function accrueClaim({ facts, now, policy }: MoneyInput): MoneyAction | undefined {
  const amount = facts.anchored - facts.claimed;
  if (amount <= 0n) return undefined;
  const enough = amount >= atLeastOne((facts.cap * policy.claimPpm) / 1_000_000n);
  const since = facts.claimedAt === 0n ? facts.startedAt : facts.claimedAt;
  const due = enough || facts.state === "closing" || now >= since + policy.maxWaitSeconds;
  return due ? { act: "claimAccrued", anchored: facts.anchored } : undefined;
}

const atLeastOne = (amount: bigint): bigint => (amount === 0n ? 1n : amount);
