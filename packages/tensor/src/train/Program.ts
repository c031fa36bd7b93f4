// A training program of version 2 as plain data (spec/tensor.md §7.7): model, tokenizer, optimiser, schedule, data, and the
// hash of the step graph that all of these expand to. Canonical JSON and SHA-256 give its identity. Integers only.
import { canonicalJson } from "../canonicalJson.ts";
import { graphHash } from "../graph/encodeGraph.ts";
import { elementCount } from "../graph/Graph.ts";
import { dataRoot } from "../HashLayout.ts";
import { checkConfig } from "../models/checkConfig.ts";
import { type ModelConfig, modelOf, validateModel } from "../models/models.ts";
import { fromHex32, sha256, toHex } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { createByteTokenizer } from "../tokenizers/byteTokenizer.ts";
import type { Tokenizer } from "../tokenizers/Tokenizer.ts";
import { openTokenizer, type TokenizerData, validateTokenizer } from "../tokenizers/tokenizers.ts";
import type { OptimiserConfig } from "./optimisers.ts";
import type { Schedule } from "./schedule.ts";
import { buildStepGraph, type StepGraph, stateOf } from "./stepGraph.ts";
import { type TrainingConfig, validateTraining } from "./TrainingConfig.ts";

/** Models that predict the next token of a text. */
export type LanguageModel = Extract<ModelConfig, { kind: "gpt" | "mlp" }>;

export type TrainProgram = {
  readonly kind: "train-lm";
  readonly version: 2;
  readonly numericsId: "fp32-seq-unfused";
  readonly model: LanguageModel;
  /** Its tokens are the first of the model's vocabulary. */
  readonly tokenizer: TokenizerData;
  /** Examples of one micro-batch, and micro-batches of one step. */
  readonly batch: number;
  readonly accumulate: number;
  readonly clipMilli: number;
  readonly optimiser: OptimiserConfig;
  readonly schedule: Schedule;
  readonly totalSteps: number;
  readonly stepsPerSegment: number;
  /** 32 bytes, 0x hex: start state and data order come from it. */
  readonly seed: `0x${string}`;
  readonly dataRoot: `0x${string}`;
  readonly corpusBytes: number;
  /** The last part of the corpus that training never reads. */
  readonly split: { readonly heldOutPpm: number };
  /** graphHash of the expanded step. */
  readonly stepGraph: `0x${string}`;
};

/** A checked program and its state, not expanded: what commitments and checkpoints need. */
export type ProgramOutline = {
  readonly program: TrainProgram;
  readonly hash: Uint8Array;
  readonly step: Pick<StepGraph, "state">;
};

/** A program checked and expanded. */
export type OpenProgram = ProgramOutline & {
  readonly tokenizer: Tokenizer;
  readonly step: StepGraph;
};

/** What a preset fixes; a program's vocabulary is its tokenizer's. */
export type TrainPreset = Pick<
  TrainProgram,
  ("batch" | "accumulate" | "clipMilli" | "optimiser" | "schedule") | ("totalSteps" | "stepsPerSegment" | "split")
> & {
  readonly model:
    | Omit<Extract<LanguageModel, { kind: "gpt" }>, "vocab">
    | Omit<Extract<LanguageModel, { kind: "mlp" }>, "vocab">;
};

const LIMITS = {
  totalSteps: [1, 10_000_000],
  stepsPerSegment: [1, 65_536],
  corpusBytes: [2, 2 ** 28],
} as const;
/** The rate's maximum keeps it exact in fp32 before the division by 1e9. */
const SCHEDULE_LIMITS = {
  rateNano: [0, 16_777_215],
  finalRateNano: [0, 16_777_215],
  warmupSteps: [0, 10_000_000],
} as const;
const SPLIT_LIMITS = { heldOutPpm: [0, 900_000] } as const;
const OTHERS = [
  ...["kind", "version", "numericsId", "model", "tokenizer", "batch", "accumulate", "clipMilli", "optimiser"],
  ...["schedule", "seed", "dataRoot", "split", "stepGraph"],
];
/** A BPE tokenizer of 65,536 tokens has about a megabyte of merges. */
const MOST_CHARACTERS = 4 * 2 ** 20;

function bad(message: string, remedy: string, cause?: unknown): never {
  throw new TensorError("bad-program", message, remedy, cause);
}

/** Checks untrusted data, fields and limits only. Throws TensorError `bad-program` naming the field and its limit. */
export function validateTrainProgram(value: unknown): TrainProgram {
  try {
    checkConfig("program", value, { limits: LIMITS, others: OTHERS });
    const program = value as TrainProgram;
    validateModel(program.model);
    validateTokenizer(program.tokenizer);
    validateTraining(trainingOf(program));
    checkConfig("schedule", program.schedule, { limits: SCHEDULE_LIMITS, others: ["kind"] });
    checkConfig("split", program.split, { limits: SPLIT_LIMITS, others: [] });
    checkTogether(program);
    return program;
  } catch (cause) {
    if (!(cause instanceof TensorError) || cause.code === "tensor.bad-program") throw cause;
    return bad(cause.message, cause.remedy ?? "correct the field", cause);
  }
}

function checkTogether(program: TrainProgram): void {
  const { kind, version, numericsId, model, schedule, totalSteps } = program;
  if (kind !== "train-lm" || version !== 2) bad("kind or version is unknown", 'use kind "train-lm", version 2');
  if (numericsId !== "fp32-seq-unfused") bad("numericsId has no kernel", "use fp32-seq-unfused");
  if (model.kind !== "gpt" && model.kind !== "mlp")
    bad("the model predicts no tokens", 'use model kind "gpt" or "mlp"');
  if (schedule.kind !== "linear" && schedule.kind !== "cosine")
    bad("schedule kind is unknown", 'use schedule "linear" or "cosine"');
  if (schedule.warmupSteps > totalSteps) bad("schedule.warmupSteps is above totalSteps", "shorten the warm-up");
  for (const field of ["seed", "dataRoot", "stepGraph"] as const) {
    // A list of one text would pass for that text.
    const text: unknown = program[field];
    fromHex32(typeof text === "string" ? text : "", field);
  }
}

/** How a program trains, without what. */
export function trainingOf({ batch, accumulate, clipMilli, optimiser }: TrainPreset | TrainProgram): TrainingConfig {
  return { batch, accumulate, clipMilli, optimiser };
}

/**
 * Checks a program, expands its step and compares the hash: what runs is what the program says. Throws TensorError
 * `bad-program`, `bad-graph`.
 */
export function openProgram(value: unknown): OpenProgram {
  const program = validateTrainProgram(value);
  const tokenizer = openTokenizer(program.tokenizer);
  if (tokenizer.vocab > program.model.vocab)
    bad(
      `the tokenizer has ${tokenizer.vocab} tokens and the model ${program.model.vocab}`,
      "give the model a vocabulary of at least as many",
    );
  const step = buildStepGraph(program.model, trainingOf(program));
  const expanded = toHex(graphHash(step.graph));
  if (expanded !== program.stepGraph)
    bad(
      `stepGraph is ${program.stepGraph} and the program expands to ${expanded}`,
      "use the hash of the expanded step",
    );
  return { program, hash: trainProgramHash(program), tokenizer, step };
}

/** Checks a program without expanding its step: costs as much as its state has tensors. Throws TensorError `bad-program`. */
export function outlineProgram(value: unknown): ProgramOutline {
  const program = validateTrainProgram(value);
  return { program, hash: trainProgramHash(program), step: { state: stateOf(program.model, program.optimiser) } };
}

/** Bytes [0, trainingBytes) are trained on, the rest is held out. */
export function trainingBytesOf({ corpusBytes, split }: Pick<TrainProgram, "corpusBytes" | "split">): number {
  return corpusBytes - Math.floor((corpusBytes * split.heldOutPpm) / 1_000_000);
}

/** Tokens that a step predicts. */
export function tokensPerStep({
  model,
  batch,
  accumulate,
}: Pick<TrainProgram, "model" | "batch" | "accumulate">): number {
  return elementCount(modelOf<ModelConfig>(model).batch(model, batch * accumulate).targets.shape);
}

export type ProgramOptions = {
  readonly corpus: Uint8Array;
  /** 32 bytes. */
  readonly seed: Uint8Array;
  /** Default: the bytes of the corpus, one token each. */
  readonly tokenizer?: TokenizerData;
};

/** A checked program for a corpus. Throws TensorError `bad-program`. */
export function createTrainProgram(preset: TrainPreset, { corpus, seed, tokenizer }: ProgramOptions): TrainProgram {
  if (corpus.length < 2) bad(`corpusBytes is ${corpus.length}`, "use a corpus of at least 2 bytes");
  const data = tokenizer ?? createByteTokenizer({ corpus, end: false });
  const model = { ...preset.model, vocab: Math.max(2, openTokenizer(data).vocab) } as LanguageModel;
  const { totalSteps, stepsPerSegment, optimiser, schedule, split } = preset;
  const draft = validateTrainProgram({
    kind: "train-lm",
    version: 2,
    numericsId: "fp32-seq-unfused",
    model,
    tokenizer: data,
    ...trainingOf(preset),
    optimiser: { ...optimiser },
    schedule: { ...schedule },
    totalSteps,
    stepsPerSegment,
    seed: toHex(seed),
    dataRoot: toHex(dataRoot(corpus)),
    corpusBytes: corpus.length,
    split: { ...split },
    stepGraph: `0x${"00".repeat(32)}`,
  });
  return { ...draft, stepGraph: toHex(graphHash(buildStepGraph(model, trainingOf(preset)).graph)) };
}

/** Canonical JSON text of a program; equal programs give equal text. */
export function encodeTrainProgram(program: TrainProgram): string {
  return canonicalJson(validateTrainProgram(program));
}

/** Parses text of at most 4 MiB. Throws TensorError `bad-program`. */
export function decodeTrainProgram(text: string): TrainProgram {
  if (text.length > MOST_CHARACTERS)
    bad(`the program has ${text.length} characters`, `keep it within ${MOST_CHARACTERS}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return bad("the program is not JSON", "pass what encodeTrainProgram returned", cause);
  }
  return validateTrainProgram(value);
}

/** SHA-256 of the canonical JSON, UTF-8; 32 bytes. */
export function trainProgramHash(program: TrainProgram): Uint8Array {
  return sha256(new TextEncoder().encode(encodeTrainProgram(program)));
}
