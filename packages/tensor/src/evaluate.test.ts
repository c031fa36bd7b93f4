// Learning on tiny-shakespeare: the quick preset passes the one-character n-gram in seconds; the baselines reproduce.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { evaluate, evaluateNGram, heldOutPositions, sampleText } from "./evaluate.ts";
import { nGramBits, trainNGram } from "./NGram.ts";
import { createProgram } from "./Program.ts";
import { presets } from "./presets.ts";
import { runSegment } from "./runSegment.ts";
import { openTrainer } from "./Trainer.ts";
import { tinyCorpus, tinyProgram } from "./tinyProgram.ts";

const dataFolder = resolve(process.env["WEFT_DATA"] ?? join(import.meta.dirname, "../../../../shared/data"));
const path = join(dataFolder, "ml", "tinyshakespeare", "input.txt");
const skip = existsSync(path) ? false : "data: tinyshakespeare";
const seed = new Uint8Array(32).fill(3);

test("tiny-shakespeare: n-gram baselines reproduce the known figures", { skip }, () => {
  const corpus = readFileSync(path);
  const program = createProgram(presets.quick, corpus, seed);
  const one = evaluateNGram(program, corpus, 1, { positions: 200_000 });
  const two = evaluateNGram(program, corpus, 2, { positions: 200_000 });
  assert.ok(Math.abs(one - 3.59) < 0.01, `one character of context: ${one}`);
  assert.ok(Math.abs(two - 2.96) < 0.01, `two characters of context: ${two}`);
});

test("tiny-shakespeare: the quick preset passes the one-character n-gram by a tenth of a bit", { skip }, async () => {
  const corpus = readFileSync(path);
  const program = createProgram(presets.quick, corpus, seed);
  const trainer = await openTrainer(program, corpus);
  const { checkpoint, losses } = await runSegment(trainer, { firstStep: 0, lastStep: 299, stepsPerMessage: 50 });
  await trainer.close();
  const { bitsPerChar, positions, nextStep } = await evaluate(program, checkpoint, corpus);
  const baseline = evaluateNGram(program, corpus, 1);
  assert.equal(positions, 8192);
  assert.equal(nextStep, 300);
  assert.ok(losses[0]! > 4 && bitsPerChar < baseline - 0.1, `${bitsPerChar} bits against ${baseline}`);
  const sample = sampleText(program, checkpoint, { prompt: corpus.subarray(0, 6), count: 40, seed });
  assert.ok(sample.every((byte) => program.vocab.includes(byte)));
});

test("an untrained model is near log2 of the vocabulary, and a trained tiny one is below it", async () => {
  const program = tinyProgram();
  const trainer = await openTrainer(program, tinyCorpus);
  const before = await evaluate(program, await trainer.exportState(), tinyCorpus);
  const { checkpoint } = await runSegment(trainer, { firstStep: 0, lastStep: 23 });
  await trainer.close();
  const after = await evaluate(program, checkpoint, tinyCorpus);
  const uniform = Math.log2(program.vocab.length);
  assert.ok(Math.abs(before.bitsPerChar - uniform) < 1, `${before.bitsPerChar} against ${uniform}`);
  assert.ok(after.bitsPerChar < before.bitsPerChar - 0.2, `${after.bitsPerChar} after ${before.bitsPerChar}`);
});

test("samples repeat with their seed and differ with another", async () => {
  const program = tinyProgram();
  const trainer = await openTrainer(program, tinyCorpus);
  const checkpoint = await trainer.exportState();
  await trainer.close();
  const draw = (fill: number) =>
    sampleText(program, checkpoint, {
      prompt: tinyCorpus.subarray(0, 2),
      count: 30,
      seed: new Uint8Array(32).fill(fill),
    });
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  assert.throws(() => sampleText(program, checkpoint, { prompt: new Uint8Array(), count: 0, seed }), /count is 0/);
  assert.throws(() => sampleText(program, checkpoint, { prompt: Uint8Array.of(1), count: 1, seed }), /byte 1 at 0/);
});

test("Witten–Bell by hand: three tokens, one of context", () => {
  // Training text 0 1 0 1 0 0: unigrams 0 four times, 1 twice; after 0: 1 twice, 0 once; after 1: 0 twice.
  const tokens = Uint8Array.of(0, 1, 0, 1, 0, 0, 1);
  const model = trainNGram(tokens, 6, 1, 3);
  const unigram = (2 + 2 / 3) / (6 + 2);
  const want = -Math.log2((2 + 2 * unigram) / (3 + 2));
  assert.ok(Math.abs(nGramBits(model, tokens, Uint32Array.of(6)) - want) < 1e-12);
});

test("held-out positions stay in the held-out part and are bounded", () => {
  const program = tinyProgram();
  const positions = heldOutPositions(program, 1000);
  assert.equal(positions.length, 123);
  assert.equal(positions[0], 1134 + 3);
  assert.equal(positions.at(-1), 1259);
  assert.throws(() => heldOutPositions(program, 0), /positions is 0/);
  assert.throws(() => heldOutPositions(program, 1e9), /positions is 1000000000/);
});
