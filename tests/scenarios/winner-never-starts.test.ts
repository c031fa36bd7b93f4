// The auction's winner dies before it starts the lease. The buyer may only cancel such a lease, which ends its order;
// the job goes on under a new order with another node.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a winner that never starts costs the buyer time, not the job", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 29, nodes: 5 });
  t.after(() => network.stop());
  const first = network.node("node-1");
  const program = { steps: 12, stepsPerSegment: 6 };
  const job = await network.buy({ program });
  const auction = await job.until("auction");
  assert.equal(auction.winner.nodeId, first.nodeId);
  await network.kill(first);
  const done = await job.done();

  assert.equal(job.all("order").length, 2, "the first order ended with the lease that was cancelled");
  const leases = job.all("lease").map(({ nodeId, fill }) => ({ nodeId, fill }));
  assert.equal(leases.length, 2);
  assert.equal(leases[0]?.nodeId, first.nodeId);
  assert.ok(leases[1]?.nodeId !== first.nodeId && leases[1]?.fill === 0);
  const worked = job.all("paid").map(({ nodeId }) => nodeId);
  assert.ok(worked.length === 2 && worked.every((nodeId) => nodeId === leases[1]?.nodeId));
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
});
