// Which of some commitments nobody can challenge any more: the window is over, and no rival is left (spec/court.md §4).
import type { ChainClient } from "@weft/chain/ChainClient";
import { at, reading } from "@weft/chain/contractRead";
import { readDispute } from "@weft/chain/courtReads";
import type { Hex } from "viem";
import type { Court } from "./court.ts";
import type { DisputeSummary } from "./summarise.ts";

/** Commitments asked about; the latest. */
const mostAsked = 64;

/** @param now of the chain, Unix seconds. @throws WeftError of the chain */
export async function closedAmong(
  { client }: Court,
  { rows, now }: { rows: readonly DisputeSummary[]; now: number },
): Promise<Set<string>> {
  const asked = new Map(
    rows.flatMap((row) => (row.state === "lost" && row.commitment !== null ? [[row.commitment, row] as const] : [])),
  );
  const window = Number(client.params.challengeWindowSeconds);
  const closed = await Promise.all(
    [...asked].slice(-mostAsked).map(async ([commitment, { leaseId, segment }]) => {
      const [{ rivals }, [recorded, committedAt]] = await Promise.all([
        readDispute(client, commitment as Hex),
        recordOf(client, { leaseId: leaseId as Hex, segment }),
      ]);
      const isOver = recorded !== commitment || now > committedAt + window;
      return rivals === 0 && isOver ? [commitment] : [];
    }),
  );
  return new Set(closed.flat());
}

/** Hash of the commitment that stands for a segment and when it was recorded, Unix seconds; zeros: none is. */
export const recordOf = (client: ChainClient, { leaseId, segment }: { leaseId: Hex; segment: number }) =>
  reading(
    "recordOf",
    client.rpc.readContract({ ...at(client, "audits"), ...{ functionName: "recordOf", args: [leaseId, segment] } }),
  );
