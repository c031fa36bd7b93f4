// The court program: its hash by the spec's own words, and that everything under its roots opens to what program and corpus say.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { tensorFrom } from "../graph/TensorValue.ts";
import { hashLeaf, verifyMerklePath } from "../Merkle.ts";
import { fromHex32, toHex } from "../sha256.ts";
import { openProgram, type TrainProgram } from "../train/Program.ts";
import { rateOf } from "../train/schedule.ts";
import { startRootOf } from "../train/startRoot.ts";
import { trainingTokens } from "../train/Trainer.ts";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "../train/tinyTrainProgram.ts";
import { type CourtProgram, courtProgramHash, encodeEntry, openCourtProgram, ownStart } from "./courtProgram.ts";
import { pathIn } from "./HashTree.ts";
import { typedGraph } from "./OperatorsCommitment.ts";
import { recordOf } from "./records.ts";
import { tensorRoot, tensorRootFrom } from "./TensorLayout.ts";

const gpt = tinyTrainProgram({ batch: 2, accumulate: 2 });
const mlp = tinyTrainProgram({ model: tinyMlpModel, clipMilli: 0, optimiser: { kind: "sgd", momentumPpm: 900_000 } });

async function opened(program: TrainProgram) {
  const open = openProgram(program);
  const tokens = trainingTokens(open, tinyCorpus);
  const start = await ownStart(program);
  return { open, tokens, start, court: openCourtProgram(open, tokens, start) };
}

const u64 = (value: number) => value.toString(16).padStart(16, "0");
const hex = (bytes: Uint8Array) => toHex(bytes).slice(2);

test("the hash is SHA-256 of 07 and the fields in the order of the spec", async () => {
  for (const program of [gpt, mlp]) {
    const { court } = await opened(program);
    const p = court.program;
    const text = [
      ...["07", hex(p.programHash), hex(p.dataRoot), "00", u64(p.totalSteps), u64(p.stepsPerSegment)],
      ...[u64(p.startStep), hex(p.startRoot), u64(p.values), hex(p.recordsRoot), u64(p.inputs), u64(p.entries)],
      ...[hex(p.entriesRoot), u64(p.lossValue), hex(p.ratesRoot), u64(p.tokens), hex(p.tokensRoot)],
      ...[u64(p.context), u64(p.rows), program === gpt ? "00" : "01", program.seed.slice(2)],
    ].join("");
    assert.equal(hex(court.hash), createHash("sha256").update(Buffer.from(text, "hex")).digest("hex"));
  }
});

test("its fields are those of program, graph and corpus", async () => {
  const { open, tokens, court } = await opened(gpt);
  const { program } = court;
  const { graph, state } = open.step;
  assert.deepEqual(program.programHash, open.hash);
  assert.deepEqual([program.totalSteps, program.stepsPerSegment], [gpt.totalSteps, gpt.stepsPerSegment]);
  assert.deepEqual([program.startStep, toHex(program.startRoot)], [0, await startRootOf(gpt)]);
  assert.equal(program.values, graph.inputs.length + graph.constants.length + graph.nodes.length);
  assert.deepEqual([program.inputs, program.entries], [state.length, state.length]);
  assert.equal(program.lossValue, graph.outputs.find(({ name }) => name === "loss")?.value);
  assert.deepEqual([program.tokens, program.context, program.rows], [tokens.length, 6, 4]);
  const rates = Float32Array.from({ length: gpt.totalSteps }, (_, t) => rateOf(gpt.schedule, gpt.totalSteps, t));
  assert.deepEqual(program.ratesRoot, tensorRoot(tensorFrom("f32", [rates.length], rates)));
  assert.deepEqual(program.tokensRoot, tensorRoot(tensorFrom("i32", [tokens.length], tokens)));
});

test("records, entries, rates and tokens open under their roots", async () => {
  const { open, tokens, court } = await opened(gpt);
  const { program, records, recordsTree, entries, entriesTree } = court;
  const typed = typedGraph(open.step.graph);
  for (const value of [0, open.step.state.length, program.values - 1]) {
    assert.deepEqual(records[value], recordOf(typed, value));
    const leaf = hashLeaf(records[value]!);
    assert.ok(verifyMerklePath(program.recordsRoot, program.values, value, leaf, recordsTree.path(value)));
  }
  for (const [i, entry] of entries.entries()) {
    assert.equal(entry.name, open.step.state[i]!.name);
    assert.equal(open.step.graph.outputs.find(({ name }) => name === entry.name)?.value, entry.value);
    const bytes = encodeEntry(entry);
    assert.equal(bytes.length, 5 + entry.name.length);
    assert.ok(verifyMerklePath(program.entriesRoot, program.entries, i, hashLeaf(bytes), entriesTree.path(i)));
  }
  const leaf = Math.floor(tokens.length / 32) - 1;
  const path = pathIn(court.tokens.tree, { height: 0, index: leaf });
  const words = new Int32Array(court.tokens.leaf(leaf).buffer);
  assert.deepEqual(words, tokens.slice(32 * leaf, 32 * leaf + 32));
  const count = Math.ceil(tokens.length / 32);
  assert.ok(verifyMerklePath(court.tokens.leavesRoot, count, leaf, hashLeaf(court.tokens.leaf(leaf)), path));
  const type = { dtype: "i32", shape: [tokens.length] } as const;
  assert.deepEqual(tensorRootFrom(type, court.tokens.leavesRoot), program.tokensRoot);
});

test("another start, seed, corpus, schedule or model is another court program", async () => {
  const { open, tokens, start: own, court } = await opened(gpt);
  const start = { step: 6, stateRoot: fromHex32(`0x${"5a".repeat(32)}`, "stateRoot") };
  const others = [
    openCourtProgram(open, tokens, start).hash,
    openCourtProgram(open, tokens.slice(1), own).hash,
    openCourtProgram(open, tokens.with(3, tokens[3]! ^ 1), own).hash,
    (await opened(tinyTrainProgram({ batch: 2, accumulate: 2 }, 2))).court.hash,
    (await opened(tinyTrainProgram({ batch: 2 }))).court.hash,
    (await opened(mlp)).court.hash,
    courtProgramHash({ ...court.program, targets: 1 } satisfies CourtProgram),
  ];
  assert.equal(new Set([court.hash, ...others].map(toHex)).size, others.length + 1);
});
