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
  /** Least bond of one more rival, and that of the first that waits (0n: none does); stablecoin units. */
  least: bigint;
  head: bigint;
  /** What a place costs at most; twice as much is bid to come before others, no more. */
  dearest: bigint;
  purse: JoinPurse;
  /** The node stops or drains. */
  leaving: boolean;
}

/** What the owner's money and limits leave. Stablecoin units. */
export interface JoinPurse {
  /** Locked in this node's rivals, and the most that the owner allows; undefined: all there is. */
  locked: bigint;
  mostLocked: bigint | undefined;
  /** In the court and in the operator's account, locked by nothing. */
  free: bigint;
  /** Rivals of this node that are in, and the most. Its own segments, which it defends, are none of them. */
  rivals: number;
  mostRivals: number;
  /** What more valuable accusations that wait will need. */
  ahead: { bonds: bigint; rivals: number };
}

export type Short = "court.bonds" | "court.games" | "court.money";

export type JoinAction =
  | { act: "join"; bond: bigint }
  | { act: "wait"; why: "notBegun" | "otherSponsor" }
  /** For money or a place that other rivals of this node's give back, or that more valuable ones come before for. */
  | { act: "queue"; code: Short; bond: bigint }
  /** Nothing that this node waits for changes that: the owner has to, who reads `missing` (stablecoin units). */
  | { act: "refuse"; code: "court.bonds" | "court.games" | "court.money"; bond: bigint; missing: bigint }
  | { act: "refuse"; code: "court.leaving" }
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
  const short = shortOf(input.purse, input.least);
  if (short !== undefined) return short;
  return { act: "join", bond: bidOf(input) };
}

/** Why the least bond can't be named now; undefined when it can. */
function shortOf(purse: JoinPurse, bond: bigint): JoinAction | undefined {
  const { locked, mostLocked, free, ahead, rivals, mostRivals } = purse;
  if (mostRivals === 0) return { act: "refuse", code: "court.games", bond, missing: 0n };
  if (mostLocked !== undefined && bond > mostLocked)
    return { act: "refuse", code: "court.bonds", bond, missing: bond - mostLocked };
  if (bond > free + locked) return { act: "refuse", code: "court.money", bond, missing: bond - free - locked };
  if (rivals + ahead.rivals >= mostRivals) return { act: "queue", code: "court.games", bond };
  if (mostLocked !== undefined && locked + ahead.bonds + bond > mostLocked)
    return { act: "queue", code: "court.bonds", bond };
  if (ahead.bonds + bond > free) return { act: "queue", code: "court.money", bond };
  return undefined;
}

/** Ahead of those that wait, where that is to be had for little. */
function bidOf({ least, head, dearest, purse }: JoinInput): bigint {
  const { free, locked, mostLocked, ahead } = purse;
  const allowed = mostLocked === undefined ? free : min(free, mostLocked - locked);
  const first = head < least ? least : head + 1n;
  return first <= min(2n * dearest, allowed - ahead.bonds) ? first : least;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** An accusation that this node would make. */
export interface Want {
  key: string;
  /** Of what a verdict wins, half is the sponsor's: the bond of the lease; stablecoin units. */
  value: bigint;
  /** End of its window, Unix seconds. */
  until: bigint;
  bond: bigint;
}

/** What those that come before it will need: the more valuable ones, of equals the one whose window ends first. */
export function aheadOf(own: Want, wants: readonly Want[]): JoinPurse["ahead"] {
  const before = wants.filter((want) => want.key !== own.key && comesBefore(want, own));
  return { bonds: before.reduce((sum, { bond }) => sum + bond, 0n), rivals: before.length };
}

function comesBefore(a: Want, b: Want): boolean {
  if (a.value !== b.value) return a.value > b.value;
  if (a.until !== b.until) return a.until < b.until;
  return a.key < b.key;
}

/** This node's rival of a dispute, if it named one, under the key of its operator or of one before. */
export const ownRival = (dispute: DisputeState | undefined, accounts: readonly Address[]) =>
  dispute?.rivals.findLast(({ sponsor }) => isOneOf(accounts, sponsor));

export const isOneOf = (accounts: readonly Address[], account: Address): boolean =>
  accounts.some((one) => one.toLowerCase() === account.toLowerCase());
