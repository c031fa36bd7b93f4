// Registers a node as its owner: node, pools, stake, bond money. Idempotent: reads what the chain has and sends the
// rest. The beacon enrolment is the operator's and happens in the node itself.

import { addPool } from "@weft/chain/actions/addPool";
import { deposit } from "@weft/chain/actions/deposit";
import { fundBonds } from "@weft/chain/actions/fundBonds";
import { registerNode as registerIntent } from "@weft/chain/actions/registerNode";
import { stake } from "@weft/chain/actions/stake";
import type { ChainClient } from "@weft/chain/ChainClient";
import { readBondDeposit } from "@weft/chain/courtReads";
import type { Intent } from "@weft/chain/Intent";
import type { AccountSigner } from "@weft/chain/Keys";
import { readBonds, readNode } from "@weft/chain/reads";
import { currentFees } from "@weft/chain/Transaction";
import type { Capability } from "@weft/compute/capability";
import * as Attributes from "@weft/protocol/Attributes";
import { hasCode } from "@weft/protocol/Errors";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import { type NodeId, nodeIdOf } from "@weft/protocol/NodeId";
import { wantedStake } from "@weft/protocol/Params";
import { type Hex, keccak256, toHex } from "viem";
import { sendAll } from "./buyer.ts";
import { type CourtChoice, courtBonds, courtGas } from "./courtChoice.ts";
import { gasMoney, type Need } from "./faucet.ts";
import { isDevelopmentChain } from "./network.ts";

export interface Registration {
  owner: AccountSigner;
  operator: AccountSigner;
  endpoint: string;
  capabilities: readonly Capability[];
}

/** One node an owner key; another salt would make another node of the same owner. */
const salt: Hex = keccak256(toHex("weft/node/1"));
export const nodeIdFor = (owner: AccountSigner): NodeId => nodeIdOf(owner.address, salt);

/** Stablecoin units that back a node's leases. */
export const bondMoney = 10_000_000n;
/** Gas units that registering, staking and bonding take, and that an operator should have in hand for its daily work. */
const [ownerGas, operatorGas] = [2_000_000n, 20_000_000n];

/** What owner and operator must still get before `registerNode`; what is staked, bonded and in the court already counts. */
export async function needsOf(
  client: ChainClient,
  name: string,
  keys: Pick<Registration, "owner" | "operator"> & { court?: CourtChoice | undefined },
): Promise<[owner: Need, operator: Need]> {
  const operator = keys.operator.address;
  const [have, deposit] = await Promise.all([known(client, nodeIdFor(keys.owner)), readBondDeposit(client, operator)]);
  const gas = await gasNeeds(client, have);
  const bonds = courtBonds(client, keys.court) - deposit;
  return [
    {
      ...{ who: `owner of ${name}`, address: keys.owner.address, gas: gas.owner },
      weft: have.stake < client.params.minStake ? wantedStake(client.params) - have.stake : 0n,
      stable: lacksBonds(have) ? bondMoney - have.bonds : 0n,
    },
    { who: `operator of ${name}`, address: operator, gas: gas.operator, stable: bonds > 0n ? bonds : 0n },
  ];
}

const lacksBonds = ({ bonds }: Known): boolean => bonds < bondMoney / 2n;

/** Plenty where gas is worthless, elsewhere what it costs at today's price; a known node needs a tenth of that, games as much as ever. */
async function gasNeeds(client: ChainClient, { registered }: Known): Promise<{ owner: bigint; operator: bigint }> {
  const part = registered ? 10n : 1n;
  if (isDevelopmentChain(client.network)) return { owner: gasMoney / 2n / part, operator: gasMoney / part };
  const { maxFeePerGas } = await currentFees(client);
  return {
    owner: (ownerGas * maxFeePerGas) / part,
    operator: (operatorGas * maxFeePerGas) / part + courtGas * maxFeePerGas,
  };
}

interface Known {
  registered: boolean;
  stake: bigint;
  pools: number;
  bonds: bigint;
}

export async function known(client: ChainClient, nodeId: NodeId): Promise<Known> {
  try {
    const [node, bonds] = await Promise.all([readNode(client, nodeId), readBonds(client, nodeId)]);
    const registered = BigInt(node.owner) !== 0n;
    return { registered, stake: node.stake, pools: node.poolCount, bonds: bonds.free + bonds.locked };
  } catch (error) {
    if (hasCode(error, "registry.NodeUnknown")) return { registered: false, stake: 0n, pools: 0, bonds: 0n };
    throw error;
  }
}

export async function registerNode(client: ChainClient, registration: Registration): Promise<NodeId> {
  const { owner } = registration;
  const nodeId = nodeIdFor(owner);
  await sendAll(client, owner, await intentsFor(client, { registration, nodeId, have: await known(client, nodeId) }));
  return nodeId;
}

async function intentsFor(
  client: ChainClient,
  { registration, nodeId, have }: { registration: Registration; nodeId: NodeId; have: Known },
): Promise<Intent[]> {
  const { owner, operator, endpoint, capabilities } = registration;
  const { minStake } = client.params;
  const intents: Intent[] = [];
  if (!have.registered)
    intents.push(await registerIntent(client, { owner: owner.address, operator, salt, endpoint, region: 0n }));
  for (const [index, { class: label, units, attributes }] of capabilities.entries())
    if (index >= have.pools)
      intents.push(
        addPool(client, {
          ...{ nodeId, poolId: BigInt(index), class: toBytes8(label), capacity: BigInt(units) },
          attributes: Attributes.pack(attributes),
        }),
      );
  if (have.stake < minStake)
    intents.push(
      await stake(client, {
        nodeId,
        from: owner,
        amount: wantedStake(client.params) - have.stake,
        id: `${have.stake}`,
      }),
    );
  if (lacksBonds(have)) {
    const amount = bondMoney - have.bonds;
    intents.push(await deposit(client, { owner, amount, id: `bond/${amount}` }));
    intents.push(fundBonds(client, { nodeId, amount, id: `bond/${amount}` }));
  }
  return intents;
}
