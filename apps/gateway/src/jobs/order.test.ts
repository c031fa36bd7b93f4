// From a job file to an order: overrides, commitment, ceiling, and the auction's end in the chain's whole seconds.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as JobDetails from "@weft/protocol/JobDetails";
import { check, type JobFile } from "@weft/protocol/JobFile";
import { decodeProgram, encodeProgram } from "@weft/tensor/Program";
import { buildOrder } from "./buildOrder.ts";
import { prepareJob, presetOf } from "./prepareJob.ts";

function fileOf(changes: object = {}): JobFile {
  const checked = check({ name: "test", kind: "train-char-mlp", ...changes });
  assert.ok(checked.ok);
  return checked.job;
}

const address = `0x${"0a".repeat(20)}` as const;
const hash = `0x${"0b".repeat(32)}` as const;
const context = {
  buyer: address,
  session: address,
  matcher: address,
  buyerEpoch: 3n,
  nonce: 7n,
  paramsHash: hash,
  jobCommitment: hash,
};

test("what the file does not say comes from the preset; a short run shortens warm-up and segment", () => {
  const preset = presetOf(fileOf({ program: { preset: "quick", steps: 10, hidden: 32 } }));
  assert.equal(preset.totalSteps, 10);
  assert.equal(preset.stepsPerSegment, 10);
  assert.equal(preset.schedule.warmupSteps, 10);
  assert.equal(preset.model.hidden, 32);
  assert.equal(preset.batch, presetOf(fileOf({ program: { preset: "quick" } })).batch);
});

test("each opened field belongs to the commitment, and a changed one does not", () => {
  const bytes = new TextEncoder().encode("abcabcabc".repeat(100));
  const prepared = prepareJob(fileOf({ program: { preset: "quick" } }), { bytes, contentId: hash }, hash);
  assert.equal(prepared.details.length, JobDetails.fieldNames.length);
  for (const opening of prepared.details) assert.ok(JobDetails.verify(prepared.jobCommitment, opening));
  const [first] = prepared.details;
  assert.ok(first !== undefined && !JobDetails.verify(prepared.jobCommitment, { ...first, value: '"x"' }));
  const opened = prepared.details.find(({ field }) => field === "program");
  assert.equal(encodeProgram(decodeProgram(opened?.value ?? "")), encodeProgram(prepared.program));
});

test("the signed ceiling is never above what was written per hour", () => {
  const order = buildOrder(fileOf({ pay: { maxPricePerHour: "1" } }), { ...context, nowMs: 1_000_000 });
  assert.equal(order.maxPricePerUnitSecond, 277n);
  assert.ok(order.maxPricePerUnitSecond * 3600n <= 1_000_000n);
  assert.equal(order.budget, 5_000_000n);
});

test("an auction ends on chain no later than the gateway clears, and never before the next second", () => {
  const ends = (auctionMs: number, nowMs: number) =>
    buildOrder(fileOf({ auctionMs }), { ...context, nowMs }).biddingEndsAt;
  assert.equal(ends(2000, 100_900), 102n);
  assert.equal(ends(2000, 100_000), 102n);
  assert.equal(ends(250, 100_100), 101n);
  assert.equal(buildOrder(fileOf({ mechanism: "postedPrice" }), { ...context, nowMs: 5000 }).biddingEndsAt, 0n);
});
