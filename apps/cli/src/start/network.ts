// The deployment of a local network: contracts deployed once, described in network.json, found again at each start.
import { existsSync, readFileSync } from "node:fs";
import { deployerKey, faucetKey } from "@weft/chain/DevAccounts";
import { deploy } from "@weft/chain/deploy";
import { signerOf } from "@weft/chain/Keys";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { WeftError } from "@weft/protocol/Errors";
import { presets } from "@weft/protocol/Params";
import { foregroundClock } from "@weft/transport/Clock";
import type { Home } from "../Home.ts";
import { fileError, writePlainFile } from "../systemErrors.ts";

const devChainId = 31_337;
const usualBlockSeconds = 0.25;
const profileOf = (chain: LocalChain) => ({ blockSeconds: chain.blockSeconds ?? usualBlockSeconds, confirmations: 1 });
const preset = "local";

export interface LocalChain {
  rpcUrl: string;
  /** Multiaddrs of the nodes. */
  bootstrap: string[];
  /** Pace of the chain when it is not the usual one. */
  blockSeconds?: number;
}

/**
 * The home's network file, brought up to date with where things run this time; deploys when there is none.
 * @throws WeftError `network.wrongChain` when the chain's state and the file don't belong together
 */
export async function openNetwork(home: Home, chain: LocalChain): Promise<NetworkFile.NetworkFile> {
  const known = existsSync(home.network) ? await reuse(home, chain) : undefined;
  const file = known ?? (await deployNew(chain));
  writePlainFile(home.network, NetworkFile.encode(file));
  return file;
}

async function reuse(home: Home, chain: LocalChain): Promise<NetworkFile.NetworkFile> {
  const known = readNetwork(home);
  const file = { ...known, rpcUrl: chain.rpcUrl, bootstrap: chain.bootstrap, profile: profileOf(chain) };
  try {
    await NetworkFile.verify(NetworkFile.clientOf(file), file);
  } catch (cause) {
    if (!(cause instanceof WeftError) || cause.code !== "network.wrongChain") throw cause;
    throw new WeftError(`the chain in ${home.chain} isn't the one that ${home.network} describes`, {
      code: "network.wrongChain",
      fault: "us",
      details: cause.details,
      remedy: "begin anew with: weft reset",
      cause,
    });
  }
  return file;
}

/** @throws WeftError `network.none`, `network.malformed` */
export function readNetwork(home: Home): NetworkFile.NetworkFile {
  if (!existsSync(home.network))
    throw new WeftError(`there is no network file at ${home.network}`, {
      code: "network.none",
      remedy: "start a network with `npm start`, or join one with `weft node join FILE|URL`",
    });
  try {
    return NetworkFile.parse(readFileSync(home.network, "utf8"), home.network);
  } catch (cause) {
    throw fileError(cause, { doing: "read", path: home.network });
  }
}

async function deployNew(chain: LocalChain): Promise<NetworkFile.NetworkFile> {
  const { contracts, fromBlock } = await deploy({
    rpcUrl: chain.rpcUrl,
    chainId: devChainId,
    params: presets[preset],
    signer: signerOf(deployerKey),
    clock: foregroundClock,
    treasury: signerOf(faucetKey).address,
  });
  const { rpcUrl, bootstrap } = chain;
  const where = { rpcUrl, bootstrap, chainId: devChainId, profile: profileOf(chain) };
  return NetworkFile.describe({ ...where, contracts, fromBlock, preset });
}

export const isDevelopmentChain = ({ chainId }: { chainId: number }): boolean => chainId === devChainId;
