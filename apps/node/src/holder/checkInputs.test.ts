// Who gets a statement about inputs, from whom, for what.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts } from "@weft/chain/facts";
import type { NodeView } from "@weft/market/MarketView";
import { hasCode } from "@weft/protocol/Errors";
import { zeroHash } from "@weft/protocol/fields";
import * as JobDetails from "@weft/protocol/JobDetails";
import type { StreamMessage } from "@weft/protocol/messages";
import { presets } from "@weft/protocol/Params";
import { encodeTrainProgram } from "@weft/tensor/train/Program";
import { tinyCorpus, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { checkInputs, type HolderState, mostInputs, mostInputsOfBuyer } from "./checkInputs.ts";

const at = (byte: string) => `0x${byte.repeat(20)}` as const;
const [buyer, session, provider, holder] = [at("01"), at("02"), at("03"), at("04")];
const program = tinyTrainProgram();
const corpus = { contentId: zeroHash, bytes: tinyCorpus.length };
const salts = JobDetails.saltsOf(zeroHash);
const details: JobDetails.Details = {
  ...{ kind: "train-lm", name: "tiny", corpus, start: null, court: null },
  program: JSON.parse(encodeTrainProgram(program)) as JobDetails.Json,
};
const lease = {
  ...{ leaseId: zeroHash, nodeId: provider, buyer, voucherKey: session, state: "open" },
  jobCommitment: JobDetails.commit(details, salts),
} as LeaseFacts;
const nodeOf = (owner: `0x${string}`, stake = presets.minimal.minStake): NodeView => ({
  ...{ owner, operator: owner, stake, bondFree: 0n, minSeq: new Map(), pools: new Map() },
});
const viewOf = (own: NodeView): HolderState["view"] => ({
  params: presets.minimal,
  nodes: new Map([
    [provider, nodeOf(provider)],
    [holder, own],
  ]),
});
const message: StreamMessage<"hold.inputs"> = {
  ...{ leaseId: zeroHash, sources: [{ peerId: "12D3KooWtest", addresses: [] }] },
  details: JobDetails.fieldNames.map((field) => JobDetails.open(details, salts, field)),
};
const state: HolderState = { nodeId: holder, view: viewOf(nodeOf(holder)), lease, buyers: [], bytesLeft: 1 << 20 };
const check = (change: Partial<HolderState>, request: Partial<StreamMessage<"hold.inputs">> = {}, from = session) =>
  checkInputs({ ...state, ...change }, { message: { ...message, ...request }, from });

test("a staked node of neither party holds the committed corpus, and the checkpoint the run continues from", () => {
  assert.deepEqual(check({}), [corpus]);
  const resume = { checkpoint: zeroHash, bytes: 9, nextStep: program.stepsPerSegment };
  assert.deepEqual(check({}, { resume }), [corpus, { contentId: zeroHash, bytes: 9 }]);
});

test("an order that continues a job needs the checkpoint that it commits to", () => {
  const start = { step: program.stepsPerSegment, stateRoot: zeroHash, checkpoint: at("07").padEnd(66, "0"), bytes: 11 };
  const moved = { ...details, start };
  const openings = JobDetails.fieldNames.map((field) => JobDetails.open(moved, salts, field));
  const continued = { ...lease, jobCommitment: JobDetails.commit(moved, salts) };
  const wanted = check({ lease: continued }, { details: openings });
  assert.deepEqual(wanted, [corpus, { contentId: start.checkpoint, bytes: 11 }]);
});

test("everything else is refused, each with its code", () => {
  const forged = message.details.map((one) => ({ ...one, salt: `0x${"01".repeat(32)}` as const }));
  const many = (count: number, who: string) => Array.from({ length: count }, () => who);
  const cases: [string, () => unknown][] = [
    ["hold.notBuyer", () => check({}, {}, buyer)],
    ["hold.tooLate", () => check({ lease: { ...lease, state: "inputsReady" } })],
    ["hold.tooLate", () => check({ lease: { ...lease, state: "running" } })],
    ["hold.stake", () => check({ view: viewOf(nodeOf(holder, presets.minimal.minStake - 1n)) })],
    ["hold.party", () => check({ view: viewOf(nodeOf(buyer)) })],
    ["hold.party", () => check({ view: viewOf(nodeOf(provider)) })],
    ["hold.party", () => check({ nodeId: provider })],
    ["details.forged", () => check({}, { details: forged })],
    ["details.missing", () => check({}, { details: [] })],
    ["job.resume", () => check({}, { resume: { checkpoint: zeroHash, bytes: 9, nextStep: 1 } })],
    ["hold.quota", () => check({ buyers: many(mostInputsOfBuyer, buyer) })],
    ["hold.quota", () => check({ buyers: many(mostInputs, session) })],
    ["hold.full", () => check({ bytesLeft: corpus.bytes - 1 })],
  ];
  for (const [code, attempt] of cases) assert.throws(attempt, (error) => hasCode(error, code), code);
});
