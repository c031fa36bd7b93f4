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

/** Turns to wait where the callers double with each: the first goes at once; ranks 1, 2 to 3, 4 to 7 and so on wait one more each. */
export function doublingTurn(caller: { nodeId: NodeId; what: Hex; callers: readonly NodeId[] }): bigint {
  const rank = rankOf(caller.nodeId, caller.what, caller.callers);
  return BigInt(rank === 0 ? 0 : rank.toString(2).length);
}
