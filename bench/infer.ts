// Inference: tokens per second of the story model and of a llama of 110 million random weights, the latter against llama.cpp
// in fp32 on one thread each, same weights, same prompts, greedy; eight sequences together against one. Rates are per second
// of this process's CPU time (the engine's thread and the caller's; llama.cpp's thread and its caller's): with one thread
// computing at a time that is a free machine's wall clock, and a busy machine changes it little. Rounds are interleaved; values are medians.

import type { GptWeights } from "../packages/tensor/src/formats/readLlama2cCheckpoint.ts";
import {
  storiesMissing,
  storiesModel,
  storiesText,
  storiesVocabulary,
} from "../packages/tensor/src/formats/storiesFixture.ts";
import { elementCount } from "../packages/tensor/src/graph/Graph.ts";
import { type Engine, openEngine } from "../packages/tensor/src/infer/Engine.ts";
import { type GptConfig, gpt } from "../packages/tensor/src/models/gpt.ts";
import { fromBits } from "../packages/tensor/src/recipes.ts";
import type { Llama2cTokenizer } from "../packages/tensor/src/tokenizers/llama2cTokenizer.ts";
import { decode } from "../packages/tensor/src/tokenizers/Tokenizer.ts";
import { openTokenizer } from "../packages/tensor/src/tokenizers/tokenizers.ts";
import { type LlamaCpp, openLlamaCpp } from "./inferPeers.ts";
import { type Bench, type Figure, figure, mustHold, quantile, ratioFigure } from "./report.ts";

const ROUNDS = 9;
const TOKENS = 24;
const PROMPT_TOKENS = 256;
/** What the engine and the peer have room for. */
const CONTEXT = 320;
const TOGETHER = 8;
const STORY_TOKENS = 200;
const STORIES = 4;

const LLAMA: GptConfig = {
  kind: "gpt",
  vocab: 32_000,
  context: 1024,
  dim: 768,
  layers: 12,
  heads: 12,
  kvHeads: 12,
  hidden: 2048,
  tiedHead: true,
  normEpsilonNano: 10_000,
  ropeTheta: 10_000,
};
/** Unknown, begin, end and the bytes come before the pieces. */
const PIECES = LLAMA.vocab - 259;

export const bench: Bench = {
  name: "infer",
  about: "tokens per second of stories260K and of a 110M llama in fp32, against llama.cpp with one thread each",
  run: measure,
};

const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Tokens per second of the process's CPU time. */
async function rate(tokens: number, run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (tokens * 1e6) / (user + system);
}

async function read(engine: Engine, prompt: readonly number[], maxTokens: number): Promise<number[]> {
  const tokens: number[] = [];
  for await (const token of engine.generate({ prompt, maxTokens, temperatureMilli: 0 })) tokens.push(token);
  return tokens;
}

/** Weights of the size that a training starts with, from a fixed sequence. */
function randomLlama(): GptWeights {
  let state = 110;
  const tensors = gpt.parameters(LLAMA).map(({ name, shape, start }) => {
    const data = new Float32Array(elementCount(shape));
    const bound = fromBits(start.word);
    if (start.kind === "fill") return { name, dtype: "f32" as const, shape, data: data.fill(bound) };
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      data[i] = ((state >>> 8) * 2 ** -23 - 1) * bound;
    }
    return { name, dtype: "f32" as const, shape, data };
  });
  return { config: LLAMA, tensors };
}

/** A vocabulary of as many tokens, which nothing here encodes with. */
function vocabulary(): Llama2cTokenizer {
  const pieces = Array.from({ length: PIECES }, (_, i) => Buffer.from(`t${i}`).toString("hex"));
  return { kind: "llama2c", pieces, scores: Array(PIECES).fill(0) };
}

async function* stories(): AsyncGenerator<Figure> {
  if (storiesMissing) throw new Error("the story model is missing: set WEFT_DATA to the folder of test inputs");
  const engine = await openEngine(storiesModel(), { slots: 1 });
  const tokenizer = openTokenizer(storiesVocabulary());
  const tell = () => read(engine, [tokenizer.begin!], STORY_TOKENS);
  const text = new TextDecoder().decode(decode(tokenizer, [tokenizer.begin!, ...(await tell())]));
  mustHold(text === storiesText(), "stories260K says its expected text");
  const rates: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const measured = await rate(STORIES * STORY_TOKENS, async () => {
      for (let i = 0; i < STORIES; i++) await tell();
    });
    // The first round warms caches and compilers up.
    if (round >= 0) rates.push(measured);
  }
  yield figure("infer.tokens_per_second_260k", { value: median(rates), unit: "tokens/s" });
  await engine.close();
}

const CONTENDERS = ["decode", "peerDecode", "prefill", "peerPrefill", "batch"] as const;
type Rates = Record<(typeof CONTENDERS)[number], number[]>;

async function race(engine: Engine, peer: LlamaCpp, prompt: readonly number[]): Promise<Rates> {
  const rates: Rates = { decode: [], peerDecode: [], prefill: [], peerPrefill: [], batch: [] };
  const begin = prompt.slice(0, 1);
  const together = () =>
    Promise.all(Array.from({ length: TOGETHER }, (_, i) => read(engine, prompt.slice(i, i + 1), TOKENS)));
  for (let round = -1; round < ROUNDS; round++) {
    const measured = {
      decode: await rate(TOKENS, () => read(engine, begin, TOKENS)),
      peerDecode: await rate(TOKENS, () => peer.generate(begin, TOKENS)),
      prefill: await rate(PROMPT_TOKENS, () => read(engine, prompt, 1)),
      peerPrefill: await rate(PROMPT_TOKENS, () => peer.generate(prompt, 1)),
      batch: await rate(TOGETHER * TOKENS, together),
    };
    if (round >= 0) for (const name of CONTENDERS) rates[name].push(measured[name]);
  }
  return rates;
}

/** Sums in another order may end in other tokens some day; not in the first ones. */
async function checkAgreement(engine: Engine, peer: LlamaCpp, prompt: readonly number[]): Promise<void> {
  for (const length of [1, PROMPT_TOKENS]) {
    const [own] = await read(engine, prompt.slice(0, length), 1);
    const [theirs] = await peer.generate(prompt.slice(0, length), 1);
    mustHold(own === theirs, `llama.cpp goes on after ${length} tokens with ${theirs}, the engine with ${own}`);
  }
}

async function* llama(): AsyncGenerator<Figure> {
  const model = randomLlama();
  const engine = await openEngine(model, { slots: TOGETHER, context: CONTEXT });
  const peer = await openLlamaCpp(model, { tokenizer: vocabulary(), context: CONTEXT });
  try {
    const prompt = Array.from({ length: PROMPT_TOKENS }, (_, i) => (i * 7919 + 1) % LLAMA.vocab);
    await checkAgreement(engine, peer, prompt);
    const rates = await race(engine, peer, prompt);
    const rateOf = (name: keyof Rates) => median(rates[name]);
    const ratio = (name: keyof Rates, to: keyof Rates) =>
      median(rates[name].map((own, round) => own / rates[to][round]!));
    yield figure("infer.tokens_per_second_110m", { value: rateOf("decode"), unit: "tokens/s" });
    yield ratioFigure("infer.vs_llamacpp", ratio("decode", "peerDecode"), {
      peer: `${peer.name}, tokens/s`,
      peerValue: rateOf("peerDecode"),
      atLeast: 0.5,
    });
    yield figure("infer.prefill_tokens_per_second_110m", { value: rateOf("prefill"), unit: "tokens/s" });
    yield ratioFigure("infer.prefill_vs_llamacpp", ratio("prefill", "peerPrefill"), {
      peer: `${peer.name}, tokens/s`,
      peerValue: rateOf("peerPrefill"),
    });
    yield ratioFigure("infer.batch_gain", ratio("batch", "decode"), {
      peer: `one sequence alone, ${TOGETHER} together, tokens/s`,
      peerValue: rateOf("decode"),
    });
  } finally {
    await Promise.all([engine.close(), peer.close()]);
  }
}

async function* measure(): AsyncGenerator<Figure> {
  yield* stories();
  yield* llama();
}
