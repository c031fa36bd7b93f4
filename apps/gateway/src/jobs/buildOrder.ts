// The order a job file asks for. Pure: time, epoch and nonce come in.
import { most } from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import { zeroHash } from "@weft/protocol/fields";
import type { JobFile } from "@weft/protocol/JobFile";
import { jobTerms } from "@weft/protocol/jobTerms";
import * as Order from "@weft/protocol/Order";
import type { Address, Hex } from "viem";
import type { Means } from "./jobBudget.ts";

export interface OrderContext {
  buyer: Address;
  session: Address;
  /** Who may send the transaction. */
  matcher: Address;
  buyerEpoch: bigint;
  nonce: bigint;
  /** 32 zero bytes for none. */
  courtId: Hex;
  paramsHash: Hex;
  jobCommitment: Hex;
  /** Milliseconds of the network's clock. */
  nowMs: number;
  /** What is left of the job's budget and work time; all of it by default. */
  left?: Means;
}

/** An order stays open this long after the bidding, so that a failed lease can be filled again. */
const validSeconds = 86_400n;

/** @throws WeftError `order.session` for a voucher order without a session: nobody could ever sign its vouchers. */
export function buildOrder(file: JobFile, context: OrderContext): Order.Order {
  if (file.pay.mode === "voucher" && BigInt(context.session) === 0n)
    throw new WeftError("the order would pay by voucher but names no session", {
      code: "order.session",
      fault: "us",
      remedy: "start the gateway with a session key, or set pay.mode to accrue",
    });
  const now = BigInt(Math.floor(context.nowMs / 1000));
  // Chain time has whole seconds. Rounding down lets the contract open no later than the gateway clears; the next full
  // second at least, so that even the shortest auction is open to somebody.
  const ends = BigInt(Math.floor((context.nowMs + file.auctionMs) / 1000));
  return {
    ...jobTerms(file),
    ...context.left,
    buyer: context.buyer,
    session: context.session,
    priceRule: Order.priceRule.ask,
    jobCommitment: context.jobCommitment,
    detailsHash: zeroHash,
    matcher: context.matcher,
    maxFee: 0n,
    courtId: context.courtId,
    paramsHash: context.paramsHash,
    buyerEpoch: context.buyerEpoch,
    nonce: context.nonce,
    expiresAt: now + validSeconds,
    biddingEndsAt: file.mechanism === "reverseAuction" ? most(ends, now + 1n) : 0n,
  };
}
