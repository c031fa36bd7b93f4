// Where the next order begins, and when an order can be filled no further.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as JobDetails from "@weft/protocol/JobDetails";
import { check } from "@weft/protocol/JobFile";
import * as JobStart from "@weft/protocol/JobStart";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { encodeTrainProgram } from "@weft/tensor/train/Program";
import { type Hex, numberToHex, zeroHash } from "viem";
import type { FindCourtProgram } from "../GatewayContext.ts";
import { buildOrder } from "./buildOrder.ts";
import { endOrder, type JobRecord, type SegmentRecord } from "./JobRecord.ts";
import { courtOf, detailsOf, mayContinue, setFields } from "./orderStart.ts";
import { fieldsOf, prepareJob } from "./prepareJob.ts";

const hash = (n: number): Hex => numberToHex(n, { size: 32 });
const address = numberToHex(10, { size: 20 });
const nodeId = numberToHex(11, { size: 20 });

const offer: Offer.Offer = {
  ...{ nodeId, poolId: 0n, slot: 0n, seq: 1n, class: numberToHex(1, { size: 8 }), attributes: 0n, units: 1n },
  ...{ pricePerUnitSecond: 1n, region: 0n, expiresAt: 10n, orderHash: hash(0), detailsHash: hash(0) },
};

/** A gateway whose network has that court; what it asked the court port. */
function gatewayWith(courtId: Hex) {
  const asked: Parameters<FindCourtProgram>[0][] = [];
  const courtProgram: FindCourtProgram = async (question) => {
    asked.push(question);
    return hash(200 + (question.origin?.step ?? 0));
  };
  return { asked, chain: { courtId }, blobs: { path: (id: Hex) => `/blobs/${id}` }, courtProgram } as never as {
    asked: typeof asked;
  } & Parameters<typeof setFields>[0];
}
const courtless = gatewayWith(zeroHash);
const exact = { tier: "exact" } as const;

/** A job of 60 steps, 20 to a segment, whose first order is signed and filled once. */
function begun(): JobRecord {
  const checked = check({ name: "t", kind: "train-lm", program: { steps: 60, stepsPerSegment: 20 } });
  assert.ok(checked.ok);
  const bytes = new TextEncoder().encode("abcabcabc".repeat(100));
  const corpus = { bytes, contentId: hash(2) };
  const { details, jobCommitment, program } = prepareJob(checked.job, corpus, hash(3));
  const order = buildOrder(checked.job, {
    ...{ buyer: address, session: address, matcher: address, buyerEpoch: 0n, nonce: 1n, paramsHash: hash(1) },
    courtId: zeroHash,
    ...{ jobCommitment, nowMs: 1000 },
  });
  const signedOffer = { offer, signature: numberToHex(0, { size: 65 }) };
  const orderHash = Order.hash(order);
  const leaseId = Order.leaseId(orderHash, Offer.hash(offer), 0);
  return {
    ...{ file: checked.job, corpus: { contentId: hash(2), bytes: bytes.length }, details, jobCommitment },
    ...{
      program: encodeTrainProgram(program),
      totalSteps: program.totalSteps,
      pastDetails: [],
      segments: [],
      cancelled: false,
    },
    orders: [{ order, orderHash, signature: numberToHex(0, { size: 65 }), signedAtMs: 1000, ranked: [], ended: false }],
    leases: [
      {
        ...{ leaseId, orderHash, fill: 0, nodeId, offer: signedOffer, pricePerUnitSecond: 1n, pay: 1n, auditPot: 1n },
        ...{ firstStep: 0, firstSegment: 0 },
      },
    ],
  };
}

const segment = (leaseId: Hex, index: number): SegmentRecord => ({
  ...{ leaseId, segment: index, firstStep: 20 * index, lastStep: 20 * index + 19, commitmentHash: hash(20 + index) },
  ...{ startRoot: hash(30 + index), endRoot: hash(31 + index), historyRoot: hash(40 + index), meteredSeconds: 1 },
  ...{ checkpoint: { contentId: hash(50 + index), bytes: 1000 + index }, holders: [], cumulative: 1n, void: false },
});

test("the first order begins at the program's own start, and committing to it again changes nothing", async () => {
  const record = begun();
  const { jobCommitment } = record;
  await setFields(courtless, exact, record);
  assert.equal(record.jobCommitment, jobCommitment);
  assert.deepEqual(fieldsOf(record.details), { start: null, court: null });
  assert.ok(mayContinue(record));
});

test("an order that continues commits to the state it continues from; what the earlier one said stays to be had", async () => {
  const record = begun();
  const first = { details: record.details, jobCommitment: record.jobCommitment };
  const { leaseId } = record.leases[0]!;
  record.segments.push(segment(leaseId, 0), segment(leaseId, 1));
  assert.ok(mayContinue(record), "the order's own segments are a start for its next fill");

  endOrder(record);
  await setFields(courtless, exact, record);
  const { start } = fieldsOf(record.details);
  assert.deepEqual(start, { step: 40, stateRoot: hash(32), checkpoint: hash(51), bytes: 1001 });
  assert.ok(JobStart.fits(start, { totalSteps: 60, stepsPerSegment: 20 }));
  assert.notEqual(record.jobCommitment, first.jobCommitment);
  for (const opening of record.details) assert.ok(JobDetails.verify(record.jobCommitment, opening), opening.field);
  for (const field of ["kind", "program", "corpus", "name"])
    assert.equal(
      record.details.find((one) => one.field === field)?.value,
      first.details.find((one) => one.field === field)?.value,
    );
  assert.equal(detailsOf(record, first.jobCommitment), first.details);
  assert.equal(detailsOf(record, record.jobCommitment), record.details);
});

test("when an audit takes back what an order started from, that order goes no further", async () => {
  const record = begun();
  const earlier = segment(hash(99), 0);
  record.segments.push(earlier, segment(hash(99), 1));
  await setFields(courtless, exact, record);
  assert.ok(mayContinue(record), "the order's own start");
  record.segments[1]!.void = true;
  assert.ok(!mayContinue(record), "an earlier order's segment is no start for this one");
  earlier.void = true;
  assert.ok(!mayContinue(record), "nor is step 0");
});

test("a start lies after a whole segment and before the end", () => {
  const program = { totalSteps: 60, stepsPerSegment: 20 };
  const at = (step: number) => ({ step, stateRoot: hash(1), checkpoint: hash(2), bytes: 1 });
  assert.ok(JobStart.fits(null, program) && JobStart.fits(at(40), program));
  assert.ok(!JobStart.fits(at(41), program) && !JobStart.fits(at(60), program));
  for (const wrong of [at(0), at(-20), { ...at(20), bytes: 0 }, { ...at(20), bytes: 2 ** 40 }, undefined, {}])
    assert.ok(!JobStart.shape.safeParse(wrong).success, JSON.stringify(wrong));
});

test("with a court, an exact order pins it and commits to the court program of the work from where it begins", async () => {
  const gateway = gatewayWith(hash(7));
  assert.deepEqual([courtOf(gateway, exact), courtOf(gateway, { tier: "bare" })], [hash(7), zeroHash]);
  const record = begun();
  const { leaseId } = record.leases[0]!;
  const before = record.jobCommitment;
  record.orders.length = 0;
  await setFields(gateway, { tier: "bare" }, record);
  assert.deepEqual([fieldsOf(record.details).court, gateway.asked.length], [null, 0]);

  await setFields(gateway, exact, record);
  assert.deepEqual(fieldsOf(record.details), { start: null, court: hash(200) });
  assert.notEqual(record.jobCommitment, before);
  for (const opening of record.details) assert.ok(JobDetails.verify(record.jobCommitment, opening), opening.field);
  assert.deepEqual(record.pastDetails, [], "no order was signed over the details without it");
  const [{ program, ...rest }] = gateway.asked as [(typeof gateway.asked)[0]];
  assert.equal(encodeTrainProgram(program), record.program);
  assert.deepEqual(rest, { corpusPath: `/blobs/${hash(2)}` });

  record.segments.push(segment(leaseId, 0));
  await setFields(gateway, exact, record);
  assert.equal(fieldsOf(record.details).court, hash(220), "its start is part of a court program");
  assert.deepEqual([gateway.asked[1]?.origin?.step, gateway.asked[1]?.origin?.stateRoot], [20, hash(31)]);

  await setFields(gateway, exact, record);
  assert.equal(gateway.asked.length, 2, "from the same start it is the same one");
  record.segments[0]!.void = true;
  await setFields(gateway, exact, record);
  assert.equal(fieldsOf(record.details).court, hash(200), "another start is asked for anew");
});
