// What strangers send: nothing of it is believed, every refusal has a code and is counted against its sender, and an
// honest job runs on the same node and gateway all the while.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { signNoun } from "@weft/protocol/Domain";
import { gossip, protocols, streams, topics } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { offerOf, orderFor } from "@weft/testkit/deals";
import type { JobHandle } from "@weft/testkit/JobHandle";
import { keyOf } from "@weft/testkit/seed";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import type { Transport } from "@weft/transport/Transport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";

const seed = 61;
const limit = { timeout: 600_000 };
const stranger = keyOf(seed, "stranger");
let network: TestNetwork;
let attacker: Transport;
let honest: JobHandle;

before(async () => {
  network = await startTestNetwork({ seed, nodes: 4 });
  attacker = createMemoryTransport(network.hub, {
    privateKey: stranger.secret,
    networkId: network.chain.file.networkId,
    limits: { maxGossipBytes: 1 << 20, maxMessageBytes: 2 << 20, windowBytes: 8 << 20 },
  });
  for (const peer of [...network.nodes.map(({ transport }) => transport.peerId), network.gateway().peerId!])
    await attacker.connect(peer);
});
after(async () => {
  await attacker?.stop();
  await network?.stop();
});

const target = () => network.node("node-3");
const refusedBy = (code: string) => target().node.status().refused[code] ?? 0;
const rejectedBy = (transport: Transport) => transport.stats().peers[attacker.peerId]?.rejected ?? {};
const self = () => ({ peerId: attacker.peerId, addresses: attacker.addresses() });
const topic = () => topics(network.chain.file.networkId);

async function publishOffer(signed: Offer.SignedOffer, peer = self()): Promise<void> {
  await attacker.publish(topic().offers, encodeMessage(gossip, "offer", { ...signed, peer }));
}

/** The refusal's code moved by at least one after `act`. */
async function counts(code: string, act: () => Promise<void>): Promise<void> {
  const had = refusedBy(code);
  await act();
  await network.until(`${code} is counted: ${JSON.stringify(target().node.status().refused)}`, () =>
    refusedBy(code) > had ? true : undefined,
  );
}

test("gossip that is no message, or too long, is counted against its sender", limit, async () => {
  await attacker.publish(topic().offers, new Uint8Array(200).fill(7));
  await attacker.publish(topic().offers, new TextEncoder().encode('{"v":1,"kind":"offer","body":{}}'));
  await attacker.publish(topic().offers, new Uint8Array(300_000));
  await network.until("all three are counted", () => {
    const { malformed, schema, oversize } = rejectedBy(target().transport);
    return malformed === 1 && schema === 1 && oversize === 1 ? true : undefined;
  });
});

test("offers: wrong signer, wrong chain, replayed, expired, without stake", limit, async () => {
  const victim = network.node("node-2");
  const { offer } = await offerOf(network, victim, { seq: 99n });
  const file = network.chain.file;
  await counts("offer.signer", async () =>
    publishOffer({ offer, signature: await signNoun(file, Offer.schema, offer, stranger.signer) }),
  );
  const elsewhere = { ...file, chainId: file.chainId + 1 };
  await counts("offer.signer", async () =>
    publishOffer({ offer, signature: await signNoun(elsewhere, Offer.schema, offer, victim.plan.operator.signer) }),
  );
  // A true offer from its true signer, sent on by somebody who claims to be where it is served.
  await counts("offer.peer", async () => publishOffer(await offerOf(network, victim, { seq: 99n })));
  const peer = { peerId: victim.transport.peerId, addresses: victim.transport.addresses() };
  await counts("offer.expired", async () => publishOffer(await offerOf(network, victim, { expiresAt: 1n }), peer));
  await counts("offer.stale", async () => publishOffer(await offerOf(network, victim, { seq: 0n }), peer));
  await counts("node.unknown", async () =>
    publishOffer(await offerOf(network, victim, { nodeId: `0x${"77".repeat(20)}` })),
  );
});

test("orders: unfunded, expired, wrong chain, replayed, signed by nobody who may", limit, async () => {
  const publish = async (signed: Order.SignedOrder) =>
    attacker.publish(topic().orders, encodeMessage(gossip, "order", { ...signed, reply: self() }));
  const poor = stranger.signer.address.toLowerCase() as `0x${string}`;
  const unfunded = { ...(await orderFor(network, { nonce: 900n })).order, buyer: poor };
  await counts("order.unfunded", async () =>
    publish({
      order: unfunded,
      signature: await signNoun(network.chain.file, Order.schema, unfunded, stranger.signer),
    }),
  );
  await counts("order.expired", async () => publish(await orderFor(network, { nonce: 901n, expiresAt: 1n })));
  await counts("order.signer", async () => {
    const { order } = await orderFor(network, { nonce: 902n });
    await publish({ order, signature: await signNoun(network.chain.file, Order.schema, order, stranger.signer) });
  });
  await counts("order.signer", async () => {
    const { order } = await orderFor(network, { nonce: 904n });
    const elsewhere = { ...network.chain.file, chainId: network.chain.file.chainId + 1 };
    await publish({ order, signature: await signNoun(elsewhere, Order.schema, order, network.buyer.signer) });
  });
  // A true order that nobody but its matcher may match, over and over: it is passed on no more often than any other.
  const own = await orderFor(network, { nonce: 905n, matcher: `0x${"55".repeat(20)}` });
  await publish(own);
  await counts("order.duplicate", async () => {
    for (let time = 0; time < 10; time++) await publish(own);
  });
});

test("requests of those whom the chain names nowhere are refused with a code", limit, async () => {
  honest = await network.buy({ program: { steps: 60, stepsPerSegment: 6 } });
  const { leaseId } = await honest.until("lease");
  await honest.until("segment");
  const provider = network.node("node-1");
  const ask = async (protocol: string, request: Uint8Array): Promise<string> => {
    const channel = await attacker.open(provider.transport.peerId, protocol);
    await channel.send(request);
    const bytes = await channel.receive({ timeoutMs: 20_000 });
    if (bytes === undefined) return "closed";
    const { kind, body } = decodeMessage({ refused: streams.refused, "hold.ack": streams["hold.ack"] }, bytes);
    return kind === "refused" ? body.code : kind;
  };
  const zero = `0x${"00".repeat(32)}` as const;
  const hold = { leaseId, segment: 0n, checkpoint: zero, bytes: 10, sources: [self()] };
  const codes = {
    hold: await ask(protocols.hold, encodeMessage(streams, "hold.request", hold)),
    details: await ask(protocols.details, encodeMessage(streams, "details.request", { leaseId, segment: 0n })),
    open: await ask(
      protocols.job,
      encodeMessage(streams, "job.open", {
        ...{ leaseId, order: (await orderFor(network, { nonce: 903n })).order, details: [], gateway: self() },
        corpus: { contentId: zero, bytes: 1 },
      }),
    ),
  };
  assert.deepEqual(codes, { hold: "hold.checkpoint", details: "details.notDrawn", open: "job.order" });
});

test("streams: bytes that are no message end the channel and are counted", limit, async () => {
  const provider = network.node("node-1");
  const channel = await attacker.open(provider.transport.peerId, protocols.hold);
  await channel.send(new Uint8Array(64).fill(1));
  await assert.rejects(channel.receive({ timeoutMs: 20_000 }));
  assert.ok((rejectedBy(provider.transport)["malformed"] ?? 0) >= 1);
});

test("a bid for no order, or not of its signer, is not accepted", limit, async () => {
  const gateway = network.gateway();
  const orderHash = `0x${"12".repeat(32)}` as const;
  const bid = await offerOf(network, network.node("node-2"), { orderHash });
  const channel = await attacker.open(gateway.peerId!, protocols.bid);
  await channel.send(encodeMessage(streams, "bid", { ...bid, peer: self() }));
  const { body } = decodeMessage(
    { "bid.result": streams["bid.result"] },
    (await channel.receive({ timeoutMs: 20_000 }))!,
  );
  assert.deepEqual(body, { accepted: false, reasons: ["this gateway has no such order open"] });
});

test("nothing was lost: the honest job was paid in full meanwhile", limit, async () => {
  const done = await honest.done();
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "2000");
  assert.equal(honest.all("failover").length, 0);
});
