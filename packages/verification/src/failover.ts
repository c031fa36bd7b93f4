// Where a job goes on after its provider failed: the last checkpoint that somebody else can hand out.
//
// A provider that withholds a checkpoint loses that work, not the buyer's: segments after the last available one are
// done again. Segments from the first one found false are dropped, whatever is held of them. What money and time is
// left for the next fill is the market's arithmetic (packages/market/src/refill.ts).
import { most } from "@weft/protocol/Amount";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Hex } from "viem";

export interface HeldSegment {
  segment: bigint;
  firstStep: bigint;
  /** Inclusive. */
  lastStep: bigint;
  endRoot: Hex;
  checkpoint: Hex;
  /** Found false, or after one that was. */
  voided: boolean;
  /** Nodes whose statement that they hold this checkpoint was checked. */
  heldBy: readonly NodeId[];
  gatewayHolds: boolean;
}

export interface FillTrace {
  provider: NodeId;
  /** State root the fill continued from; absent for a fresh start. */
  startRoot?: Hex;
  /** In order. */
  segments: readonly HeldSegment[];
  /** How the fill ended, if it did: a fault bars its provider from the order's next fills. */
  failed: boolean;
}

export interface Resume {
  /** First step to compute; 0 with no `from` is a fresh start. */
  nextStep: bigint;
  from?: {
    checkpoint: Hex;
    stateRoot: Hex;
    /** Who can hand it out; never the failed provider. */
    sources: readonly NodeId[];
    gatewayHolds: boolean;
  };
  /** Steps that were computed and are to be done again. */
  lostSteps: bigint;
  /** Providers that failed this order. */
  excluded: readonly NodeId[];
}

/** @param fills every fill of the order so far, in order */
export function resumeFrom(fills: readonly FillTrace[]): Resume {
  const excluded = [...new Set(fills.filter(({ failed }) => failed).map(({ provider }) => provider))];
  const reached = fills.flatMap(({ segments }) => segments).reduce(furthest, 0n);
  for (const segment of soundSegments(fills).toReversed()) {
    const sources = segment.heldBy.filter((holder) => !excluded.includes(holder));
    if (sources.length === 0 && !segment.gatewayHolds) continue;
    const nextStep = segment.lastStep + 1n;
    const { checkpoint, endRoot: stateRoot, gatewayHolds } = segment;
    return {
      nextStep,
      from: { checkpoint, stateRoot, sources, gatewayHolds },
      lostSteps: reached - nextStep,
      excluded,
    };
  }
  return { nextStep: 0n, lostSteps: reached, excluded };
}

/** Segments that are not void and, through all fills, built on none that is; in order of their last step. */
function soundSegments(fills: readonly FillTrace[]): HeldSegment[] {
  const sound: HeldSegment[] = [];
  for (const { startRoot, segments } of fills) {
    if (startRoot !== undefined && !sound.some(({ endRoot }) => endRoot === startRoot)) continue;
    const cut = segments.findIndex(({ voided }) => voided);
    sound.push(...(cut < 0 ? segments : segments.slice(0, cut)));
  }
  return sound.sort((a, b) => (a.lastStep < b.lastStep ? -1 : a.lastStep > b.lastStep ? 1 : 0));
}

const furthest = (step: bigint, { lastStep }: HeldSegment): bigint => most(step, lastStep + 1n);
