// What the node and its tensor worker process say to each other over the IPC channel. Both sides check every message:
// the worker handles bought programs and data, and a broken one must not reach into the node.
import { hexOf } from "@weft/protocol/fields";
import { z } from "zod";
import { questionShape } from "./disputeMessages.ts";

/** Any Uint8Array, whatever buffer it views. */
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const path = z.string().min(1).max(4096);
const count = z.int().nonnegative();
const text = z.string().max(4096);

/** A start other than the program's own: a checkpoint file of the state before `segment`. */
export const startShape = z.strictObject({ checkpointPath: path, contentId: hexOf(32), segment: count.max(65_535) });
export type Start = z.infer<typeof startShape>;

const corruption = z.strictObject({
  ...{ step: count, tensor: z.string().max(255), index: count, bit: count.max(31) },
  everySteps: z.int().positive().optional(),
});

const inputs = {
  /** Checked by packages/tensor. */
  program: z.record(z.string(), z.unknown()),
  corpusPath: path,
  start: startShape.optional(),
};
const caps = {
  threads: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  nice: count.max(19),
  memoryMiB: z.int().positive(),
};

/** Where the order's work begins; absent: the program's own start. */
const origin = z.strictObject({ step: z.int().positive(), stateRoot: hexOf(32) }).optional();

export const taskShape = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("train"),
    ...inputs,
    ...caps,
    folder: path,
    credits: z.int().positive().max(64),
    corrupt: corruption.optional(),
  }),
  z.strictObject({
    kind: z.literal("replay"),
    ...inputs,
    ...caps,
    segment: count.max(65_535),
  }),
  z.strictObject({
    kind: z.literal("evaluate"),
    ...inputs,
    ...caps,
    start: startShape,
    positions: z.int().positive(),
    nGramOrders: z.array(count.max(4)).max(4),
    sample: z.strictObject({ prompt: bytes, count: z.int().positive(), seed: bytes }).optional(),
  }),
  z.strictObject({
    kind: z.literal("court"),
    ...inputs,
    ...caps,
    origin,
  }),
  z.strictObject({
    kind: z.literal("dispute"),
    ...inputs,
    ...caps,
    segment: count.max(65_535),
    origin,
    corrupt: corruption.optional(),
  }),
  z.strictObject({ kind: z.literal("measure"), ...caps, milliseconds: z.int().positive().max(10_000) }),
]);
export type Task = z.infer<typeof taskShape>;

/** Node → worker. The first message is the task; then these. */
export const controlShape = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("credit") }),
  z.strictObject({ type: z.literal("stop") }),
  /** Of a dispute task; answered in order. */
  z.strictObject({ type: z.literal("ask"), question: questionShape }),
]);
export type Control = z.infer<typeof controlShape>;

const trace = z.strictObject({ startRoot: hexOf(32), endRoot: hexOf(32), historyRoot: hexOf(32) });
const checkpoint = z.strictObject({ contentId: hexOf(32), path, bytes: count });
const loss = z.union([z.number(), z.nan()]);

export const segmentShape = z.strictObject({
  type: z.literal("segment"),
  segment: count.max(65_535),
  firstStep: count,
  lastStep: count,
  trace,
  checkpoint,
  tokens: count,
  meteredMs: count,
  loss,
});

/** A segment's steps, one root each. */
const roots = z.array(hexOf(32)).min(1).max(65_536);

export const replayShape = z.strictObject({
  segment: count,
  firstStep: count,
  lastStep: count,
  trace,
  /** SHA-256 of the checkpoint the replay ends in. */
  checkpoint: hexOf(32),
  tokens: count,
  meteredMs: count,
  /** Of each step in order; HashLayout.proveStep proves one against the history root. */
  stepRoots: roots,
  /** State after each step. */
  stateRoots: roots,
});
export type Replay = z.infer<typeof replayShape>;

export const evaluationShape = z.strictObject({
  bitsPerChar: z.number(),
  /** Bytes that were predicted, and tokens. */
  characters: count,
  tokens: count,
  nextStep: count,
  baselines: z.array(z.strictObject({ order: count, bitsPerChar: z.number() })).max(4),
  sample: bytes.optional(),
});
export type Evaluation = z.infer<typeof evaluationShape>;

export const courtShape = z.strictObject({ hash: hexOf(32) });

export const speedShape = z.strictObject({ gflops: z.number().nonnegative(), threads: count });
export type Speed = z.infer<typeof speedShape>;

export const failureCodes = [
  "runtime.spec",
  "runtime.nan",
  "runtime.checkpoint",
  "runtime.memory",
  "runtime.crashed",
  "runtime.stalled",
  "runtime.storage",
  "runtime.stopped",
] as const;

/** Worker → node. */
export const reportShape = z.discriminatedUnion("type", [
  /** Sent every `beatMs`; `idle` while the worker waits for the node. */
  z.strictObject({ type: z.literal("beat"), rssBytes: count, work: count, idle: z.boolean() }),
  z.strictObject({
    type: z.literal("progress"),
    step: count,
    totalSteps: count,
    loss,
    tokensPerSecond: z.number().nonnegative(),
  }),
  segmentShape,
  z.strictObject({ type: z.literal("done") }),
  /** The answer to one question of a dispute task. */
  z.strictObject({ type: z.literal("answer"), value: z.unknown() }),
  /** The answer to a replay, evaluate, court or measure task. */
  z.strictObject({ type: z.literal("result"), value: z.unknown() }),
  z.strictObject({ type: z.literal("error"), code: z.enum(failureCodes), message: text }),
]);
export type Report = z.infer<typeof reportShape>;

/** How often a worker says that it lives. */
export const beatMs = 250;
