// A segment commitment: what a provider says it computed, signed, before the beacon decides who looks.
// It binds order, program (which binds numericsId and seed), data, start state, every step and the checkpoint.
import type { Hex } from "viem";
import { z } from "zod";
import { type Schema, structHash } from "./Domain.ts";
import { hexOf, uintOf } from "./fields.ts";

export const schema = {
  primaryType: "SegmentCommitment",
  verifier: "audits",
  fields: [
    { name: "leaseId", type: "bytes32" },
    { name: "segment", type: "uint32" },
    { name: "firstStep", type: "uint64" },
    { name: "lastStep", type: "uint64" },
    { name: "orderHash", type: "bytes32" },
    { name: "program", type: "bytes32" },
    { name: "dataRoot", type: "bytes32" },
    { name: "startRoot", type: "bytes32" },
    { name: "endRoot", type: "bytes32" },
    { name: "historyRoot", type: "bytes32" },
    { name: "checkpoint", type: "bytes32" },
    { name: "meteredSeconds", type: "uint32" },
    { name: "tokens", type: "uint64" },
    { name: "beaconRound", type: "uint64" },
  ],
} as const satisfies Schema;

/** Steps are numbered from 0; a segment covers firstStep..lastStep inclusive. checkpoint = SHA-256 of its bytes. */
export const shape = z.strictObject({
  leaseId: hexOf(32),
  segment: uintOf(32),
  firstStep: uintOf(64),
  lastStep: uintOf(64),
  orderHash: hexOf(32),
  program: hexOf(32),
  dataRoot: hexOf(32),
  startRoot: hexOf(32),
  endRoot: hexOf(32),
  historyRoot: hexOf(32),
  checkpoint: hexOf(32),
  meteredSeconds: uintOf(32),
  tokens: uintOf(64),
  beaconRound: uintOf(64),
});
export type SegmentCommitment = z.infer<typeof shape>;
export type SignedSegment = { commitment: SegmentCommitment; signature: Hex };
export const signedShape = z.strictObject({ commitment: shape, signature: hexOf(65) });

export const hash = (commitment: SegmentCommitment): Hex => structHash(schema, commitment);

/** Whether two commitments differ in the beacon's round at most: signing again for a later round is no fault. */
export const sameContent = (a: SegmentCommitment, b: SegmentCommitment): boolean =>
  schema.fields.every(({ name }) => name === "beaconRound" || a[name] === b[name]);
