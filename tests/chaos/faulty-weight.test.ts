// One bit of one weight flips once, at a random step. Whoever recomputes that segment sees it. The rate of detection over
// many draws is tested in packages/verification/src/detection.test.ts; here the whole network acts on what was found.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { trainAlone } from "@weft/testkit/jobs";
import { startTestNetwork } from "@weft/testkit/TestNetwork";

const jobsAtOnce = 7;

test("a false segment that is drawn is confirmed false, never paid, and the job ends right elsewhere", {
  timeout: 600_000,
}, async (t) => {
  const roomy = { capacity: 16n };
  const network = await startTestNetwork({ seed: 21, nodes: [roomy, roomy, roomy, roomy, roomy] });
  t.after(() => network.stop());
  const faulty = network.node("node-1");
  const flips = network.corrupt(faulty, { steps: 24 });

  // Half of the segments are drawn for audit, so of several jobs some are found; each is an independent draw.
  const jobs = await Promise.all(
    Array.from({ length: jobsAtOnce }, () => network.buy({ mechanism: "postedPrice", duration: "90s" })),
  );
  const ends = await Promise.all(jobs.map((job) => job.done()));
  assert.equal(flips.length, jobsAtOnce, "every job ran on the faulty node first");

  const honest = Buffer.from(await trainAlone());
  const found = jobs.filter((job) => job.all("audit").some(({ phase }) => phase === "confirmedFalse"));
  t.diagnostic(`found in ${found.length} of ${jobsAtOnce} jobs`);
  assert.ok(found.length > 0, "the chance that none of them is drawn is below one in a hundred");

  for (const [index, job] of jobs.entries()) {
    const done = ends[index]!;
    const isRight = readFileSync(done.checkpointPath).equals(honest);
    assert.equal(isRight, found.includes(job), `right exactly when it was found:\n${job.story()}`);
    if (!found.includes(job)) continue;
    const bad = job.all("audit").find(({ phase }) => phase === "confirmedFalse")!.segment;
    const lease = network.snapshot.leases.get(job.all("lease")[0]!.leaseId)!;
    assert.equal(lease.reason, "falseSegment");
    // 2 s at 100 a second for each segment before the false one, nothing for it or after it.
    assert.ok(lease.channel.released <= BigInt(bad) * 200n, `released ${lease.channel.released}, false from ${bad}`);
    assert.equal(job.all("failover")[0]?.fromNode, faulty.nodeId);
  }
});
