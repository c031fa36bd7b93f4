// A voucher: the buyer's session key promises a cumulative amount to one payee over one channel.
import type { Hex } from "viem";
import { z } from "zod";
import type { Schema } from "./Domain.ts";
import { hexOf, uintOf } from "./fields.ts";

export const schema = {
  primaryType: "Voucher",
  verifier: "channels",
  fields: [
    { name: "channelId", type: "bytes32" },
    { name: "payee", type: "bytes20" },
    { name: "cumulative", type: "uint128" },
  ],
} as const satisfies Schema;

export const shape = z.strictObject({ channelId: hexOf(32), payee: hexOf(20), cumulative: uintOf(128) });
export type Voucher = z.infer<typeof shape>;
export type SignedVoucher = { voucher: Voucher; signature: Hex };
export const signedShape = z.strictObject({ voucher: shape, signature: hexOf(65) });
