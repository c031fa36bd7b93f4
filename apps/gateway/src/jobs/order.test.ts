// From a job file to an order: overrides, commitment, ceiling, and the auction's end in the chain's whole seconds.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuyerView, MarketView, OrderView } from "@weft/market/MarketView";
import { hasCode, type WeftError } from "@weft/protocol/Errors";
import { zeroHash } from "@weft/protocol/fields";
import * as JobDetails from "@weft/protocol/JobDetails";
import { check, type JobFile } from "@weft/protocol/JobFile";
import { streams } from "@weft/protocol/messages";
import * as Order from "@weft/protocol/Order";
import { presets } from "@weft/protocol/Params";
import { decodeTrainProgram, encodeTrainProgram } from "@weft/tensor/train/Program";
import { buildOrder } from "./buildOrder.ts";
import { orderState } from "./listOrders.ts";
import { prepareJob } from "./prepareJob.ts";
import { detectionOf } from "./quoteFor.ts";

function fileOf(changes: object = {}): JobFile {
  const checked = check({ name: "test", kind: "train-lm", ...changes });
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
  courtId: zeroHash,
  paramsHash: hash,
  jobCommitment: hash,
};

test("the chance that false work is looked at: one segment, a fifth, all of the job", () => {
  const file = fileOf({ program: { preset: "quick", steps: 250, stepsPerSegment: 10 } });
  assert.deepEqual(detectionOf(file, 300_000n), [
    { falseSegments: 1, ppm: 300_000 },
    { falseSegments: 5, ppm: 831_930 },
    { falseSegments: 25, ppm: 999_865 },
  ]);
  const single = fileOf({ program: { preset: "quick", steps: 10, stepsPerSegment: 10 } });
  assert.deepEqual(detectionOf(single, 300_000n), [{ falseSegments: 1, ppm: 300_000 }]);
});

test("each opened field belongs to the commitment, and a changed one does not", () => {
  const bytes = new TextEncoder().encode("abcabcabc".repeat(100));
  const prepared = prepareJob(fileOf({ program: { preset: "quick" } }), { bytes, contentId: hash }, hash);
  assert.equal(prepared.details.length, JobDetails.fieldNames.length);
  for (const opening of prepared.details) assert.ok(JobDetails.verify(prepared.jobCommitment, opening));
  const [first] = prepared.details;
  assert.ok(first !== undefined && !JobDetails.verify(prepared.jobCommitment, { ...first, value: '"x"' }));
  const opened = prepared.details.find(({ field }) => field === "program");
  assert.equal(encodeTrainProgram(decodeTrainProgram(opened?.value ?? "")), encodeTrainProgram(prepared.program));
});

test("a program that needs more memory than its units have is refused with both numbers", () => {
  const bytes = new TextEncoder().encode("the quick brown fox. ".repeat(2000));
  const program = { preset: "main", batch: 1024 };
  const prepare = (resources: object) => prepareJob(fileOf({ program, resources }), { bytes, contentId: hash }, hash);
  assert.throws(
    () => prepare({}),
    (error: WeftError) =>
      hasCode(error, "job.memory") &&
      /needs \d{10} bytes of memory, units of 1 GiB have 1073741824/.test(error.message) &&
      /set resources.memoryGiB to \d+ or more/.test(error.remedy ?? ""),
  );
  assert.equal(prepare({ memoryGiB: 64 }).program.batch, 1024);
});

test("a program whose checkpoints would not travel is refused with both numbers", () => {
  const bytes = new TextEncoder().encode("the quick brown fox. ".repeat(2000));
  const program = { model: { dim: 1024, heads: 8, layers: 8 } };
  assert.throws(
    () => prepareJob(fileOf({ program }), { bytes, contentId: hash }, hash),
    (error: WeftError) =>
      hasCode(error, "job.checkpoint") && /has \d{10} bytes, at most 268435456 travel/.test(error.message),
  );
});

test("byte pairs of the largest vocabulary still fit the message that opens the program", () => {
  const words = Array.from({ length: 30_000 }, (_, i) => `w${(i * 7919).toString(36)} `);
  const bytes = new TextEncoder().encode(words.join("").repeat(2));
  const file = fileOf({ program: { preset: "quick", tokenizer: { kind: "bpe", vocab: 4096 } } });
  const { program, details } = prepareJob(file, { bytes, contentId: hash }, hash);
  assert.equal(program.model.vocab, 4096);
  const message = {
    ...{ leaseId: hash, details, corpus: { contentId: hash, bytes: bytes.length } },
  };
  assert.ok(streams.details.safeParse(message).success);
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

test("an order is open until it is leased, used up, withdrawn by nonce or epoch, or expired", () => {
  const order = buildOrder(fileOf(), { ...context, nowMs: 1_000_000 });
  const account = { free: 0n, epoch: 3n, nonces: new Set<bigint>(), sessions: new Map() };
  const state = (change: { now?: bigint; buyer?: Partial<BuyerView>; past?: Partial<OrderView> } = {}) => {
    const past = { fills: 1n, failed: [], spent: 0n, secondsLeft: 9n, ...change.past };
    const view = {
      now: change.now ?? order.expiresAt - 1n,
      params: presets.minimal,
      buyers: new Map([[address, { ...account, ...change.buyer }]]),
      orders: new Map(change.past === undefined ? [] : [[Order.hash(order), past]]),
    };
    return orderState(view as unknown as MarketView, order);
  };
  assert.equal(state(), "open");
  assert.equal(state({ past: {} }), "open", "the provider failed: another fill may follow");
  assert.equal(state({ past: { blocked: "open" }, buyer: { epoch: 4n } }), "leased");
  assert.equal(state({ past: { blocked: "ended" } }), "used");
  assert.equal(state({ past: { fills: presets.minimal.maxFills } }), "used");
  assert.equal(state({ buyer: { epoch: 4n } }), "cancelled");
  assert.equal(state({ buyer: { nonces: new Set([7n]) } }), "cancelled");
  assert.equal(state({ now: order.expiresAt }), "expired");
});

test("a voucher order needs a session; one that accrues does not", () => {
  const nobody = { ...context, session: `0x${"00".repeat(20)}`, nowMs: 5000 } as const;
  assert.throws(() => buildOrder(fileOf(), nobody), { code: "order.session", retryable: false });
  assert.equal(buildOrder(fileOf({ pay: { mode: "accrue" } }), nobody).session, nobody.session);
});
