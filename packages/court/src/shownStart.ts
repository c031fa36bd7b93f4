// What makes a lease's start an allowed one against ground `start` (spec/court.md §2): a segment of an earlier fill of the same order that
// ended there and stood when the lease opened. From the chain alone.
import type { ChainClient } from "@weft/chain/ChainClient";
import { at, reading } from "@weft/chain/contractRead";
import { readVoids, readWasVoid } from "@weft/chain/courtReads";
import { readCommitments } from "@weft/chain/readCommitment";
import { WeftError } from "@weft/protocol/Errors";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import { startShown, voidedFrom } from "@weft/verification/court/grounds";
import type { Hex } from "viem";
import type { StartShown } from "./playDispute.ts";

export interface Fill {
  /** Leases of the same order that opened before it, in order. */
  earlier: readonly Hex[];
}

interface From {
  /** A block not after the first lease of the order. */
  fromBlock: bigint;
}

/** undefined when no such segment is there. @throws WeftError of the chain */
export async function findShownStart(
  client: ChainClient,
  { first, earlier, fromBlock }: Fill & From & { first: SegmentCommitment },
): Promise<StartShown | undefined> {
  for (const leaseId of earlier) {
    const shown = startShown(first, await endsOf(client, { leaseId, fromBlock }));
    if (shown === undefined) continue;
    const which = { leaseId, segment: shown.earlier.segment, heir: first.leaseId, fromBlock };
    if (await stoodFor(client, which)) return { first, ...shown };
  }
  return undefined;
}

async function endsOf(client: ChainClient, query: { leaseId: Hex; fromBlock: bigint }) {
  const [commitments, voids] = await Promise.all([readCommitments(client, query), readVoids(client, query)]);
  return commitments.map((commitment) => ({ commitment, voids }));
}

/**
 * Whether a later lease may begin where a segment ended: recorded no later than that lease's first segment, and not void before the
 * lease opened, both in seconds, as the contract counts them.
 * @throws WeftError `lease.unknown` when the chain does not show the later lease yet; of the chain
 */
export async function stoodFor(
  client: ChainClient,
  { leaseId, segment, heir, fromBlock }: From & { leaseId: Hex; segment: bigint; heir: Hex },
): Promise<boolean> {
  const audits = at(client, "audits");
  const [lease, ended, begun, voids] = await reading(
    "stoodFor",
    Promise.all([
      client.rpc.readContract({ ...at(client, "market"), functionName: "lease", args: [heir] }),
      client.rpc.readContract({ ...audits, functionName: "segment", args: [leaseId, Number(segment)] }),
      client.rpc.readContract({ ...audits, functionName: "segment", args: [heir, 0] }),
      readVoids(client, { leaseId, fromBlock }),
    ]),
  );
  if (lease.openedAt === 0) throw unknownLease(heir);
  if (ended.committedAt === 0 || (begun.committedAt !== 0 && ended.committedAt > begun.committedAt)) return false;
  const which = { leaseId, segment, from: voidedFrom(voids, segment), time: BigInt(lease.openedAt) };
  return !(await readWasVoid(client, which));
}

const unknownLease = (leaseId: Hex) =>
  new WeftError("the chain knows no such lease", {
    code: "lease.unknown",
    fault: "network",
    retryable: true,
    details: { leaseId },
  });

/** What the node of a lease would show, for whoever does not follow the chain. @throws WeftError `lease.unknown`, those of the chain */
export async function readShownStart(
  client: ChainClient,
  { leaseId, first, fromBlock }: From & { leaseId: Hex; first: SegmentCommitment },
): Promise<StartShown | undefined> {
  const fill = await readFill(client, { leaseId, fromBlock });
  return findShownStart(client, { ...fill, first, fromBlock });
}

async function readFill(client: ChainClient, { leaseId, fromBlock }: From & { leaseId: Hex }): Promise<Fill> {
  const opening = { ...at(client, "market"), eventName: "LeaseOpened", fromBlock, strict: true } as const;
  const [own] = await reading("readFill", client.rpc.getContractEvents({ ...opening, args: { leaseId } }));
  if (own === undefined) throw unknownLease(leaseId);
  const { buyer, orderHash } = own.args;
  const opened = await reading("readFill", client.rpc.getContractEvents({ ...opening, args: { buyer } }));
  const before = opened.filter(
    (one) =>
      one.args.orderHash === orderHash &&
      (one.blockNumber < own.blockNumber || (one.blockNumber === own.blockNumber && one.logIndex < own.logIndex)),
  );
  return { earlier: before.map(({ args }) => args.leaseId) };
}
