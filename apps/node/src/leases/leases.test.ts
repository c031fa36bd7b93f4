import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts } from "@weft/chain/facts";
import type { CourtOptions } from "@weft/compute/tensor/courtProgram";
import * as world from "@weft/market/fixtures";
import * as Attributes from "@weft/protocol/Attributes";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { zeroHash } from "@weft/protocol/fields";
import * as JobDetails from "@weft/protocol/JobDetails";
import type { StreamMessage } from "@weft/protocol/messages";
import { streams } from "@weft/protocol/messages";
import * as Order from "@weft/protocol/Order";
import { encodeTrainProgram } from "@weft/tensor/train/Program";
import { tinyCorpus as corpus, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { systemClock } from "@weft/transport/Clock";
import { createMemoryHub } from "@weft/transport/MemoryHub";
import { createMemoryTransport } from "@weft/transport/MemoryTransport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";
import { sha256 } from "viem";
import type { NodeContext } from "../NodeContext.ts";
import { checkCourt, segmentSeconds } from "./checkCourt.ts";
import { checkOpen, firstSegmentOf, mayOpen, readTerms } from "./checkOpen.ts";
import { decideLease, type LeaseInput } from "./decideLease.ts";
import { microBits } from "./driveRun.ts";
import { JobSession, type SegmentAnswer } from "./JobSession.ts";

const nodeId = `0x${"11".repeat(20)}` as const;
const program = tinyTrainProgram({ totalSteps: 60, stepsPerSegment: 20 });
const content = { contentId: sha256(corpus), bytes: corpus.length };
const details: JobDetails.Details = {
  kind: "train-lm",
  program: JSON.parse(encodeTrainProgram(program)) as JobDetails.Json,
  corpus: content,
  name: "t",
  start: null,
  court: null,
};
const salts = JobDetails.saltsOf(zeroHash);
const { order } = world.orderEntry({ jobCommitment: JobDetails.commit(details, salts) });
const lease: LeaseFacts = {
  ...{ leaseId: zeroHash, nodeId, buyer: order.buyer, orderHash: Order.hash(order), offerHash: zeroHash },
  ...{ jobCommitment: order.jobCommitment, voucherKey: order.session, tier: 1n, accrue: false, ratePerSecond: 10n },
  ...{
    durationSeconds: 100n,
    pay: 1000n,
    cap: 1000n,
    state: "open",
    reason: undefined,
    openedAt: 1000n,
    startedAt: 0n,
  },
  ...{ readyAt: 0n, inputsHolder: undefined, auditPot: 500n, bond: 1000n, startFee: 0n, voidedFrom: undefined },
  ...{ paid: 0n, refunded: 0n, auditPaid: 0n },
  ...{ claimUntil: 0n, claimed: 0n, claimedAt: 0n, anchored: 0n, frozen: false },
};
const peer = { peerId: "12D3KooWtest", addresses: [] };
const open: StreamMessage<"job.open"> = {
  ...{ leaseId: zeroHash, order, corpus: content, gateway: peer },
  details: JobDetails.fieldNames.map((field) => JobDetails.open(details, salts, field)),
};

test("a job that fits the order's commitment opens; one byte of a lie does not", () => {
  assert.deepEqual(checkOpen(lease, open).corpus, content);
  const forged = open.details.map((one) =>
    one.field === "name" ? one : { ...one, salt: `0x${"01".repeat(32)}` as const },
  );
  const cases: [StreamMessage<"job.open">, string][] = [
    [{ ...open, order: { ...order, units: 3n } }, "job.order"],
    [{ ...open, details: forged }, "details.forged"],
    [{ ...open, details: open.details.filter(({ field }) => field !== "corpus") }, "details.missing"],
    [{ ...open, corpus: { ...content, bytes: 5 } }, "job.corpus"],
    [{ ...open, resume: { checkpoint: zeroHash, bytes: 1, nextStep: 21 } }, "job.resume"],
    [{ ...open, resume: { checkpoint: zeroHash, bytes: 1, nextStep: 60 } }, "job.resume"],
  ];
  for (const [message, code] of cases)
    assert.throws(
      () => checkOpen(lease, message),
      (error) => hasCode(error, code),
      code,
    );
  assert.ok(checkOpen(lease, { ...open, resume: { checkpoint: zeroHash, bytes: 1, nextStep: 40 } }));
});

test("an order that pins a court commits to a court program, as null or a hash", () => {
  const judged = { ...order, courtId: `0x${"c0".repeat(32)}` as const };
  const at = (court: JobDetails.Json) => {
    const said = { ...details, court };
    const jobCommitment = JobDetails.commit(said, salts);
    const own = { ...judged, jobCommitment };
    const openings = JobDetails.fieldNames.map((field) => JobDetails.open(said, salts, field));
    return checkOpen(
      { ...lease, jobCommitment, orderHash: Order.hash(own) },
      { ...open, order: own, details: openings },
    );
  };
  assert.equal(at(`0x${"ab".repeat(32)}`).court, `0x${"ab".repeat(32)}`);
  assert.throws(() => at(null), { code: "job.court" });
  assert.throws(() => at("0xab"), { code: "details.court" });
  assert.equal(checkOpen(lease, open).court, null);
});

test("a court program is computed again before the start, and another one is refused for good", async () => {
  const [right, corpusPath] = [`0x${"ab".repeat(32)}` as const, `/blobs/${content.contentId}`];
  const judged = { order: { ...order, courtId: `0x${"c0".repeat(32)}` as const } };
  const start = { step: 20, stateRoot: zeroHash, checkpoint: zeroHash, bytes: 1 };
  const terms = { ...checkOpen(lease, open), court: right, start };
  const asked: object[] = [];
  let pools: { attributes: bigint }[] = [];
  const check = (job: { order: Order.Order }, failure?: WeftError, found = right, about = terms) =>
    checkCourt(
      {
        courtProgram: async ({ signal: _, limits, origin, ...options }: CourtOptions) => {
          asked.push({ ...options, threads: limits.threads, step: origin?.step });
          if (failure !== undefined) throw failure;
          return found;
        },
        blobs: { path: (id: string) => `/blobs/${id}` },
        settings: { caps: { threads: 2, memoryMiB: 512 }, pools },
        chain: { params: { courtClockSeconds: 14_400n } },
      } as unknown as NodeContext,
      { job, terms: about, signal: new AbortController().signal },
    );
  await check({ order });
  assert.deepEqual(asked, [], "nothing is asked where no court is pinned");
  await check(judged);
  assert.deepEqual(asked, [{ program: terms.program, corpusPath, threads: 2, step: 20 }]);
  await assert.rejects(check(judged, undefined, `0x${"ac".repeat(32)}`), { code: "job.court", retryable: false });
  const theirs = new WeftError("the corpus has data root", { code: "runtime.spec", fault: "caller" });
  await assert.rejects(check(judged, theirs), { code: "job.court" });
  const ours = new WeftError("killed", { code: "runtime.crashed", fault: "us", retryable: true });
  await assert.rejects(check(judged, ours), { code: "runtime.crashed" });
  // A segment of more than an hour, on the fastest of its pools: nobody could defend it.
  const dear = { ...terms, program: { ...terms.program, stepsPerSegment: 3600, batch: 4096, accumulate: 4096 } };
  const speed = (fp32Gflops: number, flags = 0) => [
    { attributes: Attributes.pack({ ...Attributes.none, fp32Gflops, flags }) },
  ];
  const seconds = segmentSeconds(dear.program, speed(1)[0]!.attributes)!;
  const enough = Math.ceil(seconds / 3600);
  pools = speed(enough - 1);
  await assert.rejects(check(judged, undefined, right, dear), { code: "job.court", message: /takes about \d+ s here/ });
  await check({ order }, undefined, right, dear);
  for (const able of [
    speed(enough),
    [...speed(1), ...speed(enough)],
    speed(0),
    speed(1, Attributes.flags.sharedHost),
  ]) {
    pools = able;
    await check(judged, undefined, right, dear);
  }
});

test("a program too large for its checkpoints to travel is refused before anything is expanded", () => {
  const wide = { ...program, accumulate: 64, model: { ...program.model, dim: 4096, hidden: 65_536, layers: 128 } };
  const before = process.threadCpuUsage().user;
  const hostile = { ...details, program: wide as unknown as JobDetails.Json };
  const root = JobDetails.commit(hostile, salts);
  assert.throws(
    () =>
      readTerms(
        root,
        JobDetails.fieldNames.map((field) => JobDetails.open(hostile, salts, field)),
      ),
    (error: Error) => hasCode(error, "details.program") && /has \d{13} bytes, at most 268435456/.test(error.message),
  );
  assert.ok(process.threadCpuUsage().user - before < 5_000_000);
});

test("a resumed lease counts its segments from where it starts", () => {
  assert.equal(firstSegmentOf(program, undefined), 0);
  assert.equal(firstSegmentOf(program, 40), 2);
});

test("the first gateway keeps the job, unless the session's own key comes", () => {
  const who = (peerId: string, operator: string, boundTo?: string) => mayOpen(lease, { boundTo, peerId, operator });
  assert.equal(who("a", "0x1"), true);
  assert.equal(who("a", "0x1", "a"), true);
  assert.equal(who("b", "0x1", "a"), false);
  assert.equal(who("b", order.session, "a"), true);
});

const input: LeaseInput = {
  facts: lease,
  phase: "waiting",
  now: 1001n,
  startDeadlineSeconds: 60n,
  attached: false,
  answered: true,
  stopping: false,
};
const decide = (change: Partial<LeaseInput>, facts: Partial<LeaseFacts> = {}) =>
  decideLease({ ...input, facts: { ...lease, ...facts }, ...change });
const running = { state: "running", startedAt: 1005n } as const;

test("before the start: waits for the gateway, fetches, starts; too late it takes its start fee", () => {
  assert.deepEqual(decide({}), { act: "wait", for: "open" });
  assert.deepEqual(decide({ phase: "inputs" }), { act: "fetch" });
  assert.deepEqual(decide({ phase: "ready" }), { act: "start" });
  assert.deepEqual(decide({ phase: "ready", stopping: true }), { act: "wait", for: "restart" });
  assert.deepEqual(decide({ now: 1061n }), { act: "closeUnstarted" });
});

test("with the inputs proven the deadline runs anew; a node that can't start by then quits before its bond goes", () => {
  const proven = { state: "inputsReady", readyAt: 1050n } as const;
  assert.deepEqual(decide({ now: 1061n, phase: "inputs" }, proven), { act: "fetch" });
  assert.deepEqual(decide({ now: 1110n, phase: "ready" }, proven), { act: "start" });
  assert.deepEqual(decide({ now: 1095n }, proven), { act: "wait", for: "open" });
  assert.deepEqual(decide({ now: 1096n }, proven), { act: "close", reason: "providerQuit" });
  assert.deepEqual(decide({ now: 1096n, phase: "inputs" }, proven), { act: "close", reason: "providerQuit" });
  assert.deepEqual(decide({ now: 1111n, phase: "ready" }, proven), { act: "wait", for: "settle" });
});

test("running: attaches, waits for answers, then for the buyer; quits after a failure; ends when time is up", () => {
  assert.deepEqual(decide({ phase: "running" }, running), { act: "run" });
  assert.deepEqual(decide({ phase: "running", attached: true }, running), { act: "wait", for: "runtime" });
  assert.deepEqual(decide({ phase: "finished", answered: false }, running), { act: "wait", for: "answers" });
  assert.deepEqual(decide({ phase: "finished" }, running), { act: "wait", for: "buyer" });
  assert.deepEqual(decide({ phase: "failed", answered: false }, running), { act: "wait", for: "answers" });
  assert.deepEqual(decide({ phase: "failed" }, running), { act: "close", reason: "providerQuit" });
  assert.deepEqual(decide({ phase: "running", now: 1105n }, running), { act: "close", reason: "completed" });
  assert.deepEqual(decide({ phase: "ready" }, running), { act: "run" });
});

test("closed: stops the run first, then waits, then forgets; a lease the chain lost waits", () => {
  assert.deepEqual(decide({ attached: true, phase: "running" }, { state: "closing" }), { act: "stop", why: "closed" });
  assert.deepEqual(decide({ phase: "running" }, { state: "closing" }), { act: "wait", for: "settle" });
  assert.deepEqual(decide({ phase: "running" }, { state: "settled" }), { act: "forget" });
  assert.deepEqual(decideLease({ ...input, facts: undefined }), { act: "wait", for: "chain" });
});

test("loss goes over the wire as an integer; what is no number says nothing", () => {
  assert.equal(microBits(Math.LN2), 1_000_000);
  assert.equal(microBits(Number.NaN), 0);
  assert.equal(microBits(-1), 0);
});

test("a session repeats its progress while nothing happens and pairs answers with segments", async (t) => {
  const hub = createMemoryHub({ seed: 1 });
  const a = createMemoryTransport(hub, { privateKey: Buffer.alloc(32, 21) });
  const b = createMemoryTransport(hub, { privateKey: Buffer.alloc(32, 22) });
  t.after(() => Promise.all([a.stop(), b.stop()]));
  const answers: [bigint, SegmentAnswer["kind"]][] = [];
  const stopped: string[] = [];
  let session: JobSession | undefined;
  a.handle("job/1", async (channel) => {
    session = new JobSession(channel, { peerId: "b", clock: systemClock });
    session.progress({ step: 1, totalSteps: 2, lossMicroBits: 3, tokensPerSecond: 4 });
    await session.run({
      onAnswer: (segment, answer) => answers.push([segment, answer.kind]),
      onStop: ({ code }) => stopped.push(code),
    });
  });
  await b.connect(a.peerId);
  const channel = await b.open(a.peerId, "job/1");
  await channel.send(encodeMessage(streams, "job.unpaid", { segment: 9, code: "test.stray", message: "" }));
  const kinds: string[] = [];
  for (let i = 0; i < 2; i++) {
    const bytes = await channel.receive({ timeoutMs: 60_000 });
    assert.ok(bytes !== undefined);
    kinds.push(decodeMessage(streams, bytes).kind);
  }
  assert.deepEqual(kinds, ["job.progress", "job.progress"]);
  assert.deepEqual(answers, [], "an answer nobody waits for is no answer");
  await channel.send(encodeMessage(streams, "job.stop", { code: "test.stop", message: "enough" }));
  while (session?.open !== false) await systemClock.sleep(10);
  assert.deepEqual(stopped, ["test.stop"]);
});
