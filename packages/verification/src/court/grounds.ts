// On which ground a commitment can be disputed, with what has to be shown, or that it is right (spec/court.md §2). Pure.
//
// Not here: which starts are allowed (../segmentStart.ts), bonds and windows.
import { zeroHash } from "@weft/protocol/fields";
import type { Opening as FieldOpening } from "@weft/protocol/messages";
import type { Order } from "@weft/protocol/Order";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { leafCount, leafOf as placeOf } from "@weft/tensor/commit/TensorLayout";
import { type Hex, hexToNumber, sliceHex } from "viem";
import type { CourtStruct } from "./Move.ts";
import { rootOf } from "./ownTrees.ts";
import type { NanPlace, TraceOracle, TreeName } from "./TraceOracle.ts";

/** The order behind a lease, and its details' field `court`: salt and siblings from below. */
export type CourtOpening = { order: Order; salt: Hex; path: readonly [Hex, Hex, Hex]; program: CourtStruct };

/** What is behind a step root of the committed history, and its path there. */
export type StepOpening = { step: bigint; loss: number; state: Hex; path: readonly Hex[] };

/** A word of an f32 entry of a state, from the state root down. */
export type WordOpening = {
  entriesRoot: Hex;
  entry: number;
  name: Hex;
  entryPath: readonly Hex[];
  shape: readonly number[];
  leavesRoot: Hex;
  leaf: bigint;
  data: Hex;
  leafPath: readonly Hex[];
  word: number;
};

/** What the court is called with besides commitment, opening and bond. */
export type Accusation =
  | { readonly call: "proveFields"; readonly last: StepOpening }
  | { readonly call: "challengeStart" }
  | { readonly call: "challenge"; readonly rival: Hex }
  | { readonly call: "proveNanLoss"; readonly step: StepOpening }
  | { readonly call: "proveNanState"; readonly step: StepOpening; readonly word: WordOpening };

/** What an auditor or a buyer knows of the segment that the commitment is about. */
export type Knowledge = {
  readonly program: CourtStruct;
  /** Whether segment 0 of the lease begins in an allowed state. */
  readonly begunRightly: boolean;
  /** The true history from the commitment's start on; asked only when the commitment's steps and start are right. */
  readonly oracle: TraceOracle;
  /** Shapes of the state's entries, in its order. */
  readonly shapes: readonly (readonly number[])[];
};

const nothing: StepOpening = { step: 0n, loss: 0, state: zeroHash, path: [] };

/** Whole segments only: anything else shifts every step after it. */
function isWhole({ totalSteps, stepsPerSegment }: CourtStruct, { firstStep, lastStep }: SegmentCommitment): boolean {
  const end = firstStep + stepsPerSegment < totalSteps ? firstStep + stepsPerSegment : totalSteps;
  return firstStep % stepsPerSegment === 0n && firstStep < totalSteps && lastStep === end - 1n;
}

/** undefined: the commitment says nothing false that a court could be shown. */
export async function accusationOf(commitment: SegmentCommitment, known: Knowledge): Promise<Accusation | undefined> {
  const { program, oracle, begunRightly } = known;
  const { firstStep, lastStep } = commitment;
  const isOrders = commitment.program === program.programHash && commitment.dataRoot === program.dataRoot;
  if (!isOrders || !isWhole(program, commitment)) return { call: "proveFields", last: nothing };
  if (!begunRightly) return { call: "challengeStart" };
  const own = await rootOf(oracle, { of: "steps" }, Number(lastStep - firstStep) + 1);
  if (own !== commitment.historyRoot) return { call: "challenge", rival: own };
  const nan = await oracle.firstNan();
  if (nan !== undefined) return nanAt(commitment, known, nan);
  const last = await openStep(commitment, oracle, lastStep);
  return last.state === commitment.endRoot ? undefined : { call: "proveFields", last };
}

async function openStep({ firstStep }: SegmentCommitment, oracle: TraceOracle, step: bigint): Promise<StepOpening> {
  const { loss, state } = await oracle.after(Number(step));
  return { step, loss, state, path: await oracle.path({ of: "steps" }, Number(step - firstStep)) };
}

/** The history is the committed one: what it holds opens under that. */
async function nanAt(commitment: SegmentCommitment, known: Knowledge, nan: NanPlace): Promise<Accusation> {
  const { oracle, program, shapes } = known;
  const step = await openStep(commitment, oracle, BigInt(nan.step));
  const { entry, element } = nan;
  if (entry === undefined || element === undefined) return { call: "proveNanLoss", step };
  const shape = shapes[entry]!;
  const { leaf, at } = placeOf({ shape }, element);
  const entries: TreeName = { of: "entries", step: nan.step };
  const leaves: TreeName = { of: "entry", step: nan.step, entry };
  const [held] = (await oracle.leaves(entries, entry, 1)) as [Hex];
  const [data] = (await oracle.leaves(leaves, leaf, 1)) as [Hex];
  const word: WordOpening = {
    entriesRoot: await rootOf(oracle, entries, Number(program.entries)),
    ...{ entry, name: sliceHex(held, 1, 1 + hexToNumber(sliceHex(held, 0, 1))), shape, leaf: BigInt(leaf), data },
    entryPath: await oracle.path(entries, entry),
    leavesRoot: await rootOf(oracle, leaves, leafCount({ shape })),
    leafPath: await oracle.path(leaves, leaf),
    word: at,
  };
  return { call: "proveNanState", step, word };
}

/** The court's `Opening`, from the order and its details' opened field. */
export function courtOpening(order: Order, { salt, path }: FieldOpening, program: CourtStruct): CourtOpening {
  return { order, salt, path: path as readonly Hex[] as CourtOpening["path"], program };
}

/** A segment of an earlier fill of the same order. */
export type EarlierSegment = {
  readonly commitment: SegmentCommitment;
  /** First segments of its lease's voids, oldest first. */
  readonly voids: readonly bigint[];
};

/**
 * What a defender shows against ground `start`: the earlier segment that ends where its lease began. Which of them stood when
 * the lease opened is the caller's to know. undefined when none ends there.
 */
export function startShown(
  first: SegmentCommitment,
  earlier: readonly EarlierSegment[],
): { readonly earlier: SegmentCommitment; readonly voidedFrom: bigint } | undefined {
  const found = earlier.find(({ commitment }) => endsWhere(commitment, first));
  if (found === undefined) return undefined;
  const { commitment, voids } = found;
  return { earlier: commitment, voidedFrom: voidedFrom(voids, commitment.segment) };
}

/** Of all voids that hold a segment now, oldest first, the one that it became part of; 0 when none does. */
export const voidedFrom = (voids: readonly bigint[], segment: bigint): bigint =>
  voids.find((first) => first <= segment) ?? 0n;

const endsWhere = (earlier: SegmentCommitment, first: SegmentCommitment): boolean =>
  earlier.orderHash === first.orderHash &&
  earlier.program === first.program &&
  earlier.dataRoot === first.dataRoot &&
  earlier.lastStep + 1n === first.firstStep &&
  earlier.endRoot === first.startRoot;
