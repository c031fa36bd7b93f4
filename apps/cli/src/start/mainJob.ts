// The job that `weft start` buys: examples/train-own-text.yaml, on the user's text or this project's own.
import { basename, extname, join, resolve } from "node:path";
import type { Context } from "../Context.ts";
import { repositoryRoot } from "../Home.ts";
import { readCorpus, writeOwnCorpus } from "../job/corpus.ts";
import { type ParsedJob, readJobFile } from "../job/readJobFile.ts";
import type { Submission } from "../job/submitJob.ts";

export interface MainJobFlags {
  corpus?: string;
  quick?: boolean;
}

export interface MainJob extends Submission {
  name: string;
  corpusPath: string;
}

const jobFile = join(repositoryRoot, "examples", "train-own-text.yaml");

/** @throws WeftError `corpus.*` when the user's text can't be used: before anything is started */
export function mainJob(context: Context, flags: MainJobFlags): MainJob {
  const { path, bytes } = corpusOf(context, flags);
  const { data } = readJobFile(jobFile);
  const name = flags.corpus === undefined ? (data as { name: string }).name : jobName(flags.corpus);
  return { data: adapt(data, { name, quick: flags.quick === true }), corpus: bytes, name, corpusPath: path };
}

function corpusOf(context: Context, flags: MainJobFlags): { path: string; bytes: Uint8Array<ArrayBuffer> } {
  if (flags.corpus === undefined) return writeOwnCorpus(repositoryRoot, context.home.corpus);
  const path = resolve(context.cwd, flags.corpus);
  return { path, bytes: readCorpus(path) };
}

/** "~/books/My Book.txt" → "train-My-Book". */
export function jobName(path: string): string {
  const stem = basename(path, extname(path))
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|-+$/g, "");
  return `train-${stem === "" ? "text" : stem}`.slice(0, 64);
}

/**
 * Long enough that segments last about half a second, since pay counts whole seconds; and 25 segments like the main
 * job's, so that at the local audit rate of 30 % only one run in 7,456 has no audit at all.
 */
const quickProgram = { preset: "quick", steps: 800, stepsPerSegment: 32 };
/** 5 minutes at the ceiling with the audit pot are 0.124: room for two moves to another provider. */
const quickTerms = { duration: "5m", budget: "0.40" };

function adapt(data: unknown, change: { name: string; quick: boolean }): ParsedJob["data"] {
  const file = data as { program?: object; pay?: object };
  if (!change.quick) return { ...file, name: change.name };
  const { duration, budget } = quickTerms;
  return {
    ...{ ...file, name: change.name, duration },
    program: { ...file.program, ...quickProgram },
    pay: { ...file.pay, budget },
  };
}
