// The same machine cannot be sold twice, however often it is offered and whoever matches.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openLease } from "@weft/chain/actions/openLease";
import { memoryStore } from "@weft/chain/Intent";
import { Sender } from "@weft/chain/Sender";
import { WeftError } from "@weft/protocol/Errors";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { deal, orderFor } from "@weft/testkit/deals";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";

const codeOf = (result: PromiseSettledResult<unknown>): string => {
  if (result.status === "fulfilled") return "opened";
  return result.reason instanceof WeftError ? result.reason.code : String(result.reason);
};

function matchers(network: TestNetwork): Sender[] {
  const { client, clock } = network.chain;
  return network.gateways.map(
    ({ plan }) => new Sender(client, { signer: plan.session.signer, store: memoryStore(), clock }),
  );
}

test("one unit in ten offers is leased once", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 51, nodes: [{ capacity: 1n, sells: false }] });
  t.after(() => network.stop());
  const [matcher] = matchers(network) as [Sender];
  const deals = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      deal(network, { slot: BigInt(index), nonce: 100n + BigInt(index), node: network.node("node-1") }),
    ),
  );
  const results = await Promise.allSettled(deals.map((one) => matcher.send(openLease(network.chain.client, one))));
  matcher.close();
  const codes = results.map(codeOf).sort();
  assert.deepEqual(codes, ["opened", ...Array.from({ length: 9 }, () => "registry.PoolFull")]);
  await network.conservation();
  assert.equal(network.snapshot.nodes.get(network.node("node-1").nodeId)?.pools.get(0n)?.used, 1n);
});

test("two matchers with the same pair open one lease; the other is told, and nothing is reserved twice", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 52, nodes: [{ capacity: 4n, sells: false }], gateways: 2 });
  t.after(() => network.stop());
  const node = network.node("node-1");
  const pair = await deal(network, { slot: 0n, nonce: 200n, node });
  const before = (await network.balances())["buyer"]!.free;
  const senders = matchers(network);
  const results = await Promise.allSettled(senders.map((sender) => sender.send(openLease(network.chain.client, pair))));
  for (const sender of senders) sender.close();
  const codes = results.map(codeOf);
  assert.equal(codes.filter((code) => code === "opened").length, 1, codes.join());
  assert.match(codes.find((code) => code !== "opened")!, /^market\./);

  await network.conservation();
  const leaseId = Order.leaseId(Order.hash(pair.order.order), Offer.hash(pair.offer.offer), 0);
  const { pay, auditPot } = network.snapshot.leases.get(leaseId)!.money;
  assert.equal(before - (await network.balances())["buyer"]!.free, pay + auditPot);
  assert.equal(network.snapshot.leases.size, 1);

  // The same order with another offer of the same node: its one fill is taken.
  const again = await deal(network, { slot: 1n, nonce: 200n, node });
  const [retry] = matchers(network) as [Sender, Sender];
  const sameOrder = { ...again, order: await orderFor(network, { nonce: 200n }) };
  const [second] = await Promise.allSettled([retry.send(openLease(network.chain.client, sameOrder))]);
  retry.close();
  assert.match(codeOf(second!), /^market\./);
});
