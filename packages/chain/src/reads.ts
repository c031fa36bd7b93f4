// What is asked of the chain directly, at its head: draws, balances, and views that no event tells.
// Everything else is in the snapshot, which costs no request.
import { hasCode } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address, Hex } from "viem";
import type { ChainClient } from "./ChainClient.ts";
import { at, reading } from "./contractRead.ts";

export interface Draw {
  /** False while the beacon's value for the commitment can still change; the rest is empty then. */
  ready: boolean;
  /** Whether the segment is to be audited. */
  sampled: boolean;
  /** Candidates to hold the checkpoint; enough of them must sign. */
  holders: readonly NodeId[];
  /** In the order of their turns. */
  auditors: readonly NodeId[];
}

/** Who may hold and who may audit a committed segment. */
export async function readDraw(client: ChainClient, which: { leaseId: Hex; segment: bigint }): Promise<Draw> {
  const args = [which.leaseId, Number(which.segment)] as const;
  const call = client.rpc.readContract({ ...at(client, "audits"), functionName: "drawOf", args, blockTag: "pending" });
  const [ready, sampled, holders, auditors] = await reading("readDraw", call);
  return { ready, sampled, holders, auditors };
}

/** An audit's turn and deadline, as the contract holds them. */
export const readAudit = (client: ChainClient, which: { leaseId: Hex; segment: bigint }) =>
  reading(
    "readAudit",
    client.rpc.readContract({
      ...at(client, "audits"),
      functionName: "audit",
      args: [which.leaseId, Number(which.segment)],
    }),
  );

/** A channel's money, with what `release` would pay now. */
export const readChannel = (client: ChainClient, channelId: Hex) =>
  reading(
    "readChannel",
    client.rpc.readContract({
      ...at(client, "channels"),
      functionName: "channel",
      args: [channelId],
      blockTag: "pending",
    }),
  );

export const readAccount = (client: ChainClient, address: Address) =>
  reading(
    "readAccount",
    client.rpc.readContract({ ...at(client, "channels"), functionName: "accountOf", args: [address] }),
  );

export const readNode = (client: ChainClient, nodeId: NodeId) =>
  reading("readNode", client.rpc.readContract({ ...at(client, "registry"), functionName: "node", args: [nodeId] }));

export const readBonds = (client: ChainClient, nodeId: NodeId) =>
  reading("readBonds", client.rpc.readContract({ ...at(client, "channels"), functionName: "bondsOf", args: [nodeId] }));

export const readSession = (client: ChainClient, which: { buyer: Address; key: Address }) =>
  reading(
    "readSession",
    client.rpc.readContract({
      ...at(client, "channels"),
      functionName: "sessionOf",
      args: [which.buyer, which.key],
      blockTag: "pending",
    }),
  );

export const readNonceUsed = (client: ChainClient, which: { buyer: Address; nonce: bigint }): Promise<boolean> =>
  reading(
    "readNonceUsed",
    client.rpc.readContract({
      ...at(client, "market"),
      functionName: "nonceUsed",
      args: [which.buyer, which.nonce],
    }),
  );

export interface BeaconClock {
  /** Unix seconds of round 0's start. */
  genesis: bigint;
  roundSeconds: bigint;
}

/** Constant for a deployment: round n covers [genesis + n·roundSeconds, genesis + (n+1)·roundSeconds). */
export async function readBeaconClock(client: ChainClient): Promise<BeaconClock> {
  const [genesis, roundSeconds] = await reading(
    "readBeaconClock",
    Promise.all([
      client.rpc.readContract({ ...at(client, "beacon"), functionName: "genesis" }),
      client.rpc.readContract({ ...at(client, "beacon"), functionName: "roundSeconds" }),
    ]),
  );
  return { genesis, roundSeconds };
}

/** A drand network as its beacon holds it; see packages/verification/src/drand.ts. */
export interface DrandNetwork {
  genesis: bigint;
  period: bigint;
  publicKey: Hex;
  dst: Hex;
}

/** The drand network that feeds the deployment's beacon; undefined when stakers feed it. Constant for a deployment. */
export async function readDrandNetwork(client: ChainClient): Promise<DrandNetwork | undefined> {
  const call = client.rpc.readContract({ ...at(client, "beacon"), functionName: "drandChain" });
  try {
    return await reading("readDrandNetwork", call);
  } catch (error) {
    // The other beacon has no such function, and refuses without a word.
    if (hasCode(error, "chain.reverted")) return undefined;
    throw error;
  }
}

export const roundAt = (clock: BeaconClock, now: bigint): bigint => (now - clock.genesis) / clock.roundSeconds;

/** The beacon's value of a round; undefined while it can still change. */
export async function readRandom(client: ChainClient, round: bigint): Promise<Hex | undefined> {
  const call = client.rpc.readContract({
    ...at(client, "beacon"),
    functionName: "random",
    args: [round],
    blockTag: "pending",
  });
  const [ready, value] = await reading("readRandom", call);
  return ready ? value : undefined;
}

export interface Balances {
  /** Wei. */
  native: bigint;
  /** Stablecoin outside the vault, units of 1e-6. */
  stable: bigint;
  /** Unstaked WEFT, units of 1e-18. */
  weft: bigint;
  /** Inside the vault. */
  free: bigint;
  earned: bigint;
  exiting: bigint;
}

export async function balances(client: ChainClient, address: Address): Promise<Balances> {
  const [native, stable, weft, account] = await reading(
    "balances",
    Promise.all([
      client.rpc.getBalance({ address }),
      client.rpc.readContract({ ...at(client, "stable"), functionName: "balanceOf", args: [address] }),
      client.rpc.readContract({ ...at(client, "weft"), functionName: "balanceOf", args: [address] }),
      readAccount(client, address),
    ]),
  );
  return { native, stable, weft, free: account.free, earned: account.earned, exiting: account.exiting };
}

/** Unix seconds of the newest block: the clock that the contracts decide by. */
export const chainTime = async (client: ChainClient): Promise<bigint> =>
  (await reading("chainTime", client.rpc.getBlock())).timestamp;
