// Disputes over the leases of a job: which there are, from the followed snapshot; what happened in them, from the log since the first
// of them was named.
import type { DisputeState } from "@weft/chain/Snapshot";
import { type Disputes, openDisputes } from "@weft/court/readDisputes";
import { least } from "@weft/protocol/Amount";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import type { Hex } from "viem";
import type { GatewayChain } from "../GatewayContext.ts";
import type { ChainParts } from "./ChainParts.ts";

export function disputesOf({ client, live, fromBlock }: ChainParts): Pick<GatewayChain, "disputes" | "disputeEvents"> {
  let log: { readonly from: bigint; readonly disputes: Disputes } | undefined;
  const disputes = (leaseIds: ReadonlySet<Hex>): DisputeState[] =>
    [...live.current.disputes.values()].filter(({ leaseId }) => leaseIds.has(leaseId));
  return {
    disputes,
    disputeEvents: async (leaseIds) => {
      const found = disputes(leaseIds);
      if (found.length === 0) return [];
      const from = earliest(found, fromBlock);
      if (log === undefined || from < log.from) log = { from, disputes: openDisputes(client, { fromBlock: from }) };
      const { events } = await log.disputes.read();
      return eventsOf(events, leaseIds);
    },
  };
}

/** The block of the first rival; what was proven at once has none. */
function earliest(disputes: readonly DisputeState[], fromBlock: bigint): bigint {
  if (disputes.some(({ rivals }) => rivals.length === 0)) return fromBlock;
  return least(...(disputes.flatMap(({ rivals }) => rivals.map(({ block }) => block)) as [bigint, ...bigint[]]));
}

/** Moves and verdicts name their game alone. */
function eventsOf(events: readonly DisputeEvent[], leaseIds: ReadonlySet<string>): DisputeEvent[] {
  const isOurs = (event: DisputeEvent) =>
    "leaseId" in event && event.leaseId !== undefined && leaseIds.has(event.leaseId);
  const games = new Set(events.flatMap((event) => (isOurs(event) && event.game !== undefined ? [event.game] : [])));
  return events.filter((event) => isOurs(event) || (event.game !== undefined && games.has(event.game)));
}
