// A job is bought, run, checked and paid: the shortest way through everything there is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("one job, from offer to settlement", { timeout: 600_000 }, async (t) => {
  // Five machines on a fresh chain; node-1 is the cheapest at 0.000100 a second, node-2 asks 0.000110.
  const network = await startTestNetwork({ seed: 7, nodes: 5 });
  t.after(() => network.stop());
  const before = await network.balances();

  // The buyer orders a training run of sixteen segments. Providers bid; the cheapest wins.
  const program = { steps: 96, stepsPerSegment: 6 };
  const job = await network.buy({ program, mechanism: "reverseAuction" });
  const auction = await job.until("auction");
  assert.equal(auction.winner.nodeId, network.node("node-1").nodeId);
  assert.equal(auction.runnerUp?.nodeId, network.node("node-2").nodeId);

  // The lease opens with money reserved and a bond locked, and the provider starts.
  const lease = await job.until("lease");
  assert.ok(BigInt(lease.bond) > 0n && BigInt(lease.reserved) > 0n);

  // Each segment is committed on chain, held by a node that the beacon drew, and only then paid: 2 s at 100 a second.
  const done = await job.done();
  assert.deepEqual(
    job.all("paid").map(({ cumulative }) => cumulative),
    Array.from({ length: 16 }, (_, segment) => String(200 * (segment + 1))),
  );
  assert.ok(job.all("segment").every(({ holders }) => holders.length > 0));

  // Auditors recomputed what the beacon picked, half of it, found it right, and were paid for it.
  const audited = job.all("audit").filter(({ phase }) => phase === "ok");
  const auditors = done.paid.filter(({ role }) => role === "auditor");
  assert.ok(audited.length > 0 && auditors.length > 0);

  // The checkpoint is, bit for bit, what anybody gets who runs the same program.
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));

  // Everybody has what is theirs: the provider its pay, auditors their fees, the buyer the rest.
  const after = await network.balances();
  const paid = 3200n + auditors.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  assert.equal(after["node-1"]!.earned - before["node-1"]!.earned, 3200n);
  assert.equal(before["buyer"]!.free - after["buyer"]!.free, paid);
  await network.conservation();
});
