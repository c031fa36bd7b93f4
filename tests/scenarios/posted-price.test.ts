// With a posted price nobody bids: the cheapest standing offer that fits is taken at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a standing offer is taken at its posted price", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 11, nodes: [{ price: 130n }, { price: 90n }, { price: 120n }] });
  t.after(() => network.stop());
  const cheapest = network.node("node-2");

  const job = await network.buy({ mechanism: "postedPrice", placement: { deny: [] } });
  const lease = await job.until("lease");
  assert.equal(lease.nodeId, cheapest.nodeId);
  assert.equal(job.all("bid").length, 0);
  const opened = await network.until("the lease is seen", () => network.snapshot.leases.get(lease.leaseId));
  assert.equal(opened.rate, 90n);

  const done = await job.done();
  assert.equal(job.all("paid").at(-1)?.cumulative, "720", "four segments of 2 s at 90 a second");
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "720");
  assert.equal((await network.balances())["node-2"]?.earned, 720n + auditPayOf(done, cheapest.nodeId));
});

test("the buyer's placement rules decide before the price does", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 15, nodes: 2 });
  t.after(() => network.stop());
  const dearest = network.node("node-2");
  const job = await network.buy({ mechanism: "postedPrice", placement: { allow: [dearest.nodeId] } });
  assert.equal((await job.until("lease")).nodeId, dearest.nodeId);
  await job.done();
});

function auditPayOf(done: { paid: { nodeId: string; role: string; amount: string }[] }, nodeId: string): bigint {
  const shares = done.paid.filter((one) => one.role === "auditor" && one.nodeId === nodeId);
  return shares.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
}
