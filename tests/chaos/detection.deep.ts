// The rate of detection that the network advertises, on the real path: over many seeds, a provider whose weights flip is
// found out with r for one false segment and 1−(1−r)^n for n of them, r being the preset's audit rate. Each network runs
// jobs side by side; every one of them has draws of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { presets } from "@weft/protocol/Params";
import { runFaultyJobs, startFaultyNetwork } from "@weft/testkit/faultyJobs";
import { detectionProbability } from "@weft/verification/detection";

const seeds = [201, 202, 203, 204];
const jobs = 12;
const counts = new Map<number, number>();

for (const badSegments of [1, 3])
  for (const seed of seeds)
    test(`seed ${seed}, ${badSegments} false of 4 segments: found exactly when one of them is drawn`, {
      timeout: 1_800_000,
    }, async (t) => {
      const network = await startFaultyNetwork(seed);
      t.after(() => network.stop());
      const all = await runFaultyJobs(network, { jobs, badSegments });
      for (const { job, found, drawn, bad } of all) {
        assert.equal(found !== undefined, drawn.length > 0, `drawn ${drawn}, found ${found}:\n${job.story()}`);
        assert.ok(found === undefined || bad.includes(found), "no true segment is called false");
      }
      const found = all.filter((one) => one.found !== undefined).length;
      t.diagnostic(`found in ${found} of ${jobs}`);
      counts.set(badSegments, (counts.get(badSegments) ?? 0) + found);
    });

for (const badSegments of [1, 3])
  test(`over all seeds, ${badSegments} false segments are found as often as computed`, (t) => {
    const runs = seeds.length * jobs;
    const found = counts.get(badSegments) ?? 0;
    const expected = Number(detectionProbability(BigInt(presets.minimal.auditRatePpm), badSegments)) / 1e6;
    // Binomial: four standard deviations, which a fair draw leaves once in 16,000 times.
    const bound = 4 * Math.sqrt(runs * expected * (1 - expected));
    t.diagnostic(`${found} of ${runs}, expected ${runs * expected} ± ${bound.toFixed(1)}`);
    assert.ok(Math.abs(found - runs * expected) <= bound, `${found} of ${runs}`);
  });
