// Holders that sign for checkpoints they never fetched. While the gateway is there it asks for the bytes itself, so their
// word alone pays nothing and loses nothing. Where the buyer is offline two drawn holders are believed: see tests/FAULTS.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

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
