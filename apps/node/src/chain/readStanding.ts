// Did a segment of an earlier lease stand when a later lease of the same order built on it? By the rule that the court goes by
// (spec/court.md §2), in its own words, so that no auditor accuses whom the court would acquit: what became of the segment
// afterwards does not count.
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import { at, reading } from "@weft/chain/contractRead";
import { readVoids, readWasVoid } from "@weft/chain/courtReads";
import { WeftError } from "@weft/protocol/Errors";
import { voidedFrom } from "@weft/verification/court/grounds";
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

/** @throws WeftError `lease.unknown` when the chain does not show the later lease yet; of the chain */
export async function readStanding(client: ChainClient, query: StandingQuery): Promise<boolean> {
  const { leaseId, segment, heir, fromBlock } = query;
  const [lease, ended, begun, voids] = await reading(
    "readStanding",
    Promise.all([
      client.rpc.readContract({ ...at(client, "market"), functionName: "lease", args: [heir] }),
      client.rpc.readContract({ ...at(client, "audits"), functionName: "segment", args: [leaseId, Number(segment)] }),
      client.rpc.readContract({ ...at(client, "audits"), functionName: "segment", args: [heir, 0] }),
      readVoids(client, { leaseId, fromBlock }),
    ]),
  );
  if (lease.openedAt === 0)
    throw new WeftError("the lease is not on chain", { code: "lease.unknown", fault: "network", retryable: true });
  if (ended.committedAt === 0 || (begun.committedAt !== 0 && ended.committedAt > begun.committedAt)) return false;
  const which = { leaseId, segment, from: voidedFrom(voids, segment), time: BigInt(lease.openedAt) };
  if (await readWasVoid(client, which)) return false;
  return !query.proven || (await wasProven(client, query));
}

/** Before the later lease's first segment that stands, if there is one. */
async function wasProven(client: ChainClient, { leaseId, segment, heir, fromBlock }: StandingQuery): Promise<boolean> {
  const audits = { address: client.network.contracts.audits, abi: abis.audits, fromBlock } as const;
  const [[available], firsts] = await reading(
    "readStanding",
    Promise.all([
      client.rpc.getContractEvents({
        ...{ ...audits, eventName: "SegmentAvailable", args: { leaseId, segment: Number(segment) } },
      }),
      client.rpc.getContractEvents({ ...audits, eventName: "SegmentCommitted", args: { leaseId: heir, segment: 0 } }),
    ]),
  );
  const first = firsts.at(-1);
  return available !== undefined && (first === undefined || isBefore(available, first));
}

const isBefore = (one: Place, other: Place): boolean =>
  one.blockNumber < other.blockNumber || (one.blockNumber === other.blockNumber && one.logIndex < other.logIndex);
