// Which of some commitments nobody can challenge any more: the window is over, and no rival is left (spec/court.md §4).
import { readDispute } from "@weft/chain/courtReads";
import { readRecord } from "@weft/chain/readCommitment";
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
        readRecord(client, { leaseId: leaseId as Hex, segment: BigInt(segment) }),
      ]);
      const isOver = recorded !== commitment || now > committedAt + window;
      return rivals === 0 && isOver ? [commitment] : [];
    }),
  );
  return new Set(closed.flat());
}
