import assert from "node:assert/strict";
import { test } from "node:test";
import { publicKeyOf, recover, signerOf } from "@weft/chain/Keys";
import * as Book from "@weft/market/Book";
import * as world from "@weft/market/fixtures";
import { digestOf, type Network, signNoun } from "@weft/protocol/Domain";
import { endpointOf, peerOfEndpoint } from "@weft/protocol/endpoint";
import type { GossipMessage } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { createMemoryHub } from "@weft/transport/MemoryHub";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import { peerIdOf } from "@weft/transport/PeerIdentity";
import type { Address, Hex } from "viem";
import { type Intake, takeOffer, takeOrder } from "./intake.ts";
import { createDirectory, notePeer } from "./PeerDirectory.ts";
import { pagesOf, pullBook, serveSync } from "./sync.ts";

const at = (byte: string) => `0x${byte.repeat(20)}` as Address;
const network: Network = {
  chainId: 31337,
  contracts: {
    stable: at("a1"),
    weft: at("a2"),
    registry: at("a3"),
    channels: at("a4"),
    market: at("a5"),
    audits: at("a6"),
    beacon: at("a7"),
    courts: at("a8"),
    games: at("a9"),
    court: at("aa"),
    epochs: at("ab"),
  },
};
const operatorKey: Hex = `0x${"01".repeat(32)}`;
const operator = signerOf(operatorKey);
const buyer = signerOf(`0x${"02".repeat(32)}`);
const session = signerOf(`0x${"03".repeat(32)}`);
const stranger = signerOf(`0x${"04".repeat(32)}`);
const peer = { peerId: peerIdOf(publicKeyOf(operatorKey)), addresses: ["/ip4/127.0.0.1/tcp/4001"] };

function intakeWith(change: { free?: bigint; contract?: boolean; nowMs?: () => number } = {}): Intake {
  const view = world.viewOf(1, {
    nodes: new Map([[world.nodeId(0), world.nodeView(0, { operator: operator.address })]]),
    buyers: new Map([
      [
        buyer.address,
        {
          free: change.free ?? 1_000_000_000n,
          epoch: 0n,
          nonces: new Set<bigint>(),
          sessions: new Map([[session.address, { expiresAt: world.now + 100n, capLeft: 1_000_000_000n }]]),
        },
      ],
    ]),
  });
  return {
    network,
    book: Book.create(),
    directory: createDirectory(),
    view: () => view,
    contractSigned: async () => change.contract ?? false,
    refused: new Map(),
    relayed: new Map(),
    nowMs: () => change.nowMs?.() ?? 1_000_000,
  };
}

async function offerMessage(change: Partial<Offer.Offer> = {}, by = operator): Promise<GossipMessage<"offer">> {
  const { offer } = world.offerEntry(0, change);
  return { offer, signature: await signNoun(network, Offer.schema, offer, by), peer };
}

async function orderMessage(change: Partial<Order.Order> = {}, by = session): Promise<GossipMessage<"order">> {
  const { order } = world.orderEntry({ buyer: buyer.address, session: session.address, ...change });
  return { order, signature: (await signNoun(network, Order.schema, order, by)) as never, reply: peer };
}

test("an offer signed by the node's operator is news once and tells where the node is", async () => {
  const intake = intakeWith();
  const message = await offerMessage();
  assert.equal(takeOffer(intake, message), "accept");
  assert.equal(takeOffer(intake, message), "ignore");
  assert.deepEqual(intake.directory.peers.get(world.nodeId(0)), peer);
  assert.equal(intake.refused.get("offer.duplicate"), 1);
});

test("a repeat is passed on again, but not in a flood", async () => {
  let now = 1_000_000;
  const intake = intakeWith({ nowMs: () => now });
  const order = await orderMessage();
  const offer = await offerMessage();
  const take = async () => [takeOffer(intake, offer), await takeOrder(intake, order)];
  assert.deepEqual(await take(), ["accept", "accept"]);
  assert.deepEqual(await take(), ["ignore", "ignore"]);
  now += 200;
  assert.deepEqual(await take(), ["accept", "accept"]);
  assert.deepEqual(await take(), ["ignore", "ignore"]);
});

test("offers nobody honest relays are rejected and counted by code", async () => {
  const intake = intakeWith();
  const cases: [GossipMessage<"offer">, string][] = [
    [await offerMessage({}, stranger), "offer.signer"],
    [{ ...(await offerMessage()), signature: `0x${"ff".repeat(65)}` }, "signature.malformed"],
    [
      { ...(await offerMessage()), peer: { ...peer, peerId: peerIdOf(publicKeyOf(`0x${"09".repeat(32)}`)) } },
      "offer.peer",
    ],
    [await offerMessage({ orderHash: `0x${"77".repeat(32)}` }), "offer.bidOnGossip"],
    [await offerMessage({ expiresAt: world.now + 100_000n }), "offer.tooLong"],
  ];
  for (const [message, code] of cases) {
    assert.equal(takeOffer(intake, message), "reject", code);
    assert.equal(intake.refused.get(code), 1, code);
  }
  assert.equal(intake.book.offers.size, 0);
});

test("an offer for another chain has another signer", async () => {
  const { offer } = world.offerEntry(0);
  const signature = await signNoun({ ...network, chainId: 1 }, Offer.schema, offer, operator);
  assert.notEqual(recover({ digest: digestOf(network, Offer.schema, offer), signature }), operator.address);
  assert.equal(takeOffer(intakeWith(), { offer, signature, peer }), "reject");
});

test("orders: by a live session, by the buyer, by a contract that says yes", async () => {
  assert.equal(await takeOrder(intakeWith(), await orderMessage()), "accept");
  assert.equal(await takeOrder(intakeWith(), await orderMessage({}, buyer)), "accept");
  assert.equal(await takeOrder(intakeWith({ contract: true }), await orderMessage({}, stranger)), "accept");
  const intake = intakeWith();
  assert.equal(await takeOrder(intake, await orderMessage({}, stranger)), "reject");
  assert.equal(intake.refused.get("order.signer"), 1);
});

test("orders: unfunded, expired, other parameters and other epochs are not relayed and nobody is punished", async () => {
  const cases: [Partial<Order.Order>, Intake, string][] = [
    [{}, intakeWith({ free: 5n }), "order.unfunded"],
    [{ expiresAt: world.now }, intakeWith(), "order.expired"],
    [{ paramsHash: `0x${"00".repeat(32)}` }, intakeWith(), "order.params"],
    [{ buyerEpoch: 3n }, intakeWith(), "order.epoch"],
  ];
  for (const [change, intake, code] of cases) {
    assert.equal(await takeOrder(intake, await orderMessage(change)), "ignore", code);
    assert.deepEqual([...intake.refused.keys()], [code]);
  }
});

test("an order needs no more escrow than its budget", async () => {
  assert.equal(await takeOrder(intakeWith({ free: 1000n }), await orderMessage({ budget: 1000n })), "accept");
});

test("a Registry endpoint gives the peer back, and rubbish gives nothing", () => {
  const addresses = [`/ip4/10.0.0.1/tcp/1/p2p/${peer.peerId}`, `/ip4/10.0.0.2/tcp/1/p2p/${peer.peerId}`];
  const endpoint = endpointOf(addresses);
  assert.ok(endpoint.length <= 256);
  assert.deepEqual(peerOfEndpoint(endpoint), { peerId: peer.peerId, addresses });
  assert.equal(peerOfEndpoint("http://example.org"), undefined);
  assert.equal(
    peerOfEndpoint(`/ip4/1.1.1.1/tcp/1/p2p/${peer.peerId} /ip4/1.1.1.1/tcp/1/p2p/QmOtherPeerIdThatIsLong`),
    undefined,
  );
  assert.ok(endpointOf(Array.from({ length: 20 }, () => addresses[0] as string)).length <= 256);
});

test("the directory forgets the longest unheard", () => {
  const directory = createDirectory(2);
  for (const index of [0, 1, 0, 2]) notePeer(directory, world.nodeId(index), peer);
  assert.deepEqual([...directory.peers.keys()], [world.nodeId(0), world.nodeId(2)]);
});

test("a late joiner pulls the book in pages", async (t) => {
  const hub = createMemoryHub({ seed: 1 });
  const a = createMemoryTransport(hub, { privateKey: Buffer.alloc(32, 11) });
  const b = createMemoryTransport(hub, { privateKey: Buffer.alloc(32, 12) });
  t.after(() => Promise.all([a.stop(), b.stop()]));
  const source = intakeWith();
  assert.equal(takeOffer(source, await offerMessage()), "accept");
  for (let slot = 1n; slot < 16n; slot++)
    for (let poolId = 0n; poolId < 5n; poolId++)
      assert.equal(takeOffer(source, await offerMessage({ slot, poolId })), "accept");
  const order = await orderMessage();
  assert.equal(await takeOrder(source, order), "accept");
  const pages = pagesOf({ ...source, replyOf: () => peer }, 1024);
  assert.deepEqual(
    pages.map((page) => [page.offers.length, page.orders.length, page.more]),
    [
      [64, 1, true],
      [12, 0, false],
    ],
  );
  serveSync(a, { ...source, replyOf: () => peer });
  await b.connect(a.peerId);
  const intake = intakeWith();
  const orders: unknown[] = [];
  const result = await pullBook(b, a.peerId, { intake, limit: 1024, onOrder: (message) => orders.push(message) });
  assert.deepEqual(result, { offers: 76, orders: 1 });
  assert.deepEqual(orders, [order]);
});
