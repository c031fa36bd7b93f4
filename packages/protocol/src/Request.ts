// A request for one run of a model: what a buyer of small jobs signs (spec/court.md §11). It says what runs, on what, for how
// much; the answer stands in an epoch of the node it names.
import type { Hex } from "viem";
import { z } from "zod";
import { type Schema, structHash } from "./Domain.ts";
import { hexOf, uintOf } from "./fields.ts";

export const schema = {
  primaryType: "Request",
  verifier: "epochs",
  fields: [
    { name: "buyer", type: "address" },
    { name: "nodeId", type: "bytes20" },
    { name: "program", type: "bytes32" },
    { name: "startRoot", type: "bytes32" },
    { name: "price", type: "uint96" },
    { name: "nonce", type: "uint64" },
    { name: "deadline", type: "uint64" },
  ],
} as const satisfies Schema;

/**
 * program: court program of the model; startRoot: state root of step 0 over the graph's inputs; deadline: Unix seconds, until
 * which an epoch that answers it may be committed.
 */
export const shape = z.strictObject({
  buyer: hexOf(20),
  nodeId: hexOf(20),
  program: hexOf(32),
  startRoot: hexOf(32),
  price: uintOf(96),
  nonce: uintOf(64),
  deadline: uintOf(64),
});
export type Request = z.infer<typeof shape>;
export type SignedRequest = { request: Request; signature: Hex };
export const signedShape = z.strictObject({ request: shape, signature: hexOf(65) });

export const hash = (request: Request): Hex => structHash(schema, request);
