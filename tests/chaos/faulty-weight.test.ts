// One bit of one weight flips once, at a random step. Whoever recomputes that segment sees it, so it is found exactly
// when the beacon draws it. The rate over many seeds is in detection.deep.ts; here the whole network acts on a few.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type FaultyJob, runFaultyJobs, startFaultyNetwork } from "@weft/testkit/faultyJobs";
import { trainAlone } from "@weft/testkit/jobs";

const jobs = 7;
/** Half of the segments are drawn, each by itself: of all rounds' jobs none is found once in 268 million times. */
const mostRounds = 4;

test("a false segment that is drawn is confirmed false, never paid, and the job ends right elsewhere", {
  timeout: 600_000,
}, async (t) => {
  const network = await startFaultyNetwork(21);
  t.after(() => network.stop());
  const all: FaultyJob[] = [];
  for (let round = 0; round < mostRounds && all.every(({ found }) => found === undefined); round++)
    all.push(...(await runFaultyJobs(network, { jobs, badSegments: 1 })));

  const honest = Buffer.from(await trainAlone());
  const found = all.filter((one) => one.found !== undefined);
  t.diagnostic(`found in ${found.length} of ${all.length} jobs`);
  assert.ok(found.length > 0, "one of them was drawn");

  for (const { job, leaseId, bad, drawn, found: at } of all) {
    assert.deepEqual(at === undefined ? [] : [at], drawn, `found exactly when drawn:\n${job.story()}`);
    const isRight = readFileSync(job.all("done")[0]!.checkpointPath).equals(honest);
    assert.equal(isRight, at !== undefined, `right exactly when it was found:\n${job.story()}`);
    if (at === undefined) continue;
    const lease = network.snapshot.leases.get(leaseId)!;
    assert.equal(lease.reason, "falseSegment");
    // 2 s at 100 a second for each segment before the false one, nothing for it or after it.
    assert.ok(lease.channel.released <= BigInt(bad[0]!) * 200n, `released ${lease.channel.released}, false from ${at}`);
    assert.equal(job.all("failover")[0]?.fromNode, network.node("node-1").nodeId);
  }
});
