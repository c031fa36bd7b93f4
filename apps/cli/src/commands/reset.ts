// `weft reset`: ends what runs on a home, then removes the home. Only processes that the records prove to be ours
// (pid and start time) are touched, and only a folder that looks like one of ours is removed.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { WeftError } from "@weft/protocol/Errors";
import type { Context } from "../Context.ts";
import { endProcess, isAlive, type ProcessRecord } from "../process/processMark.ts";
import { livingRecords } from "../process/RunFolder.ts";
import { fileError } from "../systemErrors.ts";

/** Ample for gateway, nodes and chain to write their state. */
const startGraceMs = 30_000;
const graceMs = 10_000;

/** The order of ending: who started the others first, the chain last. */
const order = ["start", "gateway", "node", "chain"];
const rank = ({ role }: ProcessRecord): number => order.findIndex((kind) => role.startsWith(kind));

export async function reset(context: Context, flags: { yes?: boolean }): Promise<number> {
  const { home } = context;
  if (!existsSync(home.root)) {
    context.say(`nothing to remove: there is no ${home.root}`);
    context.emit({ kind: "summary", ok: true, removed: false });
    return 0;
  }
  refuseForeign(home.root);
  await confirm(context, flags.yes === true);
  const ended: string[] = [];
  for (const record of livingRecords(home).sort((a, b) => rank(a) - rank(b))) {
    // Ending `start` ends the rest in its own order; the rest is for what it left behind.
    if (!isAlive(record)) continue;
    await endProcess(record, record.role === "start" ? startGraceMs : graceMs);
    ended.push(record.role);
  }
  try {
    rmSync(home.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  } catch (cause) {
    throw fileError(cause, { doing: "remove", path: home.root });
  }
  context.say(`removed ${home.root}${ended.length === 0 ? "" : ` after ending ${ended.join(", ")}`}`);
  context.emit({ kind: "summary", ok: true, removed: true, ended });
  return 0;
}

const ownEntries = new Set([
  "network.json",
  "names.json",
  "ports.json",
  "chain",
  "nodes",
  "gateway",
  "buyer",
  "owners",
  "corpus",
  "out",
  "run",
  "disputes",
]);

/** A mistyped --home must not remove somebody's folder. */
function refuseForeign(root: string): void {
  const entries = readdirSync(root);
  const foreign = entries.find((entry) => !ownEntries.has(entry.replace(/\.part$/, "")));
  if (foreign === undefined) return;
  throw new WeftError(`${root} holds "${foreign}", which is not of Weft's making`, {
    code: "reset.foreign",
    remedy: "check --home; move that file away if the folder is the right one",
  });
}

async function confirm(context: Context, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY)
    throw new WeftError(`${context.home.root} is not removed without a yes`, {
      code: "reset.unconfirmed",
      remedy: "add --yes",
    });
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(`remove ${context.home.root} with all keys, money and models in it? [y/N] `);
  ask.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new WeftError("nothing was removed", { code: "cli.interrupted" });
}
