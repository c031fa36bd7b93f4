// Every way a model is kept reads back as the same model, and what is none is refused by name.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dataRoot } from "../../../../tools/skips.ts";
import { writeGptGguf } from "../formats/gguf/gptGguf.ts";
import { forward, smallModel } from "../formats/gptFixture.ts";
import type { NamedValue } from "../formats/NamedValue.ts";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../formats/Safetensors.ts";
import { storiesMissing, storiesModel, storiesVocabulary } from "../formats/storiesFixture.ts";
import { TensorError } from "../TensorError.ts";
import { createByteTokenizer } from "../tokenizers/byteTokenizer.ts";
import { encodeCheckpoint } from "../train/Checkpoint.ts";
import { openProgram } from "../train/Program.ts";
import { startState } from "../train/startState.ts";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "../train/tinyTrainProgram.ts";
import { evaluateText } from "./evaluateText.ts";
import { readModel } from "./readModel.ts";
import { reorderRotary } from "./rotaryOrder.ts";
import type { SavedModel } from "./SavedModel.ts";
import { writeModel } from "./writeModel.ts";

const tokenizer = createByteTokenizer({ corpus: tinyCorpus, end: true });
const vocab = tokenizer.bytes.length + 1;
const saved = (tied = true): SavedModel => ({ ...smallModel(vocab, tied), tokenizer });

function checkpointOf(changes: Parameters<typeof tinyTrainProgram>[0] = {}) {
  const open = openProgram(tinyTrainProgram(changes));
  const state = startState(new Uint8Array(32).fill(1), open.step.state);
  return { open, state, bytes: encodeCheckpoint(open, { nextStep: 3, state }) };
}

test("a training checkpoint is a model: its parameters, its tokenizer, how it was trained", () => {
  const { open, state, bytes } = checkpointOf();
  const { config, tensors, tokenizer: found, training } = readModel(bytes);
  assert.deepEqual(config, open.program.model);
  assert.deepEqual(found, open.program.tokenizer);
  assert.deepEqual(training, { program: open.program, nextStep: 3 });
  assert.deepEqual(
    tensors.map(({ name }) => name),
    open.step.parameters.map(({ name }) => name),
  );
  for (const { name, data } of tensors) assert.deepEqual(data, state[name]!.data);
});

for (const tied of [true, false])
  test(`a model file reads back as the same bits, ${tied ? "tied" : "free"} head; equal models have equal files`, () => {
    const model = saved(tied);
    const bytes = writeModel(model);
    assert.deepEqual(readModel(bytes), model);
    assert.deepEqual(writeModel(readModel(bytes)), bytes);
    assert.equal(readSafetensorsMetadata(bytes)["format"], "pt");
  });

test("stories260K: GGUF and a llama2.c checkpoint with its tokenizer are models too", { skip: storiesMissing }, () => {
  const model = saved();
  assert.deepEqual(readModel(writeGptGguf(model, { tokenizer, type: "f32" })), { ...model });
  const folder = join(dataRoot(), "ml", "stories260K");
  const bytes = readFileSync(join(folder, "stories260K.bin"));
  const stories = { ...storiesModel(), tokenizer: storiesVocabulary() };
  assert.deepEqual(readModel(bytes, stories), stories);
  assert.deepEqual(readModel(writeModel(stories)), stories);
  assert.throws(() => readModel(bytes), { code: "tensor.bad-model", message: /holds no tokenizer/ });
});

/** Rotary embedding of one head at a position, with pairs where `at` says. */
function turn(x: readonly number[], position: number, at: (pair: number) => [number, number]): number[] {
  const turned = [...x];
  for (let pair = 0; pair < x.length / 2; pair++) {
    const angle = position / 10_000 ** ((2 * pair) / x.length);
    const [i, j] = at(pair);
    turned[i] = x[i]! * Math.cos(angle) - x[j]! * Math.sin(angle);
    turned[j] = x[i]! * Math.sin(angle) + x[j]! * Math.cos(angle);
  }
  return turned;
}

test("rows for transformers: attention scores with halves are those with neighbours", () => {
  const { config, tensors } = smallModel(vocab);
  const width = config.dim / config.heads;
  const x = Array.from({ length: config.dim }, (_, i) => Math.sin(i + 1));
  const head = ({ data }: NamedValue, number: number) =>
    Array.from({ length: width }, (_, row) =>
      x.reduce(
        (sum, value, column) => sum + value * (data as Float32Array)[(number * width + row) * config.dim + column]!,
        0,
      ),
    );
  const score = (parts: NamedValue[], at: (pair: number) => [number, number]) => {
    const [q, k] = parts.map((part, i) => turn(head(part, 1), [5, 2][i]!, at)) as [number[], number[]];
    return q.reduce((sum, value, i) => sum + value * k[i]!, 0);
  };
  const ours = ["q", "k"].map(
    (part) => tensors.find(({ name }) => name === `model.layers.1.self_attn.${part}_proj.weight`)!,
  );
  const theirs = ours.map((tensor) => reorderRotary(tensor, config, "halves"));
  const wanted = score(ours, (pair) => [2 * pair, 2 * pair + 1]);
  const halves = (pair: number): [number, number] => [pair, pair + width / 2];
  assert.ok(Math.abs(score(theirs, halves) - wanted) < 1e-12);
  assert.ok(Math.abs(score(ours, halves) - wanted) > 1e-3, "without the other order it would be another model");
  const others = tensors.filter(({ name }) => !/[qk]_proj/.test(name));
  for (const tensor of others) assert.equal(reorderRotary(tensor, config, "halves"), tensor);
});

test("bits per character of a text are those of the reference's logits", async () => {
  const model = saved();
  const text = tinyCorpus.subarray(0, model.config.context + 5);
  const { bitsPerChar, characters, tokens } = await evaluateText(model, { text, positions: 1 });
  assert.deepEqual([characters, tokens], [32, 32]);
  const numbers = Int32Array.from(text, (byte) => tokenizer.bytes.indexOf(byte));
  const logits = forward(model, numbers.subarray(0, 64));
  let bits = 0;
  for (let at = 32; at < 64; at++) {
    const row = Array.from(logits.subarray(at * vocab, (at + 1) * vocab), (value) => Math.exp(value));
    bits -= Math.log2(row[numbers[at + 1]!]! / row.reduce((a, b) => a + b));
  }
  assert.ok(Math.abs(bitsPerChar - bits / 32) < 1e-9, `${bitsPerChar} against ${bits / 32}`);
  const refused = (options: { text: Uint8Array; positions: number }, code: string) =>
    assert.rejects(evaluateText(model, options), { code });
  await refused({ text: text.subarray(0, 64), positions: 1 }, "tensor.bad-text");
  await refused({ text: Uint8Array.from({ length: 99 }, () => 1), positions: 1 }, "tensor.bad-text");
  await refused({ text, positions: 0 }, "tensor.bad-option");
});

test("what is no model is refused by name, cut or bent anywhere it is read or refused", () => {
  const bytes = writeModel(saved());
  const { tensors } = readSafetensors(bytes);
  const bent = (weft: string) => writeSafetensors({ metadata: { weft }, tensors });
  const weft = readSafetensorsMetadata(bytes)["weft"]!;
  const refused: [Uint8Array, string, RegExp][] = [
    [new Uint8Array(), "tensor.bad-model", /neither GGUF, safetensors nor/],
    [new TextEncoder().encode("to be or not to be, that is the question"), "tensor.bad-model", /neither GGUF, safe/],
    [writeSafetensors({ metadata: {}, tensors }), "tensor.bad-model", /neither configuration nor tokenizer/],
    [bent("{"), "tensor.bad-model", /not the JSON of a model/],
    [bent("[]"), "tensor.bad-model", /not the JSON of a model/],
    [bent(weft.replace("weft-model/1", "weft-model/9")), "tensor.bad-model", /format is weft-model\/9/],
    [bent(weft.replace('"dim":32', '"dim":64')), "tensor.bad-model", /the model needs f32/],
    [bent(weft.replace(`"vocab":${vocab}`, '"vocab":9')), "tensor.bad-model", /the model 9/],
    [bent(weft.replace('"end":true', '"end":1')), "tensor.bad-tokenizer", /end is 1/],
    [writeSafetensors({ metadata: { weft }, tensors: tensors.slice(1) }), "tensor.bad-model", /is missing/],
    [checkpointOf({ model: tinyMlpModel }).bytes, "tensor.bad-model", /a model of kind mlp/],
  ];
  for (const [file, code, message] of refused) assert.throws(() => readModel(file), { code, message });
  for (let at = 0; at < 4000; at += 13) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1 << (at % 8);
    for (const file of [damaged, bytes.subarray(0, at)])
      try {
        readModel(file);
      } catch (error) {
        assert.ok(error instanceof TensorError, String(error));
      }
  }
  assert.throws(() => writeModel({ ...saved(), tensors: [] }), { code: "tensor.bad-model" });
  assert.throws(() => writeModel({ ...saved(), tokenizer: createByteTokenizer() }), { code: "tensor.bad-model" });
});
