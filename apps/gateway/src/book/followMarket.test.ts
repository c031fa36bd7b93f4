// A neighbour that gossiped its offers before we were connected is asked for them, until it has answered often enough.
import assert from "node:assert/strict";
import { test } from "node:test";
import { signerOf } from "@weft/chain/Keys";
import { create } from "@weft/market/Book";
import { type Network, signNoun } from "@weft/protocol/Domain";
import { zeroHash } from "@weft/protocol/fields";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import { protocols, streams } from "@weft/protocol/messages";
import * as Offer from "@weft/protocol/Offer";
import { createManualClock } from "@weft/transport/Clock";
import { createMemoryHub } from "@weft/transport/MemoryHub";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import { serveCalls } from "@weft/transport/Request";
import { pino } from "pino";
import type { GatewayContext } from "../GatewayContext.ts";
import { type Asked, askNewNeighbours } from "./followMarket.ts";

const nodeId = `0x${"11".repeat(20)}` as const;
const operator = signerOf(`0x${"07".repeat(32)}`);
const address = `0x${"22".repeat(20)}` as const;
const network = {
  chainId: 31_337,
  contracts: { registry: address, market: address, channels: address, audits: address, beacon: address },
} as unknown as Network;

async function signedOffer(): Promise<Offer.SignedOffer> {
  const offer: Offer.Offer = {
    ...{ nodeId, poolId: 0n, slot: 0n, class: toBytes8("cpu"), attributes: 0n, units: 1n, pricePerUnitSecond: 5n },
    ...{ region: 0n, seq: 1n, expiresAt: 2000n, orderHash: zeroHash, detailsHash: zeroHash },
  };
  return { offer, signature: await signNoun(network, Offer.schema, offer, operator) };
}

function fixture() {
  const hub = createMemoryHub({ seed: 1, clock: createManualClock() });
  const [own, other] = [1, 2].map((last) =>
    createMemoryTransport(hub, { privateKey: Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? last : 9)) }),
  ) as [ReturnType<typeof createMemoryTransport>, ReturnType<typeof createMemoryTransport>];
  const book = create();
  const nodes = new Map([[nodeId, { operator: operator.address.toLowerCase() }]]);
  const chain = { network, now: () => 1000n, view: () => ({ nodes }) };
  const context = { transport: own, book, chain, log: pino({ level: "silent" }) } as unknown as GatewayContext;
  return { own, other, book, context };
}

test("a neighbour is asked until it has answered three times", async () => {
  const { own, other, book, context } = fixture();
  const asked = new Map<string, Asked>();
  await askNewNeighbours(context, asked);
  assert.equal(asked.size, 0);
  await own.connect(other.peerId);
  await askNewNeighbours(context, asked);
  assert.deepEqual(asked.get(other.peerId), { tries: 1, answers: 0 }, "it does not serve yet");
  let requests = 0;
  const offer = await signedOffer();
  serveCalls(other, protocols.sync, {
    requests: { "sync.request": streams["sync.request"] },
    answers: { "sync.book": streams["sync.book"] },
    respond: async () => {
      requests += 1;
      const peer = { peerId: other.peerId, addresses: [] };
      const offers = requests === 1 ? [] : [{ ...offer, peer }];
      return { kind: "sync.book", body: { offers, orders: [], more: false } };
    },
  });
  await askNewNeighbours(context, asked);
  assert.equal(book.offers.size, 0, "it had signed nothing yet");
  for (let round = 0; round < 5; round++) await askNewNeighbours(context, asked);
  assert.equal(book.offers.size, 1);
  assert.equal(requests, 3);
});
