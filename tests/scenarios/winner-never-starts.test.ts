// The auction's winner dies before it starts the lease. A third node confirms the job's inputs on chain, so that idling
// costs the winner its bond instead of earning it the start fee; the runner-up does the job. And the counterpart: a buyer
// whose gateway never hands over the inputs pays the start fee.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a winner that never starts loses its bond, the buyer pays it nothing", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 29, nodes: 5 });
  t.after(() => network.stop());
  const [first, second] = [network.node("node-1"), network.node("node-2")];
  const before = await network.balances();
  const program = { steps: 12, stepsPerSegment: 6 };
  const job = await network.buy({ program });
  const auction = await job.until("auction");
  assert.equal(auction.winner.nodeId, first.nodeId);
  await network.kill(first);
  const { leaseId, bond } = await job.until("lease");
  const done = await job.done();

  const idle = network.snapshot.leases.get(leaseId);
  assert.equal(idle?.reason, "unstarted");
  const holder = network.nodes.find(({ nodeId }) => nodeId === idle?.inputsHolder);
  assert.ok(holder !== undefined && holder !== first, "a third node confirmed the inputs");
  assert.deepEqual(
    job.all("lease").map(({ nodeId, fill }) => [nodeId, fill]),
    [
      [first.nodeId, 0],
      [second.nodeId, 1],
    ],
    "the same order went on with its runner-up",
  );
  assert.equal(job.all("order").length, 1);
  assert.ok(job.all("paid").every(({ nodeId }) => nodeId === second.nodeId));
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));

  const after = await network.balances();
  assert.equal(after["node-1"]?.earned, before["node-1"]?.earned);
  const spent = done.paid.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  assert.ok(BigInt(bond) > 0n);
  assert.equal(after["buyer"]?.free, (before["buyer"]?.free ?? 0n) - spent + BigInt(bond));
  assert.equal(done.gas.byAction["markInputsReady"] !== undefined, true);
});

test("a provider that starts in time costs nobody the gas of a confirmation", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 31, nodes: 4 });
  t.after(() => network.stop());
  const job = await network.buy({ program: { steps: 12, stepsPerSegment: 6 } });
  const done = await job.done();
  assert.equal(done.gas.byAction["markInputsReady"], undefined);
  assert.equal(network.snapshot.leases.get((await job.until("lease")).leaseId)?.inputsHolder, undefined);
});

test("a buyer that never supplies inputs pays the start fee, and the bond stays the node's", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 30, nodes: 4 });
  t.after(() => network.stop());
  const before = await network.balances();
  const job = await network.buy({ program: { steps: 12, stepsPerSegment: 6 } });
  await job.until("auction");
  // Nobody ever hears of the job's details: the gateway that opens the lease is cut off, then gone.
  network.partition([network.gateway()], [...network.nodes]);
  const { leaseId } = await job.until("lease");
  await network.kill(network.gateway());
  const lease = await network.until("the lease is settled without its buyer", () => {
    const found = network.snapshot.leases.get(leaseId);
    return found?.state === "settled" ? found : undefined;
  });
  assert.equal(lease.reason, "inputsMissing");
  assert.ok(lease.money.startFee > 0n);
  const after = await network.balances();
  assert.equal(after["node-1"]?.earned, (before["node-1"]?.earned ?? 0n) + lease.money.startFee);
  assert.equal(after["buyer"]?.free, (before["buyer"]?.free ?? 0n) - lease.money.startFee);
});
