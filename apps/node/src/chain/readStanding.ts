// Did a segment of an earlier lease stand when a later lease of the same order built on it? By the rule that the court goes by
// (spec/court.md §2), so that no auditor accuses whom the court would acquit: what became of the segment afterwards does not count.
import type { ChainClient } from "@weft/chain/ChainClient";
import { at, reading } from "@weft/chain/contractRead";
import { lastLog } from "@weft/chain/logRanges";
import { stoodFor } from "@weft/court/shownStart";
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
export const readStanding = async (client: ChainClient, query: StandingQuery): Promise<boolean> =>
  (await stoodFor(client, query)) && (!query.proven || (await wasProven(client, query)));

/** Before the later lease's first segment that stands, if there is one. */
async function wasProven(client: ChainClient, { leaseId, segment, heir, fromBlock }: StandingQuery): Promise<boolean> {
  const { rpc } = client;
  const audits = at(client, "audits");
  const args = { leaseId, segment: Number(segment) };
  const [available, first] = await reading(
    "readStanding",
    Promise.all([
      lastLog(client, { fromBlock }, (range) =>
        rpc.getContractEvents({ ...audits, ...range, eventName: "SegmentAvailable", args }),
      ),
      lastLog(client, { fromBlock }, (range) =>
        rpc.getContractEvents({
          ...audits,
          ...range,
          eventName: "SegmentCommitted",
          args: { leaseId: heir, segment: 0 },
        }),
      ),
    ]),
  );
  return available !== undefined && (first === undefined || isBefore(available, first));
}

const isBefore = (one: Place, other: Place): boolean =>
  one.blockNumber < other.blockNumber || (one.blockNumber === other.blockNumber && one.logIndex < other.logIndex);
