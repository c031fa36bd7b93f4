// A training program as plain data: everything a step depends on besides the state and the corpus bytes.
// Canonical JSON and SHA-256 give its identity. Integers only; rates are in parts per million (ppm) or 1e-9 (nano).
// First form: one model family, a byte-level MLP language model. Not here: graphs, other optimisers.
import { canonicalJson } from "./canonicalJson.ts";
import { dataRoot } from "./HashLayout.ts";
import { fromHex32, sha256, toHex } from "./sha256.ts";
import { TensorError } from "./TensorError.ts";

const NUMERICS_ID = "fp32-seq-unfused";

export type Program = {
  kind: "mlp-char-lm";
  version: 1;
  numericsId: typeof NUMERICS_ID;
  /** Bytes of context, floats per embedded byte, hidden units. */
  model: { context: number; embedding: number; hidden: number };
  /** The byte values that occur in the corpus, ascending; a token is an index into it. */
  vocab: number[];
  /** Predicted positions per step. */
  batch: number;
  totalSteps: number;
  stepsPerSegment: number;
  optimiser: { kind: "adam"; beta1Ppm: number; beta2Ppm: number; epsilonNano: number };
  /** Linear warm-up to `rateNano`, then linear to `finalRateNano` at `totalSteps`. */
  schedule: { kind: "linear"; rateNano: number; finalRateNano: number; warmupSteps: number };
  /** 32 bytes, 0x hex: start state and data order come from it. */
  seed: `0x${string}`;
  dataRoot: `0x${string}`;
  corpusBytes: number;
  /** The last part of the corpus that training never reads. */
  split: { heldOutPpm: number };
};

/** What a preset fixes; the rest of a program comes from the corpus and the seed. */
export type Preset = Pick<
  Program,
  "model" | "batch" | "totalSteps" | "stepsPerSegment" | "optimiser" | "schedule" | "split"
>;

/** [minimum, maximum] per integer field. The rate's maximum keeps it exact in fp32 before the division by 1e9. */
const LIMITS: Record<string, [number, number]> = {
  "model.context": [1, 64],
  "model.embedding": [1, 256],
  "model.hidden": [1, 4096],
  batch: [1, 8192],
  totalSteps: [1, 10_000_000],
  stepsPerSegment: [1, 65_536],
  "optimiser.beta1Ppm": [0, 999_999],
  "optimiser.beta2Ppm": [0, 999_999],
  "optimiser.epsilonNano": [1, 1_000_000],
  "schedule.rateNano": [0, 16_777_215],
  "schedule.finalRateNano": [0, 16_777_215],
  "schedule.warmupSteps": [0, 10_000_000],
  corpusBytes: [2, 2 ** 30],
  "split.heldOutPpm": [0, 900_000],
};

const SHAPE: Record<string, string[]> = {
  "": [
    "batch",
    "corpusBytes",
    "dataRoot",
    "kind",
    "model",
    "numericsId",
    "optimiser",
    "schedule",
    "seed",
    "split",
    "stepsPerSegment",
    "totalSteps",
    "version",
    "vocab",
  ],
  model: ["context", "embedding", "hidden"],
  optimiser: ["beta1Ppm", "beta2Ppm", "epsilonNano", "kind"],
  schedule: ["finalRateNano", "kind", "rateNano", "warmupSteps"],
  split: ["heldOutPpm"],
};

function bad(message: string, remedy: string): never {
  throw new TensorError("bad-program", message, remedy);
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    bad(`program ${name || "value"} is not an object`, "pass a Program as spec/tensor.md describes it");
  const keys = Object.keys(value).sort().join(",");
  if (keys !== SHAPE[name]!.join(","))
    bad(
      `program ${name || "value"} has the fields ${keys.slice(0, 300)}`,
      `exactly these belong there: ${SHAPE[name]!.join(",")}`,
    );
  return value as Record<string, unknown>;
}

function checkVocab(vocab: unknown): void {
  const ok =
    Array.isArray(vocab) &&
    vocab.length >= 2 &&
    vocab.length <= 256 &&
    vocab.every((byte, i) => Number.isInteger(byte) && byte >= 0 && byte <= 255 && (i === 0 || byte > vocab[i - 1]));
  if (!ok) bad("vocab is not 2 to 256 ascending byte values", "use the sorted set of bytes of the corpus");
}

/** Checks untrusted data and returns it as a Program. Throws TensorError `bad-program` naming the field and its limit. */
export function validateProgram(value: unknown): Program {
  const program = record(value, "");
  for (const part of ["model", "optimiser", "schedule", "split"]) record(program[part], part);
  for (const [path, [low, high]] of Object.entries(LIMITS)) {
    const [head, tail] = path.split(".") as [string, string | undefined];
    const field = tail ? (program[head] as Record<string, unknown>)[tail] : program[head];
    if (typeof field !== "number" || !Number.isInteger(field) || field < low || field > high || Object.is(field, -0))
      bad(`${path} is ${String(field)}`, `use an integer from ${low} to ${high}`);
  }
  checkVocab(program["vocab"]);
  const typed = value as Program;
  if (typed.kind !== "mlp-char-lm" || typed.version !== 1)
    bad("kind or version is unknown", 'use kind "mlp-char-lm", version 1');
  if (typed.numericsId !== NUMERICS_ID)
    bad(`numericsId ${String(typed.numericsId)} has no kernel`, `use ${NUMERICS_ID}`);
  if (typed.optimiser.kind !== "adam" || typed.schedule.kind !== "linear")
    bad("optimiser or schedule kind is unknown", 'use optimiser "adam" and schedule "linear"');
  fromHex32(String(typed.seed), "seed");
  fromHex32(String(typed.dataRoot), "dataRoot");
  if (typed.schedule.warmupSteps > typed.totalSteps)
    bad("schedule.warmupSteps is above totalSteps", "shorten the warm-up");
  if (trainingBytes(typed) <= typed.model.context)
    bad(
      `the training part has ${trainingBytes(typed)} bytes and the context is ${typed.model.context}`,
      "use a longer corpus",
    );
  return typed;
}

/** Bytes [0, trainingBytes) are trained on, the rest is held out. */
export function trainingBytes(program: Pick<Program, "corpusBytes" | "split">): number {
  return program.corpusBytes - Math.floor((program.corpusBytes * program.split.heldOutPpm) / 1_000_000);
}

/** Ascending byte values that occur in the corpus. */
export function vocabOf(corpus: Uint8Array): number[] {
  const seen = new Uint8Array(256);
  for (const byte of corpus) seen[byte] = 1;
  return Array.from(seen.keys()).filter((byte) => seen[byte] === 1);
}

/** A checked program for a corpus. `seed` is 32 bytes. Throws TensorError `bad-program`. */
export function createProgram(preset: Preset, corpus: Uint8Array, seed: Uint8Array): Program {
  if (corpus.length < 2) bad(`corpusBytes is ${corpus.length}`, "use a corpus of at least 2 bytes");
  const { model, batch, totalSteps, stepsPerSegment, optimiser, schedule, split } = preset;
  return validateProgram({
    kind: "mlp-char-lm",
    version: 1,
    numericsId: NUMERICS_ID,
    model: { ...model },
    vocab: vocabOf(corpus),
    batch,
    totalSteps,
    stepsPerSegment,
    optimiser: { ...optimiser },
    schedule: { ...schedule },
    seed: toHex(seed),
    dataRoot: toHex(dataRoot(corpus)),
    corpusBytes: corpus.length,
    split: { ...split },
  });
}

/** Canonical JSON text of a program; equal programs give equal text. */
export function encodeProgram(program: Program): string {
  return canonicalJson(validateProgram(program));
}

/** Parses text of at most 64 KiB. Throws TensorError `bad-program`. */
export function decodeProgram(text: string): Program {
  if (text.length > 65_536) bad(`the program has ${text.length} characters`, "keep it within 65536");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TensorError("bad-program", "the program is not JSON", "pass what encodeProgram returned", error);
  }
  return validateProgram(value);
}

/** SHA-256 of the canonical JSON, UTF-8; 32 bytes. */
export function programHash(program: Program): Uint8Array {
  return sha256(new TextEncoder().encode(encodeProgram(program)));
}
