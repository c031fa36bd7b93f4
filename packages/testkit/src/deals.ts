// Offers and orders signed by hand, for tests that go past node and gateway straight to the contracts.
import { signNoun } from "@weft/protocol/Domain";
import { zeroHash } from "@weft/protocol/fields";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { paramsHash } from "@weft/protocol/Params";
import type { NodeHost } from "./NodeHost.ts";
import { poolAttributes, poolClass } from "./provision.ts";
import type { TestNetwork } from "./TestNetwork.ts";

const zeroAddress = `0x${"00".repeat(20)}` as const;
const nowOf = (network: TestNetwork): bigint => BigInt(Math.floor(network.chain.clock.now() / 1000));

/** A standing offer of one unit, signed by the node's operator. */
export async function offerOf(
  network: TestNetwork,
  node: NodeHost,
  changes: Partial<Offer.Offer> = {},
): Promise<Offer.SignedOffer> {
  const offer: Offer.Offer = {
    ...{ nodeId: node.nodeId, poolId: 0n, slot: 0n, seq: 1n, class: poolClass, attributes: poolAttributes, units: 1n },
    ...{ pricePerUnitSecond: node.plan.pricePerUnitSecond, region: 0n, expiresAt: nowOf(network) + 600n },
    ...{ orderHash: zeroHash, detailsHash: zeroHash },
    ...changes,
  };
  const signer = node.plan.operator.signer;
  return { offer, signature: await signNoun(network.chain.file, Offer.schema, offer, signer) };
}

/** An order for one unit that anyone may match, signed by the buyer. */
export async function orderFor(network: TestNetwork, changes: Partial<Order.Order> = {}): Promise<Order.SignedOrder> {
  const { file, client } = network.chain;
  const { signer } = network.buyer;
  const order: Order.Order = {
    ...{ buyer: signer.address.toLowerCase() as `0x${string}`, session: network.gateway().plan.session.signer.address },
    ...{ class: poolClass, minAttributes: 0n, units: 1n, durationSeconds: 60n, maxPricePerUnitSecond: 1000n },
    ...{ priceRule: Order.priceRule.ask, tier: Order.tier.exact, mechanism: Order.mechanism.postedPrice },
    ...{ payMode: Order.payMode.voucher, jobCommitment: zeroHash, detailsHash: zeroHash, matcher: zeroAddress },
    ...{ maxFee: 0n, budget: 5_000_000n, courtId: zeroHash, paramsHash: paramsHash(client.params), buyerEpoch: 0n },
    ...{ nonce: 1n, expiresAt: nowOf(network) + 600n, biddingEndsAt: 0n },
    ...changes,
  };
  return { order, signature: await signNoun(file, Order.schema, order, signer) };
}

/** A pair that the contracts accept. */
export async function deal(
  network: TestNetwork,
  { node, slot, nonce }: { node: NodeHost; slot: bigint; nonce: bigint },
): Promise<{ offer: Offer.SignedOffer; order: Order.SignedOrder }> {
  const [offer, order] = await Promise.all([offerOf(network, node, { slot }), orderFor(network, { nonce })]);
  return { offer, order };
}
