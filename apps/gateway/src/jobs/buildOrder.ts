// The order a job file asks for. Pure: time, epoch and nonce come in.
import * as Attributes from "@weft/protocol/Attributes";
import { zeroHash } from "@weft/protocol/fields";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import type { JobFile } from "@weft/protocol/JobFile";
import * as Order from "@weft/protocol/Order";
import type { Address, Hex } from "viem";

export interface OrderContext {
  buyer: Address;
  session: Address;
  /** Who may send the transaction. */
  matcher: Address;
  buyerEpoch: bigint;
  nonce: bigint;
  paramsHash: Hex;
  jobCommitment: Hex;
  /** Milliseconds of the network's clock. */
  nowMs: number;
}

/** An order stays open this long after the bidding, so that a failed lease can be filled again. */
const validSeconds = 86_400n;

export function buildOrder(file: JobFile, context: OrderContext): Order.Order {
  const { resources, pay } = file;
  const auction = file.mechanism === "reverseAuction";
  const now = BigInt(Math.floor(context.nowMs / 1000));
  // Chain time has whole seconds. Rounding down lets the contract open no later than the gateway clears; the next full
  // second at least, so that even the shortest auction is open to somebody.
  const ends = BigInt(Math.floor((context.nowMs + file.auctionMs) / 1000));
  const biddingEndsAt = auction ? (ends > now ? ends : now + 1n) : 0n;
  return {
    buyer: context.buyer,
    session: context.session,
    class: toBytes8(resources.class),
    minAttributes: Attributes.pack({
      cpuThreads: resources.cpuThreads,
      memoryGiB: resources.memoryGiB,
      diskGiB: resources.diskGiB,
      fp32Gflops: resources.fp32Gflops,
      gpuCount: resources.gpuCount,
      gpuMemoryGiB: resources.gpuMemoryGiB,
      netMbpsTenth: Math.ceil(resources.netMbps / 10),
      flags: 0,
    }),
    units: BigInt(resources.units),
    durationSeconds: BigInt(file.duration),
    // The ceiling is per hour in the file; rounding down keeps what is signed at or below what was written.
    maxPricePerUnitSecond: pay.maxPricePerHour / 3600n,
    priceRule: Order.priceRule.ask,
    tier: Order.tier[file.tier],
    mechanism: Order.mechanism[file.mechanism],
    payMode: Order.payMode[pay.mode],
    jobCommitment: context.jobCommitment,
    detailsHash: zeroHash,
    matcher: context.matcher,
    maxFee: 0n,
    budget: pay.budget,
    courtId: zeroHash,
    paramsHash: context.paramsHash,
    buyerEpoch: context.buyerEpoch,
    nonce: context.nonce,
    expiresAt: now + validSeconds,
    biddingEndsAt,
  };
}
