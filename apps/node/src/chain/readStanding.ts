// Did a segment of an earlier lease stand when a later lease of the same order built on it? Read from the chain's logs,
// so that the answer is the same for whoever asks, whenever: what became of the segment afterwards does not count.
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import { auditStates } from "@weft/chain/Snapshot";
import { WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";

export interface StandingQuery {
  /** The earlier lease and its segment. */
  leaseId: Hex;
  segment: bigint;
  /** The later lease. */
  heir: Hex;
  /** Accrue mode: drawn holders must have proven the segment's checkpoint before anything was built on it. */
  proven: boolean;
  fromBlock: bigint;
}

interface Place {
  blockNumber: bigint;
  logIndex: number;
}

/** @throws WeftError `lease.unknown` when the chain does not show the later lease yet */
export async function readStanding(client: ChainClient, query: StandingQuery): Promise<boolean> {
  const { leaseId, segment, heir, proven, fromBlock } = query;
  const { market, audits } = client.network.contracts;
  const market_ = { address: market, abi: abis.market, fromBlock };
  const audits_ = { address: audits, abi: abis.audits, fromBlock };
  const [opened] = await client.rpc.getContractEvents({
    ...market_,
    eventName: "LeaseOpened",
    args: { leaseId: heir },
  });
  if (opened === undefined)
    throw new WeftError("the lease is not on chain", { code: "lease.unknown", fault: "network", retryable: true });
  const of = { ...audits_, args: { leaseId } };
  const closed = await client.rpc.getContractEvents({ ...of, eventName: "AuditClosed" });
  const signedTwice = await client.rpc.getContractEvents({ ...of, eventName: "Equivocated" });
  const byCourt = await client.rpc.getContractEvents({ ...of, eventName: "CourtVoided" });
  const confirmed = closed.filter(({ args }) => auditStates[args.state ?? 0] === "confirmed");
  const voids = [...confirmed, ...signedTwice, ...byCourt];
  if (voids.some((log) => BigInt(log.args.segment ?? 0) <= segment && isBefore(log, opened))) return false;
  if (!proven) return true;
  const args = { leaseId, segment: Number(segment) };
  const [available] = await client.rpc.getContractEvents({ ...audits_, eventName: "SegmentAvailable", args });
  const built = { leaseId: heir, segment: 0 };
  const [first] = await client.rpc.getContractEvents({ ...audits_, eventName: "SegmentCommitted", args: built });
  return available !== undefined && (first === undefined || isBefore(available, first));
}

const isBefore = (one: Place, other: Place): boolean =>
  one.blockNumber < other.blockNumber || (one.blockNumber === other.blockNumber && one.logIndex < other.logIndex);
