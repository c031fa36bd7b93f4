// The step port: the same bits whatever the threads, the batching of messages or a restart; faults show and stay.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkpointStateRoot } from "./Checkpoint.ts";
import { batchPositions, fillBatch } from "./dataOrder.ts";
import { stateRoot, stepRoot } from "./HashLayout.ts";
import { allocateWorkspace, mlpStep } from "./mlpStep.ts";
import { type Program, programHash } from "./Program.ts";
import { referenceOperators } from "./referenceOperators.ts";
import { runSegment, type SegmentTrace, segmentSteps } from "./runSegment.ts";
import { allocateState, stateTensors, writeStartState } from "./State.ts";
import { toHex } from "./sha256.ts";
import { openTrainer, type TrainerOptions } from "./Trainer.ts";
import { tinyCorpus, tinyProgram } from "./tinyProgram.ts";
import { tokenise } from "./tokenise.ts";

async function trace(program: Program, lastStep: number, options: TrainerOptions = {}): Promise<SegmentTrace> {
  const trainer = await openTrainer(program, tinyCorpus, options);
  try {
    return await runSegment(trainer, { firstStep: trainer.nextStep, lastStep, stepsPerMessage: 5 });
  } finally {
    await trainer.close();
  }
}

const hexes = (roots: Uint8Array[]) => roots.map(toHex);

test("kernel training equals the slow reference: every loss, state root and step root", async () => {
  const program = tinyProgram();
  const fast = await trace(program, 11);
  const allocate = (rows: number, columns: number) => new Float32Array(rows * columns);
  const state = allocateState(program, allocate);
  writeStartState(program, state);
  assert.equal(toHex(stateRoot(0, stateTensors(state))), toHex(fast.startRoot));
  const workspace = allocateWorkspace(program, program.batch, allocate);
  const tokens = tokenise(program, tinyCorpus);
  for (let step = 0; step <= 11; step++) {
    fillBatch(program.model.context, tokens, batchPositions(program, step), workspace);
    mlpStep(referenceOperators, program, step, state, workspace);
    const loss = workspace.loss.data[0]!;
    const after = stateRoot(step + 1, stateTensors(state));
    assert.equal(loss, fast.losses[step]);
    assert.equal(toHex(stepRoot(programHash(program), step, loss, after)), toHex(fast.stepRoots[step]!));
  }
});

test("one and two threads give the same step roots and checkpoint", async () => {
  for (const changes of [{}, { model: { context: 4, embedding: 8, hidden: 40 }, batch: 64 }]) {
    const program = tinyProgram(changes);
    const one = await trace(program, 11, { threads: 1 });
    const two = await trace(program, 11, { threads: 2 });
    assert.deepEqual(hexes(two.stepRoots), hexes(one.stepRoots));
    assert.deepEqual(two.checkpoint, one.checkpoint);
  }
});

test("resuming from a checkpoint gives the same bits as going on", async () => {
  const program = tinyProgram();
  const whole = await trace(program, 11);
  const first = await trace(program, 5);
  const second = await trace(program, 11, { checkpoint: first.checkpoint });
  assert.deepEqual(hexes([...first.stepRoots, ...second.stepRoots]), hexes(whole.stepRoots));
  assert.equal(toHex(second.startRoot), toHex(first.endRoot));
  assert.equal(toHex(checkpointStateRoot(program, first.checkpoint)), toHex(first.endRoot));
  assert.deepEqual(second.checkpoint, whole.checkpoint);
});

test("one flipped bit changes its own and every later step root, and no earlier one", async () => {
  const program = tinyProgram();
  const honest = await trace(program, 11);
  for (const [tensor, index, bit] of [
    ["hidden.weight", 7, 0],
    ["adam.square.embedding.weight", 3, 22],
  ] as const) {
    const faulty = await trace(program, 11, { corrupt: { step: 5, tensor, index, bit } });
    const differs = faulty.stepRoots.map((root, i) => toHex(root) !== toHex(honest.stepRoots[i]!));
    assert.deepEqual(
      differs,
      Array.from({ length: 12 }, (_, step) => step >= 5),
    );
    assert.notEqual(toHex(faulty.historyRoot), toHex(honest.historyRoot));
    assert.equal(toHex(faulty.startRoot), toHex(honest.startRoot));
  }
});

test("seed, rate and batch each change the first step root: the program binds them", async () => {
  const base = toHex((await trace(tinyProgram(), 0)).stepRoots[0]!);
  const others = [tinyProgram({}, 2), tinyProgram({ batch: 20 }), tinyProgram({ totalSteps: 25 })];
  for (const program of others) assert.notEqual(toHex((await trace(program, 0)).stepRoots[0]!), base);
});

test("the caller's event loop keeps turning while steps run", async () => {
  const program = tinyProgram({ model: { context: 8, embedding: 16, hidden: 256 }, batch: 512 });
  const trainer = await openTrainer(program, tinyCorpus);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await trainer.steps(12);
  clearInterval(timer);
  await trainer.close();
  assert.ok(turns >= 3, `${turns} turns`);
});

test("abort and close reject what is pending and what comes later", async () => {
  const controller = new AbortController();
  const aborted = await openTrainer(tinyProgram(), tinyCorpus, { signal: controller.signal, threads: 2 });
  const pending = aborted.steps(20);
  controller.abort(new Error("enough"));
  await assert.rejects(pending, /enough/);
  await assert.rejects(aborted.step(), /enough/);
  await assert.rejects(openTrainer(tinyProgram(), tinyCorpus, { signal: controller.signal }), /enough/);
  const closed = await openTrainer(tinyProgram(), tinyCorpus);
  await closed.close();
  await closed.close();
  await assert.rejects(closed.step(), { code: "tensor.closed" });
});

test("bad input is refused by name before any thread starts", async () => {
  const program = tinyProgram();
  const open = (options: TrainerOptions, corpus = tinyCorpus) => openTrainer(program, corpus, options);
  const shifted = tinyCorpus.slice();
  shifted[5] = 120;
  await assert.rejects(open({}, shifted), { code: "tensor.bad-corpus" });
  await assert.rejects(open({}, tinyCorpus.slice(1)), /has 1259 bytes, the program 1260/);
  await assert.rejects(open({ threads: 3 as 2 }), /threads is 3/);
  await assert.rejects(open({ checkpoint: new Uint8Array(5) }), { code: "tensor.bad-safetensors" });
  await assert.rejects(open({ corrupt: { step: 0, tensor: "nope", index: 0, bit: 0 } }), /corrupt.tensor nope/);
  await assert.rejects(open({ corrupt: { step: 0, tensor: "adam.power", index: 2, bit: 0 } }), /corrupt.index is 2/);
});

test("steps past the program's end and misplaced segments are refused", async () => {
  const trainer = await openTrainer(tinyProgram(), tinyCorpus);
  await assert.rejects(trainer.steps(25), /past the program's 24 steps/);
  await assert.rejects(trainer.steps(0), /count is 0/);
  await assert.rejects(runSegment(trainer, { firstStep: 6, lastStep: 11 }), /firstStep is 6, the trainer is at 0/);
  await assert.rejects(runSegment(trainer, { firstStep: 0, lastStep: 24 }), /lastStep is 24/);
  await trainer.close();
});

test("segments tile the program", () => {
  const program = { totalSteps: 20, stepsPerSegment: 6 };
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => segmentSteps(program, i)),
    [[0, 5], [6, 11], [12, 17], [18, 19], undefined],
  );
});
