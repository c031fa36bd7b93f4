// All disputes of a deployment, or those of some leases, as there is to tell of them: from the chain's log alone, for whoever
// watches. Nothing is kept that the chain might take back.
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import { openCourtLog } from "@weft/chain/courtLog";
import { chainTime } from "@weft/chain/reads";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import type { NodeId } from "@weft/protocol/NodeId";
import { tellDisputes } from "@weft/verification/court/tellDisputes";
import type { Hex } from "viem";
import { gameRules } from "./gameRules.ts";

export interface DisputesRead {
  /** In the order of the log. */
  events: DisputeEvent[];
  /** The chain's time, Unix seconds. */
  now: number;
}

export interface Disputes {
  /** Reads on from where it was. @throws WeftError of the chain, `court.logTooLong` */
  read(): Promise<DisputesRead>;
}

/** @param fromBlock not after the first challenge that is asked about */
export function openDisputes(client: ChainClient, { fromBlock }: { fromBlock: bigint }): Disputes {
  const log = openCourtLog(client, { fromBlock });
  const nodes = new Map<Hex, Hex>();
  const keys = new Map<Hex, Hex | undefined>();
  const rules = gameRules(client.params);
  return {
    read: async () => {
      const entries = await log.read();
      for (const { eventName, args } of entries) {
        if (eventName !== "Challenged" && eventName !== "CommitmentEliminated") continue;
        if (!nodes.has(args.leaseId)) nodes.set(args.leaseId, await readLeaseNode(client, args.leaseId));
        if (!keys.has(args.sponsor)) keys.set(args.sponsor, await nodeWith(client, args.sponsor));
      }
      const telling = { rules, nodeOf: (lease: Hex) => nodes.get(lease), nodeWith: (key: Hex) => keys.get(key) };
      return { events: await tellDisputes(entries, telling), now: Number(await chainTime(client)) };
    },
  };
}

/** The node of a lease. */
export async function readLeaseNode({ rpc, network }: ChainClient, leaseId: Hex): Promise<NodeId> {
  const [nodeId] = await rpc.readContract({
    ...{ address: network.contracts.channels, abi: abis.channels },
    ...{ functionName: "partiesOf", args: [leaseId] },
  });
  return nodeId.toLowerCase() as NodeId;
}

/** The node whose operator an account is. */
async function nodeWith({ rpc, network }: ChainClient, account: Hex): Promise<Hex | undefined> {
  const [nodeId] = await rpc.readContract({
    ...{ address: network.contracts.registry, abi: abis.registry },
    ...{ functionName: "operatorRecord", args: [account] },
  });
  return BigInt(nodeId) === 0n ? undefined : (nodeId.toLowerCase() as Hex);
}
