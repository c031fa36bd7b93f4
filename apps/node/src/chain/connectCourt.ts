// CourtDesk over packages/chain and packages/court, with the operator's sender.
import { accuse } from "@weft/chain/actions/accuse";
import { depositBond } from "@weft/chain/actions/depositBond";
import { payAndCall } from "@weft/chain/actions/payAndCall";
import { withdraw } from "@weft/chain/actions/withdraw";
import { withdrawBond } from "@weft/chain/actions/withdrawBond";
import { readBondDeposit, readDispute } from "@weft/chain/courtReads";
import type { Intent } from "@weft/chain/Intent";
import { readOrder } from "@weft/chain/readOrder";
import { balances } from "@weft/chain/reads";
import { segmentKey } from "@weft/chain/Snapshot";
import { disputeIntent, lookAtDispute, type StartShown } from "@weft/court/playDispute";
import { findShownStart } from "@weft/court/shownStart";
import { WeftError } from "@weft/protocol/Errors";
import * as Order from "@weft/protocol/Order";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { Hex } from "viem";
import { isOneOf } from "../court/decideJoin.ts";
import type { CourtDesk } from "./CourtDesk.ts";
import type { ConnectChainOptions } from "./connectChain.ts";
import type { Mined } from "./NodeChain.ts";

export function connectCourt(options: ConnectChainOptions): CourtDesk {
  const { client, live, sender, store, nodeId } = options;
  const account = sender.address;
  const send = async (intent: Intent): Promise<Mined> => {
    const { hash, blockNumber, gasUsed } = await sender.send(intent);
    return { hash, blockNumber, gasUsed };
  };
  const former = () => {
    const past = live.current.nodes.get(nodeId)?.pastOperators ?? [];
    return options.former?.addresses().filter((address) => isOneOf(past, address)) ?? [];
  };
  return {
    account,
    accounts: () => [account, ...former()],
    hears: (leaseId) => {
      const lease = live.current.leases.get(leaseId);
      if (lease === undefined || lease.tier !== Order.tier.exact) return false;
      return live.current.courts.get(lease.courtId)?.toLowerCase() === client.network.contracts.court.toLowerCase();
    },
    committedAt: (leaseId, segment) => live.current.segments.get(segmentKey(leaseId, segment))?.committedAt,
    disputes: () => [...live.current.disputes.values()],
    order: async (leaseId) => {
      const lease = live.current.leases.get(leaseId);
      return lease && readOrder(client, lease);
    },
    place: async (commitment) => {
      const { nextBond: least, headBond: head } = await readDispute(client, commitment);
      return { least, head };
    },
    shownStart: (leaseId, first) => findShown(options, { leaseId, first }),
    money: async () => {
      const [deposit, { stable, earned }] = await Promise.all([
        readBondDeposit(client, account),
        balances(client, account),
      ]);
      return { deposit, wallet: stable, earned };
    },
    gasOf: (game) => store.gasOf(game),
    look: (seat) => lookAtDispute(client, seat),
    play: async (seat, look) => {
      // A rival that was named with an operator key before this one: its deep claims need that one's signature.
      const isFormer = seat.side === "rival" && !isOneOf([account], seat.sponsor);
      const claimant = isFormer ? await options.former?.open(seat.sponsor) : undefined;
      const intent = await disputeIntent({ client, ...(claimant && { claimant }) }, seat, look);
      return intent && (await send(intent));
    },
    accuse: async (accusation, missing) => {
      const intent = accuse(client, { ...accusation, sponsor: account });
      if (missing === undefined) return send(intent);
      return send(payAndCall(await depositBond(client, { ...missing, account, id: intent.key }), intent));
    },
    withdraw: ({ amount, id }) => send(withdrawBond(client, { amount, to: account, id: `${account}/${id}` })),
    payOut: ({ amount, id }) => {
      const owner = live.current.nodes.get(nodeId)?.owner;
      if (owner === undefined)
        throw new WeftError("the node is not on chain now", { code: "node.unregistered", retryable: true });
      return send(withdraw(client, { amount, to: owner, id: `${account}/${id}` }));
    },
  };
}

/** Of segments of earlier fills that end where the lease begins, one that stood when it opened. */
async function findShown(
  { client, live, fromBlock }: Pick<ConnectChainOptions, "client" | "live" | "fromBlock">,
  { leaseId, first }: { leaseId: Hex; first: SegmentCommitment },
): Promise<StartShown | undefined> {
  const { leases, orders } = live.current;
  const lease = leases.get(leaseId);
  if (lease === undefined) return undefined;
  const fills = orders.get(lease.orderHash) ?? [];
  const earlier = fills.slice(0, Math.max(0, fills.indexOf(leaseId)));
  return findShownStart(client, { first, earlier, fromBlock });
}
