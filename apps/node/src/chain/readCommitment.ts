// The whole SegmentCommitment behind the hash that the chain keeps: decoded from the transaction that brought it and
// checked against the hash, so it does not matter who says it.
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import { WeftError } from "@weft/protocol/Errors";
import * as Segment from "@weft/protocol/Segment";
import { decodeFunctionData, type Hex } from "viem";

export interface CommitmentQuery {
  leaseId: Hex;
  segment: bigint;
  fromBlock: bigint;
}

/** @throws WeftError `segment.unknown`, `segment.indirect` when it came through another contract */
export async function readCommitment(client: ChainClient, query: CommitmentQuery): Promise<Segment.SegmentCommitment> {
  const { leaseId, segment, fromBlock } = query;
  const logs = await client.rpc.getContractEvents({
    address: client.network.contracts.audits,
    abi: abis.audits,
    eventName: "SegmentCommitted",
    args: { leaseId, segment: Number(segment) },
    fromBlock,
  });
  const log = logs.at(-1);
  if (log === undefined) throw unknown("segment.unknown", query);
  const { input } = await client.rpc.getTransaction({ hash: log.transactionHash });
  const call = decodeFunctionData({ abi: abis.audits, data: input });
  const parsed = call.functionName === "commitSegment" ? Segment.shape.safeParse(call.args[0]) : undefined;
  if (parsed?.success !== true || Segment.hash(parsed.data) !== log.args.commitmentHash)
    throw unknown("segment.indirect", query);
  return parsed.data;
}

const unknown = (code: string, { leaseId, segment }: CommitmentQuery) =>
  new WeftError("the segment's commitment could not be read from the chain", {
    code,
    fault: "network",
    retryable: true,
    details: { leaseId, segment },
  });
