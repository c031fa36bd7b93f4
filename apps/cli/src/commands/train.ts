// `weft train FILE.yaml`: trains on this machine the program that `weft run FILE.yaml` would buy, to the same bits. The
// same command again goes on where the last one ended.
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { createJobProgram, statedSpeed } from "@weft/compute/tensor/jobProgram";
import { WeftError } from "@weft/protocol/Errors";
import type { Threads } from "@weft/tensor/execute/openGraph";
import { elementCount } from "@weft/tensor/graph/Graph";
import { toHex } from "@weft/tensor/sha256";
import { type OpenProgram, openProgram, trainingBytesOf } from "@weft/tensor/train/Program";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import type { Context } from "../Context.ts";
import { readJobFile } from "../job/readJobFile.ts";
import { clockOf, compact, grouped } from "../render/figures.ts";
import { shellWord } from "../render/terminalText.ts";
import { trainReportLines } from "../render/trainLines.ts";
import { onInterrupt } from "../start/interrupts.ts";
import { judgeTrained } from "../train/judgeTrained.ts";
import { showTraining, type TrainingScreen } from "../train/showTraining.ts";
import {
  appendLosses,
  describeCheckpoint,
  keepLosses,
  openTrainFolder,
  readCheckpointFile,
  readOwnCheckpoint,
  saveCheckpointFile,
  type TrainFolder,
} from "../train/TrainFolder.ts";
import { lossesWith, type Measure, type TrainView } from "../train/TrainView.ts";
import { trainHere } from "../train/trainHere.ts";
import { corpusFor } from "./run.ts";
import { parametersOf, showPlan } from "./trainPlan.ts";

export interface TrainFlags {
  out?: string;
  threads?: Threads;
  /** Seconds. */
  checkpointEvery?: number;
  /** Bytes. */
  memory?: number;
  fresh?: boolean;
  plan?: boolean;
}

const usualCheckpointSeconds = 300;
const interruptedExit = 130;

interface Work {
  name: string;
  file: string;
  open: OpenProgram;
  corpus: Uint8Array;
  folder: TrainFolder;
  flags: TrainFlags;
  threads: Threads;
  checkpointEveryMs: number;
}

/** Exit code: 0 when the last step is done and judged. */
export async function train(context: Context, file: string, flags: TrainFlags): Promise<number> {
  const path = resolve(context.cwd, file);
  const parsed = readJobFile(path);
  const corpus = corpusFor(parsed, path);
  const open = openProgram(createJobProgram(parsed.job.program, { corpus, gflops: statedSpeed(parsed.job) }));
  const { name, output, program } = parsed.job;
  const threads = flags.threads ?? (Math.min(4, availableParallelism()) as Threads);
  if (flags.plan) return showPlan(context, open, { name, corpus, threads });
  const folder = await openTrainFolder(resolve(context.cwd, flags.out ?? output), name);
  const seconds = flags.checkpointEvery ?? program.checkpointEvery ?? usualCheckpointSeconds;
  try {
    const checkpointEveryMs = seconds * 1000;
    return await trainIn(context, { name, file, open, corpus, folder, flags, threads, checkpointEveryMs });
  } finally {
    folder.lock.release();
  }
}

async function trainIn(context: Context, work: Work): Promise<number> {
  const { open, folder, flags } = work;
  const found = flags.fresh ? undefined : readOwnCheckpoint(folder, open);
  const measure = measureOf(open, work.corpus);
  const view: TrainView = {
    name: work.name,
    step: found?.nextStep ?? 0,
    totalSteps: open.program.totalSteps,
    losses: lossesWith([], keepLosses(folder, found?.nextStep ?? 0), measure),
    ...(found === undefined ? {} : { saved: describeCheckpoint(folder, found.bytes, found.nextStep) }),
  };
  announce(context, work, view);
  const screen = showTraining(context, view, measure);
  const startedAt = performance.now();
  const interrupts = onInterrupt(() => process.exit(interruptedExit), { output: process.stdout });
  try {
    if (view.step < view.totalSteps) await run(work, { screen, checkpoint: found?.bytes, signal: interrupts.signal });
  } finally {
    interrupts.release();
    screen.finish();
  }
  const seconds = screen.view.step > view.step ? (performance.now() - startedAt) / 1000 : 0;
  if (screen.view.step < view.totalSteps) throw stopped(work, screen.view);
  return await report(context, work, { view: screen.view, seconds });
}

/** Tokenises once more than the trainer does: how many bytes a token has is all that is kept. */
function measureOf(open: OpenProgram, corpus: Uint8Array): Measure {
  const tokens = trainingTokens(open, corpus).length;
  return {
    tokensPerStep: elementCount(open.step.batch.targets.shape),
    bytesPerToken: trainingBytesOf(open.program) / tokens,
  };
}

function announce(context: Context, { open, folder, threads }: Work, view: TrainView): void {
  const { program } = open;
  const programHash = toHex(open.hash);
  const parameters = parametersOf(open);
  context.emit({
    ...{ kind: "program", name: view.name, programHash, parameters, vocab: program.model.vocab, threads },
    ...{ step: view.step, totalSteps: view.totalSteps, corpusBytes: program.corpusBytes, path: folder.checkpointPath },
  });
  const words = [
    `${compact(parameters)} parameters`,
    `${program.model.vocab} tokens`,
    threads === 1 ? "1 thread" : `${threads} threads`,
  ];
  context.say(`training ${view.name} here: ${words.join(", ")}; program ${programHash}`);
  if (view.step > 0) context.say(`going on from ${folder.checkpointPath}, step ${grouped(view.step)}`);
}

interface Session {
  screen: TrainingScreen;
  checkpoint: Uint8Array | undefined;
  signal: AbortSignal;
}

async function run(work: Work, { screen, checkpoint, signal }: Session): Promise<void> {
  const { open, corpus, folder, flags, threads, checkpointEveryMs } = work;
  await trainHere(open.program, {
    ...{ corpus, threads, checkpointEveryMs, signal },
    ...(flags.memory === undefined ? {} : { memoryLimit: flags.memory }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    onOpen: () => screen.started(),
    onSteps(results) {
      appendLosses(folder, results);
      screen.steps(results);
    },
    save: (bytes, nextStep) => screen.saved(saveCheckpointFile(folder, bytes, nextStep)),
  });
}

function stopped({ file, flags }: Work, view: TrainView): WeftError {
  const out = flags.out === undefined ? "" : ` --out ${shellWord(flags.out)}`;
  const left = view.secondsLeft === undefined ? "" : `, about ${clockOf(view.secondsLeft)} before the end`;
  const kept = view.step > 0 ? "; its checkpoint is written" : "";
  return new WeftError(`stopped after step ${grouped(view.step)} of ${grouped(view.totalSteps)}${left}${kept}`, {
    code: "cli.interrupted",
    remedy: `go on with: weft train ${shellWord(file)}${out}`,
  });
}

async function report(
  context: Context,
  work: Work,
  { view, seconds }: { view: TrainView; seconds: number },
): Promise<number> {
  const { open, corpus, folder } = work;
  const judged = await judgeTrained(open, { checkpoint: readCheckpointFile(folder), corpus });
  const programHash = toHex(open.hash);
  context.emit({ kind: "evaluated", ...judged.evaluated });
  context.emit({ kind: "sample", text: judged.sample });
  context.say("");
  for (const line of trainReportLines({ view, seconds, programHash, ...judged }, context.look)) context.say(line);
  context.emit({
    ...{ kind: "summary", ok: true, name: view.name, programHash, steps: view.totalSteps, seconds },
    ...{ ...judged.evaluated, checkpoint: view.saved },
  });
  return 0;
}
