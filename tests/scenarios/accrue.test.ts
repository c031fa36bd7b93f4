// Pay mode accrue: the buyer may be offline. Segments that two drawn nodes hold are anchored on chain, and the provider
// claims against them without anybody's signature.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a buyer that goes offline still pays for what was done, and finds it done", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 12, nodes: 5 });
  t.after(() => network.stop());
  const job = await network.buy({ pay: { mode: "accrue" }, duration: "90s" });
  const { leaseId } = await job.until("lease");
  await network.until("the provider has started", () => network.snapshot.leases.get(leaseId)?.startedAt);

  await network.kill(network.gateway());
  const channel = () => network.snapshot.leases.get(leaseId)?.channel;
  await network.until("four segments of 2 s at 100 are anchored", () =>
    channel()?.anchored === 800n ? true : undefined,
  );
  await network.until("the provider has claimed them", () => (channel()?.claimed === 800n ? true : undefined));

  await network.restart(network.gateway());
  const done = await job.done();
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone()));
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "800");
});

test("a buyer that comes back after the end has paid for the work, no more, and gets it", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 16, nodes: 5 });
  t.after(() => network.stop());
  const job = await network.buy({ pay: { mode: "accrue" }, duration: "40s" });
  const { leaseId } = await job.until("lease");
  await network.until("the provider has started", () => network.snapshot.leases.get(leaseId)?.startedAt);
  await network.kill(network.gateway());
  const lease = await network.until("the lease is settled without the buyer", () => {
    const found = network.snapshot.leases.get(leaseId);
    return found?.state === "settled" ? found : undefined;
  });
  assert.equal(lease.channel.released, 800n);
  const { buyer } = await network.balances();
  assert.equal(buyer?.free, 50_000_000n - 800n - lease.channel.auditSpent);

  // Not even the provider has to be there: the nodes that were drawn to hold the result kept it.
  await network.kill(network.node("node-1"));
  await network.restart(network.gateway());
  const done = await job.done();
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone()));
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "800");
  assert.equal(job.all("lease").length, 1, "nothing was ordered twice");
});
