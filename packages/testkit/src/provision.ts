// Puts accounts, nodes and a buyer on a fresh chain: money from the faucet, registration, pools, stake, bonds, session.

import { addPool } from "@weft/chain/actions/addPool";
import { deposit } from "@weft/chain/actions/deposit";
import { faucet } from "@weft/chain/actions/faucet";
import { fundBonds } from "@weft/chain/actions/fundBonds";
import { grantSession } from "@weft/chain/actions/grantSession";
import { registerNode } from "@weft/chain/actions/registerNode";
import { stake } from "@weft/chain/actions/stake";
import type { ChainClient } from "@weft/chain/ChainClient";
import { faucetKey } from "@weft/chain/DevAccounts";
import { type Intent, memoryStore } from "@weft/chain/Intent";
import { type AccountSigner, signerOf } from "@weft/chain/Keys";
import { chainTime } from "@weft/chain/reads";
import { Sender } from "@weft/chain/Sender";
import { ladderOf } from "@weft/court/gameRules";
import * as Attributes from "@weft/protocol/Attributes";
import type { Clock } from "@weft/protocol/Clock";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import { type NodeId, nodeIdOf } from "@weft/protocol/NodeId";
import { wantedStake } from "@weft/protocol/Params";
import { type Address, type Hex, keccak256, parseEther, toHex } from "viem";

export interface Payer {
  client: ChainClient;
  clock: Clock;
}

export interface NodeRegistration {
  owner: AccountSigner;
  operator: AccountSigner;
  endpoint: string;
  /** Units of the node's one pool. */
  capacity: bigint;
  /** WEFT units of 1e-18; what the preset wants when absent. */
  stake?: bigint;
  /** Stablecoin units behind its leases. */
  bonds: bigint;
}

export const poolClass: Hex = toBytes8("cpu");
export const poolAttributes: bigint = Attributes.pack({
  ...{ ...Attributes.none, cpuThreads: 2, memoryGiB: 4 },
  flags: Attributes.flags.sharedHost,
});

const salt: Hex = keccak256(toHex("weft/testkit"));
export const nodeIdFor = (owner: AccountSigner): NodeId => nodeIdOf(owner.address, salt);
const gasMoney = parseEther("10");

/** Sends at the same time and waits for all. */
export async function sendAll(
  { client, clock }: Payer,
  signer: AccountSigner,
  intents: readonly Intent[],
): Promise<void> {
  const sender = new Sender(client, { signer, store: memoryStore(), clock });
  try {
    await Promise.all(intents.map((intent) => sender.send(intent)));
  } finally {
    sender.close();
  }
}

export interface Gift {
  to: Address;
  stable?: bigint;
  weft?: bigint;
}

/** Gas for everybody, and what else is asked for. */
export async function give(payer: Payer, gifts: readonly Gift[]): Promise<void> {
  const intents = gifts.flatMap((gift) => faucet(payer.client, { ...gift, native: gasMoney, id: "testkit" }));
  await sendAll(payer, signerOf(faucetKey), intents);
}

/** What a node's owner and operator must hold before `register`. */
export const giftsFor = (payer: Payer, node: NodeRegistration): Gift[] => [
  {
    ...{ to: node.owner.address, weft: node.stake ?? wantedStake(payer.client.params) },
    stable: node.bonds,
  },
  // For bonds of rivals that it names.
  { to: node.operator.address, stable: 20n * ladderOf(payer.client.params) },
];

export async function register(payer: Payer, node: NodeRegistration): Promise<NodeId> {
  const { client } = payer;
  const { owner, operator, endpoint, capacity, bonds } = node;
  const nodeId = nodeIdFor(owner);
  const amount = node.stake ?? wantedStake(client.params);
  await sendAll(payer, owner, [
    await registerNode(client, { owner: owner.address, operator, salt, endpoint, region: 0n }),
    addPool(client, { nodeId, poolId: 0n, class: poolClass, capacity, attributes: poolAttributes }),
    ...(amount > 0n ? [await stake(client, { nodeId, from: owner, amount, id: "first" })] : []),
    await deposit(client, { owner, amount: bonds, id: "first" }),
    fundBonds(client, { nodeId, amount: bonds, id: "first" }),
  ]);
  return nodeId;
}

export interface BuyerSetup {
  buyer: AccountSigner;
  session: Address;
  escrow: bigint;
  /** Stablecoin units a day that the session may reserve. */
  dailyCap?: bigint;
}

/** Fills the buyer's escrow and lets the gateway's session key sign its orders for a day. */
export async function prepareBuyer(payer: Payer, { buyer, session, escrow, dailyCap }: BuyerSetup): Promise<void> {
  const { client } = payer;
  const expiresAt = (await chainTime(client)) + 86_400n;
  await sendAll(payer, buyer, [
    ...(escrow > 0n ? [await deposit(client, { owner: buyer, amount: escrow, id: "first" })] : []),
    grantSession(client, { key: session, dailyCap: dailyCap ?? 10n ** 12n, expiresAt }),
  ]);
}
