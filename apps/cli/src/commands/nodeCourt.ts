// `weft node court …`: the money that a node has for disputes, what its owner allows there, and moving it in and out. Straight on the
// chain with the node's own keys: no gateway and no running node is needed.
import { depositBond } from "@weft/chain/actions/depositBond";
import { sendMoney } from "@weft/chain/actions/sendMoney";
import { withdrawBond } from "@weft/chain/actions/withdrawBond";
import type { ChainClient } from "@weft/chain/ChainClient";
import { readBondDeposit } from "@weft/chain/courtReads";
import { type AccountSigner, signerOf } from "@weft/chain/Keys";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { balances, chainTime } from "@weft/chain/reads";
import { type OwnRival, readOwnRivals } from "@weft/court/ownRivals";
import { openKey } from "@weft/host/keystore/keystore";
import { devPassword } from "@weft/host/keystore/password";
import { formerKeyPath, formerOperators } from "@weft/host/keystore/rotation";
import { defaultCourtLimits, mostRivalsOf } from "@weft/node/court/courtLimits";
import * as Amount from "@weft/protocol/Amount";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import type { Context } from "../Context.ts";
import { amountOf, coinOf, grouped } from "../render/figures.ts";
import { sendAll } from "../start/buyer.ts";
import { type CourtChoice, courtBonds, courtGas } from "../start/courtChoice.ts";
import { topUp } from "../start/faucet.ts";
import { keystoreOf, nodeKeys, passwordFile } from "../start/keys.ts";
import { isDevelopmentChain, readNetwork } from "../start/network.ts";
import { positive, recipient } from "./openWallet.ts";

export interface CourtCall {
  /** Of a node of this home. */
  name: string;
  amount?: string | undefined;
  /** Who receives what leaves; the owner by default. */
  to?: string;
  court?: CourtChoice | undefined;
}

type CourtVerb = "court status" | "court deposit" | "court withdraw";

interface Held {
  client: ChainClient;
  fromBlock: bigint;
  owner: AccountSigner;
  operator: AccountSigner;
  /** Operators before this one whose keys are kept. */
  former: Address[];
  folder: string;
}

const txGas = 10n ** 16n;

export async function nodeCourt(context: Context, verb: CourtVerb, call: CourtCall): Promise<number> {
  const held = await heldBy(context, call.name);
  if (verb === "court status") return await status(context, held, call);
  return verb === "court deposit" ? await deposit(context, held, call) : await withdraw(context, held, call);
}

async function heldBy({ home }: Context, name: string): Promise<Held> {
  const file = readNetwork(home);
  const { owner, operator } = await nodeKeys(home, name);
  const folder = keystoreOf(home, name);
  return {
    ...{ client: NetworkFile.clientOf(file), fromBlock: file.fromBlock, folder, former: formerOperators(folder) },
    ...{ owner: owner.signer, operator: operator.signer },
  };
}

/** What a node of this home lacks for disputes; nothing when it has enough. @throws WeftError of the chain and the keystore */
export async function courtWarnings(context: Context, call: Pick<CourtCall, "name" | "court">): Promise<string[]> {
  const held = await heldBy(context, call.name);
  const { client, operator } = held;
  const [{ stable, native }, deposit] = await Promise.all([
    balances(client, operator.address),
    readBondDeposit(client, operator.address),
  ]);
  // The court's whole log is read only where something may be missing.
  const isEnough = stable + deposit >= courtBonds(client, call.court);
  const money = isEnough ? { ...noMoney, gas: native, wallet: stable + deposit } : await moneyOf(held);
  return shortages(held, money, call);
}

// ---- status ---------------------------------------------------------------------------------------------------------

/** What a node has for disputes. Wei; stablecoin units. */
export interface CourtMoney {
  gas: bigint;
  /** In the court, locked by no rival: of the operator, of operators before it, of the owner (won bonds). */
  deposits: { operator: bigint; former: bigint; owner: bigint };
  /** In the operator's own account. */
  wallet: bigint;
  rivals: OwnRival[];
}

const noMoney: CourtMoney = {
  ...{ gas: 0n, wallet: 0n, rivals: [] },
  deposits: { operator: 0n, former: 0n, owner: 0n },
};

async function moneyOf({ client, fromBlock, owner, operator, former }: Held): Promise<CourtMoney> {
  const sponsors = [operator.address, ...former];
  const [account, rivals, own, ownersOwn, ...others] = await Promise.all([
    balances(client, operator.address),
    readOwnRivals(client, { sponsors, fromBlock }),
    ...[operator.address, owner.address, ...former].map((address) => readBondDeposit(client, address)),
  ]);
  const deposits = { operator: own as bigint, owner: ownersOwn as bigint, former: sum(others) };
  return { gas: account.native, wallet: account.stable, rivals, deposits };
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n);

async function status(context: Context, held: Held, { name, court }: CourtCall): Promise<number> {
  const money = await moneyOf(held);
  const { deposits, wallet, gas, rivals } = money;
  const locked = sum(rivals.map(({ bond }) => bond));
  const { workers = defaultCourtLimits.workers, gas: gasPerGame = defaultCourtLimits.gasPerGame } = court ?? {};
  const games = mostRivalsOf({ ...defaultCourtLimits, workers, games: court?.games });
  const allowed = court?.bonds === undefined ? "all that the operator has" : `at most ${amountOf(BigInt(court.bonds))}`;
  context.say(`operator         ${held.operator.address}`);
  context.say(`  gas            ${coinOf(gas)}`);
  context.say(`  account        ${amountOf(wallet)}`);
  context.say(`  in the court   ${amountOf(deposits.operator)}`);
  if (held.former.length > 0) context.say(`  under old keys ${amountOf(deposits.former)}`);
  context.say(`bonds            ${amountOf(locked)} in ${rivals.length} of its own challenges`);
  for (const { leaseId, segment, bond, state } of rivals)
    context.say(`  ${leaseId.slice(0, 10)} segment ${segment}: ${amountOf(bond)}, ${state}`);
  context.say(`owner            ${amountOf(deposits.owner)} in the court, won from false challenges`);
  context.say(`limits           bonds: ${allowed}; gas a game: ${grouped(gasPerGame)}`);
  context.say(`                 challenges at a time: ${games}; workers: ${workers}`);
  const warnings = await shortages(held, money, { name, court });
  for (const text of warnings) context.say(`warning: ${text}`);
  context.emit({
    ...{ kind: "summary", ok: true, name, operator: held.operator.address, gas, wallet, locked },
    ...{ deposit: deposits.operator, formerDeposit: deposits.former, ownerDeposit: deposits.owner },
    ...{ challenges: rivals.length, limits: court ?? {}, warnings },
  });
  return 0;
}

/** What the operator lacks for disputes, in words that name the sum and the command. */
async function shortages(
  { client, operator }: Held,
  money: CourtMoney,
  { name, court }: Pick<CourtCall, "name" | "court">,
): Promise<string[]> {
  const { deposits, wallet, rivals, gas } = money;
  const wanted = courtBonds(client, court);
  const has = deposits.operator + wallet + sum(rivals.map(({ bond }) => bond));
  const fee = isDevelopmentChain(client.network) ? 0n : await client.rpc.getGasPrice();
  return [
    ...(has < wanted
      ? [
          `${amountOf(wanted)} are wanted for bonds, ${amountOf(wanted - has)} are missing: weft node court deposit ${Amount.format(wanted - has)} --name ${name}`,
        ]
      : []),
    ...(gas < courtGas * fee
      ? [`games may cost ${coinOf(courtGas * fee)} of gas: send ${coinOf(courtGas * fee - gas)} to ${operator.address}`]
      : []),
  ];
}

// ---- in and out -------------------------------------------------------------------------------------------------------

/** From the owner's account, for the operator. @throws WeftError `node.moneyShort`, `amount.malformed` */
async function deposit(context: Context, { client, owner, operator }: Held, call: CourtCall): Promise<number> {
  const amount = positive(call.amount ?? "");
  await topUp(client, [{ who: `owner of ${call.name}`, address: owner.address, gas: txGas }]);
  const { stable } = await balances(client, owner.address);
  if (stable < amount)
    throw new WeftError(`the owner's account has ${amountOf(stable)}, ${amountOf(amount)} are to go to the court`, {
      code: "node.moneyShort",
      remedy: `send ${amountOf(amount - stable)} to ${owner.address}, or earnings there with: weft node withdraw AMOUNT`,
    });
  const id = `${await chainTime(client)}`;
  await sendAll(client, owner, [await depositBond(client, { account: operator.address, from: owner, amount, id })]);
  const now = await readBondDeposit(client, operator.address);
  context.say(
    `${amountOf(amount)} are in the court for the operator, ${amountOf(now)} in all; a running node may move them to its account`,
  );
  context.emit({ kind: "summary", ok: true, deposited: amount, deposit: now });
  return 0;
}

interface Source {
  what: string;
  has: bigint;
  take(amount: bigint): Promise<void>;
}

/** Of the owner's deposit, then the operators', then the operator's account; all of it without an amount. @throws WeftError `node.moneyShort` */
async function withdraw(context: Context, held: Held, call: CourtCall): Promise<number> {
  const to = call.to === undefined ? held.owner.address : recipient(call.to);
  const sources = await sourcesOf(held, { to, name: call.name });
  const all = sum(sources.map(({ has }) => has));
  const amount = call.amount === undefined ? all : positive(call.amount);
  if (amount > all || amount === 0n)
    throw new WeftError(`${amountOf(all)} are locked by nothing, ${amountOf(amount)} asked`, {
      code: "node.moneyShort",
      remedy: "ask for less, or wait for the end of the node's challenges: weft node court status",
    });
  let left = amount;
  for (const { has, take, what } of sources) {
    const part = min(left, has);
    if (part === 0n) continue;
    await take(part);
    left -= part;
    context.say(`${amountOf(part)} from ${what} to ${to}`);
  }
  context.emit({ kind: "summary", ok: true, paid: amount, to });
  return 0;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

async function sourcesOf(held: Held, { to, name }: { to: Address; name: string }): Promise<Source[]> {
  const { client, owner, operator, former, folder } = held;
  const id = `${await chainTime(client)}`;
  const inCourt = async (what: string, address: Address, key: () => Promise<AccountSigner>): Promise<Source> => ({
    what,
    has: await readBondDeposit(client, address),
    take: async (amount) => {
      await topUp(client, [{ who: `${what} of ${name}`, address, gas: txGas }]);
      await sendAll(client, await key(), [withdrawBond(client, { amount, to, id: `${address}/${id}` })]);
    },
  });
  const old = async (address: Address) =>
    signerOf(
      (await openKey(formerKeyPath(folder, address), { password: devPassword(passwordFile(folder)) })).secretBytes(),
    );
  return [
    await inCourt("the owner's deposit", owner.address, async () => owner),
    await inCourt("the operator's deposit", operator.address, async () => operator),
    ...(await Promise.all(
      former.map((address) => inCourt(`the deposit of operator ${address}`, address, () => old(address))),
    )),
    {
      what: "the operator's account",
      has: (await balances(client, operator.address)).stable,
      take: async (amount) => void (await sendAll(client, operator, sendMoney(client, { to, stable: amount, id }))),
    },
  ];
}
