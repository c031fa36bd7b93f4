// The buyer's end of a voucher channel: which receipt earns which cumulative amount. Pure; the session key signs outside.
//
// A voucher never promises more than rate × metered seconds, rate × elapsed seconds, or the reserved pay. Receipts count
// in segment order and once. Whether a receipt's segment is payable (held, not accused) is decided elsewhere and handed
// in; an unpaid segment is skipped only when the provider retracted it or it was found false.
import { least, most } from "@weft/protocol/Amount";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Voucher } from "@weft/protocol/Voucher";
import type { Hex } from "viem";

export interface Receipt {
  channelId: Hex;
  segment: bigint;
  meteredSeconds: bigint;
  /** Content id; two receipts for one segment must not differ. */
  hash: Hex;
}

export interface PayingState {
  channelId: Hex;
  payee: NodeId;
  ratePerSecond: bigint;
  /** Reserved for work; vouchers never exceed it. */
  pay: bigint;
  /** Unix seconds when the lease's clock started. */
  startedAt: bigint;
  /** Sum over the paid receipts. */
  meteredSeconds: bigint;
  /** Promised so far. */
  cumulative: bigint;
  /** The segment whose receipt is expected next. */
  nextSegment: bigint;
  last?: { segment: bigint; hash: Hex };
}

export interface PayingPolicy {
  /** A receipt may meter at most this much: the buyer's exposure to one bad segment. */
  maxReceiptSeconds: bigint;
}

export type PayRefusal =
  | { code: "receipt.channel"; expected: Hex }
  | { code: "receipt.duplicate" }
  | { code: "receipt.conflict"; segment: bigint }
  | { code: "receipt.replay"; segment: bigint; expected: bigint }
  | { code: "receipt.gap"; segment: bigint; expected: bigint }
  | { code: "receipt.tooLong"; meteredSeconds: bigint; most: bigint }
  | { code: "receipt.notPayable"; why: string };

export type PayDecision =
  | { ok: true; state: PayingState; voucher: Voucher; added: bigint }
  | { ok: false; refusal: PayRefusal };

export interface PayEvent {
  receipt: Receipt;
  /** undefined = payable; otherwise why not (yet). */
  notPayable?: string;
  now: bigint;
  policy: PayingPolicy;
}

export const openPaying = (
  lease: Omit<PayingState, "meteredSeconds" | "cumulative" | "nextSegment" | "last">,
): PayingState => ({ ...lease, meteredSeconds: 0n, cumulative: 0n, nextSegment: 0n });

/**
 * The voucher a receipt earns. A `receipt.duplicate` may be answered with `voucherOf(state)` again, in case the payee
 * lost the answer; `receipt.notPayable` and `receipt.gap` may be tried again later.
 */
export function nextVoucher(state: PayingState, event: PayEvent): PayDecision {
  const { receipt, now, policy } = event;
  const refusal = refusalOf(state, receipt, policy);
  if (refusal !== undefined) return { ok: false, refusal };
  if (event.notPayable !== undefined)
    return { ok: false, refusal: { code: "receipt.notPayable", why: event.notPayable } };
  const meteredSeconds = state.meteredSeconds + receipt.meteredSeconds;
  const cumulative = least(state.ratePerSecond * meteredSeconds, state.ratePerSecond * elapsed(state, now), state.pay);
  const next: PayingState = {
    ...state,
    meteredSeconds,
    // The clock a caller hands in may go back after a chain rewind; a promise does not.
    cumulative: most(cumulative, state.cumulative),
    nextSegment: receipt.segment + 1n,
    last: { segment: receipt.segment, hash: receipt.hash },
  };
  return { ok: true, state: next, voucher: voucherOf(next), added: next.cumulative - state.cumulative };
}

function refusalOf(state: PayingState, receipt: Receipt, policy: PayingPolicy): PayRefusal | undefined {
  const { segment, meteredSeconds } = receipt;
  if (receipt.channelId !== state.channelId) return { code: "receipt.channel", expected: state.channelId };
  if (segment === state.last?.segment)
    return receipt.hash === state.last.hash ? { code: "receipt.duplicate" } : { code: "receipt.conflict", segment };
  if (segment < state.nextSegment) return { code: "receipt.replay", segment, expected: state.nextSegment };
  if (segment > state.nextSegment) return { code: "receipt.gap", segment, expected: state.nextSegment };
  if (meteredSeconds > policy.maxReceiptSeconds)
    return { code: "receipt.tooLong", meteredSeconds, most: policy.maxReceiptSeconds };
  return undefined;
}

/** Goes past a segment that will never be paid: retracted by the provider, or found false. */
export function skipSegment(state: PayingState, segment: bigint): PayingState {
  return segment === state.nextSegment ? { ...state, nextSegment: segment + 1n } : state;
}

/** The latest promise; safe to sign again. */
export const voucherOf = (state: PayingState): Voucher => ({
  channelId: state.channelId,
  payee: state.payee,
  cumulative: state.cumulative,
});

const elapsed = (state: PayingState, now: bigint): bigint => most(now - state.startedAt, 0n);
