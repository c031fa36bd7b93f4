// A provider that signs two contents for one segment: a true one for the chain, and one with ten times the seconds for the
// gateway, which shows both to the chain.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("two contents signed for one segment are shown to the chain: void from there, the work goes on elsewhere", {
  timeout: 600_000,
}, async (t) => {
  const twofold = { faults: { twoContents: (segment: bigint) => segment === 2n } };
  const network = await startTestNetwork({ seed: 33, nodes: [twofold, {}, {}, {}, {}] });
  t.after(() => network.stop());
  const [bad, good] = [network.node("node-1"), network.node("node-2")];
  const program = { steps: 36, stepsPerSegment: 6 };
  const job = await network.buy({ program, duration: "120s" });
  const done = await job.done();

  const [first] = job.all("failover");
  assert.equal(first?.fromNode, bad.nodeId);
  assert.equal(first?.fromStep, 12, "the two segments before it stand");
  assert.match(first?.reason ?? "", /two contents/);
  assert.ok(job.all("unpaid").some(({ code, segment }) => code === "segment.equivocation" && segment === 2));
  assert.ok(
    job.all("audit").every(({ phase }) => phase !== "confirmedFalse"),
    "no audit was needed",
  );

  // 2 s a segment at 100 a second: two segments stand, and not one of the twenty seconds that it claimed for the third.
  const lease = network.snapshot.leases.get(job.all("lease")[0]!.leaseId)!;
  assert.deepEqual([lease.reason, lease.voidedFrom, lease.state], ["falseSegment", 2, "settled"]);
  const { cap, claimed, released } = lease.channel;
  assert.deepEqual({ cap, claimed, released }, { cap: 400n, claimed: 400n, released: 400n });
  const paidTo = (nodeId: string) =>
    done.paid.find((line) => line.nodeId === nodeId && line.role === "provider")?.amount;
  assert.deepEqual([paidTo(bad.nodeId), paidTo(good.nodeId)], ["400", "880"]);
  assert.equal((await network.balances())["node-1"]?.earned, 400n + auditPayOf(bad.nodeId));
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));

  /** What a node earned as auditor of the lease that followed. */
  function auditPayOf(nodeId: string): bigint {
    return done.paid
      .filter((line) => line.nodeId === nodeId && line.role === "auditor")
      .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  }
});
