// The step port of version 2: the same bits whatever the threads, the batching of messages or a restart; faults show and
// stay; what goes wrong in a step is named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tensorRoot } from "../commit/TensorLayout.ts";
import { type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { stateRootFrom, stepRoot } from "../HashLayout.ts";
import { evaluateGraph } from "../reference/evaluateGraph.ts";
import { fromHex32, toHex } from "../sha256.ts";
import { batchFiller } from "./batchFiller.ts";
import { checkpointBytes, checkpointStateRoot, decodeCheckpoint, encodeCheckpoint } from "./Checkpoint.ts";
import { openProgram, outlineProgram, type TrainProgram, trainingBytesOf } from "./Program.ts";
import { runSegment, type SegmentTrace } from "./runSegment.ts";
import { rateOf } from "./schedule.ts";
import { startRootOf } from "./startRoot.ts";
import { startState } from "./startState.ts";
import { openTrainer, type TrainerOptions, trainingTokens } from "./Trainer.ts";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "./tinyTrainProgram.ts";

async function trace(program: TrainProgram, lastStep: number, options: TrainerOptions = {}): Promise<SegmentTrace> {
  const trainer = await openTrainer(program, tinyCorpus, options);
  try {
    return await runSegment(trainer, { firstStep: trainer.nextStep, lastStep, stepsPerMessage: 5 });
  } finally {
    await trainer.close();
  }
}

const hexes = (roots: Uint8Array[]) => roots.map(toHex);
const mlp = { model: tinyMlpModel, clipMilli: 0, accumulate: 2 };

for (const [name, changes] of Object.entries({
  gpt: {},
  mlp,
  sgd: { optimiser: { kind: "sgd", momentumPpm: 900_000 } } as const,
}))
  test(`${name}: training equals the slow reference in every loss, state root and step root`, async () => {
    const open = openProgram(tinyTrainProgram(changes));
    const { program, step, hash } = open;
    const fast = await trace(program, 6);
    const names = step.state.map((tensor) => tensor.name);
    const rootOf = (version: number, state: Record<string, TensorValue>) =>
      stateRootFrom(
        version,
        names,
        names.map((one) => tensorRoot(state[one]!)),
      );
    let state: Record<string, TensorValue> = startState(fromHex32(program.seed, "seed"), step.state);
    const batch: Record<string, TensorValue> = {};
    const types = new Map([step.batch.data, step.batch.targets].map((input) => [input.name, input]));
    const fill = batchFiller(open, trainingTokens(open, tinyCorpus), {
      write: (input, { data }) => (batch[input] = tensorFrom("i32", types.get(input)!.shape, Array.from(data))),
    });
    assert.equal(toHex(fast.startRoot), toHex(rootOf(0, state)));
    for (let t = 0; t <= 6; t++) {
      fill(t);
      const rate = tensorFrom("f32", [1], [rateOf(program.schedule, program.totalSteps, t)]);
      const { outputs } = evaluateGraph(step.graph, { ...state, ...batch, rate });
      state = Object.fromEntries(names.map((one) => [one, outputs[one]!]));
      const after = rootOf(t + 1, state);
      assert.equal(fast.losses[t], outputs["loss"]!.data[0]);
      assert.equal(toHex(fast.stateRoots[t]!), toHex(after));
      assert.equal(toHex(fast.stepRoots[t]!), toHex(stepRoot(hash, t, fast.losses[t]!, after)));
    }
    assert.deepEqual(fast.checkpoint, encodeCheckpoint(open, { nextStep: 7, state }));
  });

test("one, two and four threads give the same step roots and checkpoint", async () => {
  const program = tinyTrainProgram({ batch: 8 });
  const [one, ...others] = await Promise.all(([1, 2, 4] as const).map((threads) => trace(program, 11, { threads })));
  for (const other of others) {
    assert.deepEqual(hexes(other!.stepRoots), hexes(one!.stepRoots));
    assert.deepEqual(other!.checkpoint, one!.checkpoint);
  }
});

test("on the caller's own thread: the same step roots and checkpoint, from the start and from the middle", async () => {
  const program = tinyTrainProgram();
  const [whole, inline] = await Promise.all([trace(program, 11), trace(program, 11, { inline: true })]);
  assert.deepEqual(hexes(inline.stepRoots), hexes(whole.stepRoots));
  assert.deepEqual(inline.checkpoint, whole.checkpoint);
  const first = await trace(program, 4, { inline: true });
  const second = await trace(program, 11, { inline: true, checkpoint: first.checkpoint });
  assert.deepEqual(second.checkpoint, whole.checkpoint);
  assert.equal(toHex(second.startRoot), toHex(first.endRoot));
});

test("resuming from a checkpoint gives the same bits as going on", async () => {
  const program = tinyTrainProgram();
  const whole = await trace(program, 11);
  const first = await trace(program, 4);
  const second = await trace(program, 11, { checkpoint: first.checkpoint });
  assert.deepEqual(hexes([...first.stepRoots, ...second.stepRoots]), hexes(whole.stepRoots));
  assert.equal(toHex(second.startRoot), toHex(first.endRoot));
  assert.equal(toHex(checkpointStateRoot(openProgram(program), first.checkpoint)), toHex(first.endRoot));
  assert.deepEqual(second.checkpoint, whole.checkpoint);
});

test("however steps are asked for, they are the same", async () => {
  const program = tinyTrainProgram();
  const whole = await trace(program, 11);
  const trainer = await openTrainer(program, tinyCorpus);
  const parts = await Promise.all([
    trainer.steps(1),
    trainer.steps(7),
    trainer.stateRoot(),
    trainer.steps(4),
    trainer.step(),
  ]);
  const [first, second, root, third, last] = parts;
  assert.deepEqual(hexes([...first, ...second, ...third].map((result) => result.stepRoot)), hexes(whole.stepRoots));
  assert.equal(toHex(root), toHex(whole.stateRoots[7]!));
  assert.equal(last.step, 12);
  assert.equal(trainer.nextStep, 13);
  await trainer.close();
});

test("one flipped bit changes its own and every later step root, and no earlier one", async () => {
  const program = tinyTrainProgram();
  const honest = await trace(program, 11);
  for (const [tensor, index, bit] of [
    ["model.layers.1.mlp.up_proj.weight", 7, 0],
    ["adam.square.model.embed_tokens.weight", 3, 22],
  ] as const) {
    const faulty = await trace(program, 11, { corrupt: { step: 5, tensor, index, bit } });
    const differs = faulty.stepRoots.map((root, i) => toHex(root) !== toHex(honest.stepRoots[i]!));
    assert.deepEqual(
      differs,
      Array.from({ length: 12 }, (_, step) => step >= 5),
    );
    assert.equal(toHex(faulty.startRoot), toHex(honest.startRoot));
  }
});

test("a bit flipped again and again: every such step is false, on either thread the same", async () => {
  const program = tinyTrainProgram();
  const corrupt = { step: 3, tensor: "model.norm.weight", index: 2, bit: 21, everySteps: 4 };
  const [beside, inline] = await Promise.all([
    trace(program, 11, { corrupt }),
    trace(program, 11, { corrupt, inline: true }),
  ]);
  assert.deepEqual(hexes(inline.stepRoots), hexes(beside.stepRoots));
  const once = await trace(program, 11, { corrupt: { ...corrupt, everySteps: undefined }, inline: true });
  const differs = once.stepRoots.map((root, i) => toHex(root) !== toHex(inline.stepRoots[i]!));
  assert.deepEqual(differs.indexOf(true), 7);
});

for (const inline of [false, true])
  test(`a NaN in the state ends the job with step and operator${inline ? ", on the caller's thread" : ""}`, async () => {
    const program = tinyTrainProgram();
    // Exponent bits of a weight set one by one make infinity, then the forward pass a NaN.
    const tensor = "model.layers.0.mlp.down_proj.weight";
    const open = openProgram(program);
    const start = startState(fromHex32(program.seed, "seed"), open.step.state);
    (start[tensor]!.data as Float32Array)[0] = Number.POSITIVE_INFINITY;
    const checkpoint = encodeCheckpoint(open, { nextStep: 2, state: start });
    const trainer = await openTrainer(program, tinyCorpus, { checkpoint, inline });
    await assert.rejects(trainer.steps(4), (error: Error & { code: string }) => {
      assert.equal(error.code, "tensor.nan");
      assert.match(error.message, /^step 2: .* has a NaN: node \d+ \w+ gave the first NaN, at element \d+$/);
      return true;
    });
    await assert.rejects(trainer.steps(1), { code: "tensor.nan" });
    await trainer.close();
  });

test("a NaN that only the state shows is found too, and one that a checkpoint brings", async () => {
  const open = openProgram(tinyTrainProgram({ optimiser: { kind: "sgd", momentumPpm: 0 }, clipMilli: 0 }));
  const { program, step } = open;
  const state = startState(fromHex32(program.seed, "seed"), step.state);
  const momentum = state["sgd.momentum.model.embed_tokens.weight"]!.data as Float32Array;
  // 0 · inf: the next momentum is a NaN, the loss of that step is not.
  momentum[momentum.length - 1] = Number.POSITIVE_INFINITY;
  const first = await openTrainer(program, tinyCorpus, { checkpoint: encodeCheckpoint(open, { nextStep: 0, state }) });
  await assert.rejects(first.steps(5), {
    code: "tensor.nan",
    message: /^step 0: .*embed_tokens.weight has a NaN: node \d+ mul gave the first NaN/,
  });
  momentum[momentum.length - 1] = Number.NaN;
  const second = await openTrainer(program, tinyCorpus, { checkpoint: encodeCheckpoint(open, { nextStep: 9, state }) });
  await assert.rejects(second.steps(1), {
    code: "tensor.nan",
    message: /^the state before step 9 has a NaN in sgd.momentum.model.embed_tokens.weight/,
  });
  await Promise.all([first.close(), second.close()]);
});

test("a NaN that the last step leaves in the state is found before the state is handed out", async () => {
  const options = { optimiser: { kind: "sgd", momentumPpm: 0 }, clipMilli: 0 } as const;
  const open = openProgram(tinyTrainProgram({ ...options, totalSteps: 3, stepsPerSegment: 3 }));
  const { program, step } = open;
  const state = startState(fromHex32(program.seed, "seed"), step.state);
  const momentum = state["sgd.momentum.model.embed_tokens.weight"]!.data as Float32Array;
  momentum[momentum.length - 1] = Number.POSITIVE_INFINITY;
  const checkpoint = encodeCheckpoint(open, { nextStep: 2, state });
  for (const inline of [false, true])
    await assert.rejects(trace(program, 2, { checkpoint, inline }), {
      code: "tensor.nan",
      message: /^step 2: .*embed_tokens.weight has a NaN/,
    });
});

test("seed, rate and batch each change the first step root: the program binds them", async () => {
  const base = toHex((await trace(tinyTrainProgram(), 0)).stepRoots[0]!);
  const others = [tinyTrainProgram({}, 2), tinyTrainProgram({ batch: 4 }), tinyTrainProgram({ totalSteps: 25 })];
  for (const program of others) assert.notEqual(toHex((await trace(program, 0)).stepRoots[0]!), base);
});

test("a program over its memory limit is refused with the number before it runs", async () => {
  await assert.rejects(openTrainer(tinyTrainProgram(), tinyCorpus, { memoryLimit: 1_000_000 }), {
    code: "tensor.over-memory",
    message: /needs \d{7,} bytes of memory, its limit is 1000000: [\d.]+ MiB of 1\.0 MiB$/,
  });
});

test("the tokens of a corpus count against the limit, before it is read", async () => {
  const program = tinyTrainProgram();
  const needOf = async (one: TrainProgram) => {
    const error = await openTrainer(one, tinyCorpus, { memoryLimit: 1 }).catch((cause: Error) => cause);
    return Number(/needs (\d+) bytes/.exec((error as Error).message)?.[1]);
  };
  const large = { ...program, corpusBytes: 2 ** 28, split: { heldOutPpm: 0 } };
  const tokens = trainingBytesOf(large) - trainingBytesOf(program);
  assert.equal((await needOf(large)) - (await needOf(program)), 4 * tokens);
});

test("wrong corpora, checkpoints and options are refused by name", async () => {
  const program = tinyTrainProgram();
  const other = await trace(tinyTrainProgram({}, 2), 0);
  const wrong: [TrainProgram, Uint8Array, TrainerOptions, string][] = [
    [program, tinyCorpus.slice(1), {}, "bad-corpus"],
    [program, tinyCorpus.map((byte) => byte ^ 1), {}, "bad-corpus"],
    [program, tinyCorpus, { checkpoint: other.checkpoint }, "bad-checkpoint"],
    [program, tinyCorpus, { checkpoint: other.checkpoint.slice(0, 99) }, "bad-safetensors"],
    [program, tinyCorpus, { threads: 5 as never }, "bad-option"],
    [program, tinyCorpus, { corrupt: { step: 0, tensor: "x", index: 0, bit: 0 } }, "bad-option"],
    [{ ...program, stepGraph: `0x${"11".repeat(32)}` }, tinyCorpus, {}, "bad-program"],
    [{ ...program, extra: 1 } as never, tinyCorpus, {}, "bad-program"],
  ];
  for (const [one, corpus, options, code] of wrong)
    await assert.rejects(openTrainer(one, corpus, options), { code: `tensor.${code}` });
});

test("on the caller's thread, abort and close are seen between two messages", async () => {
  const controller = new AbortController();
  const options = { inline: true, signal: controller.signal };
  const trainer = await openTrainer(tinyTrainProgram(), tinyCorpus, options);
  const pending = [trainer.steps(2), trainer.steps(2)];
  controller.abort(new Error("stop"));
  for (const one of pending) await assert.rejects(one, { message: "stop" });
  const other = await openTrainer(tinyTrainProgram(), tinyCorpus, { inline: true });
  const waiting = assert.rejects(other.steps(2), { code: "tensor.closed" });
  await other.close();
  await waiting;
});

test("the caller's event loop keeps turning while steps run", async () => {
  const trainer = await openTrainer(tinyTrainProgram({ batch: 64 }), tinyCorpus);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await trainer.steps(24);
  clearInterval(timer);
  await trainer.close();
  assert.ok(turns >= 3, `${turns} turns`);
});

test("abort and close end pending calls", async () => {
  const controller = new AbortController();
  const trainer = await openTrainer(tinyTrainProgram(), tinyCorpus, { signal: controller.signal });
  const pending = trainer.steps(24);
  controller.abort(new Error("stop"));
  await assert.rejects(pending, { message: "stop" });
  const other = await openTrainer(tinyTrainProgram(), tinyCorpus);
  const waiting = other.steps(24);
  const closed = assert.rejects(waiting, { code: "tensor.closed" });
  await other.close();
  await closed;
  await other.close();
});

test("start root and length of checkpoints are known without training", async () => {
  const { program, step } = openProgram(tinyTrainProgram());
  const { startRoot, checkpoint } = await trace(program, 1, { inline: true });
  assert.equal(await startRootOf(program), toHex(startRoot));
  assert.equal(await startRootOf(program), toHex(startRoot), "remembered");
  const outline = outlineProgram(program);
  assert.deepEqual(outline.step.state, step.state);
  assert.equal(checkpointBytes(outline, 2), checkpoint.length);
});

test("a checkpoint is a safetensors file with the graph's shapes", async () => {
  const open = openProgram(tinyTrainProgram());
  const { checkpoint } = await trace(open.program, 1);
  const { nextStep, state } = decodeCheckpoint(open, checkpoint);
  assert.equal(nextStep, 2);
  assert.deepEqual(state["model.norm.weight"]!.shape, [12]);
  assert.deepEqual(encodeCheckpoint(open, { nextStep, state }), checkpoint);
});
