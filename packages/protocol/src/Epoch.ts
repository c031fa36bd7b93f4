// An epoch: all results of a node since its last one, committed by one root; and the voucher that pays for a buyer's results of
// it over the one channel that the two have (spec/court.md §11).
import { encodeAbiParameters, type Hex, keccak256 } from "viem";
import { z } from "zod";
import { type Schema, structHash } from "./Domain.ts";
import { hexOf, uintOf } from "./fields.ts";

export const schema = {
  primaryType: "EpochCommitment",
  verifier: "epochs",
  fields: [
    { name: "nodeId", type: "bytes20" },
    { name: "epoch", type: "uint64" },
    { name: "results", type: "uint32" },
    { name: "value", type: "uint96" },
    { name: "root", type: "bytes32" },
  ],
} as const satisfies Schema;

/** Epochs of a node are numbered from 0; value: the most that buyers may be asked for these results. */
export const shape = z.strictObject({
  nodeId: hexOf(20),
  epoch: uintOf(64),
  results: uintOf(32),
  value: uintOf(96),
  root: hexOf(32),
});
export type EpochCommitment = z.infer<typeof shape>;

export const hash = (commitment: EpochCommitment): Hex => structHash(schema, commitment);

export const voucherSchema = {
  primaryType: "EpochVoucher",
  verifier: "epochs",
  fields: [
    { name: "channelId", type: "bytes32" },
    { name: "epoch", type: "bytes32" },
    { name: "amount", type: "uint96" },
  ],
} as const satisfies Schema;

/** epoch: hash of its commitment; amount: for all results of the buyer in it. */
export const voucherShape = z.strictObject({ channelId: hexOf(32), epoch: hexOf(32), amount: uintOf(96) });
export type EpochVoucher = z.infer<typeof voucherShape>;

/** The one channel of a buyer and a node. */
export const channelId = (buyer: Hex, nodeId: Hex): Hex =>
  keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes20" }], [buyer, nodeId]));
