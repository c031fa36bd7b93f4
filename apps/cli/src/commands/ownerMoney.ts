// `weft node money` and the owner's exits: earnings, bond money and stake, straight on the chain with the owner's own key.
// No gateway and no running node is needed: whatever else fails, money that is not reserved leaves.
import { defundBonds } from "@weft/chain/actions/defundBonds";
import { keepEarnings } from "@weft/chain/actions/keepEarnings";
import { requestUnstake } from "@weft/chain/actions/requestUnstake";
import { unstake as unstakeIntent } from "@weft/chain/actions/unstake";
import type { ChainClient } from "@weft/chain/ChainClient";
import type { AccountSigner } from "@weft/chain/Keys";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { chainTime, readAccount, readBonds, readNode } from "@weft/chain/reads";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Context } from "../Context.ts";
import { amountOf, clockOf } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";
import { topUp } from "../start/faucet.ts";
import { nodeKeys } from "../start/keys.ts";
import { readNetwork } from "../start/network.ts";
import { nodeIdFor } from "../start/registerNode.ts";
import { leaveEscrow } from "./leaveEscrow.ts";
import { positive, recipient } from "./openWallet.ts";

export const ownerVerbs = ["money", "withdraw", "keep-earnings", "defund-bonds", "unstake"] as const;
type OwnerVerb = (typeof ownerVerbs)[number];

export interface OwnerCall {
  /** Of a node of this home. */
  name: string;
  amount?: string;
  /** Who receives what leaves; the owner by default. */
  to?: string;
}

interface Owner {
  client: ChainClient;
  signer: AccountSigner;
  nodeId: NodeId;
  name: string;
}

const ownerGas = 10n ** 16n;
const weft = (amount: bigint): string => `${Amount.format(amount, Amount.weftDecimals)} WEFT`;

/** @throws WeftError `registry.NodeUnknown` for a node that never registered */
export async function ownerCommand(context: Context, verb: OwnerVerb, call: OwnerCall): Promise<number> {
  const client = NetworkFile.clientOf(readNetwork(context.home));
  const { owner } = await nodeKeys(context.home, call.name);
  const own: Owner = { client, signer: owner.signer, nodeId: nodeIdFor(owner.signer), name: call.name };
  if (verb === "money") return await money(context, own);
  const amount = verb === "unstake" ? wholeStake(call.amount ?? "") : positive(call.amount ?? "");
  const to = call.to === undefined ? owner.signer.address : recipient(call.to);
  await topUp(client, [{ who: `owner of ${call.name}`, address: owner.signer.address, gas: ownerGas }]);
  if (verb === "withdraw") return await leaveEscrow(context, { client, signer: owner.signer, amount, to });
  if (verb === "keep-earnings") return await keep(context, own, amount);
  if (verb === "defund-bonds") return await defund(context, own, amount);
  return await unstake(context, own, { amount, to });
}

/** WEFT units of 1e-18. @throws WeftError `amount.malformed` */
function wholeStake(text: string): bigint {
  const amount = Amount.parse(text, Amount.weftDecimals);
  if (amount > 0n) return amount;
  throw new WeftError(`"${text}" is nothing`, { code: "amount.malformed", remedy: "write an amount above 0" });
}

async function money(context: Context, { client, signer, nodeId, name }: Owner): Promise<number> {
  const [account, bonds, node, now] = await Promise.all([
    readAccount(client, signer.address),
    readBonds(client, nodeId),
    readNode(client, nodeId),
    chainTime(client),
  ]);
  const when = node.unbonding === 0n ? "" : whenOf(unstakeLeft(client, { node, bonds, now }));
  context.say(`node             ${name}, ${nodeId}`);
  context.say(`owner            ${signer.address}`);
  context.say(`earned           ${amountOf(account.earned)}`);
  context.say(`free             ${amountOf(account.free)}`);
  context.say(`  leaving        ${amountOf(account.exiting)}`);
  context.say(`bonds, free      ${amountOf(bonds.free)}`);
  context.say(`  in leases      ${amountOf(bonds.locked)}`);
  context.say(`stake            ${weft(node.stake)}`);
  context.say(`  unbonding      ${weft(node.unbonding)}${when}`);
  const { earned, free, exiting } = account;
  context.emit({
    ...{ kind: "summary", ok: true, name, nodeId, owner: signer.address, earned, free, exiting },
    ...{ bondsFree: bonds.free, bondsLocked: bonds.locked, stake: node.stake },
    ...{ unbonding: node.unbonding, unbondsAt: node.unbonding === 0n ? 0 : Number(node.unbondsAt) },
  });
  return 0;
}

/** @throws WeftError `node.earnedShort` */
async function keep(context: Context, { client, signer }: Owner, amount: bigint): Promise<number> {
  const { earned } = await readAccount(client, signer.address);
  if (earned < amount)
    throw short("node.earnedShort", `${amountOf(earned)} are earned, ${amountOf(amount)} asked`, "ask for less");
  const id = `${await chainTime(client)}/${amount}`;
  await sendAll(client, signer, [keepEarnings(client, { amount, id })]);
  const { free } = await readAccount(client, signer.address);
  context.say(`${amountOf(amount)} of the earnings are kept; free money is ${amountOf(free)}`);
  context.emit({ kind: "summary", ok: true, kept: amount, free });
  return 0;
}

/** @throws WeftError `node.bondsShort` */
async function defund(context: Context, { client, signer, nodeId, name }: Owner, amount: bigint): Promise<number> {
  const bonds = await readBonds(client, nodeId);
  if (bonds.free < amount)
    throw short(
      "node.bondsShort",
      `${amountOf(bonds.free)} of the bond money are free, ${amountOf(amount)} asked`,
      bonds.locked > 0n ? "ask for less, or wait until open leases give theirs back" : "ask for less",
    );
  const id = `${await chainTime(client)}/${amount}`;
  await sendAll(client, signer, [defundBonds(client, { nodeId, amount, id })]);
  const [{ free }, after] = await Promise.all([readAccount(client, signer.address), readBonds(client, nodeId)]);
  context.say(`${amountOf(amount)} are bond money no more; free money is ${amountOf(free)}`);
  context.say(`${amountOf(after.free)} are left to back further leases of ${name}`);
  context.emit({ kind: "summary", ok: true, defunded: amount, free, bondsFree: after.free });
  return 0;
}

/**
 * The first call gives notice, the second pays after the delay. `amount` is all that should leave: what unbonds already
 * counts, and asking for more starts the delay of all of it again. @throws WeftError `node.stakeShort`, `node.unbonding`
 */
async function unstake(
  context: Context,
  own: Owner,
  { amount, to }: { amount: bigint; to: `0x${string}` },
): Promise<number> {
  const { client, signer, nodeId } = own;
  const [node, bonds, now] = await Promise.all([
    readNode(client, nodeId),
    readBonds(client, nodeId),
    chainTime(client),
  ]);
  const id = `${now}/${amount}`;
  if (node.unbonding > amount)
    throw short(
      "node.unbonding",
      `${weft(node.unbonding)} unbond already, and leave together`,
      `ask for all of it: weft node unstake ${Amount.format(node.unbonding, Amount.weftDecimals)}`,
    );
  if (node.unbonding === amount) {
    // While leases are unsettled the contract refuses, with what to do.
    const left = unstakeLeft(client, { node, bonds, now }) ?? 0;
    if (left > 0) return tellUnstake(context, own, { waiting: amount, seconds: left, stake: node.stake });
    await sendAll(client, signer, [unstakeIntent(client, { nodeId, to, id })]);
    context.say(`paid ${weft(amount)} to ${to}`);
    context.emit({ kind: "summary", ok: true, paid: amount, to });
    return 0;
  }
  const more = amount - node.unbonding;
  if (node.stake < more)
    throw short(
      "node.stakeShort",
      `${weft(node.stake + node.unbonding)} are staked, ${weft(amount)} asked`,
      "ask for less",
    );
  await sendAll(client, signer, [requestUnstake(client, { nodeId, amount: more, id })]);
  const seconds = Number(client.params.unbondDelaySeconds);
  return tellUnstake(context, own, { waiting: amount, seconds, stake: node.stake - more });
}

interface Unbonding {
  node: Awaited<ReturnType<typeof readNode>>;
  bonds: Awaited<ReturnType<typeof readBonds>>;
  now: bigint;
}

/** Seconds until what unbonds can leave, as Registry.unstake counts them; undefined while leases hold the least stake back. */
function unstakeLeft(client: ChainClient, { node, bonds, now }: Unbonding): number | undefined {
  let at = BigInt(node.unbondsAt);
  if (node.stake < client.params.minStake) {
    if (bonds.locked > 0n) return undefined;
    const held = bonds.unlockedAt === 0 ? 0n : BigInt(bonds.unlockedAt) + client.params.unbondDelaySeconds;
    if (held > at) at = held;
  }
  return at > now ? Number(at - now) : 0;
}

function whenOf(left: number | undefined): string {
  if (left === undefined) return ", stays until the leases are settled";
  return left > 0 ? `, can leave in ${clockOf(left)}` : ", can leave now";
}

function tellUnstake(
  context: Context,
  { client, name }: Owner,
  told: { waiting: bigint; seconds: number; stake: bigint },
): number {
  const { waiting, seconds, stake } = told;
  context.say(
    `notice given for ${weft(waiting)}; it can leave in ${clockOf(seconds)}: run the same command again then`,
  );
  if (stake < client.params.minStake)
    context.say(
      `${weft(stake)} stay, below the least stake of ${weft(client.params.minStake)}: ${name} gets no new work`,
    );
  context.emit({ kind: "summary", ok: true, waiting, seconds, stake });
  return 0;
}

const short = (code: string, message: string, remedy: string): WeftError => new WeftError(message, { code, remedy });
