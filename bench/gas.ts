// Gas of the transactions a lease costs, as receipts on a real chain say it: calldata and 21,000 included, balances and
// slots in steady state (the buyer has ordered before, the provider has leased before).
import { batchClaim } from "@weft/chain/actions/batchClaim";
import { claim } from "@weft/chain/actions/claim";
import { closeLease } from "@weft/chain/actions/closeLease";
import { deposit } from "@weft/chain/actions/deposit";
import { grantSession } from "@weft/chain/actions/grantSession";
import { openLease } from "@weft/chain/actions/openLease";
import { resizePool } from "@weft/chain/actions/resizePool";
import { startLease } from "@weft/chain/actions/startLease";
import { accountOf } from "@weft/chain/chainFixture";
import { signStart } from "@weft/chain/consents";
import {
  fund,
  type NetworkFixture,
  networkFixture,
  provider,
  signedOffer,
  signedOrder,
  signedVoucher,
} from "@weft/chain/networkFixture";
import { readChannel } from "@weft/chain/reads";
import type { Sender } from "@weft/chain/Sender";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import type { Hex } from "viem";
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
    const { gas, leases, nodeId, matcher } = await openMany(network);
    yield figure(
      "gas.open_lease",
      { value: gas.open, unit: "gas" },
      { atMost: 180_000, peer: "Akash EVM plan, createLease", peerValue: 700_000 },
    );
    yield figure("gas.start", { value: gas.start, unit: "gas" });
    yield* claims(network, { leases, nodeId, matcher });
    const close = closeLease(network.client, { leaseId: leases[0] as Hex, reason: "buyerCancelled" });
    const closed = await network.senderOf(accountOf("buyer")).send(close);
    yield figure("gas.close", { value: Number(closed.gasUsed), unit: "gas" }, akashWithdraw("close", 450_000));
  } finally {
    await network.end();
  }
}

const akashWithdraw = (verb: string, gas: number) => ({ peer: `Akash EVM plan, ${verb}`, peerValue: gas });

interface Opened {
  gas: { open: number; start: number };
  leases: Hex[];
  nodeId: Hex;
  matcher: Sender;
}

async function openMany(network: NetworkFixture): Promise<Opened> {
  const { client } = network;
  await fund(network, ["owner", "buyer", "matcher"]);
  const nodeId = await provider(network, "owner");
  const owner = network.senderOf(accountOf("owner"));
  await owner.send(resizePool(client, { nodeId, poolId: 0n, capacity: 4n * BigInt(channels), id: "bench" }));
  const buyer = network.senderOf(accountOf("buyer"));
  await buyer.send(await deposit(client, { owner: accountOf("buyer"), amount: 900_000_000n, id: "bench" }));
  const session = accountOf("buyer session");
  const expiresAt = BigInt(Math.floor(Date.now() / 1000) + 3600);
  await buyer.send(grantSession(client, { key: session.address, dailyCap: 900_000_000n, expiresAt }));
  const matcher = network.senderOf(accountOf("matcher"));
  const leases: Hex[] = [];
  const gas = { open: 0, start: 0 };
  for (let index = 0; index < channels; index++) {
    const offer = await signedOffer(network, "owner");
    const order = await signedOrder(network, "buyer", { nonce: BigInt(index + 1) });
    const opened = await matcher.send(openLease(client, { offer, order }));
    const leaseId = Order.leaseId(Order.hash(order.order), Offer.hash(offer.offer), 0);
    const signature = await signStart(network.file, { leaseId, operator: accountOf("owner operator") });
    const started = await matcher.send(startLease(client, { leaseId, signature }));
    leases.push(leaseId);
    // The last one: every slot that later leases share is warm by then.
    gas.open = Number(opened.gasUsed);
    gas.start = Number(started.gasUsed);
  }
  return { gas, leases, nodeId, matcher };
}

async function* claims(
  network: NetworkFixture,
  opened: Pick<Opened, "leases" | "nodeId" | "matcher">,
): AsyncGenerator<Figure> {
  const { client } = network;
  const { leases, nodeId, matcher } = opened;
  const session = accountOf("buyer session");
  const voucher = (channelId: Hex, cumulative: bigint) =>
    signedVoucher(network, session, { channelId, payee: nodeId, cumulative });
  const first = await matcher.send(claim(client, await voucher(leases[0] as Hex, 500n)));
  yield figure("gas.first_claim", { value: Number(first.gasUsed), unit: "gas" });
  const single = await matcher.send(claim(client, await voucher(leases[0] as Hex, 900n)));
  yield figure(
    "gas.claim",
    { value: Number(single.gasUsed), unit: "gas" },
    { atMost: 75_000, ...akashWithdraw("withdraw", 180_000) },
  );
  const vouchers = await Promise.all(leases.map((leaseId) => voucher(leaseId, 1000n)));
  const batch = await matcher.send(batchClaim(client, { vouchers }));
  for (const leaseId of leases)
    mustHold((await readChannel(client, leaseId)).claimed === 1000n, `channel ${leaseId} was claimed by the batch`);
  const each = Number(batch.gasUsed) / leases.length;
  yield figure(
    "gas.batch_claim_per_channel",
    { value: each, unit: "gas" },
    { atMost: 30_000, ...akashWithdraw("withdraw", 180_000) },
  );
}
