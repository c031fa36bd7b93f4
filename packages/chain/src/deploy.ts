// Deploys and wires the contracts of one network. Writes no file and keeps no key.
//
// The contracts know each other through constructor arguments, so their addresses are predicted from the deployer's
// nonce (CREATE); each one refuses to exist elsewhere. Governance (slashers, courts) is the deployer unless named.
import type { Clock } from "@weft/protocol/Clock";
import type { Contracts } from "@weft/protocol/Domain";
import { WeftError } from "@weft/protocol/Errors";
import { type ProtocolParams, paramsHash } from "@weft/protocol/Params";
import { type Address, type Hex, keccak256 } from "viem";
import { rpcOf } from "./ChainClient.ts";
import { type Creation, creationsOf } from "./creations.ts";
import * as Market from "./generated/Market.ts";
import type { AccountSigner } from "./Keys.ts";
import type { DrandNetwork } from "./reads.ts";

export interface DeployOptions {
  rpcUrl: string;
  chainId: number;
  params: ProtocolParams;
  /** Pays the gas; nothing else may send from this account meanwhile. */
  signer: AccountSigner;
  clock: Clock;
  /** Receives the whole WEFT supply, and the treasury's part of lost bonds. */
  treasury: Address;
  /** May propose slashers and courts; the deployer when absent. */
  governance?: Address;
  /** Feeds the beacon, for as long as the deployment lives; the stakers do when absent. */
  drand?: DrandNetwork;
  /** An existing stablecoin with permit; a worthless test one is deployed when absent (development chains only). */
  stable?: Address;
}

export interface Deployment {
  contracts: Contracts;
  /** First block that may hold events of the deployment. */
  fromBlock: bigint;
  gasUsed: bigint;
}

const pollMs = 50;
const timeoutMs = 120_000;

/** @throws WeftError `deploy.failed` when a contract did not come up where it was predicted */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const rpc = rpcOf(options.rpcUrl, options.chainId);
  const from = options.signer.address;
  const [nonce, head, fees] = await Promise.all([
    rpc.getTransactionCount({ address: from, blockTag: "pending" }),
    rpc.getBlockNumber(),
    rpc.estimateFeesPerGas(),
  ]);
  const { contracts, creations } = creationsOf(options, nonce);
  const hashes: Hex[] = [];
  for (const [index, { data }] of creations.entries()) {
    const raw = await options.signer.signTransaction({
      ...{ type: "eip1559", chainId: options.chainId, nonce: nonce + index, data, gas: gasOf(data) },
      ...{ maxFeePerGas: fees.maxFeePerGas * 2n, maxPriorityFeePerGas: fees.maxPriorityFeePerGas },
    });
    hashes.push(keccak256(raw));
    await rpc.sendRawTransaction({ serializedTransaction: raw });
  }
  let gasUsed = 0n;
  for (const [index, hash] of hashes.entries()) {
    const receipt = await receiptOf(rpc, options.clock, hash);
    const { name, address } = creations[index] as Creation;
    if (receipt?.status !== "success" || receipt.contractAddress?.toLowerCase() !== address) throw failed(name, hash);
    gasUsed += receipt.gasUsed;
  }
  const hash = await rpc.readContract({ address: contracts.market, abi: Market.abi, functionName: "paramsHash" });
  if (hash !== paramsHash(options.params)) throw failed("market", hash);
  return { contracts, fromBlock: head + 1n, gasUsed };
}

/**
 * A node cannot estimate these: a constructor checks its own address, which an estimate at another nonce gets wrong.
 * 200 gas per byte for the code, up to 16 for the calldata, and room for the constructor.
 */
const gasOf = (data: Hex): bigint => 1_000_000n + BigInt(data.length / 2) * 240n;

async function receiptOf(rpc: ReturnType<typeof rpcOf>, clock: Clock, hash: Hex) {
  const end = clock.now() + timeoutMs;
  while (clock.now() < end) {
    const receipt = await rpc.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt !== undefined) return receipt;
    await clock.sleep(pollMs);
  }
  return undefined;
}

const failed = (name: string, hash: Hex) =>
  new WeftError(`deploying ${name} failed`, {
    code: "deploy.failed",
    fault: "us",
    details: { transaction: hash },
    remedy: "check the parameters and the deployer's balance, then deploy again",
  });
