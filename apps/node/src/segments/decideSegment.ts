// What to do next about one finished segment on its way to being paid. Pure: the record, the chain's facts, the session.
//
//   computed → committed (signed, on chain, names a future beacon round) → drawn → held by drawn nodes
//     → voucher mode: sent to the buyer's gateway with the holders' statements, answered by a voucher
//     → accrue mode: the statements go on chain, the pay becomes claimable without the buyer
//
// Every answer can be asked again after a restart: nothing here depends on what was tried before, except the statements
// and the answer kept in the record.
import type { SignedHeld } from "@weft/protocol/Held";
import type { NodeId } from "@weft/protocol/NodeId";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Hex } from "viem";

/** A segment as kept on disk. */
export interface SegmentWork {
  commitment: SegmentCommitment;
  hash: Hex;
  signature: Hex;
  checkpointBytes: number;
  /** Drawn holders' signed statements, checked. */
  held: SignedHeld[];
  /** The gateway's last answer; a later voucher covers earlier segments. */
  answer?: { paid: true } | { paid: false; code: string };
}

/** What the chain says about the segment. */
export interface SegmentFacts {
  /** Hash of the commitment on chain; undefined when there is none. */
  committed: Hex | undefined;
  available: boolean;
  voided: boolean;
  draw: { ready: boolean; holders: readonly NodeId[] };
}

export interface SegmentContext {
  /** Round that runs now. */
  round: bigint;
  /** Index of the segment the chain takes next. */
  nextOnChain: bigint;
  /** No gateway session is open / this segment may be sent in it now / not now: it was, or another one's answer is due. */
  session: "none" | "unsent" | "sent";
  accrue: boolean;
  /** Statements needed on chain. */
  heldNeeded: number;
  /** The lease still takes commitments. */
  running: boolean;
}

export type SegmentAction =
  | { act: "commit" }
  /** The round passed before the commitment reached the chain: sign for a new one. */
  | { act: "sign" }
  | { act: "ask"; holders: NodeId[] }
  | { act: "send" }
  | { act: "prove" }
  | { act: "wait"; for: "order" | "draw" | "voucher" | "gateway" }
  | { act: "done"; how: "paid" | "available" | "voided" | "tooLate" };

export function decideSegment(work: SegmentWork, facts: SegmentFacts, context: SegmentContext): SegmentAction {
  if (facts.voided) return { act: "done", how: "voided" };
  if (!context.accrue && work.answer?.paid === true) return { act: "done", how: "paid" };
  if (context.accrue && facts.available) return availableAction(work, context);
  if (facts.committed === undefined) return commitAction(work, context);
  if (!facts.draw.ready) return { act: "wait", for: "draw" };
  return context.accrue ? accrueAction(work, facts, context) : voucherAction(work, facts, context);
}

function commitAction(work: SegmentWork, context: SegmentContext): SegmentAction {
  if (!context.running) return { act: "done", how: "tooLate" };
  if (work.commitment.segment !== context.nextOnChain) return { act: "wait", for: "order" };
  return work.commitment.beaconRound > context.round ? { act: "commit" } : { act: "sign" };
}

/** Drawn holders that have not signed yet; only the current draw's statements count. */
function missingHolders(work: SegmentWork, facts: SegmentFacts): NodeId[] {
  const have = new Set(work.held.map(({ held }) => held.holder));
  return facts.draw.holders.filter((holder) => !have.has(holder));
}

const heldCount = (work: SegmentWork, facts: SegmentFacts): number =>
  work.held.filter(({ held }) => facts.draw.holders.includes(held.holder)).length;

function accrueAction(work: SegmentWork, facts: SegmentFacts, context: SegmentContext): SegmentAction {
  // Fewer only where fewer exist, as the contract has it.
  const needed = Math.min(context.heldNeeded, facts.draw.holders.length);
  if (needed > 0 && heldCount(work, facts) >= needed) return { act: "prove" };
  return { act: "ask", holders: missingHolders(work, facts) };
}

/** The pay is safe; a gateway that is there still gets the checkpoint and answers. */
function availableAction(work: SegmentWork, context: SegmentContext): SegmentAction {
  if (work.answer?.paid === true || context.session === "none") return { act: "done", how: "available" };
  return context.session === "unsent" ? { act: "send" } : { act: "wait", for: "voucher" };
}

function voucherAction(work: SegmentWork, facts: SegmentFacts, context: SegmentContext): SegmentAction {
  if (heldCount(work, facts) === 0) return { act: "ask", holders: missingHolders(work, facts) };
  if (context.session === "none") return { act: "wait", for: "gateway" };
  return context.session === "unsent" ? { act: "send" } : { act: "wait", for: "voucher" };
}

/** How long a transaction takes to be mined at worst, where a block takes `blockSeconds`. */
export const inclusionSeconds = (blockSeconds: number): number => Math.max(2, 6 * blockSeconds);

/**
 * The beacon round to name: strictly in the future when the transaction is mined, as early as that is safe.
 */
export function roundToName(
  current: bigint,
  options: { roundSeconds: bigint; inclusionSeconds: number; maxRoundsAhead: bigint },
): bigint {
  const rounds = BigInt(Math.ceil(options.inclusionSeconds / Number(options.roundSeconds))) + 1n;
  return current + (rounds < options.maxRoundsAhead ? rounds : options.maxRoundsAhead);
}
