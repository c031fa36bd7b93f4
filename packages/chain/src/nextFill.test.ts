// What the market view says of an order's next fill against what the contract does with it: random fees, claims, ends and
// waits over several fills of each order, on a real chain.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "@weft/market/judge";
import { WeftError } from "@weft/protocol/Errors";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { paramsHash } from "@weft/protocol/Params";
import { claim } from "./actions/claim.ts";
import { closeLease } from "./actions/closeLease.ts";
import { deposit } from "./actions/deposit.ts";
import { openLease } from "./actions/openLease.ts";
import { settle } from "./actions/settle.ts";
import { startLease } from "./actions/startLease.ts";
import { ChainStore } from "./ChainStore.ts";
import { accountOf, patienceMs, wallClock } from "./chainFixture.ts";
import { signStart } from "./consents.ts";
import { LiveSnapshot } from "./LiveSnapshot.ts";
import { marketViewOf } from "./marketView.ts";
import { fund, networkFixture, provider, signedOffer, signedOrder, signedVoucher } from "./networkFixture.ts";
import { chainError } from "./Reverts.ts";
import { simulate } from "./Transaction.ts";

/** Numbers in [0, below) from a seed (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test("P: the view refuses a further fill where the contract does, and counts the same money", async (t) => {
  const seed = Number(process.env["WEFT_SEED"] ?? 42);
  const roll = dice(seed);
  const network = await networkFixture();
  t.after(() => network.end());
  const { client, file } = network;
  const store = new ChainStore(":memory:", file.networkId);
  const live = new LiveSnapshot(client, { store, clock: wallClock, fromBlock: file.fromBlock });
  network.closers.push(() => live.stop());
  await fund(network, ["owner", "buyer", "matcher"]);
  const nodeId = await provider(network, "owner");
  const [buyer, session, matcher] = [accountOf("buyer"), accountOf("buyer session"), accountOf("matcher")];
  const [asBuyer, asMatcher] = [network.senderOf(buyer), network.senderOf(matcher)];
  await asBuyer.send(await deposit(client, { owner: buyer, amount: 50_000_000n, id: "test" }));
  await network.freeze();
  const offer = await signedOffer(network, "owner");
  const offerHash = Offer.hash(offer.offer);
  let compared = 0;

  /** Judges the fill and simulates it at the same block: both take it, or both name the same sum. */
  const agree = async (deal: { order: Order.SignedOrder; fill: number; fee: bigint }): Promise<boolean> => {
    const { order, fill, fee } = deal;
    await live.reach(await client.rpc.getBlockNumber(), patienceMs);
    const view = marketViewOf(live.current, {
      ...{ params: client.params, paramsHash: paramsHash(client.params), now: live.current.timestamp },
      matcher: { address: matcher.address, fee },
    });
    const verdict = judge(
      view,
      { ...order, hash: Order.hash(order.order), signer: buyer.address },
      { ...offer, hash: offerHash, signer: accountOf("owner operator").address },
    );
    // That a node is not asked twice is the matcher's own rule.
    const reasons = verdict.ok ? [] : verdict.reasons.filter(({ code }) => code !== "node.failed");
    const intent = openLease(client, { ...{ offer, order, fill, fee }, previousOfferHash: offerHash });
    const refused = await simulate(client, matcher.address, intent).then(
      () => undefined,
      (error: unknown) => chainError(error, { kind: "open", called: "market" }),
    );
    const story = `seed ${seed}, fill ${fill}: ${JSON.stringify(reasons, (_, value) => (typeof value === "bigint" ? `${value}` : value))} / ${refused?.code}`;
    compared += 1;
    if (refused === undefined) assert.deepEqual(reasons, [], story);
    else {
      assert.ok(refused instanceof WeftError && reasons.length > 0, story);
      const [first] = reasons;
      if (refused.code === "market.BudgetExceeded") {
        assert.equal(first?.code, "order.budget", story);
        const { total, budget } = first as { total: bigint; budget: bigint };
        assert.equal(String(order.order.budget - budget + total), Object.values(refused.details)[0], story);
      } else assert.deepEqual([refused.code, first?.code], ["market.NothingLeftToFill", "order.blocked"], story);
    }
    return refused === undefined;
  };

  /** The lease runs, earns something, fails, and is paid and settled or not by the time the next fill is asked for. */
  const fail = async (leaseId: `0x${string}`, most: bigint): Promise<void> => {
    const signature = await signStart(file, { leaseId, operator: accountOf("owner operator") });
    await asMatcher.send(startLease(client, { leaseId, signature }));
    const cumulative = (most * BigInt(roll(60))) / 100n;
    if (cumulative > 0n)
      await asMatcher.send(
        claim(client, await signedVoucher(network, session, { channelId: leaseId, payee: nodeId, cumulative })),
      );
    await asBuyer.send(closeLease(client, { leaseId, reason: "providerSilent" }));
  };
  const waits = [0, 2, 30];

  for (let nonce = 0n; nonce < 3n; nonce++) {
    // Reserved by the first fill: 200 a second for 100 s, the same for audits.
    const budget = 40_500n + BigInt(roll(40_000));
    const order = await signedOrder(network, "buyer", { nonce, budget, maxFee: 500n });
    const leases: `0x${string}`[] = [];
    for (let fill = 0; fill < 4; fill++) {
      const fee = BigInt(roll(501));
      if (!(await agree({ order, fill, fee }))) break;
      const opened = openLease(client, { ...{ offer, order, fill, fee }, previousOfferHash: offerHash });
      await asMatcher.send(opened);
      const leaseId = Order.leaseId(Order.hash(order.order), offerHash, fill);
      leases.push(leaseId);
      await fail(leaseId, 20_000n);
      const wait = waits[roll(3)] as number;
      if (wait > 0) await network.pass(wait);
      // An earlier fill may settle when a later one was opened on what it held: that sum stays.
      if (wait === 30) for (const one of leases) await asMatcher.send(settle(client, { leaseId: one })).catch(() => {});
    }
    if (leases.length > 0) await agree({ order, fill: leases.length, fee: 500n });
  }
  t.diagnostic(`${compared} decisions compared`);
  assert.ok(compared >= 8);
});
