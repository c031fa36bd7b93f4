// Opens a deployment for one node: checks that the RPC leads to the right chain, follows it into home/chain.sqlite, and
// sends with the operator's key. What main.ts and the testkit build their NodeChain with.
import { join } from "node:path";
import type { ChainClient } from "@weft/chain/ChainClient";
import { ChainStore } from "@weft/chain/ChainStore";
import { type AccountSigner, signerOf } from "@weft/chain/Keys";
import { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { type DrandNetwork, readBeaconClock, readDrandNetwork } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Logger } from "pino";
import { connectChain, type FormerKeys } from "./connectChain.ts";
import type { NodeChain } from "./NodeChain.ts";

export interface OpenChainOptions {
  file: NetworkFile.NetworkFile;
  home: string;
  /** 32 bytes. */
  operatorKey: Uint8Array;
  /** Of operators before this one. */
  former?: FormerKeys;
  nodeId: NodeId;
  clock: Clock;
  log: Logger;
  /** How long the chain may take to answer at start. */
  patienceMs?: number;
}

export interface OpenedChain {
  chain: NodeChain;
  client: ChainClient;
  operator: AccountSigner;
  /** What feeds the beacon, unless the stakers do. */
  drand: DrandNetwork | undefined;
  /** Rejected when following the chain broke for a reason of our own. */
  ended: Promise<void>;
  close(): Promise<void>;
}

/** Longest wait for reading the chain's history at start; a first start reads all of it. */
const catchUpMs = 300_000;

/** @throws WeftError `chain.unreachable`, `network.wrongChain`, `network.wrongBeacon`, `store.otherNetwork`, `chain.notSeen` */
export async function openChain(options: OpenChainOptions): Promise<OpenedChain> {
  const { file, clock, log, nodeId } = options;
  const client = NetworkFile.clientOf(file);
  const { beacon, drand, head } = await whenReachable(options, async () => {
    await NetworkFile.verify(client, file);
    const [clock, network] = await Promise.all([readBeaconClock(client), readDrandNetwork(client)]);
    return { beacon: clock, drand: network, head: await client.rpc.getBlockNumber() };
  });
  const store = new ChainStore(join(options.home, "chain.sqlite"), file.networkId);
  const operator = signerOf(options.operatorKey);
  let outages = 0;
  const live = new LiveSnapshot(client, {
    ...{ store, clock, fromBlock: file.fromBlock },
    onOutage: (err) => {
      outages += 1;
      log[outages === 1 ? "warn" : "debug"]({ err, outages }, "the chain does not answer");
    },
  });
  // What is on disk may be old: decide on nothing before the chain was read to where it stands now.
  await live.reach(head, catchUpMs).catch(async (error: unknown) => {
    await live.stop().catch(() => {});
    store.close();
    throw error;
  });
  const sender = new Sender(client, { signer: operator, store, clock });
  const { former } = options;
  const deployment = { client, live, sender, store, beacon, nodeId, fromBlock: file.fromBlock };
  const chain = connectChain({ ...deployment, ...(former && { former }) });
  return {
    ...{ chain, client, operator, drand, ended: live.ended },
    close: async () => {
      await chain.stop();
      await live.stop().catch((err: unknown) => log.error({ err }, "following the chain ended badly"));
      store.close();
    },
  };
}

/** A node may start a moment before its chain does. */
async function whenReachable<T>(options: OpenChainOptions, work: () => Promise<T>): Promise<T> {
  const { clock, file } = options;
  const until = clock.now() + (options.patienceMs ?? 10_000);
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof WeftError && !cause.retryable) throw cause;
      if (clock.now() > until)
        throw new WeftError(`the chain at ${file.rpcUrl} does not answer`, {
          code: "chain.unreachable",
          fault: "network",
          retryable: true,
          remedy: "start the chain, or correct rpcUrl in the network file",
          cause,
        });
    }
    await clock.sleep(250);
  }
}
