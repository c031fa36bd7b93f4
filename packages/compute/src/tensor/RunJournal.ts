// A run's folder: journal.jsonl (the job, then one line per finished segment, each fsynced before anyone hears of it)
// and the checkpoint files. A torn last line is dropped. Only the node writes the journal; the worker writes files.
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { z } from "zod";
import type { SegmentEvent } from "../Runtime.ts";
import { segmentShape } from "./messages.ts";

export interface RunJournal {
  readonly folder: string;
  /** The job as it was started. */
  readonly job: unknown;
  /** Finished segments in order, without gaps. */
  readonly segments: SegmentEvent[];
  readonly file: number;
}

const jobLine = z.strictObject({ type: z.literal("job"), job: z.unknown() });

const pathOf = (folder: string): string => join(folder, "journal.jsonl");

export const hasJournal = (folder: string): boolean => existsSync(pathOf(folder));

/** @throws WeftError `runtime.storage` when it can't be written. */
export function createJournal(folder: string, job: unknown): RunJournal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openSync(pathOf(folder), "ax", 0o600);
  writeLine(file, { type: "job", job });
  syncFolder(folder);
  return { folder, job, segments: [], file };
}

/**
 * Opens a journal after a restart: drops a torn tail, temporary files, and segments from the first one whose
 * checkpoint was meant to be kept and is not whole, so that the run can go on from the last one that is.
 * @throws WeftError `runtime.storage` when not even the job can be read.
 */
export function openJournal(folder: string): RunJournal {
  const file = openSync(pathOf(folder), "r+");
  const { job, segments, bytes } = readLines(file);
  if (job === undefined) {
    closeSync(file);
    throw new WeftError(`the run in ${folder} has no readable job`, {
      code: "runtime.storage",
      fault: "us",
      remedy: "remove the folder; the run starts over",
    });
  }
  while (segments.length > 0 && !isIntact(segments.at(-1) as SegmentEvent)) segments.pop();
  const kept = bytes[segments.length] as number;
  if (statSync(pathOf(folder)).size > kept) {
    ftruncateSync(file, kept);
    fsyncSync(file);
  }
  for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name), { force: true });
  return { folder, job, segments, file };
}

/** Lines that parse, up to the first that does not; `bytes[n]` is where the journal ends after n segments. */
function readLines(file: number): { job: unknown; segments: SegmentEvent[]; bytes: number[] } {
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n").slice(0, -1);
  const result = { job: undefined as unknown, segments: [] as SegmentEvent[], bytes: [] as number[] };
  let at = 0;
  for (const [index, line] of lines.entries()) {
    const value = parse(line);
    at += Buffer.byteLength(line) + 1;
    if (index === 0) {
      const head = jobLine.safeParse(value);
      if (!head.success) return result;
      result.job = head.data.job;
    } else {
      const segment = segmentShape.safeParse(value);
      const previous = result.segments.at(-1);
      if (!segment.success || (previous !== undefined && segment.data.segment !== previous.segment + 1)) return result;
      result.segments.push(segment.data);
    }
    result.bytes.push(at);
  }
  return result;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** JSON has no NaN. The loss is for display only, so a diverged one comes back as 0 after a restart. */
const plainLoss = (segment: SegmentEvent): SegmentEvent => ({
  ...segment,
  loss: Number.isFinite(segment.loss) ? segment.loss : 0,
});

function isIntact(segment: SegmentEvent): boolean {
  const { path, contentId, bytes } = segment.checkpoint;
  if (statSync(path, { throwIfNoEntry: false })?.size !== bytes) return false;
  return `0x${createHash("sha256").update(readFileSync(path)).digest("hex")}` === contentId;
}

function writeLine(file: number, value: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  fsyncSync(file);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}

/** Durable when it returns, and with it the checkpoint file's name. */
export function appendSegment(journal: RunJournal, segment: SegmentEvent): void {
  syncFolder(journal.folder);
  writeLine(journal.file, plainLoss(segment));
  journal.segments.push(segment);
}

export function closeJournal(journal: RunJournal): void {
  closeSync(journal.file);
}

/** Removes checkpoint files of segments older than the newest `keep`. */
export function pruneCheckpoints(journal: RunJournal, options: { keep: number }): void {
  for (const segment of journal.segments.slice(0, -options.keep).slice(-options.keep))
    rmSync(segment.checkpoint.path, { force: true });
}
