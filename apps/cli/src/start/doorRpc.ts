// Which JSON-RPC requests a public door hands on to the development chain: reading, and transactions signed elsewhere.
// Not handed on: everything that steers the chain (anvil_*, evm_*), accounts the chain holds unlocked, and transactions
// signed with one of its publicly known keys, through which another machine could take the faucet's and the deployer's
// place. Pure; the chain's accounts come as an argument.
import { type Address, type Hex, isHex, recoverTransactionAddress, type TransactionSerialized } from "viem";
import { z } from "zod";

const served: ReadonlySet<string> = new Set([
  ...["eth_blockNumber", "eth_call", "eth_chainId", "eth_estimateGas", "eth_feeHistory", "eth_gasPrice"],
  ...["eth_getBalance", "eth_getBlockByHash", "eth_getBlockByNumber", "eth_getCode", "eth_getLogs"],
  ...["eth_getStorageAt", "eth_getTransactionByHash", "eth_getTransactionCount", "eth_getTransactionReceipt"],
  ...["eth_maxPriorityFeePerGas", "eth_sendRawTransaction", "net_version", "web3_clientVersion"],
]);

/** Requests in one batch; our own client joins at most as many. */
export const maxBatch = 100;

const callShape = z.looseObject({
  id: z.union([z.number(), z.string().max(64), z.null()]).default(null),
  method: z.string().max(64),
  params: z.array(z.unknown()).optional(),
});
type Call = z.infer<typeof callShape>;

interface Refusal {
  jsonrpc: "2.0";
  id: number | string | null;
  error: { code: number; message: string };
}

/** What to answer instead of handing `body` on; undefined when it may pass. A batch passes as a whole or not at all. */
export async function refuse(
  body: string,
  known: () => Promise<ReadonlySet<Address>>,
): Promise<Refusal | Refusal[] | undefined> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return refusal(null, -32_700, "not JSON");
  }
  const parsed = z.union([callShape, z.array(callShape).min(1).max(maxBatch)]).safeParse(json);
  if (!parsed.success) return refusal(null, -32_600, `not a request, nor a batch of 1 to ${maxBatch}`);
  const calls = Array.isArray(parsed.data) ? parsed.data : [parsed.data];
  const reasons = await Promise.all(calls.map((call) => reasonAgainst(call, known)));
  const first = reasons.find((reason) => reason !== undefined);
  if (first === undefined) return undefined;
  const answers = calls.map(({ id }, index) => refusal(id, -32_601, reasons[index] ?? `in one batch with: ${first}`));
  return Array.isArray(json) ? answers : answers[0];
}

async function reasonAgainst(call: Call, known: () => Promise<ReadonlySet<Address>>): Promise<string | undefined> {
  if (!served.has(call.method)) return `${call.method} is not served to other machines`;
  if (call.method !== "eth_sendRawTransaction") return undefined;
  const signer = await signerOfRaw(call.params?.[0]);
  if (signer === undefined) return "not a signed transaction";
  return (await known()).has(signer)
    ? "that account's key is publicly known; ask POST /v1/faucet for money"
    : undefined;
}

async function signerOfRaw(raw: unknown): Promise<Address | undefined> {
  if (!isHex(raw)) return undefined;
  try {
    const signer = await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerialized });
    return signer.toLowerCase() as Address;
  } catch {
    return undefined;
  }
}

const refusal = (id: Refusal["id"], code: number, message: string): Refusal => ({
  ...{ jsonrpc: "2.0", id },
  error: { code, message },
});

/** The accounts that a development chain holds unlocked, in lower case: those whose keys everybody knows. */
export async function unlockedAccounts(rpcUrl: string): Promise<ReadonlySet<Address>> {
  const request = { jsonrpc: "2.0", id: 1, method: "eth_accounts", params: [] };
  const response = await fetch(rpcUrl, {
    ...{ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(request) },
    signal: AbortSignal.timeout(10_000),
  });
  const { result } = (await response.json()) as { result: Hex[] };
  return new Set(result.map((address) => address.toLowerCase() as Address));
}
