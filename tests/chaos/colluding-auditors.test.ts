// The limit that spec/contracts.md states: two drawn auditors who agree on the same false history are believed. They move
// the lease and void its unreleased pay; they slash nothing, take nothing but two audit fees, and cannot make the job
// end wrong.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readBonds } from "@weft/chain/reads";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("two colluding auditors evict an honest provider and void its unreleased pay, no more", {
  timeout: 600_000,
}, async (t) => {
  const liar = { faults: { lyingAuditor: true }, sells: false };
  const network = await startTestNetwork({ seed: 33, nodes: [{}, {}, liar, liar, liar], segmentSeconds: 1 });
  t.after(() => network.stop());
  const [honest, other] = [network.node("node-1"), network.node("node-2")];
  const liars = ["node-3", "node-4", "node-5"].map((name) => network.node(name));
  // Two liars are drawn for one segment in four: of 40, for none once in 100,000 times.
  const program = { steps: 120, stepsPerSegment: 3 };
  const job = await network.buy({ program, duration: "120s" });
  const { leaseId } = await job.until("lease");
  const bonds = await readBonds(network.chain.client, honest.nodeId);
  const stake = network.snapshot.nodes.get(honest.nodeId)!.stake;

  const moved = await job.until("failover");
  // Nobody finds them out. From here on they say what is true, so that the story ends.
  for (const one of liars) {
    await network.kill(one);
    one.faults = {};
    await network.restart(one);
  }
  const done = await job.done();

  assert.deepEqual([moved.fromNode, moved.toNode], [honest.nodeId, other.nodeId]);
  const voided = job.all("audit").find(({ phase }) => phase === "confirmedFalse")!;
  const accusers = job.all("audit").filter(({ phase, segment }) => phase === "accused" && segment === voided.segment);
  assert.ok(accusers.length > 0, "no provider is evicted on one auditor's word");
  const lease = network.snapshot.leases.get(leaseId)!;
  assert.equal(lease.reason, "falseSegment");

  // What was right and paid before the segment they lied about stays paid; the rest of the lease's pay is void.
  assert.ok(lease.channel.released <= BigInt(voided.segment) * 100n, `${lease.channel.released} released`);
  // Neither bond nor stake is slashed: all of it is free again once the lease is settled.
  await network.until("the bond is free", async () =>
    (await readBonds(network.chain.client, honest.nodeId)).locked === 0n ? true : undefined,
  );
  assert.equal((await readBonds(network.chain.client, honest.nodeId)).free, bonds.free + bonds.locked);
  assert.equal(network.snapshot.nodes.get(honest.nodeId)!.stake, stake);
  // The buyer still gets, bit for bit, what anybody gets who runs the program.
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
});
