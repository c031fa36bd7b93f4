// The whole order behind a lease, from the transaction that opened it, checked against its hash.
import * as Order from "@weft/protocol/Order";
import { decodeFunctionData, type Hex } from "viem";
import { abis } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";
import { chainError } from "./Reverts.ts";

/** undefined when the lease was opened through another contract, whose call only its author can read. */
export async function readOrder(
  client: ChainClient,
  query: { orderHash: Hex; openedIn: Hex },
): Promise<Order.Order | undefined> {
  const transaction = await client.rpc.getTransaction({ hash: query.openedIn }).catch((error: unknown) => {
    throw chainError(error, { kind: "readOrder" });
  });
  if (transaction.to?.toLowerCase() !== client.network.contracts.market.toLowerCase()) return undefined;
  const call = decodeFunctionData({ abi: abis.market, data: transaction.input });
  if (call.functionName !== "open") return undefined;
  const parsed = Order.shape.safeParse(call.args[2]);
  return parsed.success && Order.hash(parsed.data) === query.orderHash ? parsed.data : undefined;
}
