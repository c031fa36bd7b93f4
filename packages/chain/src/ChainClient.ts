// One deployment seen over one RPC address: what every action, watcher and sender of this package is handed.
import type { Network } from "@weft/protocol/Domain";
import type { ProtocolParams } from "@weft/protocol/Params";
import { createPublicClient, defineChain, http, type PublicClient } from "viem";

/** What a chain is like; part of the network file, because waits and fees depend on it. */
export interface ChainProfile {
  /** Mean seconds between blocks. */
  blockSeconds: number;
  /** Blocks after which a transaction counts as final for ordinary amounts; 1 = the block it is in. */
  confirmations: number;
}

export interface ChainClient {
  readonly network: Network;
  readonly params: ProtocolParams;
  readonly profile: ChainProfile;
  readonly rpcUrl: string;
  readonly rpc: PublicClient;
}

export interface ConnectOptions {
  network: Network;
  params: ProtocolParams;
  profile: ChainProfile;
  rpcUrl: string;
  /** How long one request may take, its answer included; 10 s by default. */
  requestTimeoutMs?: number;
}

const requestTimeoutMs = 10_000;

/** Opens no connection by itself; the first request does. */
export function connect(options: ConnectOptions): ChainClient {
  return { ...options, rpc: rpcOf(options.rpcUrl, options.network.chainId, options.requestTimeoutMs) };
}

/** A JSON-RPC client that joins the requests of one turn of the event loop into a batch and retries briefly. */
export function rpcOf(rpcUrl: string, chainId: number, timeoutMs: number = requestTimeoutMs): PublicClient {
  const chain = defineChain({
    id: chainId,
    name: "weft",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  const transport = http(rpcUrl, {
    batch: { batchSize: 100, wait: 0 },
    retryCount: 2,
    retryDelay: 100,
    timeout: timeoutMs,
    // viem's own limit ends with the headers: an answer that stops half way would be waited for until the carrier
    // gives it up, which takes minutes, and whatever follows the chain would stand still that long.
    fetchFn: (input, init) => fetch(input, { ...init, signal: withLimit(timeoutMs, init?.signal) }),
  });
  return createPublicClient({ chain, transport, cacheTime: 0 });
}

const withLimit = (timeoutMs: number, signal: AbortSignal | null | undefined): AbortSignal => {
  const limit = AbortSignal.timeout(timeoutMs);
  return signal ? AbortSignal.any([signal, limit]) : limit;
};

/** Milliseconds between looks at the chain: twice a block, at most every 50 ms, at least every 2 s. */
export const pollMsOf = (profile: ChainProfile): number =>
  Math.round(Math.min(2000, Math.max(50, (profile.blockSeconds * 1000) / 2)));
