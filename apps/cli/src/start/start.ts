// `weft start`: one command starts a network of separate processes on this machine, buys a training job on it, shows
// it to its end, and stays up. What it starts it also ends, in order; what it writes lies under the home.

import { rmSync } from "node:fs";
import { WeftError } from "@weft/protocol/Errors";
import { type Context, endpointFile } from "../Context.ts";
import { attach } from "../commands/run.ts";
import { connect, type GatewayClient } from "../GatewayClient.ts";
import { makeFolder } from "../Home.ts";
import { submitJob } from "../job/submitJob.ts";
import { lockHome, removeRecord, writeRecord } from "../process/RunFolder.ts";
import { type Cheat, cheatLines, planCheat } from "./cheat.ts";
import { clearHome } from "./clearHome.ts";
import { type EarlierJob, earlierJobs } from "./earlierJobs.ts";
import { Family } from "./Family.ts";
import { type Interrupts, interrupted, onInterrupt } from "./interrupts.ts";
import { launch, type RunningNetwork } from "./launch.ts";
import { type MainJob, mainJob } from "./mainJob.ts";
import { defaultNodes, sharedHostNotice } from "./plan.ts";
import type { StartFlags } from "./StartFlags.ts";

/** Exit code: 0 unless the job failed; 130 when interrupted before its end. */
export async function start(context: Context, flags: StartFlags): Promise<number> {
  const { home } = context;
  const job = flags.job === false ? undefined : mainJob(context, flags);
  const cheat = flags.cheat === true ? planCheat(job, flags.nodes ?? defaultNodes) : undefined;
  makeFolder(home.root);
  const lock = await lockHome(home);
  writeRecord(home, "start", process.pid);
  let up = false;
  const family = new Family(home, (role) => {
    // While starting, the one who waits for it tells more; on a live screen, the failover does.
    if (up && !context.live) context.warn(`weft: ${role} ended by itself; the network goes on`);
  });
  const interrupts = onInterrupt(() => void family.kill());
  try {
    return await run(context, { flags, job, cheat, family, interrupts, onUp: () => (up = true) });
  } finally {
    if (interrupts.signal.aborted) context.warn("weft: ending the network …");
    await family.stop();
    interrupts.release();
    rmSync(endpointFile(home), { force: true });
    removeRecord(home, "start", process.pid);
    lock.release();
  }
}

interface Run {
  flags: StartFlags;
  job: MainJob | undefined;
  cheat: Cheat | undefined;
  family: Family;
  interrupts: Interrupts;
  /** Called once everything is ready. */
  onUp: () => void;
}

async function run(context: Context, { flags, job, cheat, family, interrupts, onUp }: Run): Promise<number> {
  const gone = interrupted(interrupts.signal);
  const stopped = Promise.race([gone, family.broken]);
  const network = await Promise.race([launchOrBeginAnew(context, { flags, cheat, family, interrupts }), stopped]);
  if (network === "interrupted") return 130;
  onUp();
  if (cheat !== undefined) tellCheat(context, cheat);
  const done = work(context, { network, job, cheat, flags, signal: interrupts.signal });
  const code = await Promise.race([done, stopped]);
  if (code === "interrupted") return 130;
  if (flags.once === true) return code;
  context.say("");
  context.say(
    "the network stays up until Ctrl-C; in another terminal, try: npx weft offers, npx weft leases, npx weft status",
  );
  await stopped;
  return code;
}

/** With --yes, a home whose chain and files don't belong together is emptied and begun anew. */
async function launchOrBeginAnew(
  context: Context,
  { flags, cheat, family, interrupts }: Pick<Run, "flags" | "cheat" | "family" | "interrupts">,
): Promise<RunningNetwork> {
  try {
    return await launch(context, { flags, cheat, family, signal: interrupts.signal });
  } catch (error) {
    const damaged = error instanceof WeftError && ["network.wrongChain", "home.damaged"].includes(error.code);
    if (!damaged || flags.yes !== true) throw error;
    context.warn(`weft: ${error.message}: beginning anew`);
    await family.endAll();
    clearHome(context.home);
    return launch(context, { flags, cheat, family, signal: interrupts.signal });
  }
}

interface Work {
  network: RunningNetwork;
  job: MainJob | undefined;
  cheat: Cheat | undefined;
  flags: StartFlags;
  signal: AbortSignal;
}

/** Follows the job to its end: the one that an earlier start left undone, else one that is bought now. */
async function work(context: Context, { network, job, cheat, flags, signal }: Work): Promise<number> {
  const client = connect({ url: network.gatewayUrl, tokenFile: context.home.gatewayToken });
  const { same, others } = await earlierJobs(client, flags.newJob === true ? undefined : job);
  for (const { jobId, name } of others)
    context.say(`job ${jobId} (${name}) of an earlier start goes on too: weft jobs attach ${jobId}`);
  if (job === undefined) return 0;
  return attach(context, client, {
    jobId: same === undefined ? await buy(context, client, job) : goOn(context, same),
    signal,
    notice: sharedHostNotice(flags.nodes ?? defaultNodes),
    ...(cheat && { cheat }),
    summary: { startup: network.seconds },
  });
}

function tellCheat(context: Context, cheat: Cheat): void {
  for (const line of cheatLines(cheat)) context.say(line);
  context.emit({ kind: "cheat", ...cheat });
}

async function buy(context: Context, client: GatewayClient, job: MainJob): Promise<string> {
  context.say(`training on ${job.corpusPath} (${job.corpus.length} bytes)`);
  return await submitJob(client, job);
}

function goOn(context: Context, { jobId, name }: EarlierJob): string {
  context.say(
    `going on with job ${jobId} (${name}), which an earlier start bought and did not finish; --new-job buys another beside it`,
  );
  context.emit({ kind: "resuming", jobId, name });
  return jobId;
}
