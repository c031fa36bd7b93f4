// Small worlds for this package's tests: a funded buyer, nodes with one pool each, entries with fake signatures.
// Signatures are checked before entries reach this package, so none is needed here.
import * as Attributes from "@weft/protocol/Attributes";
import { zeroHash } from "@weft/protocol/fields";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { paramsHash, presets } from "@weft/protocol/Params";
import { type Address, type Hex, numberToHex } from "viem";
import type { OfferEntry, OrderEntry } from "./Book.ts";
import type { MarketView, NodeView } from "./MarketView.ts";

export const now = 1_000_000n;
export const buyer: Address = `0x${"b0".repeat(20)}`;
export const params = presets.minimal;

export const address = (kind: string, index: number): Address =>
  `0x${kind.padEnd(8, "0")}${numberToHex(index, { size: 16 }).slice(2)}`;
export const nodeId = (index: number): Hex => address("c0de", index);
export const operatorOf = (index: number): Address => address("0be7", index);

export const attributes = Attributes.pack({ ...Attributes.none, cpuThreads: 8, memoryGiB: 16, fp32Gflops: 40 });

export function orderEntry(change: Partial<Order.Order> = {}, signer?: Address): OrderEntry {
  const order: Order.Order = {
    buyer,
    session: buyer,
    class: toBytes8("cpu"),
    minAttributes: Attributes.pack({ ...Attributes.none, cpuThreads: 4 }),
    units: 2n,
    durationSeconds: 100n,
    maxPricePerUnitSecond: 1000n,
    priceRule: Order.priceRule.ask,
    tier: Order.tier.exact,
    mechanism: Order.mechanism.postedPrice,
    payMode: Order.payMode.voucher,
    jobCommitment: zeroHash,
    detailsHash: zeroHash,
    matcher: `0x${"00".repeat(20)}`,
    maxFee: 50n,
    budget: 10_000_000n,
    courtId: zeroHash,
    paramsHash: paramsHash(params),
    buyerEpoch: 0n,
    nonce: 1n,
    expiresAt: now + 500n,
    biddingEndsAt: 0n,
    ...change,
  };
  return { order, hash: Order.hash(order), signature: "0x", signer: signer ?? order.buyer };
}

export function offerEntry(index: number, change: Partial<Offer.Offer> = {}): OfferEntry {
  const offer: Offer.Offer = {
    nodeId: nodeId(index),
    poolId: 0n,
    slot: 0n,
    seq: 1n,
    class: toBytes8("cpu"),
    attributes,
    units: 4n,
    pricePerUnitSecond: 100n,
    region: 0n,
    expiresAt: now + 300n,
    orderHash: zeroHash,
    detailsHash: zeroHash,
    ...change,
  };
  return { offer, hash: Offer.hash(offer), signature: "0x", signer: operatorOf(index) };
}

export function nodeView(index: number, change: Partial<NodeView> = {}): NodeView {
  return {
    owner: address("0a", index),
    operator: operatorOf(index),
    stake: params.minStake,
    bondFree: 1_000_000_000n,
    minSeq: new Map(),
    pools: new Map([[0n, { class: toBytes8("cpu"), capacity: 8n, used: 0n, attributes }]]),
    ...change,
  };
}

/** `nodes` nodes that fit, a buyer that can pay, a matcher without a fee. */
export function viewOf(nodes: number, change: Partial<MarketView> = {}): MarketView {
  return {
    now,
    params,
    paramsHash: paramsHash(params),
    matcher: { address: address("3a7c", 1), fee: 0n },
    courts: new Set(),
    nodes: new Map(Array.from({ length: nodes }, (_, index) => [nodeId(index), nodeView(index)])),
    buyers: new Map([[buyer, { free: 1_000_000_000n, epoch: 0n, nonces: new Set(), sessions: new Map() }]]),
    orders: new Map(),
    ...change,
  };
}
