// Learning on tiny-shakespeare with version 2: the quick GPT passes the one-character n-gram in seconds; the
// baselines reproduce the known figures; samples repeat.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { nGramBits, trainNGram } from "../NGram.ts";
import { trainBpe } from "../tokenizers/trainBpe.ts";
import { evaluate, evaluateNGrams } from "./evaluate.ts";
import { heldOut } from "./heldOut.ts";
import { createTrainProgram, openProgram } from "./Program.ts";
import { trainPresets } from "./presets.ts";
import { runSegment } from "./runSegment.ts";
import { sampleText } from "./sampleText.ts";
import { openTrainer } from "./Trainer.ts";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "./tinyTrainProgram.ts";

const dataFolder = resolve(process.env["WEFT_DATA"] ?? join(import.meta.dirname, "../../../../../shared/data"));
const path = join(dataFolder, "ml", "tinyshakespeare", "input.txt");
const skip = existsSync(path) ? false : "data: tinyshakespeare";
const seed = new Uint8Array(32).fill(3);

async function trained(program: Parameters<typeof openTrainer>[0], corpus: Uint8Array, steps: number) {
  const trainer = await openTrainer(program, corpus);
  const before = await trainer.exportState();
  const { checkpoint, losses } = await runSegment(trainer, { firstStep: 0, lastStep: steps - 1, stepsPerMessage: 50 });
  await trainer.close();
  return { before, checkpoint, losses };
}

test("tiny-shakespeare: n-gram baselines reproduce the known figures", { skip }, () => {
  const corpus = readFileSync(path);
  const program = createTrainProgram(trainPresets.quick, { corpus, seed });
  const part = heldOut(openProgram(program), corpus, 100_000);
  const [one, two] = evaluateNGrams(part, [1, 2]) as [number, number];
  assert.ok(Math.abs(one - 3.59) < 0.02, `one character of context: ${one}`);
  assert.ok(Math.abs(two - 2.96) < 0.02, `two characters of context: ${two}`);
});

test("Witten–Bell by hand: three tokens, one of context", () => {
  // Training text 0 1 0 1 0 0: unigrams 0 four times, 1 twice; after 0: 1 twice, 0 once; after 1: 0 twice.
  const tokens = Uint8Array.of(0, 1, 0, 1, 0, 0, 1);
  const model = trainNGram(tokens, 6, 1, 3);
  const unigram = (2 + 2 / 3) / (6 + 2);
  const want = -Math.log2((2 + 2 * unigram) / (3 + 2));
  assert.ok(Math.abs(nGramBits(model, tokens, Uint32Array.of(6)) - want) < 1e-12);
});

test("tiny-shakespeare: the quick preset passes the one-character n-gram", { skip }, async () => {
  const corpus = readFileSync(path);
  const program = createTrainProgram(trainPresets.quick, { corpus, seed });
  const { checkpoint, losses } = await trained(program, corpus, program.totalSteps);
  const part = heldOut(openProgram(program), corpus);
  const { bitsPerChar, characters, nextStep } = await evaluate(part, checkpoint);
  const [baseline] = evaluateNGrams(part, [1]) as [number];
  assert.equal(characters, 8192);
  assert.equal(nextStep, program.totalSteps);
  assert.ok(Math.abs(baseline - 3.59) < 0.05, `one character of context: ${baseline}`);
  assert.ok(losses[0]! > 4 && bitsPerChar < baseline - 0.2, `${bitsPerChar} bits against ${baseline}`);
});

/** What is drawn after 24 steps with a seed of ones, on any machine. */
const samples = { gpt: "ek ,ttr.;kk l.kk,s,.kuronenrns", mlp: "dk,.usn.dnl k ol t,dounnecnokr" } as const;

for (const [name, changes] of Object.entries({ gpt: {}, mlp: { model: tinyMlpModel, batch: 19 } }))
  test(`${name}: untrained near log2 of the vocabulary, below it after a few steps, samples repeat`, async () => {
    const program = tinyTrainProgram(changes);
    const { before, checkpoint } = await trained(program, tinyCorpus, 24);
    const open = openProgram(program);
    const part = heldOut(open, tinyCorpus);
    const first = await evaluate(part, before);
    const last = await evaluate(part, checkpoint);
    const uniform = Math.log2(program.model.vocab);
    assert.ok(Math.abs(first.bitsPerChar - uniform) < 1, `${first.bitsPerChar} against ${uniform}`);
    assert.ok(last.bitsPerChar < first.bitsPerChar - 0.2, `${last.bitsPerChar} after ${first.bitsPerChar}`);
    const draw = (fill: number, more = {}) => {
      const prompt = tinyCorpus.subarray(0, 9);
      return sampleText(open, checkpoint, { prompt, count: 30, seed: new Uint8Array(32).fill(fill), ...more });
    };
    const pieces: Uint8Array[] = [];
    const text = await draw(1, { onPiece: (piece: Uint8Array) => pieces.push(piece) });
    assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), text);
    assert.equal(new TextDecoder().decode(text), samples[name as keyof typeof samples]);
    assert.deepEqual(await draw(1), text);
    assert.notDeepEqual(await draw(2), text);
    assert.deepEqual(await draw(1, { temperatureMilli: 1 }), await draw(2, { temperatureMilli: 1 }), "greedy");
    await assert.rejects(draw(1, { count: 0 }), { code: "tensor.bad-option", message: /count is 0/ });
    await assert.rejects(draw(1, { prompt: Uint8Array.of(1) }), { code: "tensor.bad-text" });
  });

test("a sample of a model that predicts at every position sees the whole prompt and nothing after it", async () => {
  const program = tinyTrainProgram();
  const trainer = await openTrainer(program, tinyCorpus);
  const checkpoint = await trainer.exportState();
  await trainer.close();
  const open = openProgram(program);
  const next = (prompt: Uint8Array) => sampleText(open, checkpoint, { prompt, count: 1, seed, temperatureMilli: 1 });
  // Longer than the context: only its end counts.
  const long = tinyCorpus.subarray(0, 40);
  assert.deepEqual(await next(long), await next(long.slice(-program.model.context)));
  const answers = await Promise.all([1, 2, 3, 4, 5].map((length) => next(tinyCorpus.subarray(0, length))));
  assert.ok(new Set(answers.map(String)).size > 1);
});

test("byte pairs: characters are counted in bytes, the baseline sees the same bytes", async () => {
  const tokenizer = trainBpe(tinyCorpus, { vocab: 60, alphabet: "corpus" });
  const program = createTrainProgram(
    { ...trainPresets.quick, ...tinyPreset() },
    { corpus: tinyCorpus, seed, tokenizer },
  );
  const open = openProgram(program);
  assert.equal(program.model.vocab, open.tokenizer.vocab);
  const part = heldOut(open, tinyCorpus, 20);
  const { starts, counted, bytePositions, tokens, context } = part;
  const bytes = starts.flatMap((start) => {
    const from = start + context - counted + 1;
    return Array.from(tokens.subarray(from, from + counted)).flatMap((token) =>
      Array.from(open.tokenizer.piece(token)),
    );
  });
  assert.deepEqual(
    Array.from(bytePositions, (at) => tinyCorpus[at]),
    bytes,
  );
  const { checkpoint } = await trained(program, tinyCorpus, 2);
  const { bitsPerChar, characters } = await evaluate(part, checkpoint);
  assert.equal(characters, bytes.length);
  assert.ok(bitsPerChar > 0 && bitsPerChar < Math.log2(program.model.vocab) + 1);
  const [baseline] = evaluateNGrams(part, [1]) as [number];
  assert.ok(baseline < 5);
  assert.deepEqual(evaluateNGrams(part, [2, 0, 1])[2], baseline, "counted with longer contexts");
});

function tinyPreset() {
  const { batch, model, totalSteps, schedule } = tinyTrainProgram();
  return { batch, model, totalSteps, schedule };
}

test("held-out windows stay in the held-out part, do not repeat predictions, and are bounded", () => {
  const open = openProgram(tinyTrainProgram());
  const { bytePositions, starts, counted } = heldOut(open, tinyCorpus, 1000);
  assert.equal(counted, 3);
  assert.ok(bytePositions[0]! > 1134 + 2 && bytePositions.at(-1)! <= 1259);
  assert.equal(new Set(bytePositions).size, starts.length * counted);
  assert.throws(() => heldOut(open, tinyCorpus, 0), /positions is 0/);
  assert.throws(() => heldOut(open, tinyCorpus, 1e9), /positions is 1000000000/);
  const none = openProgram(tinyTrainProgram({ split: { heldOutPpm: 0 } }));
  assert.throws(() => heldOut(none, tinyCorpus, 5), {
    code: "tensor.bad-option",
    message: /held-out part has 0 tokens/,
  });
});
