// `weft dispute list` and `watch`: what is played in court, from the chain's log alone. Neither a gateway nor a running node is
// needed, only the network file of this home.
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import { WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import type { Context } from "../Context.ts";
import { closedAmong } from "../dispute/closedAmong.ts";
import { answered, openCourt, playing, reader, startOf } from "../dispute/court.ts";
import { type DisputeSummary, disputeNamed, idNamed, isConcluded, summaries } from "../dispute/summarise.ts";
import { readNames } from "../job/nodeNames.ts";
import { disputeText } from "../render/disputeText.ts";
import { disputeTree } from "../render/disputeTree.ts";
import { clockOf, grouped, nameOf } from "../render/figures.ts";
import { livePainter } from "../render/LivePainter.ts";
import { type Look, uncut } from "../render/terminalText.ts";
import { onInterrupt } from "../start/interrupts.ts";
import { positive } from "./openWallet.ts";
import { amount, type Field, plain, printRows, type Row, rowsOf, type Show, short } from "./rows.ts";

export interface ListFlags {
  limit?: number;
}

const usualLimit = 100;

export async function list(context: Context, { limit = usualLimit }: ListFlags): Promise<number> {
  const court = await openCourt(context);
  const { events, now } = await reader(court, court)();
  const closed = await answered(court, () => closedAmong(court, { rows: summaries(events, { now }), now }));
  const rows = summaries(events, { now, closed });
  const left = rows.length - limit;
  printRows(
    context,
    rows.slice(-limit).map((row): Row => ({ ...row })),
    { kind: "dispute", none: "no disputes: nobody has challenged a segment on this network", fields: fields(context) },
  );
  if (left > 0) context.say(`  … and ${left} before these: weft dispute list --limit ${rows.length}`);
  return 0;
}

function fields({ home }: Context): Field[] {
  const names = readNames(home);
  const node: Show = (value) => (typeof value === "string" ? nameOf(names, value) : "–");
  return [
    { key: "game", title: "game", show: short },
    { key: "leaseId", title: "lease", show: short, spare: 1 },
    { key: "segment", title: "segment", align: "right" },
    { key: "ground", title: "ground", spare: 4 },
    { key: "nodeId", title: "node", show: node },
    { key: "sponsor", title: "rival", show: (_, row) => node(row["sponsorNode"] ?? row["sponsor"], row) },
    { key: "level", title: "level", show: (value, row) => (value === null ? "–" : plain(value, row)), spare: 3 },
    { key: "state", title: "state", show: (_, row) => stateText(row as unknown as DisputeSummary) },
    {
      key: "bond",
      title: "bond",
      align: "right",
      show: (value, row) => (value === null ? "–" : amount(value, row)),
      spare: 2,
    },
    { key: "moves", title: "moves", align: "right", spare: 5 },
    { key: "gas", title: "gas so far", align: "right", show: (value) => grouped(Number(value)), spare: 2 },
  ];
}

function stateText({ state, winner, turn, left }: DisputeSummary): string {
  switch (state) {
    case "waiting":
      return "waiting";
    case "playing":
      return `playing: ${turn === "defender" ? "node" : "rival"} to move, ${clockOf(left ?? 0)}`;
    case "won":
      return winner === "rival" ? "won: false" : "won: void by another";
    case "lost":
      return "lost: stands so far";
    case "final":
      return "final: stands";
  }
}

export interface WatchFlags {
  once?: boolean;
}

/** Follows one dispute until the court has concluded it; a finished one is told at once. */
export async function watch(context: Context, named: string, flags: WatchFlags): Promise<number> {
  idNamed(named, "game or lease");
  const court = await openCourt(context);
  const read = reader(court, { fromBlock: await startOf(court, named) });
  const interrupts = onInterrupt(() => {});
  const screen = context.live ? livePainter(process.stdout) : undefined;
  const names = readNames(context.home);
  let told = 0;
  try {
    for (;;) {
      const { events: all, now } = await read();
      const events = disputeNamed(all, named);
      for (const event of events.slice(told)) {
        context.emit(event);
        if (screen === undefined) context.say(disputeText(event, { names, told: events }));
      }
      told = events.length;
      const over = flags.once === true || isConcluded(events) || interrupts.signal.aborted;
      const lines = (look: Look): string[] => disputeTree(events, { look, names, now });
      if (screen !== undefined) screen.show(() => lines(context.look));
      else if (over) for (const line of ["", ...lines(uncut(context.look))]) context.say(line);
      if (!over) {
        await new Promise((wake) => setTimeout(wake, court.pollMs));
        continue;
      }
      const { game = null } = events[0] as DisputeEvent;
      const state = summaries(events, { now })[0]?.state ?? null;
      context.emit({ kind: "summary", ok: true, game, state, concluded: isConcluded(events) });
      return interrupts.signal.aborted ? 130 : 0;
    }
  } finally {
    screen?.finish();
    interrupts.release();
  }
}

/** Replays a segment of one of this buyer's leases and challenges it where it is false. */
export async function join(context: Context, [lease, segment]: readonly [string, string], flags: { maxBond?: string }) {
  if (!/^\d{1,6}$/.test(segment))
    throw new WeftError(`"${segment}" is not the number of a segment`, {
      code: "cli.usage",
      remedy: "write: weft dispute join LEASE SEGMENT, with the lease's own numbers, from 0",
    });
  idNamed(lease, "lease");
  const { joinDispute } = await import("../dispute/joinDispute.ts");
  const leaseId = await leaseNamed(context, lease);
  return joinDispute(context, { leaseId, segment: BigInt(segment), maxBond: positive(flags.maxBond ?? usualMaxBond) });
}

const usualMaxBond = "1";

async function leaseNamed(context: Context, named: string): Promise<Hex> {
  const wanted = named.toLowerCase();
  const rows = await rowsOf(context, "/v1/leases", "leases");
  const found = rows.flatMap(({ leaseId }) =>
    typeof leaseId === "string" && leaseId.startsWith(wanted) ? [leaseId as Hex] : [],
  );
  if (found.length === 1) return found[0] as Hex;
  throw new WeftError(
    found.length === 0 ? `there is no lease ${named}` : `${found.length} leases begin with ${named}`,
    {
      code: found.length === 0 ? "dispute.unknown" : "dispute.ambiguous",
      remedy: "take the lease from: weft leases --json",
    },
  );
}

/** Plays the defender's side for a node of this home that does not run. */
export async function defend(context: Context, named: string, flags: { name: string }): Promise<number> {
  idNamed(named, "game or lease");
  const court = await openCourt(context);
  const { events } = await reader(court, { fromBlock: await startOf(court, named) })();
  const [first] = disputeNamed(events, named);
  if (first?.game === undefined)
    throw new WeftError("that segment was proven false at once: there is no game to defend", {
      code: "dispute.over",
      remedy: "see what happened with: weft dispute watch",
    });
  const { defendDispute } = await import("../dispute/defendDispute.ts");
  const { client, fromBlock } = playing(context, court);
  return defendDispute(context, { client, fromBlock, game: first.game as Hex, name: flags.name });
}
