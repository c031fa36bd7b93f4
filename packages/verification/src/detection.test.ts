// The detection rate that the network advertises, against real draws: seeds hashed from beacon values and commitments.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { detectionProbability } from "./detection.ts";
import { sampled, seedOf } from "./draw.ts";
import { hash } from "./fixtures.ts";

test("exact values", () => {
  assert.equal(detectionProbability(300_000n, 0), 0n);
  assert.equal(detectionProbability(300_000n, 1), 300_000n);
  assert.equal(detectionProbability(300_000n, 2), 510_000n);
  assert.equal(detectionProbability(300_000n, 10), 971_752n);
  assert.equal(detectionProbability(100_000n, 44), 990_302n);
  assert.equal(detectionProbability(1_000_000n, 1), 1_000_000n);
  assert.equal(detectionProbability(0n, 65_535), 0n);
  assert.equal(detectionProbability(1n, 1), 1n);
});

test("it grows with every bad segment and never reaches certainty", () => {
  let before = -1n;
  for (let n = 0; n < 30; n++) {
    const now = detectionProbability(300_000n, n);
    assert.ok(now > before && now < 1_000_000n);
    before = now;
  }
});

test("out of range is a coded error", () => {
  for (const [rate, n] of [
    [-1n, 1],
    [1_000_001n, 1],
    [1n, -1],
    [1n, 1.5],
    [1n, 65_536],
  ] as const)
    assert.throws(
      () => detectionProbability(rate, n),
      (error) => hasCode(error, "detection.range"),
    );
});

/** Jobs out of `jobs` in which at least one of `badSegments` consecutive bad segments is sampled. */
function caught(jobs: number, badSegments: number, ratePpm: bigint): number {
  let found = 0;
  for (let job = 0; job < jobs; job++) {
    const draws = Array.from({ length: badSegments }, (_, segment) =>
      sampled(seedOf(hash(`beacon ${job} ${segment}`), hash(`commitment ${job} ${segment}`)), ratePpm),
    );
    if (draws.includes(true)) found++;
  }
  return found;
}

for (const [ratePpm, badSegments] of [
  [300_000n, 1],
  [300_000n, 3],
  [100_000n, 1],
  [100_000n, 8],
] as const)
  test(`Monte Carlo: ${badSegments} bad segments at ${ratePpm} ppm are sampled as often as computed`, () => {
    const jobs = 2000;
    const expected = Number(detectionProbability(ratePpm, badSegments)) / 1e6;
    const found = caught(jobs, badSegments, ratePpm);
    // Binomial: four standard deviations, a chance of 6 in 100,000 for a fresh seed; these seeds are fixed.
    const bound = 4 * Math.sqrt(jobs * expected * (1 - expected));
    assert.ok(Math.abs(found - jobs * expected) < bound, `${found} of ${jobs}, expected ${jobs * expected} ± ${bound}`);
  });
