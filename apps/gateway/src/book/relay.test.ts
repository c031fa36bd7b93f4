// What a gateway passes on by gossip: what every honest neighbour would, because relaying what they reject costs it
// its own standing with them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { publicKeyOf, signerOf } from "@weft/chain/Keys";
import { create } from "@weft/market/Book";
import * as world from "@weft/market/fixtures";
import { type Network, signNoun } from "@weft/protocol/Domain";
import { gossip, topics } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { createMemoryHub } from "@weft/transport/MemoryHub";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import { peerIdOf } from "@weft/transport/PeerIdentity";
import { encodeMessage } from "@weft/transport/Wire";
import type { Hex } from "viem";
import type { GatewayContext } from "../GatewayContext.ts";
import { followMarket } from "./followMarket.ts";

const contract = `0x${"22".repeat(20)}` as const;
const network = {
  chainId: 31_337,
  contracts: { registry: contract, market: contract, channels: contract, audits: contract, beacon: contract },
} as unknown as Network;
const names = topics(`0x${"01".repeat(32)}`);
const keyOf = (digit: string): Hex => `0x${digit.repeat(64)}`;
const peerOf = (key: Hex) => ({ peerId: peerIdOf(publicKeyOf(key)), addresses: [] });
const operator = signerOf(keyOf("1"));
const buyer = signerOf(keyOf("2"));
const stranger = signerOf(keyOf("4"));

const view = world.viewOf(1, {
  nodes: new Map([[world.nodeId(0), world.nodeView(0, { operator: operator.address })]]),
  buyers: new Map([[buyer.address, { free: 10n ** 9n, epoch: 0n, nonces: new Set<bigint>(), sessions: new Map() }]]),
});

async function orderMessage(nonce: bigint, by = buyer, change: Partial<Order.Order> = {}): Promise<Uint8Array> {
  const { order } = world.orderEntry({ buyer: buyer.address, session: buyer.address, nonce, ...change });
  const signature = (await signNoun(network, Order.schema, order, by)) as never;
  return encodeMessage(gossip, "order", { order, signature, reply: peerOf(keyOf("2")) });
}

async function offerMessage(seq: bigint, options: { by?: typeof operator; peer?: Hex; expiresAt?: bigint } = {}) {
  const { offer } = world.offerEntry(0, { seq, ...(options.expiresAt ? { expiresAt: options.expiresAt } : {}) });
  const signature = await signNoun(network, Offer.schema, offer, options.by ?? operator);
  return encodeMessage(gossip, "offer", { offer, signature, peer: peerOf(options.peer ?? keyOf("1")) });
}

test("rubbish, forgeries, unfunded orders and repeats end at the gateway; what is signed and funded goes on", async () => {
  const hub = createMemoryHub({ seed: 1 });
  const join = (digit: string) => createMemoryTransport(hub, { privateKey: Buffer.from(digit.repeat(64), "hex") });
  const [source, own, behind] = [join("a"), join("b"), join("c")];
  await source.connect(own.peerId);
  await own.connect(behind.peerId);
  const heard: string[] = [];
  let last = () => {};
  const all = new Promise<void>((resolve) => {
    last = resolve;
  });
  const end = await orderMessage(99n);
  for (const topic of [names.offers, names.orders])
    behind.subscribe(topic, (payload) => {
      heard.push(Buffer.from(payload).toString());
      if (Buffer.from(payload).equals(end)) last();
      return "accept";
    });
  const chain = { network, now: () => world.now, view: () => view };
  const context = {
    transport: own,
    networkId: `0x${"01".repeat(32)}`,
    book: create(),
    chain,
    clock: { now: () => 1e6 },
  };
  const stop = followMarket(context as unknown as GatewayContext, () => {});

  const [order, offer] = [await orderMessage(1n), await offerMessage(1n)];
  const orders = [
    order,
    Buffer.from("no message at all"),
    await orderMessage(2n, stranger),
    await orderMessage(3n, buyer, { expiresAt: world.now - 1n }),
    await orderMessage(4n, buyer, { expiresAt: world.now + 10n ** 9n }),
    await orderMessage(5n, buyer, { buyerEpoch: 7n }),
    order,
  ];
  const offers = [
    offer,
    Buffer.from("{}"),
    await offerMessage(2n, { by: stranger }),
    await offerMessage(3n, { peer: keyOf("9") }),
    await offerMessage(4n, { expiresAt: world.now + 100_000n }),
    offer,
  ];
  for (const payload of orders) await source.publish(names.orders, payload);
  for (const payload of offers) await source.publish(names.offers, payload);
  await source.publish(names.orders, end);
  await all;
  stop();
  const expected = [order, offer, end].map((payload) => Buffer.from(payload).toString());
  assert.deepEqual(heard.toSorted(), expected.toSorted());
});
