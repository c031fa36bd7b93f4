// For tests: a deployed network with minimal parameters, accounts with money, one registered provider. Not used by the product.
import * as Attributes from "@weft/protocol/Attributes";
import { signNoun } from "@weft/protocol/Domain";
import * as HardwareClass from "@weft/protocol/HardwareClass";
import { nodeIdOf } from "@weft/protocol/NodeId";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { paramsHash } from "@weft/protocol/Params";
import * as Voucher from "@weft/protocol/Voucher";
import { type Hex, keccak256, parseEther, toHex } from "viem";
import { addPool } from "./actions/addPool.ts";
import { deposit } from "./actions/deposit.ts";
import { faucet } from "./actions/faucet.ts";
import { fundBonds } from "./actions/fundBonds.ts";
import { registerNode } from "./actions/registerNode.ts";
import { stake } from "./actions/stake.ts";
import type { ChainClient } from "./ChainClient.ts";
import { accountOf, type Fixture, type FixtureOptions, fixture, wallClock } from "./chainFixture.ts";
import { deployerKey, faucetKey } from "./DevAccounts.ts";
import { deploy } from "./deploy.ts";
import { type IntentStore, memoryStore } from "./Intent.ts";
import { type AccountSigner, signerOf } from "./Keys.ts";
import { clientOf, describe, type NetworkFile } from "./NetworkFile.ts";
import { chainTime, type DrandNetwork } from "./reads.ts";
import { Sender } from "./Sender.ts";

export const salt = keccak256(toHex("salt"));
export const zeroHash: Hex = `0x${"00".repeat(32)}`;
export const zeroAddress: Hex = `0x${"00".repeat(20)}`;

export interface NetworkFixture extends Fixture {
  file: NetworkFile;
  client: ChainClient;
  senderOf(signer: AccountSigner, store?: IntentStore): Sender;
  /** Moves the chain's clock forward. */
  pass(seconds: number): Promise<void>;
  /** From now on the chain's clock moves only by `pass`, however long this machine takes for what is done meanwhile. */
  freeze(): Promise<void>;
  /** The chain's clock is this machine's again. */
  thaw(): Promise<void>;
  /**
   * From now on the chain's clock moves by a second in each second that this process has: where the machine is busy with
   * others, it is late with the nodes that run here. Resolves when it stands still again, which `freeze` and the end do.
   */
  pace(): Promise<void>;
}

export interface NetworkFixtureOptions extends FixtureOptions {
  /** Feeds the beacon in place of the stakers. */
  drand?: { chain: DrandNetwork; chainHash: Hex; relays: string[] };
}

export async function networkFixture({ drand, ...options }: NetworkFixtureOptions = {}): Promise<NetworkFixture> {
  const base = await fixture(options);
  const deployment = await deploy({
    ...{ rpcUrl: base.chain.rpcUrl, chainId: 31337, params: base.client.params, clock: wallClock },
    ...{ signer: signerOf(deployerKey), treasury: signerOf(faucetKey).address },
    ...(drand === undefined ? {} : { drand: drand.chain }),
  });
  const file = await describe({
    ...{ chainId: 31337, rpcUrl: base.chain.rpcUrl, contracts: deployment.contracts },
    preset: options.preset ?? "minimal",
    ...{ fromBlock: deployment.fromBlock, profile: base.client.profile, bootstrap: [] },
    ...(drand === undefined
      ? {}
      : { beacon: { kind: "drand", chainHash: drand.chainHash, relays: drand.relays } as const }),
  });
  const client = clientOf(file);
  let pacing = new AbortController();
  let paced: Promise<void> | undefined;
  const network: NetworkFixture = Object.assign(base, {
    file,
    client,
    senderOf: (signer: AccountSigner, store: IntentStore = memoryStore()) =>
      new Sender(client, { signer, store, clock: wallClock }),
    pass: async (seconds: number) => {
      const now = await chainTime(client);
      await base.driver.setNextBlockTimestamp({ timestamp: now + BigInt(seconds) });
      await base.driver.mine({ blocks: 1 });
    },
    freeze: async () => {
      pacing.abort();
      await paced;
      await base.driver.setBlockTimestampInterval({ interval: 0 });
    },
    thaw: async () => await base.driver.removeBlockTimestampInterval(),
    pace: () => {
      pacing = new AbortController();
      const { signal } = pacing;
      paced = (async () => {
        await base.driver.setBlockTimestampInterval({ interval: 0 });
        while (!signal.aborted) {
          await wallClock.sleep(1000, signal).catch(() => {});
          if (!signal.aborted) await network.pass(1);
        }
      })();
      return paced;
    },
  });
  base.closers.push(() => network.freeze());
  return network;
}

/** Test money, WEFT and gas for each name. */
export async function fund(network: NetworkFixture, names: readonly string[]): Promise<void> {
  const sender = network.senderOf(signerOf(faucetKey));
  const gifts = names.flatMap((name) =>
    faucet(network.client, {
      ...{ to: accountOf(name).address, stable: 1_000_000_000n, weft: parseEther("1000"), native: parseEther("10") },
      id: "fixture",
    }),
  );
  await Promise.all(gifts.map((gift) => sender.send(gift)));
}

/** Of a unit of the fixture's pools. */
export const poolAttributes = Attributes.pack({ ...Attributes.none, cpuThreads: 8, memoryGiB: 16 });

/** Registers, stakes and bonds a node; owner and operator are accounts `NAME` and `NAME operator`. */
export async function provider(
  network: NetworkFixture,
  name: string,
  attributes: bigint = poolAttributes,
): Promise<Hex> {
  const { client } = network;
  const [owner, operator] = [accountOf(name), accountOf(`${name} operator`)];
  const nodeId = nodeIdOf(owner.address, salt);
  const sender = network.senderOf(owner);
  const registration = { owner: owner.address, operator, salt, endpoint: `/ip4/127.0.0.1/tcp/1/${name}`, region: 7n };
  await sender.send(await registerNode(client, registration));
  const pool = { nodeId, poolId: 0n, class: HardwareClass.toBytes8("cpu"), capacity: 4n, attributes };
  await sender.send(addPool(client, pool));
  // What `fund` gave, where that is the least that admits a node.
  const isLow = client.params.minStake < parseEther("100");
  const amount = isLow ? parseEther("100") : client.params.minStake;
  await sender.send(await stake(client, { nodeId, from: owner, amount, id: "first" }));
  await sender.send(await deposit(client, { owner, amount: 100_000_000n, id: "first" }));
  await sender.send(fundBonds(client, { nodeId, amount: 90_000_000n, id: "first" }));
  return nodeId;
}

export async function signedOffer(
  network: NetworkFixture,
  name: string,
  changes: Partial<Offer.Offer> = {},
): Promise<Offer.SignedOffer> {
  const offer: Offer.Offer = {
    ...{ nodeId: nodeIdOf(accountOf(name).address, salt), poolId: 0n, slot: 0n, seq: 1n },
    ...{ class: HardwareClass.toBytes8("cpu"), units: 4n, pricePerUnitSecond: 100n, region: 7n },
    attributes: poolAttributes,
    expiresAt: (await chainTime(network.client)) + 3600n,
    ...{ orderHash: zeroHash, detailsHash: zeroHash },
    ...changes,
  };
  const signature = await signNoun(network.file, Offer.schema, offer, accountOf(`${name} operator`));
  return { offer, signature };
}

export async function signedOrder(
  network: NetworkFixture,
  buyerName: string,
  changes: Partial<Order.Order> = {},
): Promise<Order.SignedOrder> {
  const buyer = accountOf(buyerName);
  const order: Order.Order = {
    ...{ buyer: buyer.address, session: accountOf(`${buyerName} session`).address },
    ...{ class: HardwareClass.toBytes8("cpu"), minAttributes: 0n, units: 2n, durationSeconds: 100n },
    ...{ maxPricePerUnitSecond: 200n, priceRule: Order.priceRule.ask, tier: Order.tier.exact },
    ...{ mechanism: Order.mechanism.postedPrice, payMode: Order.payMode.voucher },
    ...{ jobCommitment: keccak256(toHex("job")), detailsHash: zeroHash, matcher: zeroAddress, maxFee: 500n },
    ...{ budget: 10_000_000n, courtId: zeroHash, paramsHash: paramsHash(network.client.params) },
    ...{ buyerEpoch: 0n, nonce: 1n, expiresAt: (await chainTime(network.client)) + 3600n, biddingEndsAt: 0n },
    ...changes,
  };
  return { order, signature: await signNoun(network.file, Order.schema, order, buyer) };
}

export async function signedVoucher(
  network: NetworkFixture,
  signer: AccountSigner,
  voucher: Voucher.Voucher,
): Promise<Voucher.SignedVoucher> {
  return { voucher, signature: await signNoun(network.file, Voucher.schema, voucher, signer) };
}
