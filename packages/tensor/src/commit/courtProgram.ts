// The court program of a training (spec/court.md §1): the fixed list of numbers and roots by which a contract judges a step,
// its hash, and openings of what lies under its roots. A pure function of program, corpus and the order's start.
import { constantValue } from "../graph/constants.ts";
import { NUMERICS_IDS } from "../graph/Graph.ts";
import { tensorFrom } from "../graph/TensorValue.ts";
import { hashLeaf } from "../Merkle.ts";
import { fromHex32, sha256, uint64Bytes } from "../sha256.ts";
import type { OpenProgram, TrainProgram } from "../train/Program.ts";
import { rateOf } from "../train/schedule.ts";
import { startRootOf } from "../train/startRoot.ts";
import { type MerkleTree, merkleTree } from "./MerkleTree.ts";
import { typedGraph } from "./OperatorsCommitment.ts";
import { recordOf } from "./records.ts";
import { type TensorTree, tensorTree } from "./TensorTree.ts";

const COURT_TAG = 7;

/** Roots and hashes are 32 bytes. */
export type CourtProgram = {
  readonly programHash: Uint8Array;
  readonly dataRoot: Uint8Array;
  /** 0 `fp32-seq-unfused`, 1 `int8-int32`. */
  readonly numericsId: number;
  readonly totalSteps: number;
  readonly stepsPerSegment: number;
  /** Where the order's work begins. */
  readonly startStep: number;
  readonly startRoot: Uint8Array;
  /** Inputs, constants and nodes of the step graph, and the Merkle root over 00 ‖ record. */
  readonly values: number;
  readonly recordsRoot: Uint8Array;
  /** Entries of the state before a step. */
  readonly inputs: number;
  /** Entries of the state after it, and the Merkle root over 00 ‖ name length ‖ name ‖ value that holds the entry. */
  readonly entries: number;
  readonly entriesRoot: Uint8Array;
  readonly lossValue: number;
  /** Tensor root of f32 [totalSteps]. */
  readonly ratesRoot: Uint8Array;
  /** Training tokens, and the tensor root of i32 [tokens]. */
  readonly tokens: number;
  readonly tokensRoot: Uint8Array;
  readonly context: number;
  /** Examples of a step, over all micro-batches. */
  readonly rows: number;
  /** 0: p+1 … p+context are predicted; 1: p+context alone. */
  readonly targets: number;
  readonly seed: Uint8Array;
};

/** A state tensor: its name, and the value that holds it after the step. */
export type CourtEntry = { readonly name: string; readonly value: number };

/** A court program with what lies under its roots. */
export type OpenCourt = {
  readonly program: CourtProgram;
  readonly hash: Uint8Array;
  /** Bytes of the record of every value. */
  readonly records: readonly Uint8Array[];
  readonly recordsTree: MerkleTree;
  readonly entries: readonly CourtEntry[];
  readonly entriesTree: MerkleTree;
  readonly rates: TensorTree;
  readonly tokens: TensorTree;
};

/** The state before `step`, in which the order's work begins. */
export type CourtStart = { readonly step: number; readonly stateRoot: Uint8Array };

/** The program's own start. Rejects with TensorError `bad-program`. */
export async function ownStart(program: TrainProgram): Promise<CourtStart> {
  return { step: 0, stateRoot: fromHex32(await startRootOf(program), "startRoot") };
}

/** Everything in it in order, after the tag. */
export function encodeCourtProgram(program: CourtProgram): Uint8Array {
  const p = program;
  return new Uint8Array(
    Buffer.concat([
      ...[p.programHash, p.dataRoot, Uint8Array.of(p.numericsId)],
      ...[p.totalSteps, p.stepsPerSegment, p.startStep].map(uint64Bytes),
      ...[p.startRoot, uint64Bytes(p.values), p.recordsRoot, uint64Bytes(p.inputs)],
      ...[uint64Bytes(p.entries), p.entriesRoot],
      ...[uint64Bytes(p.lossValue), p.ratesRoot, uint64Bytes(p.tokens), p.tokensRoot],
      ...[uint64Bytes(p.context), uint64Bytes(p.rows), Uint8Array.of(p.targets), p.seed],
    ]),
  );
}

/** SHA-256(07 ‖ court program). */
export function courtProgramHash(program: CourtProgram): Uint8Array {
  return sha256(Uint8Array.of(COURT_TAG), encodeCourtProgram(program));
}

/** Bytes of an entry: name length u8 ‖ name ‖ value u32. */
export function encodeEntry({ name, value }: CourtEntry): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  const entry = new Uint8Array(1 + bytes.length + 4);
  entry[0] = bytes.length;
  entry.set(bytes, 1);
  new DataView(entry.buffer).setUint32(1 + bytes.length, value);
  return entry;
}

function entriesOf({ step }: OpenProgram): CourtEntry[] {
  const { inputs, outputs } = step.graph;
  const holders = new Map([
    ...inputs.map(({ name }, value) => [name, value] as const),
    ...outputs.map(({ name, value }) => [name, value] as const),
  ]);
  return step.state.map(({ name }) => ({ name, value: holders.get(name)! }));
}

function ratesOf({ schedule, totalSteps }: OpenProgram["program"]): TensorTree {
  const rates = new Float32Array(totalSteps);
  for (let step = 0; step < totalSteps; step++) rates[step] = rateOf(schedule, totalSteps, step);
  return tensorTree(tensorFrom("f32", [totalSteps], rates));
}

/**
 * @param tokens those of the training part (`trainingTokens`); they must stay as they are
 * @param start where the order's work begins
 */
export function openCourtProgram(open: OpenProgram, tokens: Int32Array, start: CourtStart): OpenCourt {
  const { program, step } = open;
  const { graph } = step;
  const typed = typedGraph(graph);
  const records = typed.types.map((_, value) => {
    const constant = graph.constants[value - graph.inputs.length];
    return recordOf(typed, value, constant && tensorTree(constantValue(constant)).tensorRoot);
  });
  const entries = entriesOf(open);
  const [recordsTree, entriesTree] = [records, entries.map(encodeEntry)].map((leaves) =>
    merkleTree(leaves.map(hashLeaf)),
  );
  const rates = ratesOf(program);
  const tokensTree = tensorTree({ dtype: "i32", shape: [tokens.length], data: tokens });
  const court: CourtProgram = {
    programHash: open.hash,
    dataRoot: fromHex32(program.dataRoot, "dataRoot"),
    numericsId: NUMERICS_IDS.indexOf(program.numericsId),
    totalSteps: program.totalSteps,
    stepsPerSegment: program.stepsPerSegment,
    startStep: start.step,
    startRoot: start.stateRoot,
    values: records.length,
    recordsRoot: recordsTree!.root,
    inputs: step.state.length,
    entries: entries.length,
    entriesRoot: entriesTree!.root,
    lossValue: graph.outputs.find(({ name }) => name === "loss")!.value,
    ratesRoot: rates.tensorRoot,
    tokens: tokens.length,
    tokensRoot: tokensTree.tensorRoot,
    context: program.model.context,
    rows: program.batch * program.accumulate,
    targets: step.batch.targets.shape.length === 1 ? 1 : 0,
    seed: fromHex32(program.seed, "seed"),
  };
  const hash = courtProgramHash(court);
  return {
    program: court,
    hash,
    records,
    recordsTree: recordsTree!,
    entries,
    entriesTree: entriesTree!,
    rates,
    tokens: tokensTree,
  };
}
