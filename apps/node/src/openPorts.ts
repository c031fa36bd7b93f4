// Builds the ports of a real node from its flags: keystore, stores on disk, chain, libp2p, the tensor runtime. Heavy
// modules are imported when they are first needed, so that a resting node stays small.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { openDispute } from "@weft/compute/tensor/openDispute";
import { createTensorRuntime, type TensorRuntime } from "@weft/compute/tensor/TensorRuntime";
import { openBlobs } from "@weft/host/blobs/BlobStore";
import { keyPath, openKey } from "@weft/host/keystore/keystore";
import { readPassword } from "@weft/host/keystore/password";
import { formerKeyPath, formerOperators } from "@weft/host/keystore/rotation";
import { WeftError } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import { systemClock } from "@weft/transport/Clock";
import { createLibp2pTransport } from "@weft/transport/Libp2pTransport";
import type { Transport } from "@weft/transport/Transport";
import type { Logger } from "pino";
import { type DrandSource, drandRelays } from "./beacon/drandRelays.ts";
import type { FormerKeys } from "./chain/connectChain.ts";
import { type OpenedChain, openChain } from "./chain/openChain.ts";
import { checkRoom } from "./disk.ts";
import type { NodeFlags } from "./flags.ts";
import type { CourtPort, NodeFaults, NodeSettings, ReplayPort } from "./NodeContext.ts";
import type { PoolPlan } from "./offers/PoolPlan.ts";
import { defaultSettings, type NodePorts } from "./startNode.ts";
import { closeStore, openStore } from "./store/Store.ts";

export interface OpenedPorts {
  ports: NodePorts;
  nodeId: NodeId;
  networkId: string;
  settings: NodeSettings;
  faults: NodeFaults;
  opened: OpenedChain;
  close(): Promise<void>;
}

const registrationPatienceMs = 20_000;
/** Of anvil, and of `weft start`. */
const devChainId = 31_337;

/** @throws WeftError: see exitCodes.ts for the ones a person meets */
export async function openPorts(flags: NodeFlags, log: Logger): Promise<OpenedPorts> {
  const { home } = flags;
  checkRoom(home, "starting");
  const file = readNetworkFile(flags.network);
  const key = await operatorKey(flags);
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const store = openStore(join(home, "store.sqlite"));
    closers.push(() => closeStore(store));
    const blobs = openBlobs(join(home, "blobs"));
    const nodeId = flags.nodeId ?? (await nodeIdFromChain(file, key));
    const former = formerKeys(flags);
    const opened = await openChain({ file, home, operatorKey: key, former, nodeId, clock: systemClock, log });
    closers.push(() => opened.close());
    const settings = await settingsFrom(flags, { opened, nodeId });
    const transport = await listen(flags, { file, key });
    closers.push(() => transport.stop());
    const faults = faultsOf(flags, file);
    const { corrupt } = flags;
    const runtime: TensorRuntime = createTensorRuntime({
      folder: join(home, "runs"),
      ...(corrupt && { faults: { corrupt } }),
    });
    closers.push(() => runtime.close());
    const drand = drandOf(file, opened);
    const ports: NodePorts = {
      ...(drand === undefined ? {} : { drand }),
      ...{ clock: systemClock, random: randomBytes, transport, log, chain: opened.chain, runtime, store, blobs },
      operator: opened.operator,
      replay: replayLater,
      courtProgram: courtProgramLater,
      openDispute,
    };
    return { ports, nodeId, networkId: file.networkId, settings, faults, opened, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * A node that cheats says in court what it computed. Only where money is worthless: `weft start --cheat` shows what comes of it.
 * @throws WeftError `flags.value`
 */
function faultsOf({ corrupt }: NodeFlags, { chainId }: NetworkFile.NetworkFile): NodeFaults {
  if (corrupt === undefined) return {};
  if (chainId !== devChainId)
    throw new WeftError("--corrupt works on a development chain only", {
      code: "flags.value",
      remedy: "leave it out: a node that computes falsely loses its bond and part of its stake",
    });
  return { history: ({ side }) => (side === "defender" ? corrupt : undefined) };
}

/** The key is the contract's, whatever the network file's relays serve. */
function drandOf({ beacon }: NetworkFile.NetworkFile, { drand: chain }: OpenedChain): DrandSource | undefined {
  if (chain === undefined || beacon.kind !== "drand") return undefined;
  const { chainHash, relays } = beacon;
  return drandRelays({ chain, chainHash, relays, clock: systemClock });
}

const replayLater: ReplayPort = async (options) => {
  const { replaySegment } = await import("@weft/compute/tensor/replaySegment");
  return replaySegment(options);
};

const courtProgramLater: CourtPort = async (options) => {
  const { courtProgramOf } = await import("@weft/compute/tensor/courtProgram");
  return courtProgramOf(options);
};

function readNetworkFile(path: string): NetworkFile.NetworkFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new WeftError(`the network file ${path} can't be read`, {
      code: "network.missing",
      remedy: "pass --network FILE; `weft node join` fetches one",
      cause,
    });
  }
  return NetworkFile.parse(text, path);
}

async function operatorKey(flags: NodeFlags): Promise<Uint8Array> {
  const folder = keystoreIn(flags);
  const opened = await openKey(keyPath(folder, "operator"), { password: await passwordOf(flags) });
  return opened.secretBytes();
}

const keystoreIn = ({ home }: NodeFlags): string => join(home, "keystore");

async function passwordOf(flags: NodeFlags): Promise<string> {
  const beside = join(keystoreIn(flags), "password");
  const file = flags.passwordFile ?? (existsSync(beside) ? beside : undefined);
  const environment = process.env["WEFT_PASSWORD"];
  return readPassword({ ...(file && { file }), ...(environment !== undefined && { environment }) });
}

/** Opened when a game needs one: each takes as long as a password check. */
function formerKeys(flags: NodeFlags): FormerKeys {
  const folder = keystoreIn(flags);
  const addresses = formerOperators(folder);
  return {
    addresses: () => addresses,
    open: async (address) => {
      const { signerOf } = await import("@weft/chain/Keys");
      const opened = await openKey(formerKeyPath(folder, address), { password: await passwordOf(flags) });
      return signerOf(opened.secretBytes());
    },
  };
}

/** The node that names this key as its operator. @throws WeftError `node.unregistered`, `chain.unreachable` */
async function nodeIdFromChain(file: NetworkFile.NetworkFile, key: Uint8Array): Promise<NodeId> {
  const [{ abis }, { signerOf }, { chainError }] = await Promise.all([
    import("@weft/chain/Abis"),
    import("@weft/chain/Keys"),
    import("@weft/chain/Reverts"),
  ]);
  const client = NetworkFile.clientOf(file);
  const { address } = signerOf(key);
  const [nodeId, until] = await client.rpc
    .readContract({
      ...{ address: file.contracts.registry, abi: abis.registry, functionName: "operatorRecord", args: [address] },
    })
    .catch((error: unknown) => {
      throw chainError(error, { kind: "operatorRecord" });
    });
  if (BigInt(nodeId) === 0n || until !== 0) throw unregistered(address);
  return nodeId.toLowerCase() as NodeId;
}

const unregistered = (operator: string): WeftError =>
  new WeftError(`the key ${operator} is not the operator of a registered node`, {
    code: "node.unregistered",
    remedy: "register the node with `weft node register`, or use the keystore of the registered operator",
  });

/** Waits until the chain was read far enough to see the node and its stake, and checks that it may work. */
async function settingsFrom(flags: NodeFlags, from: { opened: OpenedChain; nodeId: NodeId }): Promise<NodeSettings> {
  const { chain, operator } = from.opened;
  const until = systemClock.now() + registrationPatienceMs;
  // Registered and staked are two transactions: whoever starts a node beside its owner may come between the two.
  let node = chain.view()?.nodes.get(from.nodeId);
  while ((node === undefined || node.stake < chain.params.minStake) && systemClock.now() < until) {
    await systemClock.sleep(50);
    node = chain.view()?.nodes.get(from.nodeId);
  }
  if (node === undefined || node.operator !== operator.address) throw unregistered(operator.address);
  if (node.stake < chain.params.minStake)
    throw new WeftError(`the stake of node ${from.nodeId} is too small`, {
      code: "node.stake",
      details: { stake: node.stake, needed: chain.params.minStake },
      remedy: "stake more WEFT on the node with its owner's key",
    });
  const plans: PoolPlan[] = [...node.pools].flatMap(([poolId, pool]) => {
    const own = flags.pools.find((flag) => flag.class === pool.class);
    const pricePerUnitSecond = own?.pricePerUnitSecond ?? flags.pricePerUnitSecond;
    if (pricePerUnitSecond === undefined) return [];
    const { class: label, attributes, capacity } = pool;
    return [{ poolId, class: label, attributes, units: own?.units ?? capacity, pricePerUnitSecond, region: 0n }];
  });
  return {
    ...defaultSettings,
    pools: plans,
    priceJitterPpm: flags.jitterPpm,
    announce: flags.announce,
    caps: capsFrom(flags, plans),
    court: {
      bonds: flags.courtBonds,
      gasPerGame: flags.courtGas ?? defaultSettings.court.gasPerGame,
      games: flags.courtGames ?? defaultSettings.court.games,
      workers: flags.courtWorkers ?? defaultSettings.court.workers,
    },
  };
}

/** This node's part of the machine, unless the owner says otherwise; the trainer uses two threads at most. */
function capsFrom(flags: NodeFlags, plans: readonly PoolPlan[]): NodeSettings["caps"] {
  const machineMiB = Math.floor(totalmem() / 1048576);
  const units = plans.reduce((sum, plan) => sum + Number(plan.units), 0);
  return {
    threads: flags.threads ?? Math.max(1, Math.min(2, Math.floor(availableParallelism() / flags.share))),
    memoryMiB: flags.memoryMiB ?? Math.max(512, Math.min(4096, Math.floor(machineMiB / 2 / flags.share))),
    leases: flags.leases ?? Math.max(1, Math.min(64, units)),
    holdMiB: defaultSettings.caps.holdMiB,
  };
}

async function listen(flags: NodeFlags, from: { file: NetworkFile.NetworkFile; key: Uint8Array }): Promise<Transport> {
  try {
    return await createLibp2pTransport({
      privateKey: from.key,
      listen: flags.listen,
      networkId: from.file.networkId,
      announce: flags.announce,
      // Its own address among the peers to dial first is no peer.
      bootstrap: from.file.bootstrap.filter((address) => !flags.listen.some((own) => address.startsWith(`${own}/`))),
    });
  } catch (cause) {
    if (!/EADDRINUSE|EADDRNOTAVAIL|EACCES|listen/i.test(textOf(cause))) throw cause;
    throw new WeftError(`the node can't listen on ${flags.listen.join(", ")}`, {
      code: "port.taken",
      remedy: "stop what listens there, or pass another --listen",
      cause,
    });
  }
}

function textOf(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    parts.push(current.name, current.message);
    if (current instanceof AggregateError) parts.push(...current.errors.map(String));
    current = current.cause;
  }
  return parts.join("\n");
}
