// What a tensor worker process does for each kind of task. Runs inside the worker only (tensorWorker.ts).
import { closeSync, constants, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { maxCheckpointBytes, maxCorpusBytes } from "@weft/protocol/generated/params";
import { toHex } from "@weft/tensor/sha256";
import { checkpointId } from "@weft/tensor/train/Checkpoint";
import { evaluate, evaluateNGrams } from "@weft/tensor/train/evaluate";
import { heldOut } from "@weft/tensor/train/heldOut";
import { openProgram, validateTrainProgram } from "@weft/tensor/train/Program";
import { runSegment, type SegmentTrace, segmentSteps } from "@weft/tensor/train/runSegment";
import { sampleText } from "@weft/tensor/train/sampleText";
import { isShort } from "@weft/tensor/train/stepWork";
import { openTrainer, type Trainer } from "@weft/tensor/train/Trainer";
import type { Question } from "./disputeMessages.ts";
import { measureKernel } from "./measureKernel.ts";
import { tensorMemory } from "./memory.ts";
import type { Evaluation, Replay, Report, Speed, Start, Task } from "./messages.ts";

/** What the worker's main file hands to a task. */
export interface Workbench {
  send(report: Report): void;
  /** Counts finished work, so that the node can tell slow from stuck. */
  worked(): void;
  /** Resolves when the node has room for one more segment. */
  credit(): Promise<void>;
  /** The node's next question, in the order asked. */
  question(): Promise<Question>;
  signal: AbortSignal;
}

/** A fault of the task's inputs or of the machine, with the code the node reports. */
export class TaskError extends Error {
  readonly code: "runtime.spec" | "runtime.checkpoint" | "runtime.storage";
  constructor(code: TaskError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export function readBounded(path: string, limit: number): Uint8Array {
  const { size } = statSync(path);
  if (size > limit) throw new TaskError("runtime.spec", `${path} has ${size} bytes, the limit is ${limit}`);
  return readFileSync(path);
}

export function readStart(start: Start | undefined): Uint8Array | undefined {
  if (start === undefined) return undefined;
  const bytes = readBounded(start.checkpointPath, maxCheckpointBytes);
  if (toHex(checkpointId(bytes)) !== start.contentId)
    throw new TaskError("runtime.checkpoint", `the start checkpoint's bytes do not hash to ${start.contentId}`);
  return bytes;
}

type TrainerTask = Extract<Task, { kind: "train" | "replay" }>;

/** A trainer at the task's start, which must be where `segment` begins. */
async function openAt(task: TrainerTask, bench: Workbench): Promise<{ trainer: Trainer; segment: number }> {
  const program = validateTrainProgram(task.program);
  const corpus = readBounded(task.corpusPath, maxCorpusBytes);
  const checkpoint = readStart(task.start);
  const trainer = await openTrainer(program, corpus, {
    threads: task.threads,
    inline: task.threads === 1 && isShort(program.model, program),
    memoryLimit: tensorMemory(task, corpus.length + (checkpoint?.length ?? 0)),
    signal: bench.signal,
    ...(checkpoint && { checkpoint }),
    ...(task.kind === "train" && task.corrupt && { corrupt: task.corrupt }),
  });
  const segment = task.start?.segment ?? 0;
  const atEnd = trainer.nextStep === program.totalSteps && segment * program.stepsPerSegment >= program.totalSteps;
  if (!atEnd && trainer.nextStep !== segment * program.stepsPerSegment)
    throw new TaskError(
      "runtime.checkpoint",
      `the start checkpoint is at step ${trainer.nextStep}, not at segment ${segment}`,
    );
  return { trainer, segment };
}

const rootsOf = (trace: SegmentTrace) => ({
  startRoot: toHex(trace.startRoot),
  endRoot: toHex(trace.endRoot),
  historyRoot: toHex(trace.historyRoot),
});

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** At most this many progress reports a second. */
const progressPerSecond = 4;

/** Reports progress at a bounded rate; the first step at once, so that everyone sees that it trains. */
class Progress {
  readonly #bench: Workbench;
  readonly #trainer: Trainer;
  #reportedAt = performance.now();
  #steps = 0;
  #told = false;

  constructor(bench: Workbench, trainer: Trainer) {
    this.#bench = bench;
    this.#trainer = trainer;
  }

  step(step: number, loss: number): void {
    this.#steps++;
    this.#bench.worked();
    const now = performance.now();
    const elapsed = (now - this.#reportedAt) / 1000;
    if (this.#told && elapsed < 1 / progressPerSecond) return;
    this.#told = true;
    const { program, tokensPerStep, bytesPerToken } = this.#trainer;
    const tokensPerSecond = (this.#steps * tokensPerStep) / elapsed;
    const { totalSteps } = program;
    this.#bench.send({ type: "progress", step: step + 1, totalSteps, loss: loss / bytesPerToken, tokensPerSecond });
    this.#reportedAt = now;
    this.#steps = 0;
  }
}

/** Trains from the start to the program's end, one durable checkpoint and one report per segment. */
export async function train(task: Extract<Task, { kind: "train" }>, bench: Workbench): Promise<void> {
  const { trainer, segment: first } = await openAt(task, bench);
  const { program } = trainer;
  const progress = new Progress(bench, trainer);
  const segments = Math.ceil(program.totalSteps / program.stepsPerSegment);
  for (let segment = first; segment < segments; segment++) {
    await bench.credit();
    const startedAt = performance.now();
    const [firstStep, lastStep] = segmentSteps(program, segment) as [number, number];
    const onStep = (result: { step: number; loss: number }) => progress.step(result.step, result.loss);
    const trace = await runSegment(trainer, { firstStep, lastStep, onStep, signal: bench.signal });
    const path = writeCheckpoint(task.folder, segment, trace.checkpoint);
    bench.send({
      type: "segment",
      segment,
      firstStep,
      lastStep,
      trace: rootsOf(trace),
      checkpoint: { contentId: toHex(trace.checkpointId), path, bytes: trace.checkpoint.length },
      tokens: trace.tokens,
      meteredMs: Math.floor(performance.now() - startedAt),
      loss: mean(trace.losses) / trainer.bytesPerToken,
    });
  }
  await trainer.close();
  bench.send({ type: "done" });
}

/**
 * Whole or not there: a temporary file written through to the disk (O_DSYNC, because the permission model forbids
 * fsync), then a rename. The node syncs the folder before it journals the segment.
 */
function writeCheckpoint(folder: string, segment: number, bytes: Uint8Array): string {
  const path = join(folder, `segment-${String(segment).padStart(5, "0")}.safetensors`);
  const temporary = `${path}.${process.pid}.tmp`;
  const { O_WRONLY, O_CREAT, O_TRUNC, O_DSYNC } = constants;
  const file = openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | (O_DSYNC ?? 0), 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  return path;
}

/** Computes one segment again, with the roots of each of its steps. */
export async function replay(task: Extract<Task, { kind: "replay" }>, bench: Workbench): Promise<Replay> {
  const { trainer, segment } = await openAt(task, bench);
  const steps = segmentSteps(trainer.program, task.segment);
  if (segment !== task.segment || steps === undefined)
    throw new TaskError(
      "runtime.spec",
      `segment ${task.segment} can't be replayed from the start of segment ${segment}`,
    );
  const [firstStep, lastStep] = steps;
  const startedAt = performance.now();
  const onStep = () => bench.worked();
  const trace = await runSegment(trainer, { firstStep, lastStep, onStep, signal: bench.signal });
  const meteredMs = Math.floor(performance.now() - startedAt);
  await trainer.close();
  return {
    segment,
    firstStep,
    lastStep,
    trace: rootsOf(trace),
    checkpoint: toHex(trace.checkpointId),
    tokens: trace.tokens,
    meteredMs,
    stepRoots: trace.stepRoots.map(toHex),
    stateRoots: trace.stateRoots.map(toHex),
  };
}

/** Held-out quality of a checkpoint beside n-grams on the same positions, and a sample of text. */
export async function evaluateTask(task: Extract<Task, { kind: "evaluate" }>, bench: Workbench): Promise<Evaluation> {
  const open = openProgram(task.program);
  const corpus = readBounded(task.corpusPath, maxCorpusBytes);
  const checkpoint = readStart(task.start) as Uint8Array;
  const { nGramOrders, positions, sample } = task;
  const part = heldOut(open, corpus, positions);
  const scores = await evaluate(part, checkpoint);
  bench.worked();
  const bits = evaluateNGrams(part, nGramOrders);
  const baselines = nGramOrders.map((order, i) => ({ order, bitsPerChar: bits[i]! }));
  bench.worked();
  const onPiece = () => bench.worked();
  const text = sample && (await sampleText(open, checkpoint, { ...sample, onPiece }));
  return { ...scores, baselines, ...(text && { sample: text }) };
}

/** Speed of the fp32 kernel on one thread. */
export async function measure(task: Extract<Task, { kind: "measure" }>): Promise<Speed> {
  return { gflops: await measureKernel(task.milliseconds), threads: 1 };
}
