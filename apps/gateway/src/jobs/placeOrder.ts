// Signs a job's order once and opens its leases: the first one with the auction's winner, later ones, after a fault of
// the provider, with the next candidate that still fits. Every step is saved before the next one depends on it.
import { addOrder, type OfferEntry, type OrderEntry, orderEnds } from "@weft/market/Book";
import { type Judgement, judge } from "@weft/market/judge";
import type { LeasePrice } from "@weft/market/price";
import { explainReason } from "@weft/market/reasons";
import { most } from "@weft/protocol/Amount";
import { signNoun } from "@weft/protocol/Domain";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import type { JobFile } from "@weft/protocol/JobFile";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import { buildOrder } from "./buildOrder.ts";
import { holdAuction } from "./holdAuction.ts";
import {
  currentOrder,
  endOrder,
  type JobRecord,
  type LeaseRecord,
  lastGood,
  maxOrders,
  nextStepOf,
  type OrderRecord,
  orderOf,
} from "./JobRecord.ts";
import { meansFor } from "./leaseBills.ts";
import { courtOf, fillsOf, setFields } from "./orderStart.ts";

/** Longest that the end of bidding is waited for when this machine's clock says that it has passed. */
const mostBehindMs = 60_000;

export interface OrderWork {
  jobId: string;
  file: JobFile;
  record: JobRecord;
  save(record: JobRecord): void;
  signal: AbortSignal;
}

/** Signs and records the order, or returns the one already signed. */
export async function ensureOrder(context: GatewayContext, work: OrderWork): Promise<OrderEntry> {
  const { record } = work;
  const before = currentOrder(record);
  // An auction that ended while this gateway was down has no bids to clear: it is held again, under a new nonce.
  if (before?.ranked.length === 0 && orderEnds(before.order) <= context.chain.now()) endOrder(record);
  const { order, orderHash, signature } = currentOrder(record) ?? (await signOrder(context, work));
  const signer = context.session.address.toLowerCase() as Hex;
  const entry: OrderEntry = { order, hash: orderHash, signature, signer };
  const outcome = addOrder(context.book, entry, context.chain.now());
  if (!outcome.kept && (outcome.code === "quota" || outcome.code === "bookFull"))
    throw new WeftError("too many auctions of this buyer are open at once", {
      code: "order.quota",
      retryable: true,
      remedy: "wait some seconds and order again",
    });
  return entry;
}

/** A new order over what earlier ones left of the job's means. @throws WeftError of meansFor, `job.orders` */
async function signOrder(context: GatewayContext, work: OrderWork): Promise<OrderRecord> {
  const { record, file } = work;
  if (record.orders.length >= maxOrders)
    throw new WeftError(`the job took ${maxOrders} orders and is not done`, {
      code: "job.orders",
      remedy: "order it again; the last paid checkpoint is kept",
    });
  const left = meansFor(context, file, record);
  await setFields(context, file, record);
  const nowMs = context.clock.now();
  const order = buildOrder(file, {
    buyer: context.buyer,
    session: context.session.address.toLowerCase() as Hex,
    matcher: context.session.address.toLowerCase() as Hex,
    buyerEpoch: context.chain.view().buyers.get(context.buyer)?.epoch ?? 0n,
    nonce: takeNonce(context),
    courtId: courtOf(context, file),
    paramsHash: context.chain.paramsHash,
    jobCommitment: record.jobCommitment,
    nowMs,
    left,
  });
  const signature = await signNoun(context.chain.network, Order.schema, order, context.session);
  const orderHash = Order.hash(order);
  const signed: OrderRecord = { order, orderHash, signature, signedAtMs: nowMs, ranked: [], ended: false };
  context.store.link(work.jobId, "order", orderHash);
  record.orders.push(signed);
  work.save(record);
  tellOrder(context, work, order);
  return signed;
}

/** Nonces are used once and in sequence, so that the contract's bitmap words are shared. */
function takeNonce(context: GatewayContext): bigint {
  const nonce = BigInt(context.store.get("nonce") ?? "0");
  context.store.put("nonce", (nonce + 1n).toString());
  return nonce;
}

function tellOrder(context: GatewayContext, { jobId, file }: OrderWork, order: Order.Order): void {
  context.emit(jobId, "order", {
    orderHash: Order.hash(order),
    budget: order.budget.toString(),
    maxPricePerUnitSecond: order.maxPricePerUnitSecond.toString(),
    mechanism: file.mechanism,
    tier: file.tier,
    payMode: file.pay.mode,
    biddingEndsAt: Number(order.biddingEndsAt),
    offersKnown: context.book.offers.size,
  });
}

/** Holds the auction unless its result is recorded already. False when nothing fits. */
export async function ensureRanked(context: GatewayContext, work: OrderWork, entry: OrderEntry): Promise<boolean> {
  const { record } = work;
  const current = currentOrder(record);
  if (current === undefined) return false;
  if (current.ranked.length > 0) return true;
  const clearing = await holdAuction(context, {
    jobId: work.jobId,
    file: work.file,
    entry,
    signedAtMs: current.signedAtMs,
    failed: new Set(record.leases.map(({ nodeId }) => nodeId)),
    signal: work.signal,
  });
  current.ranked = clearing.ranked.map(({ entry: { offer, signature } }) => ({ offer, signature }));
  work.save(record);
  return current.ranked.length > 0;
}

/**
 * Opens a lease with the best candidate that has not failed this order. Undefined when none is left.
 * A candidate that stopped fitting since the auction is passed over with its reason.
 */
export async function openNext(
  context: GatewayContext,
  work: OrderWork,
  entry: OrderEntry,
): Promise<LeaseRecord | undefined> {
  const failed = new Set(work.record.leases.map(({ nodeId }) => nodeId));
  for (const signed of currentOrder(work.record)?.ranked ?? []) {
    if (failed.has(signed.offer.nodeId)) continue;
    work.signal.throwIfAborted();
    const opened = await tryOpen(context, work, { entry, signed });
    if (opened !== undefined) return opened;
  }
  return undefined;
}

async function tryOpen(
  context: GatewayContext,
  work: OrderWork,
  deal: { entry: OrderEntry; signed: Offer.SignedOffer },
): Promise<LeaseRecord | undefined> {
  const { entry, signed } = deal;
  const operator = context.chain.view().nodes.get(signed.offer.nodeId)?.operator;
  const candidate: OfferEntry = { ...signed, hash: Offer.hash(signed.offer), signer: operator ?? "0x" };
  const fills = fillsOf(work.record, entry.hash);
  const fill = fills.length;
  const leaseId = Order.leaseId(entry.hash, candidate.hash, fill);
  const view = { ...context.chain.view(), now: most(context.chain.now(), entry.order.biddingEndsAt) };
  const verdict = openedTerms(context, entry, leaseId) ?? judge(view, entry, candidate);
  if (!verdict.ok) {
    const reasons = verdict.reasons.map(explainReason);
    context.emit(work.jobId, "bidRefused", { nodeId: signed.offer.nodeId, reasons });
    return undefined;
  }
  try {
    const previous = fills.at(-1)?.offer;
    const deal = { offer: signed, order: entry, fill, ...(previous === undefined ? {} : { previous }) };
    const mined = await openInTime(context, work, deal);
    return recordLease(context, work, { entry, signed, fill, leaseId, mined, verdict });
  } catch (error) {
    if (!(error instanceof WeftError) || error.fault === "network" || error.fault === "us") throw error;
    context.emit(work.jobId, "bidRefused", { nodeId: signed.offer.nodeId, reasons: [error.message] });
    return undefined;
  }
}

type Opened = Pick<Extract<Judgement, { ok: true }>, "ok" | "price" | "total" | "bond"> & {
  lease: Pick<LeasePrice, "pay" | "auditPot">;
};

/** A lease that was opened just before this gateway lost sight of it: it has its terms, and its pool has no room left. */
function openedTerms(context: GatewayContext, { order }: OrderEntry, leaseId: Hex): Opened | undefined {
  const facts = context.chain.lease(leaseId);
  if (facts === undefined) return undefined;
  const { pay, auditPot, bond, ratePerSecond } = facts;
  return { ok: true, price: ratePerSecond / order.units, total: pay + auditPot, bond, lease: { pay, auditPot } };
}

type Deal = Parameters<GatewayContext["chain"]["open"]>[0];

/** The contract goes by the time of its blocks, which on a busy chain is behind this machine's for a while. */
async function openInTime(context: GatewayContext, work: OrderWork, deal: Deal) {
  const until = context.clock.now() + mostBehindMs;
  for (;;) {
    try {
      return await context.chain.open(deal);
    } catch (error) {
      if (!hasCode(error, "market.BiddingOpen") || context.clock.now() >= until) throw error;
    }
    await context.clock.sleep(Math.max(200, context.chain.blockSeconds * 1000), work.signal);
  }
}

function recordLease(
  context: GatewayContext,
  work: OrderWork,
  opened: {
    entry: OrderEntry;
    signed: Offer.SignedOffer;
    fill: number;
    leaseId: Hex;
    mined: { hash: Hex; blockNumber: bigint; gasUsed: bigint };
    verdict: Opened;
  },
): LeaseRecord {
  const { entry, signed, fill, leaseId, mined, verdict } = opened;
  const { record } = work;
  const nextStep = nextStepOf(record);
  const before = lastGood(record);
  const lease: LeaseRecord = {
    leaseId,
    orderHash: entry.hash,
    fill,
    nodeId: signed.offer.nodeId,
    offer: signed,
    transaction: mined.hash,
    pricePerUnitSecond: verdict.price,
    pay: verdict.lease.pay,
    auditPot: verdict.lease.auditPot,
    firstStep: nextStep,
    firstSegment: before === undefined ? 0 : segmentNumber(record, before) + 1,
  };
  context.store.link(work.jobId, "lease", leaseId);
  record.leases.push(lease);
  work.save(record);
  context.emit(work.jobId, "lease", {
    leaseId,
    nodeId: lease.nodeId,
    transaction: mined.hash,
    blockNumber: Number(mined.blockNumber),
    gasUsed: Number(mined.gasUsed),
    latencyMs: context.clock.now() - orderOf(record, lease).signedAtMs,
    fill,
    bond: verdict.bond.toString(),
    reserved: verdict.total.toString(),
  });
  return lease;
}

const segmentNumber = (record: JobRecord, segment: { leaseId: Hex; segment: number }): number =>
  (record.leases.find(({ leaseId }) => leaseId === segment.leaseId)?.firstSegment ?? 0) + segment.segment;
