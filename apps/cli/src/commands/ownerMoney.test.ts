// The owner's exits on a real chain: bond money, earnings and stake, each as far as out of the contracts.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { closeLease } from "@weft/chain/actions/closeLease";
import { deposit } from "@weft/chain/actions/deposit";
import { openLease } from "@weft/chain/actions/openLease";
import { settle } from "@weft/chain/actions/settle";
import type { ChainClient } from "@weft/chain/ChainClient";
import * as DevChain from "@weft/chain/DevChain";
import { clientOf } from "@weft/chain/NetworkFile";
import { balances, chainTime, readAccount, readBonds, readNode } from "@weft/chain/reads";
import * as Attributes from "@weft/protocol/Attributes";
import { signNoun } from "@weft/protocol/Domain";
import { hasCode } from "@weft/protocol/Errors";
import { zeroHash } from "@weft/protocol/fields";
import * as HardwareClass from "@weft/protocol/HardwareClass";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { paramsHash } from "@weft/protocol/Params";
import type { Address, Hex } from "viem";
import type { Context } from "../Context.ts";
import { homeAt } from "../Home.ts";
import { sendAll } from "../start/buyer.ts";
import { give } from "../start/faucet.ts";
import { buyerKey, type NodeKeys, nodeKeys } from "../start/keys.ts";
import { openNetwork } from "../start/network.ts";
import { bondMoney, needsOf, nodeIdFor, registerNode } from "../start/registerNode.ts";
import { nodeCommand } from "./node.ts";

const root = mkdtempSync(join(tmpdir(), "weft-cli-owner-"));
const home = homeAt(join(root, ".weft"));
const name = "node-1";
const zeroAddress = `0x${"0".repeat(40)}` as const;
let chain: DevChain.DevChain;
let client: ChainClient;
let keys: NodeKeys;
let lease: Hex;
let said: string[] = [];
let emitted: Record<string, unknown>[] = [];
const context = {
  home,
  say: (line: string) => void said.push(line),
  emit: (value: object) => void emitted.push(value as Record<string, unknown>),
} as Context;

const attributes = { ...Attributes.none, cpuThreads: 4, memoryGiB: 8 };

before(async () => {
  chain = await DevChain.start({ folder: home.chain, blockTimeSeconds: 0.1 });
  client = clientOf(await openNetwork(home, { rpcUrl: chain.rpcUrl, bootstrap: [] }));
  keys = await nodeKeys(home, name);
  const both = { owner: keys.owner.signer, operator: keys.operator.signer };
  await give(client, await needsOf(client, name, both));
  const capabilities = [{ class: "cpu", units: 1, attributes }];
  await registerNode(client, { ...both, endpoint: "/ip4/127.0.0.1/tcp/1", capabilities: capabilities as never });
});
after(async () => {
  await chain.stop();
  rmSync(root, { recursive: true, force: true });
});

/** What a command printed. */
async function node(verb: string, amount?: string, to?: string): Promise<string[]> {
  said = [];
  emitted = [];
  const flags = to === undefined ? { name } : { name, to };
  assert.equal(await nodeCommand(context, verb, { parameters: amount === undefined ? [] : [amount], flags }), 0);
  assert.equal(emitted.length, 1);
  assert.deepEqual([emitted[0]?.["kind"], emitted[0]?.["ok"]], ["summary", true]);
  return said;
}

const pass = async (seconds: bigint) => {
  await client.rpc.request({ method: "evm_increaseTime", params: [Number(seconds)] } as never);
  await client.rpc.request({ method: "evm_mine", params: [] } as never);
};

/** The owner earns a matcher's fee, which is the shortest way to earnings. */
async function earn(fee: bigint): Promise<Hex> {
  const { signer: buyer } = await buyerKey(home);
  await give(client, [{ who: "buyer", address: buyer.address, gas: 10n ** 18n, stable: 1_000_000n }]);
  await sendAll(client, buyer, [await deposit(client, { owner: buyer, amount: 1_000_000n, id: "test" })]);
  const expiresAt = (await chainTime(client)) + 600n;
  const offer: Offer.Offer = {
    ...{ nodeId: nodeIdFor(keys.owner.signer), poolId: 0n, slot: 0n, seq: 1n, units: 1n, region: 0n, expiresAt },
    ...{ class: HardwareClass.toBytes8("cpu"), attributes: Attributes.pack(attributes), pricePerUnitSecond: 1n },
    ...{ orderHash: zeroHash, detailsHash: zeroHash },
  };
  const order: Order.Order = {
    ...{ buyer: buyer.address, session: buyer.address, class: HardwareClass.toBytes8("cpu"), minAttributes: 0n },
    ...{ units: 1n, durationSeconds: 60n, maxPricePerUnitSecond: 1n, priceRule: Order.priceRule.ask },
    ...{ tier: Order.tier.exact, mechanism: Order.mechanism.postedPrice, payMode: Order.payMode.voucher },
    ...{ jobCommitment: zeroHash, detailsHash: zeroHash, matcher: zeroAddress, maxFee: fee, budget: 1_000_000n },
    ...{ courtId: zeroHash, paramsHash: paramsHash(client.params), buyerEpoch: 0n, nonce: 1n, expiresAt },
    biddingEndsAt: 0n,
  };
  const signed = {
    offer: { offer, signature: await signNoun(client.network, Offer.schema, offer, keys.operator.signer) },
    order: { order, signature: await signNoun(client.network, Order.schema, order, buyer) },
  };
  await sendAll(client, keys.owner.signer, [openLease(client, { ...signed, fee })]);
  return Order.leaseId(Order.hash(order), Offer.hash(offer), 0);
}

async function endLease(leaseId: Hex): Promise<void> {
  const { signer: buyer } = await buyerKey(home);
  await sendAll(client, buyer, [closeLease(client, { leaseId, reason: "completed" })]);
  await pass(client.params.claimWindowSeconds + client.params.releaseDelaySeconds + 1n);
  await sendAll(client, buyer, [settle(client, { leaseId })]);
}

test("money: what is earned, bonded and staked", async () => {
  const lines = (await node("money")).join("\n");
  assert.match(lines, /^node {13}node-1, 0x[0-9a-f]{40}\nowner {12}0x/);
  assert.match(lines, /\nbonds, free {6}10\.000000\n {2}in leases {6}0\.000000\n/);
  assert.match(lines, /\nstake {12}\d+(\.\d+)? WEFT\n {2}unbonding {6}0 WEFT$/);
  assert.deepEqual([emitted[0]?.["bondsFree"], emitted[0]?.["unbonding"]], [bondMoney, 0n]);
});

test("bond money: to free money, and out after a notice", async () => {
  const owner = keys.owner.signer.address;
  assert.deepEqual(await node("defund-bonds", "4"), [
    "4.000000 are bond money no more; free money is 4.000000",
    "6.000000 are left to back further leases of node-1",
  ]);
  assert.equal((await readBonds(client, nodeIdFor(keys.owner.signer))).free, 6_000_000n);
  const before = (await balances(client, owner)).stable;
  assert.match((await node("withdraw", "3"))[0] ?? "", /^notice given for 3\.000000; it can leave in 0:10/);
  await pass(client.params.exitDelaySeconds + 1n);
  assert.deepEqual(await node("withdraw", "3"), [`paid 3.000000 to ${owner}`]);
  assert.equal((await balances(client, owner)).stable, before + 3_000_000n);
});

test("earnings: kept as free money, or out at once to whom the owner names", async () => {
  lease = await earn(900n);
  assert.deepEqual(await node("keep-earnings", "0.0005"), [
    "0.000500 of the earnings are kept; free money is 1.000500",
  ]);
  const to: Address = `0x${"7".repeat(40)}`;
  assert.deepEqual(await node("withdraw", "0.0004", to), [`paid 0.000400 to ${to}`]);
  assert.equal((await balances(client, to)).stable, 400n);
  const { earned, free } = await readAccount(client, keys.owner.signer.address);
  assert.deepEqual([earned, free], [0n, 1_000_500n]);
});

test("stake: notice, more of it, wait, payment; what is below the least stake is said", async () => {
  const owner = keys.owner.signer.address;
  const nodeId = nodeIdFor(keys.owner.signer);
  const { stake } = await readNode(client, nodeId);
  const first = await node("unstake", "0.5");
  assert.match(first[0] ?? "", /^notice given for 0\.5 WEFT; it can leave in /);
  await pass(5n);
  assert.match((await node("unstake", "0.5"))[0] ?? "", /^notice given for 0\.5 WEFT/, "asked again too early");
  const whole = `${stake / 10n ** 18n}`;
  const all = await node("unstake", whole);
  assert.match(all[0] ?? "", new RegExp(`^notice given for ${whole} WEFT`));
  assert.match(all[1] ?? "", /below the least stake .*: node-1 gets no new work/);
  assert.equal((await readNode(client, nodeId)).unbonding, BigInt(whole) * 10n ** 18n);
  assert.match((await node("money")).at(-1) ?? "", / WEFT, stays until the leases are settled$/);
  await assert.rejects(node("unstake", "0.5"), (error) => hasCode(error, "node.unbonding"));
  await pass(client.params.unbondDelaySeconds + 1n);
  assert.match((await node("money")).at(-1) ?? "", / WEFT, stays until the leases are settled$/);
  await assert.rejects(node("unstake", whole), (error) => hasCode(error, "registry.LeasesUnsettled"));
  await endLease(lease);
  assert.match((await node("unstake", whole))[0] ?? "", /^notice given for .* WEFT; it can leave in /, "a delay more");
  await pass(client.params.unbondDelaySeconds + 1n);
  assert.match((await node("money")).at(-1) ?? "", / WEFT, can leave now$/);
  const before = (await balances(client, owner)).weft;
  assert.deepEqual(await node("unstake", whole), [`paid ${whole} WEFT to ${owner}`]);
  assert.equal((await balances(client, owner)).weft, before + BigInt(whole) * 10n ** 18n);
});

test("what is not there, or makes no sense, is refused before anything is sent", async () => {
  for (const [verb, amount, code] of [
    ["defund-bonds", "1000", "node.bondsShort"],
    ["keep-earnings", "1", "node.earnedShort"],
    ["withdraw", "1000", "wallet.short"],
    ["unstake", "1000000", "node.stakeShort"],
    ["unstake", "0", "amount.malformed"],
    ["unstake", "much", "amount.malformed"],
    ["defund-bonds", "0.0000001", "amount.malformed"],
  ] as const)
    await assert.rejects(node(verb, amount), (error) => hasCode(error, code), `${verb} ${amount}`);
  await assert.rejects(node("withdraw", "1", "0x12"), (error) => hasCode(error, "wallet.address"));
  await assert.rejects(nodeCommand(context, "money", { parameters: [], flags: { name: "node-9" } }), (error) =>
    hasCode(error, "node.unknown"),
  );
});
