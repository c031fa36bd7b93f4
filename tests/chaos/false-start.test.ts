// Providers that begin where they should not. The gateway pays nothing for it, and auditors, who find the right start
// without the provider's word, agree on what should have been computed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { doctors, skips } from "@weft/testkit/falseStarts";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

const program = { steps: 60, stepsPerSegment: 6 };
const roomy = { capacity: 16n };
/** Half of the segments are drawn, and each drawn one of such a lease is found: of n, all escape with chance 2^-n. */
const jobsAtOnce = 3;

test("a provider that skips the first steps is found and never paid, and the job ends right elsewhere", {
  timeout: 600_000,
}, async (t) => {
  const skipping = { ...roomy, faults: { start: skips(12) } };
  const network = await startTestNetwork({ seed: 81, nodes: [skipping, roomy, roomy, roomy, roomy] });
  t.after(() => network.stop());
  const bad = network.node("node-1");
  const jobs = await Promise.all(
    Array.from({ length: jobsAtOnce }, () => network.buy({ mechanism: "postedPrice", duration: "120s", program })),
  );
  const ends = await Promise.all(jobs.map((job) => job.done()));

  const honest = Buffer.from(await trainAlone({ program }));
  const leases = jobs.map((job) => network.snapshot.leases.get(job.all("lease")[0]!.leaseId)!);
  for (const [index, lease] of leases.entries()) {
    assert.equal(lease.nodeId, bad.nodeId);
    assert.ok(lease.segmentCount > 0, "it did commit segments");
    assert.equal(lease.channel.released, 0n);
    assert.ok(jobs[index]!.all("unpaid").some(({ code }) => code === "segment.firstStep"));
    assert.deepEqual(readFileSync(ends[index]!.checkpointPath), honest);
  }
  const found = leases.filter(({ reason }) => reason === "falseSegment").length;
  t.diagnostic(`${found} of ${jobsAtOnce} leases were found false by audit`);
  assert.ok(found > 0);
});

test("with no gateway there, auditors alone find the skipped steps", { timeout: 600_000 }, async (t) => {
  const skipping = { ...roomy, faults: { start: skips(12) } };
  const network = await startTestNetwork({ seed: 83, nodes: [skipping, roomy, roomy, roomy, roomy] });
  t.after(() => network.stop());
  const changes = { mechanism: "postedPrice", duration: "120s", program, pay: { mode: "accrue" } };
  const jobs = await Promise.all(Array.from({ length: jobsAtOnce }, () => network.buy(changes)));
  const leaseIds = await Promise.all(jobs.map(async (job) => (await job.until("lease")).leaseId));
  await network.until("every provider has started", () =>
    leaseIds.every((leaseId) => network.snapshot.leases.get(leaseId)?.startedAt !== undefined) ? true : undefined,
  );
  await network.kill(network.gateway());
  await network.until("a lease is found false", () =>
    leaseIds.some((leaseId) => network.snapshot.leases.get(leaseId)?.reason === "falseSegment") ? true : undefined,
  );
  const reveals = [...network.snapshot.segments.values()].flatMap((segment) => segment.reveals);
  t.diagnostic(`verdicts: ${reveals.map(({ ok }) => (ok ? "ok" : "false")).join(", ")}`);
  const first = leaseIds.flatMap((leaseId) => [0, 1, 2].map((segment) => `${leaseId}/${segment}`));
  for (const key of first)
    for (const { ok } of network.snapshot.segments.get(key)?.reveals ?? []) assert.ok(!ok, `${key} was passed`);
});

test("a provider that takes a job over in a doctored state is found and never paid", {
  timeout: 600_000,
}, async (t) => {
  const doctoring = { ...roomy, faults: { start: doctors } };
  const network = await startTestNetwork({ seed: 82, nodes: [roomy, doctoring, roomy, roomy, roomy] });
  t.after(() => network.stop());
  const [first, bad] = [network.node("node-1"), network.node("node-2")];
  const jobs = await Promise.all(
    Array.from({ length: jobsAtOnce }, () => network.buy({ mechanism: "postedPrice", duration: "120s", program })),
  );
  await Promise.all(jobs.map((job) => job.until("paid", ({ segment }) => segment >= 1)));
  await network.kill(first);
  const ends = await Promise.all(jobs.map((job) => job.done()));

  const honest = Buffer.from(await trainAlone({ program }));
  const leases = jobs.map((job) => network.snapshot.leases.get(job.all("lease")[1]!.leaseId)!);
  for (const [index, lease] of leases.entries()) {
    assert.equal(lease.nodeId, bad.nodeId);
    assert.equal(lease.channel.released, 0n);
    assert.ok(jobs[index]!.all("unpaid").some(({ code }) => code === "segment.startRoot"));
    assert.deepEqual(readFileSync(ends[index]!.checkpointPath), honest);
  }
  const found = leases.filter(({ reason }) => reason === "falseSegment").length;
  t.diagnostic(`${found} of ${jobsAtOnce} leases were found false by audit`);
  assert.ok(found > 0);
});
