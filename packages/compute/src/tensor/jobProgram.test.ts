// From a job file's program to a training program: presets, changes, tokenizers, segments by time, refusals by name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { check } from "@weft/protocol/JobFile";
import type { JobProgram } from "@weft/protocol/jobProgram";
import { openProgram, trainProgramHash } from "@weft/tensor/train/Program";
import { trainPresets } from "@weft/tensor/train/presets";
import { createJobProgram, presetOf, workOf } from "./jobProgram.ts";

function wantedOf(program: object): JobProgram {
  const checked = check({ name: "t", kind: "train-lm", program });
  assert.ok(checked.ok);
  return checked.job.program;
}

const corpus = new TextEncoder().encode("the quick brown fox jumps over the lazy dog\n".repeat(40));
const tiny = { model: { context: 8, dim: 16, layers: 1, heads: 2 }, batch: 2, steps: 10, stepsPerSegment: 5 };
const programOf = (program: object) => createJobProgram(wantedOf(program), { corpus });

test("a file that says nothing gets the preset as it is", () => {
  for (const preset of ["quick", "main"] as const)
    assert.deepEqual(presetOf(wantedOf({ preset })), { ...trainPresets[preset] });
});

test("every change of a file arrives", () => {
  const program = programOf({
    model: { context: 12, dim: 24, layers: 3, heads: 4, kvHeads: 2, hidden: 20, tiedHead: false },
    optimiser: { beta1: 0.8, beta2: 0.9, epsilon: 0.001, weightDecay: 0 },
    ...{ batch: 3, accumulate: 2, clip: 0.25, steps: 50, stepsPerSegment: 7, warmupSteps: 9, learningRate: 0.00005 },
  });
  const { model, optimiser, schedule, batch, accumulate, clipMilli, totalSteps, stepsPerSegment } = program;
  assert.deepEqual(model, {
    ...{ ...trainPresets.main.model, vocab: 29, context: 12, dim: 24, layers: 3, heads: 4, kvHeads: 2 },
    ...{ hidden: 20, tiedHead: false },
  });
  assert.deepEqual(optimiser, {
    ...{ kind: "adamw", beta1Ppm: 800_000, beta2Ppm: 900_000, epsilonNano: 1_000_000, weightDecayPpm: 0 },
  });
  assert.deepEqual([batch, accumulate, clipMilli, totalSteps, stepsPerSegment], [3, 2, 250, 50, 7]);
  assert.deepEqual(schedule, { kind: "cosine", rateNano: 50_000, finalRateNano: 50_000, warmupSteps: 9 });
});

test("a narrower model gets hidden units and heads that fit; a shorter run a shorter warm-up and segment", () => {
  const { model, totalSteps, stepsPerSegment, schedule } = presetOf(
    wantedOf({ model: { dim: 96, heads: 3 }, steps: 20 }),
  );
  assert.ok(model.kind === "gpt" && model.hidden === 256 && model.kvHeads === 3);
  assert.deepEqual([totalSteps, stepsPerSegment, schedule.warmupSteps], [20, 20, 20]);
});

test("an MLP and momentum in place of a GPT and AdamW", () => {
  const program = programOf({ model: { kind: "mlp", context: 4 }, optimiser: { kind: "sgd", momentum: 0.5 } });
  assert.deepEqual(program.model, { kind: "mlp", vocab: 29, context: 4, embedding: 24, hidden: 256 });
  assert.deepEqual(program.optimiser, { kind: "sgd", momentumPpm: 500_000 });
});

test("the same file and text give the same program, another seed another", () => {
  const hash = (program: object) => Buffer.from(trainProgramHash(programOf(program))).toString("hex");
  const bpe = { ...tiny, tokenizer: { kind: "bpe", vocab: 290 } };
  assert.equal(hash(tiny), hash({ ...tiny, seed: 1 }));
  assert.notEqual(hash(tiny), hash({ ...tiny, seed: 2 }));
  assert.equal(hash(bpe), hash(bpe));
  assert.notEqual(hash(bpe), hash(tiny));
});

test("byte pairs are trained on the training part alone, and the program opens", () => {
  const program = programOf({ ...tiny, tokenizer: { kind: "bpe", vocab: 270 } });
  assert.equal(program.model.vocab, 270);
  assert.equal(openProgram(program).tokenizer.vocab, 270);
  assert.equal(openProgram(program).tokenizer.end, 269, "an end mark, without which no GGUF can be written");
  assert.equal(openProgram(programOf(tiny)).tokenizer.end, 28);
  const other = corpus.slice();
  other.fill("z".charCodeAt(0), corpus.length - Math.floor(corpus.length / 10));
  const wanted = wantedOf({ ...tiny, tokenizer: { kind: "bpe", vocab: 270 } });
  assert.deepEqual(createJobProgram(wanted, { corpus: other }).tokenizer, program.tokenizer);
});

test("checkpointEvery becomes steps at the machine's speed, within one step and the whole run", () => {
  const wanted = wantedOf({ preset: "main", checkpointEvery: "10s" });
  const work = workOf(trainPresets.main, 65);
  const stepsAt = (gflops: number) => presetOf(wanted, { vocab: 65, gflops }).stepsPerSegment;
  assert.equal(stepsAt(40), Math.round(4e11 / work));
  assert.equal(stepsAt(1e6), trainPresets.main.totalSteps);
  assert.equal(stepsAt(1e-6), 1);
  assert.equal(stepsAt(20), presetOf(wanted, { vocab: 65 }).stepsPerSegment);
});

test("what can't be trained is refused by name", () => {
  const refused = (program: object, code: string, words: RegExp) =>
    assert.throws(
      () => programOf(program),
      (error: Error) => hasCode(error, code) && words.test(error.message),
    );
  refused({ model: { dim: 128, heads: 3 } }, "tensor.bad-program", /dim is 128 with 3 heads/);
  refused({ model: { heads: 4, kvHeads: 3 } }, "tensor.bad-program", /kvHeads is 3 of 4 heads/);
  refused({ steps: 50, warmupSteps: 51 }, "program.schedule", /warmupSteps is 51, .* 50 steps/);
  refused({ learningRate: 0 }, "program.schedule", /learningRate is 0/);
  refused({ model: { context: 1024 } }, "program.text", /has 1760 bytes, of which 176 are held out.*context is 1024/);
  refused({ ...tiny, model: { ...tiny.model, context: 200 } }, "program.text", /176 tokens/);
});
