// The whole SegmentCommitment behind the hash that the chain keeps, read from its event and checked against the hash, so
// it does not matter who says it. Not from the transaction: a commitment may come through another contract.
import { WeftError } from "@weft/protocol/Errors";
import * as Segment from "@weft/protocol/Segment";
import { decodeFunctionData, type Hex } from "viem";
import { abis } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";
import { at, reading } from "./contractRead.ts";
import { allLogs, lastLog } from "./logRanges.ts";
import { chainError } from "./Reverts.ts";

export interface CommitmentQuery {
  leaseId: Hex;
  segment: bigint;
  fromBlock: bigint;
}

/** @throws WeftError `segment.unknown` when the chain has none, it was taken back, or the one told is not the one committed to */
export async function readCommitment(client: ChainClient, query: CommitmentQuery): Promise<Segment.SegmentCommitment> {
  const log = await reading("readCommitment", lastCommitted(client, query));
  const found = log && commitmentIn(log.args);
  if (found === undefined) throw unknown(query);
  const [recorded] = await readRecord(client, query);
  if (recorded !== log?.args.commitmentHash) throw unknown(query);
  return found;
}

/** Hash of the commitment that stands for a segment, and when it was recorded, Unix seconds; zeros where none is, or it was taken back. */
export const readRecord = (client: ChainClient, { leaseId, segment }: Omit<CommitmentQuery, "fromBlock">) => {
  const args = [leaseId, Number(segment)] as const;
  return reading("readRecord", client.rpc.readContract({ ...at(client, "audits"), functionName: "recordOf", args }));
};

/**
 * The commitment with the provider's signature over it, from the transaction that recorded it; undefined when the chain
 * has none, or when it came through another contract, whose call only its author can read.
 * @throws WeftError of the RPC
 */
export async function readSignedCommitment(
  client: ChainClient,
  query: CommitmentQuery,
): Promise<Segment.SignedSegment | undefined> {
  try {
    return await findSigned(client, query);
  } catch (error) {
    throw chainError(error, { kind: "readSignedCommitment" });
  }
}

async function findSigned(client: ChainClient, query: CommitmentQuery): Promise<Segment.SignedSegment | undefined> {
  const { audits } = client.network.contracts;
  const log = await lastCommitted(client, query);
  const commitment = log && commitmentIn(log.args);
  if (log === undefined || commitment === undefined) return undefined;
  const { to, input } = await client.rpc.getTransaction({ hash: log.transactionHash });
  if (to?.toLowerCase() !== audits.toLowerCase()) return undefined;
  const call = decodeFunctionData({ abi: abis.audits, data: input });
  return call.functionName === "commitSegment" ? { commitment, signature: call.args[2] } : undefined;
}

/** All commitments of a lease that stand, in order; also of a settled lease. */
export async function readCommitments(
  client: ChainClient,
  query: Pick<CommitmentQuery, "leaseId" | "fromBlock">,
): Promise<Segment.SegmentCommitment[]> {
  const { leaseId, fromBlock } = query;
  const args = { leaseId };
  const logs = await reading(
    "readCommitments",
    allLogs(client, { fromBlock }, (range) =>
      client.rpc.getContractEvents({ ...at(client, "audits"), ...range, eventName: "SegmentCommitted", args }),
    ),
  );
  const taken = await reading(
    "readCommitments",
    allLogs(client, { fromBlock }, (range) =>
      client.rpc.getContractEvents({ ...at(client, "audits"), ...range, eventName: "SegmentRetracted", args }),
    ),
  );
  // None of these is ever recorded again: what is committed in its place names a later round.
  const gone = new Set(taken.map(({ args: { commitmentHash } }) => commitmentHash));
  return logs.flatMap((log) => (gone.has(log.args.commitmentHash) ? [] : (commitmentIn(log.args) ?? [])));
}

/** A segment that was taken back may be committed again. */
const lastCommitted = (client: ChainClient, { leaseId, segment, fromBlock }: CommitmentQuery) =>
  lastLog(client, { fromBlock }, (range) =>
    client.rpc.getContractEvents({
      ...{ ...at(client, "audits"), ...range, eventName: "SegmentCommitted" },
      args: { leaseId, segment: Number(segment) },
    }),
  );

function commitmentIn(args: {
  commitment?: object | undefined;
  commitmentHash?: Hex | undefined;
}): Segment.SegmentCommitment | undefined {
  const parsed = Segment.shape.safeParse(args.commitment);
  return parsed.success && Segment.hash(parsed.data) === args.commitmentHash ? parsed.data : undefined;
}

const unknown = ({ leaseId, segment }: CommitmentQuery) =>
  new WeftError("the segment's commitment could not be read from the chain", {
    code: "segment.unknown",
    fault: "network",
    retryable: true,
    details: { leaseId, segment },
  });
