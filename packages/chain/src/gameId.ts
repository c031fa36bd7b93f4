// The id of a game of the court, which follows from its content alone (spec/court.md §4).
import type { Network } from "@weft/protocol/Domain";
import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";

/** The two that play: a commitment, by its hash, and a rival of it. */
export interface GamePair {
  commitment: Hex;
  sponsor: Address;
  /** The rival's history root, or `startRival`. */
  rival: Hex;
}

const types = [{ type: "address" }, { type: "bytes32" }, { type: "address" }, { type: "bytes32" }] as const;

/** 20 bytes. */
export function gameId({ contracts }: Network, { commitment, sponsor, rival }: GamePair): Hex {
  const pair = encodeAbiParameters(types, [contracts.court, commitment, sponsor, rival]);
  return keccak256(pair).slice(0, 42) as Hex;
}
