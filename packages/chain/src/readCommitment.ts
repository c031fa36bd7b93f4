// The whole SegmentCommitment behind the hash that the chain keeps: decoded from the transaction that brought it and
// checked against the hash, so it does not matter who says it.
import { WeftError } from "@weft/protocol/Errors";
import * as Segment from "@weft/protocol/Segment";
import { decodeFunctionData, type Hex } from "viem";
import { abis } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";

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
  const found = await commitmentIn(client, { hash: log.transactionHash, commitmentHash: log.args.commitmentHash });
  if (found === undefined) throw unknown("segment.indirect", query);
  return found;
}

/** All commitments of a lease in order, up to the first that came through another contract; also of a settled lease. */
export async function readCommitments(
  client: ChainClient,
  query: Pick<CommitmentQuery, "leaseId" | "fromBlock">,
): Promise<Segment.SegmentCommitment[]> {
  const logs = await client.rpc.getContractEvents({
    address: client.network.contracts.audits,
    abi: abis.audits,
    eventName: "SegmentCommitted",
    args: { leaseId: query.leaseId },
    fromBlock: query.fromBlock,
  });
  const commitments: Segment.SegmentCommitment[] = [];
  for (const { transactionHash, args } of logs) {
    const found = await commitmentIn(client, { hash: transactionHash, commitmentHash: args.commitmentHash });
    if (found === undefined) break;
    commitments.push(found);
  }
  return commitments;
}

async function commitmentIn(
  client: ChainClient,
  log: { hash: Hex; commitmentHash: Hex | undefined },
): Promise<Segment.SegmentCommitment | undefined> {
  const { input } = await client.rpc.getTransaction({ hash: log.hash });
  const call = decodeFunctionData({ abi: abis.audits, data: input });
  const parsed = call.functionName === "commitSegment" ? Segment.shape.safeParse(call.args[0]) : undefined;
  return parsed?.success === true && Segment.hash(parsed.data) === log.commitmentHash ? parsed.data : undefined;
}

const unknown = (code: string, { leaseId, segment }: CommitmentQuery) =>
  new WeftError("the segment's commitment could not be read from the chain", {
    code,
    fault: "network",
    retryable: true,
    details: { leaseId, segment },
  });
