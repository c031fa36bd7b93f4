// What a lease cost and whom it paid, read from the chain's logs when a job ends: anyone can recompute it.
import { abis } from "@weft/chain/Abis";
import { allLogs } from "@weft/chain/logRanges";
import type { NodeId } from "@weft/protocol/NodeId";
import { type Abi, type Address, decodeFunctionData, type Hex, numberToHex } from "viem";
import type { ChainParts } from "./ChainParts.ts";

/** Transactions looked at for one lease; a longer history is counted up to here. */
const maxTransactions = 5000;

export async function auditPayments(parts: ChainParts, leaseId: Hex): Promise<{ nodeId: NodeId; amount: bigint }[]> {
  const { client, live, fromBlock } = parts;
  const nodes = [...live.current.nodes];
  const events = await allLogs(client, { fromBlock }, (range) =>
    client.rpc.getContractEvents({
      ...{ address: client.network.contracts.channels, abi: abis.channels, eventName: "AuditPaid", ...range },
      args: { channelId: leaseId },
    }),
  );
  return events.flatMap(({ args }) => {
    const nodeId = nodes.find(([, { owner }]) => owner === args.to?.toLowerCase())?.[0];
    return nodeId === undefined ? [] : [{ nodeId, amount: BigInt(args.amount ?? 0) }];
  });
}

/**
 * Gas of every transaction that left a log of this lease, by the function that was called, whoever sent it. What went to the court is left
 * out: most of a dispute's moves name no lease (courtGas.ts counts them all).
 */
export async function leaseGas(parts: ChainParts, leaseId: Hex): Promise<Map<string, bigint>> {
  const { client, fromBlock } = parts;
  const { market, channels, audits } = client.network.contracts;
  const logs = await allLogs(client, { fromBlock }, (range) => {
    const blocks = { fromBlock: numberToHex(range.fromBlock), toBlock: numberToHex(range.toBlock) };
    const request = { address: [market, channels, audits], topics: [null, leaseId], ...blocks };
    return client.rpc.request({ method: "eth_getLogs", params: [request] });
  });
  const hashes = [...new Set(logs.map(({ transactionHash }) => transactionHash))].slice(0, maxTransactions);
  const byAction = new Map<string, bigint>();
  for (const hash of hashes) {
    if (hash === null) continue;
    const [transaction, receipt] = await Promise.all([
      client.rpc.getTransaction({ hash }),
      client.rpc.getTransactionReceipt({ hash }),
    ]);
    const action = actionOf(client.network.contracts, { to: transaction.to, input: transaction.input });
    if (action === undefined) continue;
    byAction.set(action, (byAction.get(action) ?? 0n) + receipt.gasUsed);
  }
  return byAction;
}

function actionOf(
  contracts: ChainParts["client"]["network"]["contracts"],
  call: { to: Address | null; input: Hex },
): string | undefined {
  const to = call.to?.toLowerCase();
  if (to === contracts.court.toLowerCase() || to === contracts.games.toLowerCase()) return undefined;
  const name = (["market", "channels", "audits"] as const).find((key) => contracts[key] === to);
  if (name === undefined) return "other";
  try {
    return decodeFunctionData({ abi: abis[name] as Abi, data: call.input }).functionName;
  } catch {
    return "other";
  }
}
