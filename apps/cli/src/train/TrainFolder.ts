// What a training on this machine leaves in its folder: NAME.safetensors, the newest checkpoint, which is also the model
// (a network job leaves the same file with the same bytes), and NAME.losses.csv, a line per step. The checkpoint is what
// counts: losses of steps that it doesn't hold are dropped when training goes on.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "@weft/host/writeDurably";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { toHex } from "@weft/tensor/sha256";
import { decodeCheckpoint, readCheckpointProgram } from "@weft/tensor/train/Checkpoint";
import { type OpenProgram, trainProgramHash } from "@weft/tensor/train/Program";
import type { StepResult } from "@weft/tensor/train/trainerMessages";
import { makeFolder } from "../Home.ts";
import { contentIdOf } from "../job/corpus.ts";
import { type FileLock, lockFile } from "../process/fileLock.ts";
import { fileError } from "../systemErrors.ts";

export interface TrainFolder {
  checkpointPath: string;
  lossesPath: string;
  lock: FileLock;
}

export interface Saved {
  step: number;
  path: string;
  bytes: number;
  /** 0x-hex SHA-256: equal to that of the network's checkpoint of this step. */
  contentId: string;
}

/** @throws WeftError `train.busy` when another training writes there, `file.*` */
export async function openTrainFolder(folder: string, name: string): Promise<TrainFolder> {
  makeFolder(folder);
  const lock = await lockFile(join(folder, `.${name}.lock`));
  if (lock === undefined)
    throw new WeftError(`another training writes ${join(folder, name)}.safetensors`, {
      code: "train.busy",
      remedy: "wait for it or end it with Ctrl-C, or write elsewhere with --out DIR",
    });
  return {
    checkpointPath: join(folder, `${name}.safetensors`),
    lossesPath: join(folder, `${name}.losses.csv`),
    lock,
  };
}

/**
 * The checkpoint to go on from, or undefined when there is none.
 * @throws WeftError `train.otherProgram`, `train.damaged`, `file.*`
 */
export function readOwnCheckpoint(
  { checkpointPath: path }: TrainFolder,
  open: OpenProgram,
): { bytes: Uint8Array; nextStep: number } | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readBytes(path);
  try {
    const { program } = readCheckpointProgram(bytes);
    const [found, wanted] = [trainProgramHash(program), open.hash].map(toHex) as [string, string];
    if (found !== wanted) throw otherProgram(path, { found, wanted });
    return { bytes, nextStep: decodeCheckpoint(open, bytes).nextStep };
  } catch (cause) {
    if (hasCode(cause, "train.otherProgram")) throw cause;
    throw new WeftError(`${path} is no checkpoint to go on from: ${(cause as Error).message}`, {
      code: "train.damaged",
      remedy: "restore the file, or begin anew with --fresh",
      cause,
    });
  }
}

function otherProgram(path: string, { found, wanted }: { found: string; wanted: string }): WeftError {
  return new WeftError(`${path} is a checkpoint of another program`, {
    code: "train.otherProgram",
    details: { "it holds": found, "this file": wanted },
    remedy:
      "undo what was changed in job file or corpus since, write elsewhere with --out DIR, or begin anew with --fresh",
  });
}

function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw fileError(cause, { doing: "read", path });
  }
}

/** Durable when it returns. @throws WeftError `file.*` */
export function saveCheckpointFile({ checkpointPath: path }: TrainFolder, bytes: Uint8Array, step: number): Saved {
  try {
    writeDurably(path, bytes);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
  return describeCheckpoint({ checkpointPath: path }, bytes, step);
}

export function describeCheckpoint(
  { checkpointPath: path }: Pick<TrainFolder, "checkpointPath">,
  bytes: Uint8Array,
  step: number,
): Saved {
  return { step, path, bytes: bytes.length, contentId: contentIdOf(bytes) };
}

/** @throws WeftError `file.*` */
export const readCheckpointFile = ({ checkpointPath }: TrainFolder): Uint8Array => readBytes(checkpointPath);

const heading = "step,loss\n";
const row = /^(\d{1,8}),([0-9.e+-]{1,32}|Infinity)$/;

/** Losses of the steps before `nextStep`, as far as they are known; the file then holds these and no others. */
export function keepLosses({ lossesPath: path }: TrainFolder, nextStep: number): { step: number; loss: number }[] {
  const lines = existsSync(path) && nextStep > 0 ? new TextDecoder().decode(readBytes(path)).split("\n") : [];
  const kept = lines.flatMap((line) => {
    const [, step, loss] = row.exec(line) ?? [];
    return step !== undefined && Number(step) < nextStep ? [{ step: Number(step), loss: Number(loss) }] : [];
  });
  try {
    writeDurably(path, new TextEncoder().encode(heading + kept.map(({ step, loss }) => `${step},${loss}\n`).join("")));
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
  return kept;
}

/** @throws WeftError `file.*` */
export function appendLosses({ lossesPath: path }: TrainFolder, results: readonly StepResult[]): void {
  try {
    appendFileSync(path, results.map(({ step, loss }) => `${step},${loss}\n`).join(""));
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
}
