// `weft dispute list` and `watch`: what is played in court, from the chain's log alone. Neither a gateway nor a running node is
// needed, only the network file of this home.
import { clientOf } from "@weft/chain/NetworkFile";
import { type Disputes, type DisputesRead, openDisputes } from "@weft/court/readDisputes";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import type { Context } from "../Context.ts";
import { type DisputeSummary, disputeNamed, isConcluded, summaries } from "../dispute/summarise.ts";
import { requireHome } from "../Home.ts";
import { readNames } from "../job/nodeNames.ts";
import { disputeText } from "../render/disputeText.ts";
import { disputeTree } from "../render/disputeTree.ts";
import { clockOf, grouped, nameOf } from "../render/figures.ts";
import { livePainter } from "../render/LivePainter.ts";
import { type Look, uncut } from "../render/terminalText.ts";
import { onInterrupt } from "../start/interrupts.ts";
import { readNetwork } from "../start/network.ts";
import { positive } from "./openWallet.ts";
import { amount, printRows, type Row, rowsOf, type Show, short } from "./rows.ts";

const mostOutages = 20;

function openHere({ home }: Context): { disputes: Disputes; pollMs: number } {
  requireHome(home);
  const file = readNetwork(home);
  const client = clientOf(file);
  const pollMs = Math.max(100, file.profile.blockSeconds * 1000);
  return { disputes: openDisputes(client, { fromBlock: file.fromBlock }), pollMs };
}

export async function list(context: Context): Promise<number> {
  const { events, now } = await openHere(context).disputes.read();
  const names = readNames(context.home);
  const node: Show = (value) => (typeof value === "string" ? nameOf(names, value) : "–");
  const rows = summaries(events, now);
  printRows(
    context,
    rows.map((row): Row => ({ ...row })),
    {
      kind: "dispute",
      none: "no disputes: nobody has challenged a segment on this network",
      fields: [
        { key: "game", title: "game", show: short },
        { key: "leaseId", title: "lease", show: short },
        { key: "segment", title: "segment", align: "right" },
        { key: "ground", title: "ground" },
        { key: "nodeId", title: "node", show: node },
        { key: "sponsor", title: "rival", show: (_, row) => node(row["sponsorNode"] ?? row["sponsor"], row) },
        { key: "level", title: "level" },
        { key: "state", title: "state", show: (_, row) => stateText(row as unknown as DisputeSummary) },
        { key: "bond", title: "bond", align: "right", show: amount },
        { key: "moves", title: "moves", align: "right" },
        { key: "gas", title: "gas so far", align: "right", show: (value) => grouped(Number(value)) },
      ],
    },
  );
  return 0;
}

function stateText({ state, winner, turn, left }: DisputeSummary): string {
  if (state === "over") return winner === "rival" ? "false" : winner === "defender" ? "stands" : "over";
  return turn === undefined ? state : `${turn === "defender" ? "node" : "rival"} to move, ${clockOf(left ?? 0)}`;
}

export interface WatchFlags {
  once?: boolean;
}

/** Follows one dispute until the court has concluded it; a finished one is told at once. */
export async function watch(context: Context, named: string, flags: WatchFlags): Promise<number> {
  const { disputes, pollMs } = openHere(context);
  const interrupts = onInterrupt(() => {});
  const screen = context.live ? livePainter(process.stdout) : undefined;
  const names = readNames(context.home);
  let told = 0;
  try {
    for (;;) {
      const read = await patiently(disputes, pollMs);
      const events = disputeNamed(read.events, named);
      for (const event of events.slice(told)) {
        context.emit(event);
        if (screen === undefined) context.say(disputeText(event, names));
      }
      told = events.length;
      const over = flags.once === true || isConcluded(events) || interrupts.signal.aborted;
      const lines = (look: Look): string[] => disputeTree(events, { look, names, now: read.now });
      if (screen !== undefined) screen.show(() => lines(context.look));
      else if (over) for (const line of ["", ...lines(uncut(context.look))]) context.say(line);
      if (!over) {
        await new Promise((wake) => setTimeout(wake, pollMs));
        continue;
      }
      const { game } = events[0] as DisputeEvent;
      context.emit({ kind: "summary", ok: true, game, concluded: isConcluded(events) });
      return interrupts.signal.aborted ? 130 : 0;
    }
  } finally {
    screen?.finish();
    interrupts.release();
  }
}

/** A chain that is away for a while is waited for. */
async function patiently(disputes: Disputes, pollMs: number): Promise<DisputesRead> {
  for (let outages = 0; ; outages++)
    try {
      return await disputes.read();
    } catch (error) {
      if (outages >= mostOutages || !(hasCode(error, "chain.moved") || hasCode(error, "chain.unreachable")))
        throw error;
      await new Promise((wake) => setTimeout(wake, pollMs * (outages + 1)));
    }
}

/** Replays a segment of one of this buyer's leases and challenges it where it is false. */
export async function join(context: Context, [lease, segment]: readonly [string, string], flags: { maxBond?: string }) {
  if (!/^\d{1,6}$/.test(segment))
    throw new WeftError(`"${segment}" is not the number of a segment`, {
      code: "cli.usage",
      remedy: "write: weft dispute join LEASE SEGMENT, with the lease's own numbers, from 0",
    });
  const { joinDispute } = await import("../dispute/joinDispute.ts");
  const leaseId = await leaseNamed(context, lease);
  return joinDispute(context, { leaseId, segment: BigInt(segment), maxBond: positive(flags.maxBond ?? usualMaxBond) });
}

const usualMaxBond = "1";

async function leaseNamed(context: Context, named: string): Promise<Hex> {
  const wanted = named.toLowerCase();
  const rows = await rowsOf(context, "/v1/leases", "leases");
  const found = rows.flatMap(({ leaseId }) =>
    typeof leaseId === "string" && wanted.length >= 4 && leaseId.startsWith(wanted) ? [leaseId as Hex] : [],
  );
  if (found.length === 1) return found[0] as Hex;
  throw new WeftError(
    found.length === 0 ? `there is no lease ${named}` : `${found.length} leases begin with ${named}`,
    {
      code: "dispute.unknown",
      remedy: "take the lease from: weft leases --json",
    },
  );
}

/** Plays the defender's side for a node of this home that does not run. */
export async function defend(context: Context, named: string, flags: { name: string }): Promise<number> {
  const { disputes } = openHere(context);
  const { game } = disputeNamed((await disputes.read()).events, named)[0] as DisputeEvent;
  const file = readNetwork(context.home);
  const { defendDispute } = await import("../dispute/defendDispute.ts");
  const where = { client: clientOf(file), fromBlock: file.fromBlock };
  return defendDispute(context, { ...where, game: game as Hex, name: flags.name });
}
