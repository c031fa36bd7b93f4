// Turns for what one caller is enough for and nobody is paid for: a hash ranks the nodes, and each waits for the ones
// before it. Pure.
import type { NodeId } from "@weft/protocol/NodeId";
import { type Hex, keccak256 } from "viem";

/** Longer than a transaction takes to be mined and seen: six blocks, at least 4 s. */
export const turnSeconds = (blockSeconds: number): bigint => BigInt(Math.max(4, Math.ceil(6 * blockSeconds)));

/** How many of `callers` are nearer to the hash of `what` than `nodeId`, by XOR of their ids. */
export function rankOf(nodeId: NodeId, what: Hex, callers: readonly NodeId[]): number {
  const target = BigInt(keccak256(what)) >> 96n;
  const own = BigInt(nodeId) ^ target;
  return callers.filter((id) => (BigInt(id) ^ target) < own).length;
}
