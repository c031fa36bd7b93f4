// For the tests of this package: a fresh anvil, a client, a wall clock, keys with money. Not used by the product.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@weft/protocol/Clock";
import type { Contracts } from "@weft/protocol/Domain";
import { type PresetName, presets } from "@weft/protocol/Params";
import { type Address, createTestClient, type Hex, http, keccak256, toHex } from "viem";
import { type ChainClient, connect } from "./ChainClient.ts";
import * as DevChain from "./DevChain.ts";
import { type AccountSigner, signerOf } from "./Keys.ts";

export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

export const keyOf = (name: string): Hex => keccak256(toHex(`weft test key ${name}`));
export const accountOf = (name: string): AccountSigner => signerOf(keyOf(name));

const nowhere: Address = "0x000000000000000000000000000000000000dead";
const noContracts: Contracts = {
  ...{ stable: nowhere, weft: nowhere, registry: nowhere, channels: nowhere },
  ...{ market: nowhere, audits: nowhere, beacon: nowhere, courts: nowhere },
  ...{ games: nowhere, court: nowhere, epochs: nowhere },
};

export interface Fixture {
  chain: DevChain.DevChain;
  client: ChainClient;
  driver: ReturnType<typeof driverOf>;
  folder: string;
  /** Called first when it ends: what follows the chain must stop before the chain does. */
  closers: (() => Promise<void> | void)[];
  /** kill -9, then the same folder and port again: what came after the last state dump is lost. */
  crash(): Promise<void>;
  /** An orderly stop, which dumps the state, then the same folder and port again. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

/** Fixtures that a failed test left open; without this its chain would outlive the test file. */
const open = new Set<Fixture>();
after(async () => {
  for (const one of open) await one.end();
});

const driverOf = (rpcUrl: string) => createTestClient({ mode: "anvil", transport: http(rpcUrl) });

export type FixtureOptions = Partial<DevChain.DevChainOptions> & {
  /** `minimal` when absent. */
  preset?: PresetName;
};

export async function fixture({ preset = "minimal", ...options }: FixtureOptions = {}): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), "weft-chain-"));
  const chain = await DevChain.start({ folder, blockTimeSeconds: 0.1, stateIntervalSeconds: 1, ...options });
  const client = connect({
    network: { chainId: 31337, contracts: noContracts },
    params: presets[preset],
    profile: { blockSeconds: options.blockTimeSeconds ?? 0.1, confirmations: 1 },
    rpcUrl: chain.rpcUrl,
  });
  const made: Fixture = {
    chain,
    client,
    driver: driverOf(chain.rpcUrl),
    folder,
    closers: [],
    crash: async () => {
      await made.chain.kill();
      made.chain = await DevChain.start({ folder, blockTimeSeconds: 0.1, ...options, port: chain.port });
    },
    restart: async () => {
      await made.chain.stop();
      made.chain = await DevChain.start({ folder, blockTimeSeconds: 0.1, ...options, port: chain.port });
    },
    end: async () => {
      if (!open.delete(made)) return;
      for (const close of made.closers) await close();
      await made.chain.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  open.add(made);
  return made;
}

/** How long a test waits for what must come. What does not come fails the test; a slow machine must not. */
export const patienceMs = 120_000;

/** Polls until `probe` gives something; the test fails after `limitMs`. */
export async function eventually<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  limitMs = patienceMs,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`nothing after ${limitMs} ms`);
    await sleep(25);
  }
}
