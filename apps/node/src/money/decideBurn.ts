// When a node looks whether slashed stake waits to be burnt, and whether it is worth a transaction. Pure.
//
// Anyone may burn it and nobody is paid for it. So that one does and not all at once, each node looks once a day at a second that
// follows from its id; whoever comes first when there is enough burns it for all.
import type { NodeId } from "@weft/protocol/NodeId";
import type { ProtocolParams } from "@weft/protocol/Params";

export const daySeconds = 86_400n;

/** Number of this node's day; it looks again when that has changed. `now` in Unix seconds. */
export const burnDay = (nodeId: NodeId, now: bigint): bigint => (now + (BigInt(nodeId) % daySeconds)) / daySeconds;

/** Worth its gas: what the smallest stake loses for one fault, in WEFT units. */
export const leastBurnt = ({ minStake, faultSlashPpm }: Pick<ProtocolParams, "minStake" | "faultSlashPpm">): bigint =>
  (minStake * faultSlashPpm) / 1_000_000n;
