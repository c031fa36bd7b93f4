// `weft run FILE.yaml`: buy a job and follow it. `attach` follows any job.
import { dirname, resolve } from "node:path";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import { ceilingPerSecond, roundingNote } from "@weft/protocol/hourlyPrice";
import { type Context, gatewayOf } from "../Context.ts";
import { followJob, type GatewayClient } from "../GatewayClient.ts";
import { repositoryRoot } from "../Home.ts";
import { ownCorpus, readCorpus } from "../job/corpus.ts";
import { readNames } from "../job/nodeNames.ts";
import { type ParsedJob, readJobFile } from "../job/readJobFile.ts";
import { showJob } from "../job/showJob.ts";
import { readyOutput, saveCheckpoint, submitJob } from "../job/submitJob.ts";
import type { NodeNames } from "../render/figures.ts";
import type { JobView } from "../render/JobView.ts";
import { reportLines } from "../render/reportLines.ts";
import { jobSummary } from "../render/summary.ts";
import type { Arranged } from "../render/verifiedLines.ts";

export interface RunFlags {
  detach?: boolean;
  maxBudget?: string;
}

/** Exit code: 0 when the job is done (or handed over with --detach). */
export async function run(context: Context, file: string, flags: RunFlags): Promise<number> {
  const path = resolve(context.cwd, file);
  const parsed = underCap(readJobFile(path), flags.maxBudget);
  const corpus = corpusFor(parsed, path);
  const client = gatewayOf(context);
  tellCeiling(context, parsed);
  // With --detach the model stays with the gateway.
  const output = flags.detach ? undefined : readyOutput(resolve(context.cwd, parsed.job.output));
  const jobId = await submitJob(client, { data: parsed.data, corpus });
  if (output === undefined) {
    context.say(`job ${jobId} is under way; see it with: weft jobs attach ${jobId}`);
    context.emit({ kind: "summary", ok: true, jobId, name: parsed.job.name, phase: "created" });
    return 0;
  }
  return attach(context, client, { jobId, output });
}

/** Says what the job's price ceiling counts as, where the file states one that lies between two steps. */
export function tellCeiling(context: Context, { data, job }: ParsedJob): void {
  const stated = (data as { pay?: { maxPricePerHour?: unknown } }).pay?.maxPricePerHour !== undefined;
  const { maxPricePerHour } = job.pay;
  const note = roundingNote(maxPricePerHour, ceilingPerSecond(maxPricePerHour));
  if (stated && note !== undefined) context.say(`  note: pay.maxPricePerHour ${note}`);
}

/** The text beside the job file, or this project's own. */
export function corpusFor({ job }: ParsedJob, path: string): Uint8Array<ArrayBuffer> {
  if (job.corpus === undefined) return ownCorpus(repositoryRoot);
  return readCorpus(resolve(dirname(path), job.corpus));
}

/** `--max-budget` is a second, harder cap for scripts. @throws WeftError `job.overCap` */
export function underCap(parsed: ParsedJob, cap: string | undefined): ParsedJob {
  if (cap === undefined) return parsed;
  const limit = Amount.parse(cap);
  if (parsed.job.pay.budget <= limit) return parsed;
  throw new WeftError(
    `the job's budget is ${Amount.format(parsed.job.pay.budget)}, above the cap ${Amount.format(limit)}`,
    {
      code: "job.overCap",
      remedy: "lower pay.budget in the job file, or raise --max-budget",
    },
  );
}

export interface AttachOptions {
  jobId: string;
  from?: number;
  /** Where the checkpoint goes; it stays with the gateway when absent. */
  output?: string;
  notice?: string;
  /** Who cheats in it, by the name of a node of this home, and from which segment on. */
  cheat?: { name: string; firstFalse: number };
  /** Ends the watching; without it Ctrl-C does. */
  signal?: AbortSignal;
  /** Added to the summary. */
  summary?: object;
}

/** Follows a job to its end and reports. */
export async function attach(context: Context, client: GatewayClient, options: AttachOptions): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  if (options.signal === undefined) process.once("SIGINT", interrupt);
  else options.signal.addEventListener("abort", interrupt, { once: true });
  const from = options.from === undefined ? {} : { from: options.from };
  const names = readNames(context.home);
  try {
    const events = followJob(client, options.jobId, { ...from, signal: stop.signal });
    const view = await showJob(context, events, {
      names,
      ...(options.notice === undefined ? {} : { notice: options.notice }),
    });
    return await finish(context, client, { view, options });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new WeftError("no longer watching; the job goes on", {
      code: "cli.interrupted",
      remedy: `see it again with: weft jobs attach ${options.jobId}; end it with: weft jobs cancel ${options.jobId}`,
    });
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}

async function finish(
  context: Context,
  client: GatewayClient,
  end: { view: JobView; options: AttachOptions },
): Promise<number> {
  const { view, options } = end;
  let shown = view;
  if (view.done !== undefined && options.output !== undefined) {
    const saved = await saveCheckpoint(client, options.jobId, {
      folder: options.output,
      name: view.name || options.jobId,
    });
    const { path: checkpointPath, bytes, contentId } = saved;
    shown = { ...view, done: { ...view.done, checkpointPath, bytes }, savedContentId: contentId };
  }
  const names = readNames(context.home);
  const arranged = arrangedOf(options.cheat, names);
  const report = reportLines(shown, {
    ...{ look: context.look, names, sharedHost: options.notice !== undefined },
    ...(arranged && { arranged }),
  });
  context.say("");
  for (const line of report) context.say(line);
  context.emit({ ...jobSummary(shown), ...options.summary });
  return shown.phase === "done" ? 0 : 1;
}

function arrangedOf(cheat: AttachOptions["cheat"], names: NodeNames): Arranged | undefined {
  const nodeId = [...names].find(([, name]) => name === cheat?.name)?.[0];
  return cheat === undefined || nodeId === undefined ? undefined : { nodeId, firstFalse: cheat.firstFalse };
}
