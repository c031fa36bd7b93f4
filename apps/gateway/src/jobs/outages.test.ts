// What a job makes of a chain that is away, goes back, or shows what this gateway did not get to write down.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts } from "@weft/chain/facts";
import * as world from "@weft/market/fixtures";
import type { Clock } from "@weft/protocol/Clock";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import * as Order from "@weft/protocol/Order";
import { pino } from "pino";
import type { GatewayContext } from "../GatewayContext.ts";
import { openJobStore } from "./JobStore.ts";
import { mostOutages, persevere } from "./persevere.ts";
import { openNext } from "./placeOrder.ts";
import { untilLost } from "./untilLost.ts";

const log = pino({ level: "silent" });

/** A clock that jumps; `until` ms it ends the wait. */
function jumping(until = 1_000_000) {
  let now = 0;
  const stop = new AbortController();
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      if (now > until) stop.abort(new Error("the test's time is over"));
    },
  };
  return { clock, signal: stop.signal, seconds: () => now / 1000 };
}

const away = () => new WeftError("away", { code: "chain.unreachable", fault: "network", retryable: true });

test("an outage is waited out and the job goes on; other faults, and outages without end, end it", async () => {
  const { clock, signal } = jumping();
  let followed = 0;
  const chain = {
    caughtUp: async () => {
      followed += 1;
      if (followed < 4) throw away();
    },
  };
  const context = { clock, log, chain } as unknown as GatewayContext;
  const run = async (failures: readonly unknown[]) => {
    let runs = 0;
    const drive = async () => {
      const failure = failures[Math.min(runs++, failures.length - 1)];
      if (failure !== undefined) throw failure;
    };
    await persevere(context, { drive, signal });
    return runs;
  };
  assert.equal(await run([away(), away(), undefined]), 3);
  assert.equal(followed, 3 + 3, "nothing is decided before the chain is followed to its head");
  const refused = new WeftError("no", { code: "market.PoolFull", fault: "provider" });
  await assert.rejects(run([away(), refused]), (error) => error === refused);
  await assert.rejects(run([away()]), (error) => hasCode(error, "chain.unreachable"));
  assert.equal(followed, 6 + 2 + mostOutages + 1);
});

/** Where a lease is looked for; the chain answers except in `away` seconds. */
function lookout(shown: (second: number) => boolean, awayAt: (second: number) => boolean = () => false) {
  const { clock, signal, seconds } = jumping(600_000);
  const chain = {
    params: { startDeadlineSeconds: 20n },
    now: () => BigInt(Math.floor(clock.now() / 1000)),
    lease: () => (shown(seconds()) ? {} : undefined),
    caughtUp: async () => {
      if (awayAt(seconds())) throw away();
    },
  };
  const work = { lease: { leaseId: `0x${"01".repeat(32)}` as const }, signal };
  return { ended: untilLost({ clock, chain } as unknown as GatewayContext, work), seconds };
}

test("a lease that a rewind took is waited for, and given up when it does not come again", async () => {
  const gone = lookout((second) => second < 10);
  await gone.ended;
  assert.equal(gone.seconds(), 31);
  const back = lookout((second) => second < 10 || second >= 25);
  await assert.rejects(back.ended, /time is over/);
  const outage = lookout(
    (second) => second < 10,
    (second) => second < 100,
  );
  await outage.ended;
  assert.ok(outage.seconds() > 115, `${outage.seconds()}: while the chain is away nothing is lost`);
});

/** A gateway that signed an order for the offer of node 1, whose pool `used` units are taken of. */
function ordered(options: { used: bigint; facts?: Partial<LeaseFacts>; open: () => Promise<object> }) {
  const { order, hash, signature } = world.orderEntry();
  const offer = world.offerEntry(1);
  const node = world.nodeView(1);
  const pool = node.pools.get(0n)!;
  const view = world.viewOf(2, {
    nodes: new Map([[world.nodeId(1), { ...node, pools: new Map([[0n, { ...pool, used: options.used }]]) }]]),
  });
  const leaseId = Order.leaseId(hash, offer.hash, 0);
  const { clock, signal, seconds } = jumping();
  const emitted: string[] = [];
  const chain = {
    ...{ now: () => world.now, view: () => view, blockSeconds: 0.25, open: options.open },
    lease: (id: string) => (id === leaseId ? options.facts : undefined),
  };
  const context = {
    ...{ chain, clock, log, store: openJobStore(":memory:") },
    emit: (_: string, kind: string) => void emitted.push(kind),
  } as unknown as GatewayContext;
  const signedOrder = { order, orderHash: hash, signature, signedAtMs: 0, ended: false };
  const ranked = [{ offer: offer.offer, signature: offer.signature }];
  const record = { orders: [{ ...signedOrder, ranked }], leases: [], segments: [] };
  const work = { jobId: "j", file: {}, record, save: () => {}, signal };
  const entry = { order, hash, signature, signer: order.session };
  return { opened: openNext(context, work as never, entry), emitted, seconds };
}

const mined = { hash: "0x01", blockNumber: 1n, gasUsed: 1n };

test("a lease that was opened and not written down is taken as it is, although its pool is full by now", async () => {
  const capacity = world.nodeView(1).pools.get(0n)!.capacity;
  const facts = { pay: 20_000n, auditPot: 20_000n, bond: 5n, ratePerSecond: 200n };
  const known = ordered({ used: capacity, facts, open: async () => mined });
  const lease = await known.opened;
  assert.deepEqual([lease?.pay, lease?.auditPot, lease?.pricePerUnitSecond], [20_000n, 20_000n, 100n]);
  assert.deepEqual(known.emitted, ["lease"]);
  const full = ordered({ used: capacity, open: async () => mined });
  assert.equal(await full.opened, undefined);
  assert.deepEqual(full.emitted, ["bidRefused"]);
});

test("blocks behind this machine's clock: the end of bidding is waited for, not without end", async () => {
  const early = () => Promise.reject(new WeftError("early", { code: "market.BiddingOpen", retryable: true }));
  let tries = 0;
  const soon = ordered({ used: 0n, open: () => (++tries < 5 ? early() : Promise.resolve(mined)) });
  assert.notEqual(await soon.opened, undefined);
  assert.deepEqual([tries, soon.emitted], [5, ["lease"]]);
  const never = ordered({ used: 0n, open: early });
  assert.equal(await never.opened, undefined);
  assert.deepEqual(never.emitted, ["bidRefused"]);
  assert.ok(never.seconds() >= 60);
});
