// The provider's end of a voucher channel: which voucher to take, when to stop working, when to claim. Pure.
//
// A voucher that pays less than what is owed is still money, so it is kept and the gap reported; work stops when the
// buyer is behind by more than the policy allows. What was claimed is told by the chain.
import { least } from "@weft/protocol/Amount";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Voucher } from "@weft/protocol/Voucher";
import type { Address, Hex } from "viem";

export interface EarningState {
  channelId: Hex;
  payee: NodeId;
  /** The key that must have signed: the order's session. */
  voucherKey: Address;
  ratePerSecond: bigint;
  /** Reserved for work; the chain pays no voucher beyond it. */
  pay: bigint;
  /** Highest voucher held; 0 before the first. */
  cumulative: bigint;
  signature?: Hex;
  /** Claimed on chain so far, and when. */
  claimed: bigint;
  claimedAt: bigint;
  meteredSeconds: bigint;
  nextSegment: bigint;
  /** What should have been promised after each unpaid receipt, rising. */
  unpaid: readonly bigint[];
}

export type VoucherRefusal =
  | { code: "voucher.channel"; expected: Hex }
  | { code: "voucher.payee"; expected: NodeId }
  | { code: "voucher.signer"; expected: Address; signer: Address }
  | { code: "voucher.duplicate" }
  | { code: "voucher.lower"; cumulative: bigint; held: bigint }
  | { code: "voucher.uncovered"; cumulative: bigint; reserved: bigint };

export type VoucherDecision =
  | { ok: true; state: EarningState; gained: bigint; short: bigint }
  | { ok: false; refusal: VoucherRefusal };

export const openEarning = (
  lease: Pick<EarningState, "channelId" | "payee" | "voucherKey" | "ratePerSecond" | "pay"> & { startedAt: bigint },
): EarningState => ({
  channelId: lease.channelId,
  payee: lease.payee,
  voucherKey: lease.voucherKey,
  ratePerSecond: lease.ratePerSecond,
  pay: lease.pay,
  cumulative: 0n,
  claimed: 0n,
  claimedAt: lease.startedAt,
  meteredSeconds: 0n,
  nextSegment: 0n,
  unpaid: [],
});

/** Notes a receipt that went out. Receipts already counted change nothing, so a restart may replay them. */
export function recordReceipt(state: EarningState, receipt: { segment: bigint; meteredSeconds: bigint }): EarningState {
  if (receipt.segment !== state.nextSegment) return state;
  const meteredSeconds = state.meteredSeconds + receipt.meteredSeconds;
  const owed = least(state.ratePerSecond * meteredSeconds, state.pay);
  return {
    ...state,
    meteredSeconds,
    nextSegment: state.nextSegment + 1n,
    unpaid: owed > state.cumulative ? [...state.unpaid, owed] : state.unpaid,
  };
}

/** Goes past a segment the provider retracted. */
export const skipSegment = (state: EarningState, segment: bigint): EarningState =>
  segment === state.nextSegment ? { ...state, nextSegment: segment + 1n } : state;

/** @param received the voucher, its signature, and the address recovered from it */
export function acceptVoucher(
  state: EarningState,
  received: { voucher: Voucher; signature: Hex; signer: Address },
): VoucherDecision {
  const { voucher, signature, signer } = received;
  const refusal = refusalOf(state, voucher, signer);
  if (refusal !== undefined) return { ok: false, refusal };
  const unpaid = state.unpaid.filter((owed) => owed > voucher.cumulative);
  const owed = unpaid.at(-1) ?? voucher.cumulative;
  return {
    ok: true,
    state: { ...state, cumulative: voucher.cumulative, signature, unpaid },
    gained: voucher.cumulative - state.cumulative,
    short: owed - voucher.cumulative,
  };
}

function refusalOf(state: EarningState, voucher: Voucher, signer: Address): VoucherRefusal | undefined {
  const { channelId, payee, cumulative } = voucher;
  if (channelId !== state.channelId) return { code: "voucher.channel", expected: state.channelId };
  if (payee !== state.payee) return { code: "voucher.payee", expected: state.payee };
  if (signer !== state.voucherKey) return { code: "voucher.signer", expected: state.voucherKey, signer };
  if (cumulative > state.pay) return { code: "voucher.uncovered", cumulative, reserved: state.pay };
  if (cumulative === state.cumulative) return { code: "voucher.duplicate" };
  if (cumulative < state.cumulative) return { code: "voucher.lower", cumulative, held: state.cumulative };
  return undefined;
}

export type WorkDecision = { work: true } | { work: false; segmentsBehind: number; owed: bigint };

/** Stops when more than `maxUnpaidSegments` receipts wait for their voucher. */
export function mayWork(state: EarningState, policy: { maxUnpaidSegments: number }): WorkDecision {
  if (state.unpaid.length <= policy.maxUnpaidSegments) return { work: true };
  return {
    work: false,
    segmentsBehind: state.unpaid.length,
    owed: (state.unpaid.at(-1) ?? state.cumulative) - state.cumulative,
  };
}

export interface ClaimPolicy {
  /** Claim once this much is unclaimed; several times what the transaction costs. */
  minAmount: bigint;
  /** Claim anything at all after this long. */
  maxWaitSeconds: bigint;
  /** Claim this long before the window closes. */
  marginSeconds: bigint;
}

export type ClaimDecision =
  | { claim: true; amount: bigint; why: "amount" | "age" | "deadline" }
  /** `at`: when to look again, unless a voucher arrives first; absent when there is nothing to claim. */
  | { claim: false; at?: bigint };

/** @param at `now` and, once the lease closes, `claimBy`: the last second in which the chain takes a claim. */
export function whenToClaim(
  state: EarningState,
  policy: ClaimPolicy,
  at: { now: bigint; claimBy?: bigint },
): ClaimDecision {
  const amount = state.cumulative - state.claimed;
  if (amount <= 0n) return { claim: false };
  if (amount >= policy.minAmount) return { claim: true, amount, why: "amount" };
  const deadline = at.claimBy === undefined ? undefined : at.claimBy - policy.marginSeconds;
  if (deadline !== undefined && at.now >= deadline) return { claim: true, amount, why: "deadline" };
  const age = state.claimedAt + policy.maxWaitSeconds;
  if (at.now >= age) return { claim: true, amount, why: "age" };
  return { claim: false, at: deadline === undefined ? age : least(age, deadline) };
}

/** What the chain says was claimed; after a rewind it may be less than before. */
export const noteClaimed = (state: EarningState, claimed: bigint, now: bigint): EarningState => ({
  ...state,
  claimed,
  claimedAt: now,
});
