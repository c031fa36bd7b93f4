// A real anvil that mines only when the virtual clock says so, with the contracts deployed.
//
// Blocks come at exact virtual times; between them the pending block carries the next block's time, so that what the
// contracts would say "now" is what they will say when mined.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChainClient } from "@weft/chain/ChainClient";
import { deployerKey, faucetKey } from "@weft/chain/DevAccounts";
import * as DevChain from "@weft/chain/DevChain";
import { deploy } from "@weft/chain/deploy";
import { signerOf } from "@weft/chain/Keys";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { type DrandRelay, type Manner, startDrandRelay } from "@weft/node/beacon/drandRelayFixture";
import { type PresetName, presets } from "@weft/protocol/Params";
import { signRound, testChain } from "@weft/verification/drandFixture";
import { publishedAt } from "@weft/verification/drandRounds";
import { createPublicClient, defineChain, type Hex, http } from "viem";
import { VirtualClock } from "./VirtualClock.ts";

export interface TestChainOptions {
  preset: PresetName;
  /** Virtual seconds between blocks. */
  blockSeconds: number;
  speed?: number;
  /** A drand network feeds the beacon, and one relay of each manner serves it; the stakers do when absent. */
  drandRelays?: readonly Manner[];
}

export interface TestChain {
  readonly clock: VirtualClock;
  readonly file: NetworkFile.NetworkFile;
  /** Holds the clock while a request is under way. */
  readonly client: ChainClient;
  readonly folder: string;
  /** Of the drand network that feeds the beacon. */
  readonly relays: readonly DrandRelay[];
  stop(): Promise<void>;
}

/** 2030-01-01: a time that nothing real runs at, so that whoever reads the machine's clock is found out. */
const startSeconds = 1_893_456_000;
const chainId = 31_337;
const drandGroup = "testkit";
const drand = testChain(drandGroup, { genesis: BigInt(startSeconds), period: 1n });
const chainHash: Hex = `0x${"d7".repeat(32)}`;

export async function startTestChain(options: TestChainOptions): Promise<TestChain> {
  const folder = mkdtempSync(join(tmpdir(), "weft-testkit-"));
  const anvil = await DevChain.start({ folder: join(folder, "chain"), noMining: true, genesisTimestamp: startSeconds });
  const tickMs = options.blockSeconds * 1000;
  const clock = new VirtualClock({
    startMs: startSeconds * 1000,
    tickMs,
    onTick: async (nowMs) => {
      await ask(anvil.rpcUrl, "evm_mine", []);
      await announce(anvil.rpcUrl, nowMs + tickMs);
    },
    ...(options.speed === undefined ? {} : { speed: options.speed }),
  });
  await announce(anvil.rpcUrl, clock.now() + tickMs);
  clock.start();
  const relays = await startRelays(clock, options.drandRelays ?? []);
  const stop = async () => {
    await clock.stop();
    await Promise.all(relays.map((relay) => relay.close()));
    await anvil.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const params = presets[options.preset];
  const { contracts, fromBlock } = await deploy({
    ...{ rpcUrl: anvil.rpcUrl, chainId, params, clock, signer: signerOf(deployerKey) },
    treasury: signerOf(faucetKey).address,
    ...(relays.length === 0 ? {} : { drand }),
  }).catch(async (error: unknown) => {
    // A clock left running would keep the test's process alive for ever.
    await stop();
    throw error;
  });
  const profile = { blockSeconds: options.blockSeconds, confirmations: 1 };
  const file = await NetworkFile.describe({
    ...{ chainId, rpcUrl: anvil.rpcUrl, contracts, fromBlock, preset: options.preset, profile, bootstrap: [] },
    ...(relays.length === 0 ? {} : { beacon: { kind: "drand", chainHash, relays: relays.map(({ url }) => url) } }),
  });
  return {
    clock,
    file,
    client: heldClient(file, clock),
    folder,
    relays,
    stop,
  };
}

/** They publish by the chain's clock. */
async function startRelays(clock: VirtualClock, manners: readonly Manner[]): Promise<DrandRelay[]> {
  const isPublished = (round: bigint) => Number(publishedAt(drand, round)) * 1000 <= clock.now();
  const signed = (name: string, round: bigint) => signRound(name, { round, dst: drand.dst });
  return Promise.all(
    manners.map((manner) =>
      startDrandRelay({
        roundOf: (round) => (isPublished(round) ? signed(drandGroup, round) : undefined),
        forgedOf: (round) => signed("forger", round),
        ...{ chainHash, manner },
      }),
    ),
  );
}

/** A client like the product's, during whose requests virtual time stands still. */
function heldClient(file: NetworkFile.NetworkFile, clock: VirtualClock): ChainClient {
  const chain = defineChain({
    ...{ id: file.chainId, name: "weft", rpcUrls: { default: { http: [file.rpcUrl] } } },
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  });
  const transport = http(file.rpcUrl, {
    ...{ batch: { batchSize: 100, wait: 0 }, retryCount: 2, retryDelay: 100, timeout: 10_000 },
    fetchFn: (input, init) => clock.hold(() => fetch(input, init)),
  });
  const rpc = createPublicClient({ chain, transport, cacheTime: 0 });
  return { ...NetworkFile.clientOf(file), rpc };
}

/** Announces the time of the next block; in order, because the chain answers a batch in any order. */
async function announce(rpcUrl: string, nextMs: number): Promise<void> {
  await ask(rpcUrl, "evm_setNextBlockTimestamp", [`0x${Math.floor(nextMs / 1000).toString(16)}`]);
}

async function ask(rpcUrl: string, method: string, params: readonly unknown[]): Promise<void> {
  const response = await fetch(rpcUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(20_000),
  });
  const { error } = (await response.json()) as { error?: { message: string } };
  if (error !== undefined) throw new Error(`the chain refused ${method}: ${error.message}`);
}
