// For benches and the attack gallery: disputes in a deployment with the parameters of a real network, and what each side's
// transactions cost, from receipts. The chain's clock stands still between moves.
import { stake } from "@weft/chain/actions/stake";
import { accountOf } from "@weft/chain/chainFixture";
import { readGameView } from "@weft/chain/courtReads";
import type { Intent, IntentResult } from "@weft/chain/Intent";
import { fund, type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import { chainTime } from "@weft/chain/reads";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Side } from "@weft/verification/court/Game";
import type { Accusation } from "@weft/verification/court/grounds";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import { parseEther } from "viem";
import { type CourtLease, challenged, courtLease, playerOf } from "./disputeFixture.ts";
import { ladderOf } from "./gameRules.ts";
import { type DisputeLook, disputeIntent, lookAtDispute } from "./playDispute.ts";
import type { Player } from "./playOut.ts";

/** One transaction. */
export interface Cost {
  side: Side;
  /** What it called. */
  call: string;
  gas: number;
  /** Of its calldata. */
  bytes: number;
}

export interface CourtRoom {
  network: NetworkFixture;
  /** Leases so far. */
  leases: number;
}

/** A deployment of the preset `standard`, and accounts that have money for bonds. */
export async function openCourtRoom(sponsors: readonly string[]): Promise<CourtRoom> {
  const network = await networkFixture({ preset: "standard", blockTimeSeconds: 0.05, stateIntervalSeconds: 3600 });
  // A block for each transaction and none besides: many blocks, and dumps of them, would be most of the work.
  await network.driver.setAutomine(true);
  await network.freeze();
  await fund(network, sponsors);
  return { network, leases: 0 };
}

/** Of a new node, which keeps its seat when a part of its stake is gone: that is twice the least. Or of an owner again. */
export async function newLease(room: CourtRoom, program: CourtStruct, again?: string): Promise<CourtLease> {
  const { network } = room;
  const nonce = BigInt(++room.leases);
  const owner = again ?? `node ${nonce}`;
  const lease = await courtLease(network, { program, owner, nonce, isNew: again === undefined });
  if (again !== undefined) return lease;
  await fund(network, [owner]);
  const from = accountOf(owner);
  const intent = await stake(network.client, { nodeId: lease.nodeId, from, amount: parseEther("1000"), id: "second" });
  await network.senderOf(from).send(intent);
  return lease;
}

export const costOf = (side: Side, intent: Intent, { kind, gasUsed }: IntentResult): Cost => ({
  ...{ side, call: kind, gas: Number(gasUsed), bytes: (intent.data.length - 2) / 2 },
});

/** The sponsor's challenge, which brings its bond along. `bond`: the least when absent. */
export async function sponsored(
  room: CourtRoom,
  what: { lease: CourtLease; commitment: SegmentCommitment; accusation: Accusation; sponsor: string; bond?: bigint },
) {
  const { network } = room;
  const bond = what.bond ?? ladderOf(network.client.params);
  const opened = await challenged(network, { ...what, bond, brings: true });
  return { opened, costs: [costOf("rival", opened.intent, opened.result)] };
}

/** Both sides of a dispute with their histories. */
export function playersOf(
  room: CourtRoom,
  opened: Awaited<ReturnType<typeof challenged>>,
  { lease, sponsor, ...histories }: { lease: CourtLease; sponsor: string } & Record<Side, TraceOracle>,
): Record<Side, Player> {
  const { network } = room;
  const { program, owner } = lease;
  const own = { defender: `${owner} operator`, rival: sponsor };
  const player = (side: Side) =>
    playerOf(network, opened, { side, account: own[side], program, oracle: histories[side] });
  return { defender: player("defender"), rival: player("rival") };
}

/** What is done in the place of what is due: something else, or nothing. undefined: what is due. */
export type Meddle = (side: Side, look: DisputeLook) => Promise<"silent" | undefined> | "silent" | undefined;

/** What one side did. */
export interface Made {
  side: Side;
  look: DisputeLook;
  cost: Cost;
  result: IntentResult;
}

/** More than the moves of a game of any depth, and its end. */
const mostTurns = 256;

/** Plays until nothing is left for either side; where nobody does anything, time passes until a clock is over. */
export async function playToEnd(
  room: CourtRoom,
  players: Record<Side, Player>,
  meddle: Meddle = () => undefined,
): Promise<Made[]> {
  const made: Made[] = [];
  let done = 0;
  for (let turn = 0, idle = 0; turn < mostTurns && done < 2; turn++) {
    const side = turn % 2 === 0 ? "defender" : "rival";
    const one = await playTurn(room, { player: players[side], side, meddle });
    if (one !== "idle" && one !== "done") made.push(one);
    done = one === "done" ? done + 1 : 0;
    idle = one === "idle" || one === "done" ? idle + 1 : 0;
    if (idle < 2 || done >= 2) continue;
    idle = 0;
    if (!(await passDeadline(room, players.rival))) break;
  }
  return made;
}

async function playTurn(
  { network }: CourtRoom,
  { player: { table, seat }, side, meddle }: { player: Player; side: Side; meddle: Meddle },
): Promise<Made | "idle" | "done"> {
  const look = await lookAtDispute(network.client, seat);
  if (look.turn.act === "done") return "done";
  if ((await meddle(side, look)) === "silent") return "idle";
  const intent = await disputeIntent(table, seat, look);
  if (intent === undefined) return "idle";
  const result = await table.send(intent);
  return { side, look, result, cost: costOf(side, intent, result) };
}

/** False when no clock runs. */
async function passDeadline({ network }: CourtRoom, { seat }: Player): Promise<boolean> {
  const { outcome, since, deadline } = await readGameView(network.client, seat.game);
  if (outcome !== "none" || since === 0) return false;
  await network.pass(Number(BigInt(deadline) - (await chainTime(network.client))) + 1);
  return true;
}
