// The state from which a committed segment has to be computed again. Never the provider's word: it is what the order
// says, what an earlier lease of the same order ended in, or what this lease's segment before ended in.
//
// A commitment that begins or ends anywhere else is false whatever it computed; then the right start is the order's, so
// that every honest auditor computes the same steps and names the same rival history (verdict.ts).
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Hex } from "viem";

export interface Origin {
  /** Steps before it are done. */
  step: bigint;
  stateRoot: Hex;
  /** Content id of the state's checkpoint; absent for the program's own start. */
  checkpoint?: Hex;
}

/** Steps of the run and of each of its segments. */
export interface RunLength {
  totalSteps: number;
  stepsPerSegment: number;
}

export interface SegmentPast {
  run: RunLength;
  /** Where the order's work begins. */
  order: Origin;
  /** Ends of segments of earlier leases of the order that stood when this one opened. */
  earlier: readonly Origin[];
  /** Segment 0 of the same lease; the commitment itself when it is that one. */
  first: SegmentCommitment;
  /** Checkpoint that the segment before of the same lease committed to; unused for segment 0. */
  before: Hex | undefined;
}

/** Whole segments only: anything else shifts every step after it. */
export function isWhole(run: RunLength, { firstStep, lastStep }: SegmentCommitment): boolean {
  const [size, total] = [BigInt(run.stepsPerSegment), BigInt(run.totalSteps)];
  const end = firstStep + size < total ? firstStep + size : total;
  return firstStep % size === 0n && lastStep === end - 1n;
}

export function rightStart(commitment: SegmentCommitment, past: SegmentPast): Origin {
  const { run, order, earlier, first, before } = past;
  const begun = [order, ...earlier].find(
    ({ step, stateRoot }) => step === first.firstStep && stateRoot === first.startRoot,
  );
  // A lease that began wrongly makes all of its segments wrong: each of them may be the one that is drawn.
  if (begun === undefined || !isWhole(run, first) || !isWhole(run, commitment)) return order;
  if (commitment.segment === 0n) return begun;
  if (before === undefined) return order;
  return { step: commitment.firstStep, stateRoot: commitment.startRoot, checkpoint: before };
}
