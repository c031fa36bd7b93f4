// A segment in dispute, in a worker of its own: replays what a question needs and answers one after another until the node ends
// it. Runs inside the worker only (tensorWorker.ts).
import { maxCorpusBytes } from "@weft/protocol/generated/params";
import type { Cheat } from "@weft/tensor/commit/Cheat";
import { flipWeight, miscomputeWeight } from "@weft/tensor/commit/cheats";
import { type CourtStart, ownStart } from "@weft/tensor/commit/courtProgram";
import type { RunStart } from "@weft/tensor/commit/SegmentRun";
import { type SegmentTrees, segmentTrees } from "@weft/tensor/commit/segmentTrees";
import { fromHex32 } from "@weft/tensor/sha256";
import { decodeCheckpoint } from "@weft/tensor/train/Checkpoint";
import { isDue } from "@weft/tensor/train/leadStep";
import { type OpenProgram, openProgram } from "@weft/tensor/train/Program";
import { segmentSteps } from "@weft/tensor/train/runSegment";
import { startState } from "@weft/tensor/train/startState";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { courtStruct } from "@weft/verification/court/Move";
import { oracleOf, type TraceOracle } from "@weft/verification/court/TraceOracle";
import type { Question } from "./disputeMessages.ts";
import { tensorMemory } from "./memory.ts";
import type { Task } from "./messages.ts";
import { readBounded, readStart, TaskError, type Workbench } from "./workerTasks.ts";

type DisputeTask = Extract<Task, { kind: "dispute" }>;

/** Of what a task may take so much is kept for values that were opened; the rest is for runs and walks. */
const keptShare = 0.25;

async function courtStart(open: OpenProgram, { origin }: DisputeTask): Promise<CourtStart> {
  if (origin === undefined) return ownStart(open.program);
  return { step: origin.step, stateRoot: fromHex32(origin.stateRoot, "stateRoot") };
}

function runStart(open: OpenProgram, checkpoint: Uint8Array | undefined): RunStart {
  if (checkpoint === undefined) {
    const seed = fromHex32(open.program.seed, "seed");
    return { step: 0, state: startState(seed, open.step.state) };
  }
  const { nextStep, state } = decodeCheckpoint(open, checkpoint);
  return { step: nextStep, state };
}

/** The same bits that a trainer of a corrupted run flips; a liar that can says that an operator gave them. */
function cheatOf({ corrupt }: DisputeTask, open: OpenProgram): Cheat | undefined {
  if (corrupt === undefined) return undefined;
  const { tensor: name, index: element, bit, ...when } = corrupt;
  const isNow = (step: number) => isDue(when, step);
  const flip = { name, element, bit };
  return miscomputeWeight(isNow, open, flip) ?? flipWeight(isNow, flip);
}

/** The task's own history of its segment. Throws as `TaskError`, TensorError `bad-program`, `bad-corpus`, `bad-checkpoint`. */
export async function disputeSource(
  task: DisputeTask,
  { worked, signal }: Pick<Workbench, "worked" | "signal">,
): Promise<SegmentTrees> {
  const open = openProgram(task.program);
  const corpus = readBounded(task.corpusPath, maxCorpusBytes);
  const checkpoint = readStart(task.start);
  const start = runStart(open, checkpoint);
  const steps = segmentSteps(open.program, task.segment);
  if (steps === undefined || steps[0] !== start.step)
    throw new TaskError("runtime.checkpoint", `the start is at step ${start.step}, not at segment ${task.segment}`);
  const memoryLimit = tensorMemory(task, corpus.length + (checkpoint?.length ?? 0));
  return segmentTrees(open, {
    ...{ tokens: trainingTokens(open, corpus), start, lastStep: steps[1], threads: task.threads, signal },
    ...{ courtStart: await courtStart(open, task), onStep: worked, cheat: cheatOf(task, open) },
    ...{ memoryLimit: memoryLimit * (1 - keptShare), keptBytes: memoryLimit * keptShare },
  });
}

type Asked = { readonly oracle: TraceOracle; readonly trees: SegmentTrees };

const ANSWERS: {
  readonly [K in Question["ask"]]: (asked: Asked, question: Extract<Question, { ask: K }>) => Promise<unknown>;
} = {
  after: ({ oracle }, { step }) => oracle.after(step),
  nodes: ({ oracle }, { tree, at, height }) => oracle.nodes(tree, at, height),
  leaves: ({ oracle }, { tree, first, count }) => oracle.leaves(tree, first, count),
  firstNan: ({ oracle }) => oracle.firstNan(),
  path: ({ oracle }, { tree, leaf }) => oracle.path(tree, leaf),
  program: async ({ trees }) => courtStruct(trees.court()),
};

/** The answer to one question. Throws TensorError where there is none. */
export const answer = (trees: SegmentTrees, question: Question): Promise<unknown> =>
  ANSWERS[question.ask]({ oracle: oracleOf(trees), trees }, question as never);

/** Answers until it is stopped; a question that has no answer ends it. */
export async function disputeTask(task: DisputeTask, bench: Workbench): Promise<never> {
  const trees = await disputeSource(task, bench);
  for (;;) {
    const question = await bench.question();
    const value = await answer(trees, question);
    bench.worked();
    bench.send({ type: "answer", value });
  }
}
