// Gas of the transactions a lease costs, as receipts on a real chain say it: calldata and 21,000 included, balances and
// slots in steady state (the buyer has ordered before, the provider has leased before). Orders are the gateway's own, bids
// have the fields that a node sets; `gas.open_lease` is what an auction's winner costs.
import { batchClaim } from "@weft/chain/actions/batchClaim";
import { claim } from "@weft/chain/actions/claim";
import { closeLease } from "@weft/chain/actions/closeLease";
import { deposit } from "@weft/chain/actions/deposit";
import { grantSession } from "@weft/chain/actions/grantSession";
import { type OpenLeaseOptions, openLease } from "@weft/chain/actions/openLease";
import { resizePool } from "@weft/chain/actions/resizePool";
import { startLease } from "@weft/chain/actions/startLease";
import { accountOf } from "@weft/chain/chainFixture";
import { signStart } from "@weft/chain/consents";
import { exactCourt } from "@weft/chain/exactCourt";
import {
  fund,
  type NetworkFixture,
  networkFixture,
  provider,
  signedOffer,
  signedVoucher,
} from "@weft/chain/networkFixture";
import { chainTime, readChannel } from "@weft/chain/reads";
import type { Sender } from "@weft/chain/Sender";
import { buildOrder } from "@weft/gateway/jobs/buildOrder";
import * as Attributes from "@weft/protocol/Attributes";
import { signNoun } from "@weft/protocol/Domain";
import * as JobFile from "@weft/protocol/JobFile";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { paramsHash } from "@weft/protocol/Params";
import { type Hex, keccak256, toHex } from "viem";
import { type Bench, type Figure, figure, mustHold } from "./report.ts";

const channels = 50;

export const bench: Bench = {
  name: "gas",
  about: "gas of opening, starting, claiming and closing a lease, from receipts",
  run: measure,
};

async function* measure(): AsyncGenerator<Figure> {
  const network = await networkFixture();
  try {
    const { gas, leases, nodeId, session } = await openMany(network);
    const akash = { peer: "Akash EVM plan, createLease", peerValue: 700_000 };
    yield figure("gas.open_lease", { value: gas.auction, unit: "gas" }, { atMost: 180_000, ...akash });
    yield figure("gas.open_lease_first", { value: gas.first, unit: "gas" }, akash);
    yield figure("gas.open_lease_posted", { value: gas.posted, unit: "gas" }, akash);
    yield figure("gas.start", { value: gas.start, unit: "gas" });
    yield* claims(network, { leases, nodeId, session });
    const close = closeLease(network.client, { leaseId: leases[0] as Hex, reason: "buyerCancelled" });
    const closed = await network.senderOf(accountOf("buyer")).send(close);
    yield figure("gas.close", { value: Number(closed.gasUsed), unit: "gas" }, akashWithdraw("close", 450_000));
  } finally {
    await network.end();
  }
}

const akashWithdraw = (verb: string, gas: number) => ({ peer: `Akash EVM plan, ${verb}`, peerValue: gas });

interface Opened {
  gas: { first: number; auction: number; posted: number; start: number };
  leases: Hex[];
  nodeId: Hex;
  /** The buyer's session, which sends for the buyer: a gateway is its own matcher. */
  session: Sender;
}

const file = JobFile.schema.parse({ name: "bench", kind: "train-lm" });
/** As a machine declares itself: every number set. */
const attributes = Attributes.pack({
  ...{ ...Attributes.none, cpuThreads: 8, memoryGiB: 16, diskGiB: 100, fp32Gflops: 200, netMbpsTenth: 100 },
});

/** Opens and starts leases one after the other, the way a gateway does; by auction but for every fifth. */
async function openMany(network: NetworkFixture): Promise<Opened> {
  const { client } = network;
  await fund(network, ["owner", "buyer", "buyer session"]);
  const nodeId = await provider(network, "owner", attributes);
  const owner = network.senderOf(accountOf("owner"));
  await owner.send(resizePool(client, { nodeId, poolId: 0n, capacity: BigInt(channels), id: "bench" }));
  const buyer = network.senderOf(accountOf("buyer"));
  await buyer.send(await deposit(client, { owner: accountOf("buyer"), amount: 900_000_000n, id: "bench" }));
  const key = accountOf("buyer session").address;
  const expiresAt = (await chainTime(client)) + 3600n;
  await buyer.send(grantSession(client, { key, dailyCap: 900_000_000n, expiresAt }));
  const session = network.senderOf(accountOf("buyer session"));
  const leases: Hex[] = [];
  const gas = { first: 0, auction: 0, posted: 0, start: 0 };
  for (let index = 0; index < channels; index++) {
    const posted = index % 5 === 4;
    const { offer, order } = await (posted ? postedDeal : auctionDeal)(network, BigInt(index));
    const opened = await session.send(openLease(client, { offer, order }));
    const leaseId = Order.leaseId(Order.hash(order.order), Offer.hash(offer.offer), 0);
    const signature = await signStart(network.file, { leaseId, operator: accountOf("owner operator") });
    const started = await session.send(startLease(client, { leaseId, signature }));
    leases.push(leaseId);
    // The dearest of its kind: hashes and signatures differ by a few zero bytes.
    const kind = index === 0 ? "first" : posted ? "posted" : "auction";
    gas[kind] = Math.max(gas[kind], Number(opened.gasUsed));
    gas.start = Math.max(gas.start, Number(started.gasUsed));
  }
  return { gas, leases, nodeId, session };
}

/** The order that a gateway makes of a job file, signed by its session; the bidding is over. */
async function gatewayOrder(network: NetworkFixture, job: JobFile.JobFile, nonce: bigint): Promise<Order.SignedOrder> {
  const session = accountOf("buyer session");
  const now = await chainTime(network.client);
  const order = buildOrder(job, {
    ...{ buyer: accountOf("buyer").address, session: session.address, matcher: session.address, buyerEpoch: 0n, nonce },
    courtId: exactCourt,
    ...{ paramsHash: paramsHash(network.client.params), jobCommitment: keccak256(toHex(`job ${nonce}`)) },
    nowMs: Number(now - 2n) * 1000,
  });
  return { order, signature: await signNoun(network.file, Order.schema, order, session) };
}

/** A bid as a node makes it: for this order alone, of the units asked. */
async function auctionDeal(network: NetworkFixture, nonce: bigint): Promise<OpenLeaseOptions> {
  const order = await gatewayOrder(network, file, nonce);
  const { units, biddingEndsAt } = order.order;
  const terms = { attributes, units, seq: nonce + 1n, region: 0n, expiresAt: biddingEndsAt + 3600n };
  const offer = await signedOffer(network, "owner", { ...terms, orderHash: Order.hash(order.order) });
  return { offer, order };
}

/** A standing offer of all that the node has. */
async function postedDeal(network: NetworkFixture, nonce: bigint): Promise<OpenLeaseOptions> {
  const order = await gatewayOrder(network, { ...file, mechanism: "postedPrice" }, nonce);
  const offer = await signedOffer(network, "owner", { attributes, seq: nonce + 1n, region: 0n });
  return { offer, order };
}

async function* claims(
  network: NetworkFixture,
  opened: Pick<Opened, "leases" | "nodeId" | "session">,
): AsyncGenerator<Figure> {
  const { client } = network;
  const { leases, nodeId, session: sender } = opened;
  const key = accountOf("buyer session");
  const voucher = (channelId: Hex, cumulative: bigint) =>
    signedVoucher(network, key, { channelId, payee: nodeId, cumulative });
  const first = await sender.send(claim(client, await voucher(leases[0] as Hex, 500n)));
  yield figure("gas.first_claim", { value: Number(first.gasUsed), unit: "gas" });
  const single = await sender.send(claim(client, await voucher(leases[0] as Hex, 900n)));
  yield figure(
    "gas.claim",
    { value: Number(single.gasUsed), unit: "gas" },
    { atMost: 75_000, ...akashWithdraw("withdraw", 180_000) },
  );
  const vouchers = await Promise.all(leases.map((leaseId) => voucher(leaseId, 1000n)));
  const batch = await sender.send(batchClaim(client, { vouchers }));
  for (const leaseId of leases)
    mustHold((await readChannel(client, leaseId)).claimed === 1000n, `channel ${leaseId} was claimed by the batch`);
  const each = Number(batch.gasUsed) / leases.length;
  yield figure(
    "gas.batch_claim_per_channel",
    { value: each, unit: "gas" },
    { atMost: 30_000, ...akashWithdraw("withdraw", 180_000) },
  );
}
