// Providers and auditors that do not keep their word.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

test("a provider that commits and withholds the checkpoint is not paid, and the work goes on elsewhere", {
  timeout: 600_000,
}, async (t) => {
  const withholding = { faults: { withholdCheckpoints: true } };
  const network = await startTestNetwork({ seed: 31, nodes: [withholding, {}, {}, {}, {}] });
  t.after(() => network.stop());
  const job = await network.buy({ duration: "120s" });
  const done = await job.done();

  const [bad, good] = [network.node("node-1"), network.node("node-2")];
  const [first] = job.all("failover");
  assert.equal(first?.fromNode, bad.nodeId);
  assert.equal(first?.fromStep, 0, "nothing of it was available");
  const leases = job.all("lease").map(({ leaseId }) => network.snapshot.leases.get(leaseId)!);
  assert.ok(leases[0]!.segmentCount > 0, "it did commit segments");
  assert.equal(leases[0]!.channel.released, 0n);
  assert.equal(done.paid.find(({ nodeId, role }) => nodeId === good.nodeId && role === "provider")?.amount, "880");
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone()));
});

test("an auditor that cries false pauses the pay of a segment and evicts nobody", { timeout: 600_000 }, async (t) => {
  const liar = { faults: { lyingAuditor: true }, sells: false };
  const nodes = [{}, liar, { sells: false }, { sells: false }];
  const network = await startTestNetwork({ seed: 32, nodes, segmentSeconds: 1 });
  t.after(() => network.stop());
  const provider = network.node("node-1");
  const program = { steps: 72, stepsPerSegment: 3 };
  // The liar is the first auditor of a segment once in six: of one job's 24 it is none's once in 80 times.
  let job = await network.buy({ program, duration: "120s" });
  let done = await job.done();
  for (let more = 0; more < 4 && !job.all("audit").some(({ phase }) => phase === "accused"); more++) {
    job = await network.buy({ program, duration: "120s" });
    done = await job.done();
  }

  const accused = new Set(job.all("audit").flatMap(({ phase, segment }) => (phase === "accused" ? [segment] : [])));
  t.diagnostic(`accused: ${[...accused].join(", ")}`);
  assert.ok(accused.size > 0, "the liar was drawn first for at least one segment");
  for (const segment of accused)
    assert.ok(
      job.all("audit").some((event) => event.segment === segment && event.phase === "ok"),
      `an honest auditor cleared segment ${segment}`,
    );
  assert.equal(job.all("failover").length, 0);
  assert.equal(job.all("audit").filter(({ phase }) => phase === "confirmedFalse").length, 0);
  assert.deepEqual(
    done.paid.filter(({ role }) => role === "provider"),
    [{ nodeId: provider.nodeId, role: "provider", amount: "2400" }],
  );
  assert.deepEqual(readFileSync(done.checkpointPath), Buffer.from(await trainAlone({ program })));
});
