// A holder's signed statement that it stores a checkpoint (or, with segment = inputsSegment, a job's inputs).
import type { Hex } from "viem";
import { z } from "zod";
import type { Schema } from "./Domain.ts";
import { hexOf, uintOf } from "./fields.ts";

export const schema = {
  primaryType: "Held",
  verifier: "audits",
  fields: [
    { name: "leaseId", type: "bytes32" },
    { name: "segment", type: "uint32" },
    { name: "checkpoint", type: "bytes32" },
    { name: "holder", type: "bytes20" },
  ],
} as const satisfies Schema;

export const shape = z.strictObject({
  leaseId: hexOf(32),
  segment: uintOf(32),
  checkpoint: hexOf(32),
  holder: hexOf(20),
});
export type Held = z.infer<typeof shape>;
export type SignedHeld = { held: Held; signature: Hex };
export const signedShape = z.strictObject({ held: shape, signature: hexOf(65) });
