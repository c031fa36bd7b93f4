// Money in = paid + held, read from the contracts themselves at one block: every stablecoin unit ever minted is in a
// wallet or in the vault, and every unit in the vault belongs to an account, a bond, or a lease that is not settled.
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import { readAccount, readBonds, readChannel } from "@weft/chain/reads";
import type { Snapshot } from "@weft/chain/Snapshot";
import type { Address } from "viem";

export interface Conservation {
  /** Stablecoin units of 1e-6. */
  minted: bigint;
  /** In wallets outside the vault. */
  wallets: bigint;
  /** What the vault says it holds, and what the token says it has. */
  vault: bigint;
  vaultBalance: bigint;
  /** The vault's money by whose it is. */
  accounts: bigint;
  bonds: bigint;
  leases: bigint;
}

/** @param snapshot of the same block: it lists whom to ask. */
export async function readConservation(client: ChainClient, snapshot: Snapshot): Promise<Conservation> {
  const { stable, channels } = client.network.contracts;
  const erc20 = { address: stable, abi: abis.stable } as const;
  const owners = await holders(client, snapshot);
  const [minted, vaultBalance, vault, wallets, accounts, bonds, leases] = await Promise.all([
    client.rpc.readContract({ ...erc20, functionName: "totalSupply" }),
    client.rpc.readContract({ ...erc20, functionName: "balanceOf", args: [channels] }),
    client.rpc.readContract({ address: channels, abi: abis.channels, functionName: "totalHeld" }),
    sum(owners, (owner) => client.rpc.readContract({ ...erc20, functionName: "balanceOf", args: [owner] })),
    sum([...snapshot.accounts.keys()], async (address) => {
      const { free, earned, exiting } = await readAccount(client, address as Address);
      return free + earned + exiting;
    }),
    sum([...snapshot.nodes.keys()], async (nodeId) => {
      const { free, locked } = await readBonds(client, nodeId as Address);
      return free + locked;
    }),
    heldByLeases(client, snapshot),
  ]);
  return { minted, wallets, vault, vaultBalance, accounts, bonds, leases };
}

/** What of it does not add up; empty when all is well. */
export function discrepancies(found: Conservation): string[] {
  const { minted, wallets, vault, vaultBalance, accounts, bonds, leases } = found;
  const wrong: string[] = [];
  if (minted !== wallets + vaultBalance) wrong.push(`minted ${minted}, but wallets ${wallets} + vault ${vaultBalance}`);
  if (vault !== vaultBalance) wrong.push(`the vault says ${vault}, the token says ${vaultBalance}`);
  if (vault !== accounts + bonds + leases)
    wrong.push(`the vault holds ${vault}, but accounts ${accounts} + bonds ${bonds} + leases ${leases}`);
  return wrong;
}

async function heldByLeases(client: ChainClient, snapshot: Snapshot): Promise<bigint> {
  const open = [...snapshot.leases.values()].filter(({ state }) => state !== "settled");
  return await sum(open, async ({ leaseId, money }) => {
    const { released, auditSpent } = await readChannel(client, leaseId);
    return money.pay + money.auditPot - released - auditSpent;
  });
}

/** Everybody who ever got stablecoin, the vault excepted. */
async function holders(client: ChainClient, snapshot: Snapshot): Promise<Address[]> {
  const { stable, channels } = client.network.contracts;
  const events = await client.rpc.getContractEvents({
    ...{ address: stable, abi: abis.stable, eventName: "Transfer", fromBlock: 0n, toBlock: snapshot.block },
  });
  const all = new Set(events.map(({ args }) => (args as { to: Address }).to.toLowerCase() as Address));
  all.delete(channels);
  return [...all];
}

async function sum<T>(items: readonly T[], amountOf: (item: T) => Promise<bigint>): Promise<bigint> {
  const values = await Promise.all(items.map(amountOf));
  return values.reduce((total, value) => total + value, 0n);
}
