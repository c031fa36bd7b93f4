// What a trainer commits to after a segment: order, program, numerics, data, seed, start state, every step, checkpoint.
// Fixed-width ABI words, hashed with keccak-256, so that a contract recomputes it as keccak256(abi.encode(commitment)).
// Not here: signatures and leases, which wrap the hash.
import { encodeAbiParameters, type Hex, keccak256 } from "viem";
import { type Program, programHash } from "./Program.ts";
import type { SegmentTrace } from "./runSegment.ts";
import { toHex } from "./sha256.ts";
import { TensorError } from "./TensorError.ts";

/** Hashes are 0x and 64 lower-case hex digits; counts are uint64. */
export type SegmentCommitment = {
  order: Hex;
  program: Hex;
  /** The numericsId's ASCII bytes, zero padded on the right to 32. */
  numericsId: Hex;
  dataRoot: Hex;
  seed: Hex;
  /** Number of the segment in its program, from 0. */
  segment: bigint;
  firstStep: bigint;
  /** Inclusive. */
  lastStep: bigint;
  startRoot: Hex;
  endRoot: Hex;
  historyRoot: Hex;
  /** SHA-256 of the checkpoint's bytes. */
  checkpointId: Hex;
  tokens: bigint;
  /** The beacon round, in the commitment's future, that picks what is audited. */
  beaconRound: bigint;
};

/** Field order and types of the ABI struct, 14 words. */
export const SEGMENT_COMMITMENT_ABI = [
  { name: "order", type: "bytes32" },
  { name: "program", type: "bytes32" },
  { name: "numericsId", type: "bytes32" },
  { name: "dataRoot", type: "bytes32" },
  { name: "seed", type: "bytes32" },
  { name: "segment", type: "uint64" },
  { name: "firstStep", type: "uint64" },
  { name: "lastStep", type: "uint64" },
  { name: "startRoot", type: "bytes32" },
  { name: "endRoot", type: "bytes32" },
  { name: "historyRoot", type: "bytes32" },
  { name: "checkpointId", type: "bytes32" },
  { name: "tokens", type: "uint64" },
  { name: "beaconRound", type: "uint64" },
] as const;

/** A short ASCII name as bytes32, as Solidity's bytes32("…") has it. */
export function bytes32Name(name: string): Hex {
  if (!/^[\x21-\x7e]{1,32}$/.test(name))
    throw new TensorError("bad-commitment", `"${name}" is not 1 to 32 printable ASCII characters`, "shorten the name");
  return `0x${Buffer.from(name, "ascii").toString("hex").padEnd(64, "0")}`;
}

/** Builds the commitment to a trace. `order` is the order's hash. */
export function commitSegment(
  program: Program,
  trace: SegmentTrace,
  binding: { order: Hex; segment: bigint; beaconRound: bigint },
): SegmentCommitment {
  return {
    order: binding.order,
    program: toHex(programHash(program)),
    numericsId: bytes32Name(program.numericsId),
    dataRoot: program.dataRoot,
    seed: program.seed,
    segment: binding.segment,
    firstStep: BigInt(trace.firstStep),
    lastStep: BigInt(trace.lastStep),
    startRoot: toHex(trace.startRoot),
    endRoot: toHex(trace.endRoot),
    historyRoot: toHex(trace.historyRoot),
    checkpointId: toHex(trace.checkpointId),
    tokens: BigInt(trace.tokens),
    beaconRound: binding.beaconRound,
  };
}

/** abi.encode of the commitment: 448 bytes. Throws TensorError `bad-commitment` naming a malformed field. */
export function encodeSegmentCommitment(commitment: SegmentCommitment): Hex {
  const values = SEGMENT_COMMITMENT_ABI.map(({ name, type }) => {
    const value = commitment[name];
    if (type === "uint64" && !(typeof value === "bigint" && value >= 0n && value < 2n ** 64n))
      throw new TensorError("bad-commitment", `${name} is ${String(value)}`, "use a bigint from 0 to 2^64 - 1");
    if (type === "bytes32" && !(typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value)))
      throw new TensorError("bad-commitment", `${name} is not 32 bytes`, "use 0x and 64 lower-case hex digits");
    return value;
  });
  if (commitment.lastStep < commitment.firstStep)
    throw new TensorError("bad-commitment", "lastStep is before firstStep", "commit to at least one step");
  // The map above has checked each value against its type, which the tuple type cannot follow.
  return encodeAbiParameters(SEGMENT_COMMITMENT_ABI, values as never);
}

/** keccak256(abi.encode(commitment)). */
export function commitmentHash(commitment: SegmentCommitment): Hex {
  return keccak256(encodeSegmentCommitment(commitment));
}
