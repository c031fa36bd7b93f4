// One lease from deposit to settlement on a real chain, signed by Keys and followed by a snapshot: the place where
// TypeScript and Solidity must agree.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { keccak256, toHex } from "viem";
import { abis } from "./Abis.ts";
import { batchClaim } from "./actions/batchClaim.ts";
import { claim } from "./actions/claim.ts";
import { closeLease } from "./actions/closeLease.ts";
import { depositFor } from "./actions/depositFor.ts";
import { grantSession } from "./actions/grantSession.ts";
import { openLease } from "./actions/openLease.ts";
import { release } from "./actions/release.ts";
import { settle } from "./actions/settle.ts";
import { startLease } from "./actions/startLease.ts";
import { withdraw } from "./actions/withdraw.ts";
import { ChainStore } from "./ChainStore.ts";
import { accountOf, patienceMs, wallClock } from "./chainFixture.ts";
import { signStart } from "./consents.ts";
import { LiveSnapshot, rebuild } from "./LiveSnapshot.ts";
import {
  fund,
  type NetworkFixture,
  networkFixture,
  provider,
  signedOffer,
  signedOrder,
  signedVoucher,
} from "./networkFixture.ts";
import { balances, chainTime, readAccount, readBonds, readChannel, readNode } from "./reads.ts";
import * as Snapshot from "./Snapshot.ts";

function follow(network: NetworkFixture) {
  const store = new ChainStore(":memory:", network.file.networkId);
  const live = new LiveSnapshot(network.client, { store, clock: wallClock, fromBlock: network.file.fromBlock });
  network.closers.push(() => live.stop());
  return { store, live };
}

test("a lease is opened, started, paid by vouchers, released and settled; the fold equals the contracts' views", async (t) => {
  const network = await networkFixture();
  const { client } = network;
  const { store, live } = follow(network);
  await fund(network, ["owner", "buyer", "matcher"]);
  const nodeId = await provider(network, "owner");
  const [owner, buyer, session, matcher] = ["owner", "buyer", "buyer session", "matcher"].map(accountOf) as [
    ReturnType<typeof accountOf>,
    ReturnType<typeof accountOf>,
    ReturnType<typeof accountOf>,
    ReturnType<typeof accountOf>,
  ];
  const asMatcher = network.senderOf(matcher);

  const validBefore = (await chainTime(client)) + 600n;
  const gift = { owner: buyer, amount: 50_000_000n, nonce: keccak256(toHex("gift")), validBefore };
  await asMatcher.send(await depositFor(client, gift));
  await network
    .senderOf(buyer)
    .send(grantSession(client, { key: session.address, dailyCap: 9_000_000n, expiresAt: validBefore }));

  const offer = await signedOffer(network, "owner");
  const order = await signedOrder(network, "buyer");
  const opened = await asMatcher.send(openLease(client, { offer, order, fee: 300n }));
  const leaseId = Order.leaseId(Order.hash(order.order), Offer.hash(offer.offer), 0);
  const signature = await signStart(network.file, { leaseId, operator: accountOf("owner operator") });
  const started = await asMatcher.send(startLease(client, { leaseId, signature }));
  await network.freeze();
  const first = await signedVoucher(network, session, { channelId: leaseId, payee: nodeId, cumulative: 1_000n });
  const claimed = await asMatcher.send(claim(client, first));
  await network.pass(2);
  const more = await signedVoucher(network, session, { channelId: leaseId, payee: nodeId, cumulative: 2_000n });
  const batched = await asMatcher.send(batchClaim(client, { vouchers: [more] }));

  const running = await live.reach(batched.blockNumber, patienceMs);
  const lease = running.leases.get(leaseId);
  assert.equal(lease?.state, "running");
  assert.equal(lease.channel.claimed, 2_000n);
  assert.equal(running.nodes.get(nodeId)?.pools.get(0n)?.used, 2n);
  await sameAsChain(network, running, { leaseId, nodeId });

  const { releaseDelaySeconds, claimWindowSeconds } = client.params;
  // Both claims are for the same amount, and nothing is claimed in between: the second release is one of its own all the same.
  const sent = [];
  for (const released of [0n, 1_000n]) {
    await network.pass(Number(releaseDelaySeconds) + 1);
    const channel = await readChannel(client, leaseId);
    assert.deepEqual([channel.released, channel.releasable], [released, 1_000n]);
    sent.push((await asMatcher.send(release(client, { channelId: leaseId, ...channel }))).hash);
  }
  assert.equal(new Set(sent).size, 2);
  await network.senderOf(buyer).send(closeLease(client, { leaseId, reason: "completed" }));
  await network.pass(Number(releaseDelaySeconds + claimWindowSeconds) + 1);
  const settled = await asMatcher.send(settle(client, { leaseId }));
  const end = await live.reach(settled.blockNumber, patienceMs);
  assert.equal(end.leases.get(leaseId)?.state, "settled");
  assert.equal(end.leases.get(leaseId)?.reason, "completed");
  assert.equal(end.nodes.get(nodeId)?.pools.get(0n)?.used, 0n);
  assert.equal(Snapshot.accountOf(end, owner.address).earned, 2_000n);
  assert.equal(Snapshot.accountOf(end, matcher.address).earned, 300n);
  assert.equal(Snapshot.accountOf(end, buyer.address).free, 50_000_000n - 2_300n);
  await sameAsChain(network, end, { leaseId, nodeId });
  assert.deepEqual(rebuild(client, store).leases.get(leaseId), end.leases.get(leaseId));

  const paid = await network.senderOf(owner).send(withdraw(client, { amount: 2_000n, to: owner.address, id: "1" }));
  await live.reach(paid.blockNumber, patienceMs);
  const total = await balances(client, owner.address);
  assert.equal(total.stable + total.free + total.earned, 1_000_000_000n - 90_000_000n + 2_000n);
  t.diagnostic(
    `gas: open ${opened.gasUsed}, start ${started.gasUsed}, claim ${claimed.gasUsed}, settle ${settled.gasUsed}`,
  );
  await live.stop();
  await network.end();
});

/** The fold against the contracts' own views. */
async function sameAsChain(
  network: NetworkFixture,
  snapshot: Snapshot.Snapshot,
  ids: { leaseId: `0x${string}`; nodeId: `0x${string}` },
) {
  const { client } = network;
  for (const [address, folded] of snapshot.accounts) {
    const account = await readAccount(client, address);
    assert.deepEqual(
      [account.free, account.earned, account.exiting, BigInt(account.buyerEpoch), BigInt(account.sessionEpoch)],
      [folded.free, folded.earned, folded.exiting, folded.buyerEpoch, folded.sessionEpoch],
      address,
    );
  }
  const [channel, node, bonds] = await Promise.all([
    readChannel(client, ids.leaseId),
    readNode(client, ids.nodeId),
    readBonds(client, ids.nodeId),
  ]);
  const lease = snapshot.leases.get(ids.leaseId) as Snapshot.LeaseRecord;
  const folded = snapshot.nodes.get(ids.nodeId) as Snapshot.NodeState;
  assert.deepEqual(
    [channel.cap, channel.claimed, channel.released],
    [lease.channel.cap, lease.channel.claimed, lease.channel.released],
  );
  assert.deepEqual(
    [node.owner.toLowerCase(), node.operator.toLowerCase(), node.stake],
    [folded.owner, folded.operator, folded.stake],
  );
  assert.deepEqual([bonds.free, bonds.locked], [folded.bondFree, folded.bondLocked]);
  await sameLease(client, lease);
}

/** What the event packs against what the contract stores. */
async function sameLease(client: NetworkFixture["client"], folded: Snapshot.LeaseRecord) {
  const market = { abi: abis.market, address: client.network.contracts.market } as const;
  const [lease, money] = await Promise.all([
    client.rpc.readContract({ ...market, functionName: "lease", args: [folded.leaseId] }),
    client.rpc.readContract({ ...market, functionName: "moneyOf", args: [folded.leaseId] }),
  ]);
  assert.deepEqual(
    [lease.rate, BigInt(lease.tier), lease.fill, BigInt(lease.poolId), BigInt(lease.units)],
    [folded.rate, folded.tier, folded.fill, folded.poolId, folded.units],
  );
  assert.deepEqual([BigInt(lease.durationSeconds), money], [folded.durationSeconds, folded.money]);
  assert.equal(lease.buyer.toLowerCase(), folded.buyer);
}

test("refusals carry the contract's error, its operands, whose fault it is and what to do", async () => {
  const network = await networkFixture();
  const { client } = network;
  await fund(network, ["owner", "buyer", "matcher"]);
  await provider(network, "owner");
  const sender = network.senderOf(accountOf("matcher"));
  const offer = await signedOffer(network, "owner");

  const low = await signedOrder(network, "buyer", { maxPricePerUnitSecond: 99n });
  await assert.rejects(sender.send(openLease(client, { offer, order: low })), (error) => {
    assert.ok(hasCode(error, "market.PriceAboveCeiling"));
    assert.deepEqual(error.details, { price: "100", ceiling: "99" });
    assert.match(error.remedy ?? "", /ceiling/);
    return true;
  });
  const unfunded = await signedOrder(network, "buyer");
  await assert.rejects(sender.send(openLease(client, { offer, order: unfunded })), (error) =>
    hasCode(error, "channels.FreeTooLow"),
  );
  const greedy = await signedOrder(network, "buyer", { units: 5n });
  await assert.rejects(sender.send(openLease(client, { offer, order: greedy })), (error) =>
    hasCode(error, "market.UnitsUnavailable"),
  );
  const forged = { ...offer, signature: (await signedOffer(network, "buyer")).signature };
  await assert.rejects(sender.send(openLease(client, { offer: forged, order: unfunded })), (error) =>
    hasCode(error, "market.OfferSignatureInvalid"),
  );
  await assert.rejects(sender.send(settle(client, { leaseId: keccak256("0x01") })), (error) =>
    hasCode(error, "market.LeaseUnknown"),
  );
  await network.end();
});
