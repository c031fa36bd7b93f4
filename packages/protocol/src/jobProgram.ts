// The `program` of a job file: which model, how it is trained, in how large pieces. What is absent comes from the preset;
// what the whole becomes is decided where models are known (packages/compute, jobProgram).
import { z } from "zod";
import { duration, integer, scaled } from "./jobFields.ts";

const model = z.strictObject({
  kind: z.enum(["gpt", "mlp"]).optional().describe("gpt: a llama-style transformer, the default. mlp: one tanh layer."),
  context: integer(1, 4096).optional().describe("Tokens of context."),
  dim: integer(2, 4096).optional().describe("Floats per embedded token."),
  hidden: integer(1, 16_384).optional().describe("Hidden units; for a gpt 8/3 of dim by default."),
  layers: integer(1, 64).optional().describe("Blocks (gpt)."),
  heads: integer(1, 256).optional().describe("Attention heads, each an even part of dim (gpt)."),
  kvHeads: integer(1, 256)
    .optional()
    .describe("Heads of keys and values, a divisor of heads, by default as many (gpt)."),
  tiedHead: z.boolean().optional().describe("true or false: whether the head is the embedding (gpt); true by default."),
});

/** More tokens have merges that no message of a job's details holds. */
const mostTokens = 4096;
const bpe = z.strictObject({
  kind: z.literal("bpe").describe("Byte pairs."),
  vocab: integer(257, mostTokens).describe("Tokens of the vocabulary, all 256 bytes included."),
});

const optimiser = z.strictObject({
  kind: z.enum(["adamw", "sgd"]).optional().describe("adamw by default."),
  beta1: scaled(6, [0, 999_999]).optional().describe("Decay of the mean, below 1 (adamw)."),
  beta2: scaled(6, [0, 999_999]).optional().describe("Decay of the squares, below 1 (adamw)."),
  epsilon: scaled(9, [1, 1_000_000]).optional().describe("0.000000001 to 0.001 (adamw)."),
  weightDecay: scaled(6, [0, 1_000_000]).optional().describe("0 to 1 (adamw)."),
  momentum: scaled(6, [0, 999_999]).optional().describe("Below 1 (sgd)."),
});

export const program = z.strictObject({
  preset: z.enum(["quick", "main"]).default("main").describe("Size of the model and length of the training."),
  model: model.optional().describe("What differs from the preset's model."),
  tokenizer: z
    .union([z.literal("bytes"), bpe])
    .default("bytes")
    .describe(`bytes, or a mapping such as { kind: bpe, vocab: 512 } with at most ${mostTokens} (text to tokens).`),
  optimiser: optimiser.optional().describe("What differs from the preset's optimiser."),
  batch: integer(1, 65_536).optional().describe("Examples of one micro-batch."),
  accumulate: integer(1, 64).optional().describe("Micro-batches of one step."),
  clip: scaled(3, [0, 1_000_000]).optional().describe("Largest gradient norm, at most 1000; 0 clips nothing."),
  steps: integer(1, 10_000_000).optional().describe("Training steps in all."),
  stepsPerSegment: integer(1, 65_536).optional().describe("Steps between two checkpoints: the unit of pay and audit."),
  checkpointEvery: duration
    .optional()
    .describe("a number and s, m, h or d, such as 2m (time between two checkpoints, instead of stepsPerSegment)."),
  warmupSteps: integer(0, 10_000_000).optional().describe("Steps in which the learning rate rises to its peak."),
  learningRate: scaled(9, [0, 16_777_215]).optional().describe("Peak learning rate, at most 0.016777215."),
  seed: integer(0, Number.MAX_SAFE_INTEGER).default(1).describe("Start state and data order come from it."),
});

export type JobProgram = z.output<typeof program>;

/** Where a contradiction stands, and what it is. */
export type Contradiction = readonly [path: readonly string[], message: string];

const FIELDS_OF_MODEL = {
  gpt: ["context", "dim", "hidden", "layers", "heads", "kvHeads", "tiedHead"],
  mlp: ["context", "dim", "hidden"],
} as const;

const FIELDS_OF_OPTIMISER = {
  adamw: ["beta1", "beta2", "epsilon", "weightDecay"],
  sgd: ["momentum"],
} as const;

/** What no field of a program says alone; paths count from the program. */
export function* contradictionsIn(wanted: JobProgram): Generator<Contradiction> {
  if (wanted.stepsPerSegment !== undefined && wanted.checkpointEvery !== undefined)
    yield [["checkpointEvery"], "is given beside stepsPerSegment, which says the same in steps; keep one"];
  yield* strayFields(["model"], wanted.model, { table: FIELDS_OF_MODEL, kind: wanted.model?.kind ?? "gpt" });
  const optimiserKind = wanted.optimiser?.kind ?? "adamw";
  yield* strayFields(["optimiser"], wanted.optimiser, { table: FIELDS_OF_OPTIMISER, kind: optimiserKind });
}

/** Fields that belong to another kind. */
function* strayFields<K extends string>(
  path: readonly string[],
  value: object | undefined,
  { table, kind }: { table: Readonly<Record<K, readonly string[]>>; kind: K },
): Generator<Contradiction> {
  for (const field of Object.keys(value ?? {}))
    if (field !== "kind" && !table[kind].includes(field))
      yield [[...path, field], `does not belong to kind ${kind}, which has ${table[kind].join(", ")}`];
}
