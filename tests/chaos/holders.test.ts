// How long holders hold, and holders that sign for checkpoints they never fetched. While the gateway is there it asks for the bytes itself, so their
// word alone pays nothing and loses nothing. Where the buyer is offline two drawn holders are believed: see tests/FAULTS.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ChainStore } from "@weft/chain/ChainStore";
import { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import { readBeaconClock, readDraw } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import { connectChain } from "@weft/node/chain/connectChain";
import { DrawCache } from "@weft/node/chain/DrawCache";
import { protocols } from "@weft/protocol/messages";
import { trainAlone } from "@weft/testkit/jobs";
import { keyOf } from "@weft/testkit/seed";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";
import { fetchBlob } from "@weft/transport/fetchBlob";

/** The chain as a node reads it, and what it remembers of draws. */
async function reader(t: TestContext, network: TestNetwork) {
  const { client, clock, file } = network.chain;
  const store = new ChainStore(":memory:", file.networkId);
  const origin = { fromBlock: file.fromBlock, nodeId: network.node("node-5").nodeId };
  const live = new LiveSnapshot(client, { store, clock, fromBlock: file.fromBlock });
  const sender = new Sender(client, { signer: keyOf(36, "reader").signer, store, clock });
  const chain = connectChain({ client, live, sender, store, beacon: await readBeaconClock(client), ...origin });
  t.after(async () => {
    await chain.stop();
    await live.stop();
  });
  await live.reach(await client.rpc.getBlockNumber(), 900_000);
  return { chain, draws: new DrawCache(chain) };
}

test("a settled lease that another one built on: its draws can be read, its holders keep what they hold", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 36, nodes: 5, segmentSeconds: 12 });
  t.after(() => network.stop());
  const { client } = network.chain;
  const job = await network.buy({ program: { steps: 18, stepsPerSegment: 6 }, duration: "120s" });
  await job.until("paid");
  await network.kill(network.node("node-1"));
  const [first] = job.all("lease");
  await job.until("settled", ({ leaseId }) => leaseId === first!.leaseId);
  const [, second] = job.all("lease");
  assert.equal(second?.fill, 1);

  const asked = { leaseId: first!.leaseId, segment: 0n };
  const { chain, draws } = await reader(t, network);
  assert.equal(chain.lease(asked.leaseId)?.state, "settled");
  assert.deepEqual(chain.segments(asked.leaseId), []);
  const drawn = await readDraw(client, asked);
  const found = await draws.get(asked.leaseId, asked.segment);
  assert.ok(drawn.ready && drawn.holders.length > 0);
  assert.deepEqual([found?.holders, found?.auditors], [drawn.holders, drawn.auditors].map(lowered));
  assert.notEqual(BigInt(found!.seed), 0n);
  assert.equal(draws.peek(asked.leaseId, asked.segment), found, "read once");

  // The buyer's gateway may ask for what was paid for, as an auditor of the second lease may.
  const { checkpoint } = await chain.commitment(asked.leaseId, asked.segment);
  const [gateway] = network.gateways;
  // Those that had it when it was paid: the others that were drawn may not have fetched it before its provider died.
  const signed = job.all("segment").find(({ segment }) => segment === 0)!.holders;
  assert.ok(signed.length > 0 && signed.every((nodeId) => lowered(drawn.holders).includes(nodeId)));
  const holders = signed.map((nodeId) => network.node(nodeId));
  const fetchFrom = (holder: (typeof holders)[number]) =>
    fetchBlob(gateway!.gateway.context.transport, holder.transport.peerId, checkpoint, {
      ...{ protocol: protocols.blob, maxBytes: 1 << 20, retries: 0 },
    });
  const unsettled = () => network.snapshot.leases.get(second!.leaseId)?.state !== "settled";
  // Longer than a holder takes to let go of what nobody needs.
  await network.pass(7);
  assert.ok(unsettled());
  for (const holder of holders) assert.ok((await fetchFrom(holder)).length > 0, holder.name);
  await job.done();
  for (const holder of holders)
    await network.until(`${holder.name} lets go`, () =>
      fetchFrom(holder).then(
        () => undefined,
        () => true,
      ),
    );
});

const lowered = (ids: readonly string[]): string[] => ids.map((id) => id.toLowerCase());

const lying = { faults: { lyingHolder: true } };

test("all holders lie: the job goes on from the gateway's copy when the provider dies", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 34, nodes: [{}, lying, lying, lying] });
  t.after(() => network.stop());
  const [first, second] = [network.node("node-1"), network.node("node-2")];
  const program = { steps: 36, stepsPerSegment: 6 };
  const job = await network.buy({ program, duration: "120s" });
  await job.until("paid", ({ segment }) => segment === 2);
  await network.kill(first);
  const done = await job.done();
  const [moved] = job.all("failover");
  assert.deepEqual([moved?.fromNode, moved?.toNode], [first.nodeId, second.nodeId]);
  assert.ok(moved!.fromStep >= 18, "nothing that was paid is lost");
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
});

test("holders that lie for a provider that withholds: it is not paid, and the work goes on elsewhere", {
  timeout: 600_000,
}, async (t) => {
  const accomplice = { ...lying, sells: false };
  const withholding = { faults: { withholdCheckpoints: true } };
  const network = await startTestNetwork({ seed: 35, nodes: [withholding, {}, accomplice, accomplice, accomplice] });
  t.after(() => network.stop());
  const job = await network.buy({ duration: "120s" });
  const done = await job.done();
  const [bad, good] = [network.node("node-1"), network.node("node-2")];
  assert.equal(job.all("failover")[0]?.fromNode, bad.nodeId);
  const lease = network.snapshot.leases.get(job.all("lease")[0]!.leaseId)!;
  assert.ok(lease.segmentCount > 0, "it did commit segments");
  assert.equal(lease.channel.released, 0n);
  const paid = done.paid.filter(({ role }) => role === "provider");
  assert.deepEqual(
    paid.filter(({ amount }) => amount !== "0").map(({ nodeId }) => nodeId),
    [good.nodeId],
  );
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone()));
});
