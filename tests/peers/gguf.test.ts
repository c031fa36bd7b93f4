// GGUF files written here, loaded by llama.cpp (through node-llama-cpp): it says the text that llama2.c says, cuts text
// into the same tokens, and goes on greedily as the reference does.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { GgufWeightType } from "@weft/tensor/formats/gguf/blocks";
import { writeGptGguf } from "@weft/tensor/formats/gguf/gptGguf";
import { continueGreedily, smallModel } from "@weft/tensor/formats/gptFixture";
import type { GptWeights } from "@weft/tensor/formats/readLlama2cCheckpoint";
import { storiesMissing, storiesModel, storiesText, storiesVocabulary } from "@weft/tensor/formats/storiesFixture";
import { createByteTokenizer } from "@weft/tensor/tokenizers/byteTokenizer";
import { openTokenizer, type TokenizerData } from "@weft/tensor/tokenizers/tokenizers";
import { trainBpe } from "@weft/tensor/tokenizers/trainBpe";
import { importPeer } from "../../tools/peers.ts";

type Sequence = { evaluate(tokens: number[], options: { temperature: number }): AsyncIterable<number> };
type Context = { getSequence(): Sequence; dispose(): Promise<void> };
type Model = {
  tokens: { bos: number; eos: number };
  tokenize(text: string, special: boolean): number[];
  detokenize(tokens: readonly number[]): string;
  createContext(options: object): Promise<Context>;
  dispose(): Promise<void>;
};
type Llama = { loadModel(options: { modelPath: string }): Promise<Model>; dispose(): Promise<void> };
type NodeLlamaCpp = { getLlama(options: object): Promise<Llama>; LlamaLogLevel: { error: unknown } };

let llama: Llama;
let folder: string;
let files = 0;

before(async () => {
  const { getLlama, LlamaLogLevel } = await importPeer<NodeLlamaCpp>("node-llama-cpp");
  llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });
  folder = mkdtempSync(join(tmpdir(), "weft-gguf-"));
});
after(async () => {
  await llama.dispose();
  rmSync(folder, { recursive: true });
});

type Written = { readonly model: GptWeights; readonly tokenizer: TokenizerData; readonly type: GgufWeightType };

/** Loads a written model, uses it, and gives it back. */
async function withModel<T>({ model, tokenizer, type }: Written, use: (loaded: Model) => Promise<T> | T): Promise<T> {
  const modelPath = join(folder, `${files++}.gguf`);
  writeFileSync(modelPath, writeGptGguf(model, { tokenizer, type }));
  const loaded = await llama.loadModel({ modelPath });
  try {
    return await use(loaded);
  } finally {
    await loaded.dispose();
  }
}

/** Tokens that follow a prompt greedily; fewer when the end mark comes. */
async function answer(loaded: Model, prompt: number[], count: number): Promise<number[]> {
  const context = await loaded.createContext({ contextSize: prompt.length + count, threads: 1 });
  const tokens: number[] = [];
  for await (const token of context.getSequence().evaluate(prompt, { temperature: 0 })) {
    tokens.push(token);
    if (tokens.length >= count) break;
  }
  await context.dispose();
  return tokens;
}

const stories = () => ({ model: storiesModel(), tokenizer: storiesVocabulary() });

for (const type of ["f32", "f16"] as const)
  test(`stories260K: llama.cpp says the expected text from the ${type} file`, { skip: storiesMissing }, async () => {
    const text = await withModel({ ...stories(), type }, async (loaded) => {
      return loaded.detokenize(await answer(loaded, [loaded.tokens.bos], 200));
    });
    assert.equal(text.trimStart(), storiesText());
  });

test("stories260K: llama.cpp answers from the q8_0 file", { skip: storiesMissing }, async () => {
  const text = await withModel({ ...stories(), type: "q8_0" }, async (loaded) => {
    return loaded.detokenize(await answer(loaded, [loaded.tokens.bos], 40));
  });
  assert.ok(storiesText().startsWith(text.trimStart()) && text.length > 80, text);
});

test("stories260K: llama.cpp cuts text into the same tokens", { skip: storiesMissing }, async () => {
  const { model, tokenizer } = stories();
  const text = `${storiesText()}  Zoë said: 漢字?\n`;
  const found = await withModel({ model, tokenizer, type: "f32" }, (loaded) => loaded.tokenize(text, false));
  assert.deepEqual(found, [...openTokenizer(tokenizer).encode(new TextEncoder().encode(text))]);
});

const TEXT = [
  "it's  12 34  \n\n x 1  2   don't I'll we've 'tis ''s a\t\tb \r\n.  ,,'; (a) --'re 3'm\n",
  "The cat that sat on the mat, that's the cat there; the other cats were at the theatre.\n\n\n",
  "  one two  three   four\n five!?  (six) [seven] 2024-11-21 x=3.1415;  \u0001\u007f\n \n  \t end ",
].join("");
const bytes = new TextEncoder().encode(TEXT);
const vocabularies: Record<string, TokenizerData> = {
  "byte pairs": trainBpe(bytes, { vocab: 320 }),
  "byte pairs over the bytes of a corpus": trainBpe(bytes, { vocab: 90, alphabet: "corpus" }),
  "all bytes": createByteTokenizer(),
  "all bytes without an end mark": createByteTokenizer({ end: false }),
  "the bytes of a corpus": createByteTokenizer({ corpus: bytes }),
};

for (const [name, tokenizer] of Object.entries(vocabularies))
  test(`${name}: llama.cpp cuts text into the same tokens and goes on as the reference does`, async () => {
    const opened = openTokenizer(tokenizer);
    const model = smallModel(opened.vocab, name !== "all bytes");
    const prompt = opened.encode(bytes).slice(0, 12);
    await withModel({ model, tokenizer, type: "f32" }, async (loaded) => {
      assert.deepEqual(loaded.tokenize(TEXT, false), [...opened.encode(bytes)]);
      assert.equal(loaded.detokenize([...opened.encode(bytes)]), TEXT);
      if (opened.end !== undefined) assert.equal(loaded.tokens.eos, opened.end);
      assert.deepEqual(await answer(loaded, [...prompt], 8), continueGreedily(model, prompt, 8));
    });
  });
