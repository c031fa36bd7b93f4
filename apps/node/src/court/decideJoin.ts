// Whether this node names its rival history now. Pure: the dispute as the chain has it, the clock, the owner's budget.
//
// Another sponsor of the same history makes a second bond needless as long as that one plays. It may be the liar's friend, who
// loses on purpose once the window is over: so its silence is waited for only as long as there is time to come after it.
import type { DisputeState } from "@weft/chain/Snapshot";
import type { Address, Hex } from "viem";

export interface JoinInput {
  /** Chain time and that of the commitment, Unix seconds. */
  now: bigint;
  committedAt: bigint;
  windowSeconds: bigint;
  /** The beacon round that the commitment names has begun: it can't be taken back any more. */
  begun: boolean;
  /** Its lease is settled. */
  settled: boolean;
  dispute: DisputeState | undefined;
  /** What this node would name: a history root, or `startRival`; undefined for what is proven at once. */
  rival: Hex | undefined;
  account: Address;
  /** Least bond of one more rival; stablecoin units. */
  nextBond: bigint;
  /** Locked in this node's other rivals, and the most that the owner allows. */
  locked: bigint;
  mostLocked: bigint;
  /** Games that this node has a side in, and the most. */
  games: number;
  mostGames: number;
  /** The node stops or drains. */
  leaving: boolean;
}

export type JoinAction =
  | { act: "join"; bond: bigint }
  | { act: "wait"; why: "notBegun" | "otherSponsor" }
  /** The owner's limits forbid it for now. */
  | { act: "refuse"; code: "court.bonds" | "court.games" | "court.leaving" }
  | { act: "drop"; why: "settled" | "windowOver" | "eliminated" };

export function decideJoin(input: JoinInput): JoinAction {
  const { now, committedAt, windowSeconds, dispute, rival } = input;
  if (dispute?.eliminated !== undefined) return { act: "drop", why: "eliminated" };
  if (input.settled) return { act: "drop", why: "settled" };
  if (now > committedAt + windowSeconds) return { act: "drop", why: "windowOver" };
  if (!input.begun) return { act: "wait", why: "notBegun" };
  if (rival === undefined) return { act: "join", bond: 0n };
  // The last quarter is for coming after a sponsor that failed.
  const isLate = now > committedAt + (windowSeconds * 3n) / 4n;
  const others = dispute?.rivals.filter(({ end, rival: named }) => end === "in" && named === rival) ?? [];
  if (others.length > 0 && !isLate) return { act: "wait", why: "otherSponsor" };
  if (input.leaving) return { act: "refuse", code: "court.leaving" };
  if (input.games >= input.mostGames) return { act: "refuse", code: "court.games" };
  if (input.locked + input.nextBond > input.mostLocked) return { act: "refuse", code: "court.bonds" };
  return { act: "join", bond: input.nextBond };
}

/** This node's rival of a dispute, if it named one. */
export const ownRival = (dispute: DisputeState | undefined, account: Address) =>
  dispute?.rivals.findLast(({ sponsor }) => sponsor.toLowerCase() === account.toLowerCase());
