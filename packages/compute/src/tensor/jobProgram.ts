// From what a job file says about a program, and a corpus, to the training program itself: the one place where presets
// are filled in, for a gateway that places the job and for a training on one's own machine alike. Pure.
import { WeftError } from "@weft/protocol/Errors";
import type { JobFile } from "@weft/protocol/JobFile";
import type { JobProgram } from "@weft/protocol/jobProgram";
import { seedFromNumber } from "@weft/tensor/seedFromNumber";
import { createByteTokenizer } from "@weft/tensor/tokenizers/byteTokenizer";
import { openTokenizer, type TokenizerData } from "@weft/tensor/tokenizers/tokenizers";
import { trainBpe } from "@weft/tensor/tokenizers/trainBpe";
import type { OptimiserConfig } from "@weft/tensor/train/optimisers";
import {
  createTrainProgram,
  type LanguageModel,
  openProgram,
  type TrainPreset,
  type TrainProgram,
  trainingBytesOf,
} from "@weft/tensor/train/Program";
import { trainPresets } from "@weft/tensor/train/presets";
import { stepWork } from "@weft/tensor/train/stepWork";
import { neededMemory } from "@weft/tensor/train/Trainer";
import { processBytes } from "./memory.ts";

export interface Machine {
  /** fp32 speed that the estimate of a segment's length goes by; 20 by default, a common one of one thread. */
  gflops?: number | undefined;
}

/** fp32 speed that a job file asks of a unit, GFLOP/s; undefined for any. */
export const statedSpeed = ({ resources }: Pick<JobFile, "resources">): number | undefined =>
  resources.fp32Gflops || undefined;

type PresetModel = TrainPreset["model"];
type Gpt = Extract<PresetModel, { kind: "gpt" }>;

const USUAL_GFLOPS = 20;
/** Most bytes that a tokenizer is trained on: the first of the training part. */
const MOST_TOKENIZER_BYTES = 2 ** 24;
const MOST_STEPS_PER_SEGMENT = 65_536;

/** The hidden units of a llama: 8/3 of the width, in fours. */
const usualHidden = (dim: number): number => 4 * Math.ceil((2 * dim) / 3);

const MODELS: {
  readonly [K in LanguageModel["kind"]]: (base: Gpt, wanted: NonNullable<JobProgram["model"]>) => PresetModel;
} = {
  gpt(base, { context = base.context, dim = base.dim, layers = base.layers, heads = base.heads, ...wanted }) {
    const { kvHeads = heads, hidden = usualHidden(dim), tiedHead = base.tiedHead } = wanted;
    return { ...base, context, dim, layers, heads, kvHeads, hidden, tiedHead };
  },
  mlp: (_, { context = 8, dim = 24, hidden = 256 }) => ({ kind: "mlp", context, embedding: dim, hidden }),
};

const ADAMW = trainPresets.main.optimiser as Extract<OptimiserConfig, { kind: "adamw" }>;

const OPTIMISERS: {
  readonly [K in OptimiserConfig["kind"]]: (wanted: NonNullable<JobProgram["optimiser"]>) => OptimiserConfig;
} = {
  adamw: ({ beta1, beta2, epsilon, weightDecay }) => ({
    kind: "adamw",
    beta1Ppm: beta1 ?? ADAMW.beta1Ppm,
    beta2Ppm: beta2 ?? ADAMW.beta2Ppm,
    epsilonNano: epsilon ?? ADAMW.epsilonNano,
    weightDecayPpm: weightDecay ?? ADAMW.weightDecayPpm,
  }),
  sgd: ({ momentum }) => ({ kind: "sgd", momentumPpm: momentum ?? 900_000 }),
};

/**
 * The preset with the file's changes; its segments are those of `stepsPerSegment`, or as long as `checkpointEvery` says on
 * the machine.
 * @param vocab tokens of the vocabulary, for that estimate; 256 where it is not known
 * @throws WeftError `program.schedule`
 */
export function presetOf(wanted: JobProgram, { vocab = 256, gflops }: Machine & { vocab?: number } = {}): TrainPreset {
  const base = trainPresets[wanted.preset];
  const totalSteps = wanted.steps ?? base.totalSteps;
  const model = MODELS[wanted.model?.kind ?? "gpt"](base.model as Gpt, wanted.model ?? {});
  const preset: TrainPreset = {
    model,
    batch: wanted.batch ?? base.batch,
    accumulate: wanted.accumulate ?? base.accumulate,
    clipMilli: wanted.clip ?? base.clipMilli,
    optimiser: OPTIMISERS[wanted.optimiser?.kind ?? "adamw"](wanted.optimiser ?? {}),
    schedule: scheduleOf(wanted, base.schedule, totalSteps),
    totalSteps,
    stepsPerSegment: Math.min(wanted.stepsPerSegment ?? base.stepsPerSegment, totalSteps),
    split: base.split,
  };
  if (wanted.checkpointEvery === undefined) return preset;
  const operations = wanted.checkpointEvery * (gflops ?? USUAL_GFLOPS) * 1e9;
  const steps = Math.round(operations / workOf(preset, vocab));
  return { ...preset, stepsPerSegment: Math.max(1, Math.min(steps, totalSteps, MOST_STEPS_PER_SEGMENT)) };
}

/** @throws WeftError `program.schedule` for one that learns nothing, or never reaches the rate that was asked for */
function scheduleOf(wanted: JobProgram, base: TrainPreset["schedule"], totalSteps: number): TrainPreset["schedule"] {
  const refuse = (problem: string, remedy: string): never => {
    throw new WeftError(problem, { code: "program.schedule", remedy });
  };
  const { learningRate: rateNano = base.rateNano, warmupSteps = Math.min(base.warmupSteps, totalSteps) } = wanted;
  if (rateNano === 0) refuse("program.learningRate is 0: nothing would be learnt", "leave it out for the preset's");
  if (warmupSteps > totalSteps)
    refuse(
      `program.warmupSteps is ${warmupSteps}, and the training has ${totalSteps} steps`,
      "shorten the warm-up, or train longer",
    );
  return { ...base, rateNano, finalRateNano: Math.min(base.finalRateNano, rateNano), warmupSteps };
}

/** fp32 operations of one step of a preset with a vocabulary. */
export function workOf(preset: TrainPreset, vocab: number): number {
  return stepWork({ ...preset.model, vocab } as LanguageModel, preset);
}

/** Bytes that the program takes while it trains on one thread, the process around it included. */
export function memoryOf(program: TrainProgram): number {
  return neededMemory(openProgram(program), 1) + processBytes + program.corpusBytes;
}

/**
 * Trained on the training part alone, so that held-out text stays unseen; undefined for one token per byte. Every vocabulary
 * has an end mark: llama.cpp takes no model without one.
 */
function tokenizerOf({ tokenizer }: JobProgram, corpus: Uint8Array, preset: TrainPreset): TokenizerData | undefined {
  if (tokenizer === "bytes") return undefined;
  const bytes = trainingBytesOf({ corpusBytes: corpus.length, split: preset.split });
  return trainBpe(corpus.subarray(0, Math.min(bytes, MOST_TOKENIZER_BYTES)), { vocab: tokenizer.vocab, end: true });
}

/** @throws WeftError `program.text` when the training or the held-out part is no longer than the context */
function checkText(program: TrainProgram, corpus: Uint8Array): void {
  const tokenizer = openTokenizer(program.tokenizer);
  const cut = trainingBytesOf(program);
  for (const part of [corpus.subarray(0, cut), corpus.subarray(cut)]) {
    // No token is empty: a short part is short in any vocabulary.
    const tokens = part.length <= program.model.context ? part.length : tokenizer.encode(part).length;
    if (tokens > program.model.context) continue;
    throw new WeftError(
      `the text has ${corpus.length} bytes, of which ${corpus.length - cut} are held out; one part has ${tokens} tokens and the context is ${program.model.context}`,
      { code: "program.text", remedy: "use a longer text, or a smaller program.model.context" },
    );
  }
}

/**
 * The program of a job file over its corpus. A pure function: the same file, corpus and speed give the same program.
 * @throws TensorError `bad-program`, `bad-tokenizer`; WeftError `program.schedule`, `program.text` when the text is too short for it
 */
export function createJobProgram(wanted: JobProgram, options: Machine & { corpus: Uint8Array }): TrainProgram {
  const { corpus, gflops } = options;
  const tokenizer = tokenizerOf(wanted, corpus, presetOf(wanted)) ?? createByteTokenizer({ corpus, end: true });
  const preset = presetOf(wanted, { vocab: openTokenizer(tokenizer).vocab, gflops });
  const program = createTrainProgram(preset, { corpus, seed: seedFromNumber(wanted.seed), tokenizer });
  checkText(program, corpus);
  return program;
}
