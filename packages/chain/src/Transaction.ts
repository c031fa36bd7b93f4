// One transaction: fees, gas estimate, signature, broadcast, receipt. Stateless; Sender.ts decides when.
import { type Address, formatTransactionReceipt, type Hex, keccak256, type TransactionReceipt, toHex } from "viem";
import { type ContractName, contractNames } from "./Abis.ts";
import type { ChainClient } from "./ChainClient.ts";
import type { Intent } from "./Intent.ts";
import type { AccountSigner } from "./Keys.ts";
import { isTransient, textOf } from "./Reverts.ts";

export interface Fees {
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
}

/** Twice the base fee plus the tip the node suggests: stays valid through six full blocks. */
export async function currentFees(client: ChainClient): Promise<Fees> {
  const [block, tip] = await Promise.all([
    client.rpc.request({ method: "eth_getBlockByNumber", params: ["latest", false] }),
    client.rpc.request({ method: "eth_maxPriorityFeePerGas" }).catch(() => "0x3b9aca00" as Hex),
  ]);
  const base = BigInt(block?.baseFeePerGas ?? "0x0");
  return { maxFeePerGas: 2n * base + BigInt(tip), maxPriorityFeePerGas: BigInt(tip) };
}

/** Fees of a replacement: nodes ask for at least a tenth more. */
export const bumped = (old: Fees, current: Fees): Fees => ({
  maxFeePerGas: larger((old.maxFeePerGas * 5n) / 4n + 1n, current.maxFeePerGas),
  maxPriorityFeePerGas: larger((old.maxPriorityFeePerGas * 5n) / 4n + 1n, current.maxPriorityFeePerGas),
});

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Gas limit: the estimate on the pending block plus a quarter and 20,000, because state moves before inclusion. */
export async function estimateGas(client: ChainClient, from: Address, intent: Intent): Promise<bigint> {
  const estimate = await client.rpc.request({
    method: "eth_estimateGas",
    params: [callOf(from, intent), "pending"],
  });
  return (BigInt(estimate) * 5n) / 4n + 20_000n;
}

/** Runs the call without sending it; throws what the chain would say. */
export const simulate = (client: ChainClient, from: Address, intent: Intent): Promise<Hex> =>
  client.rpc.request({ method: "eth_call", params: [callOf(from, intent), "pending"] });

const callOf = (from: Address, intent: Intent) => ({
  from,
  to: intent.to,
  data: intent.data,
  ...(intent.value === undefined ? {} : { value: toHex(intent.value) }),
});

export interface Signed {
  raw: Hex;
  hash: Hex;
}

export async function sign(
  client: ChainClient,
  signer: AccountSigner,
  what: { intent: Intent; nonce: number; gas: bigint; fees: Fees },
): Promise<Signed> {
  const raw = await signer.signTransaction({
    type: "eip1559",
    chainId: client.network.chainId,
    nonce: what.nonce,
    gas: what.gas,
    to: what.intent.to,
    data: what.intent.data,
    value: what.intent.value ?? 0n,
    ...what.fees,
  });
  return { raw, hash: keccak256(raw) };
}

/** `nonceUsed`: a transaction with this nonce is already in the chain. `underpriced`: another one waits with it. */
export type BroadcastOutcome = "accepted" | "nonceUsed" | "underpriced";

/** Hands a signed transaction to the node; throws only what is neither about the nonce nor already known. */
export async function broadcast(client: ChainClient, raw: Hex): Promise<BroadcastOutcome> {
  try {
    await client.rpc.request({ method: "eth_sendRawTransaction", params: [raw] }, { retryCount: 0 });
    return "accepted";
  } catch (error) {
    const text = textOf(error);
    if (/already known|already imported|known transaction/i.test(text)) return "accepted";
    if (/nonce too low|nonce is too low/i.test(text)) return "nonceUsed";
    if (/underpriced/i.test(text)) return "underpriced";
    // The node may have taken it before the connection broke: what it holds now decides.
    if (isTransient(error) && (await isKnown(client, keccak256(raw)).catch(() => false))) return "accepted";
    throw error;
  }
}

/** Whether the node has the transaction, waiting or mined. */
const isKnown = async (client: ChainClient, hash: Hex): Promise<boolean> =>
  (await client.rpc.request({ method: "eth_getTransactionByHash", params: [hash] })) !== null;

export async function receiptOf(client: ChainClient, hashes: readonly Hex[]): Promise<TransactionReceipt | undefined> {
  const receipts = await Promise.all(
    hashes.map((hash) => client.rpc.request({ method: "eth_getTransactionReceipt", params: [hash] })),
  );
  const found = receipts.find((receipt) => receipt !== null);
  return found ? formatTransactionReceipt(found) : undefined;
}

export const nonceOf = async (client: ChainClient, address: Address, tag: "latest" | "pending"): Promise<number> =>
  Number(await client.rpc.request({ method: "eth_getTransactionCount", params: [address, tag] }));

export const headOf = async (client: ChainClient): Promise<bigint> =>
  BigInt(await client.rpc.request({ method: "eth_blockNumber" }));

export const contractAt = (client: ChainClient, address: Address): ContractName | undefined =>
  contractNames.find((name) => client.network.contracts[name].toLowerCase() === address.toLowerCase());
