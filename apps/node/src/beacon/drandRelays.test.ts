// Rounds from relays that are right, wrong, slow, endless or away. What a relay says is taken only when the group signed it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import { evmnet, evmnetHash, evmnetRounds, signRound, testChain } from "@weft/verification/drandFixture";
import { type DrandRelay, type Manner, startDrandRelay } from "./drandRelayFixture.ts";
import { drandRelays } from "./drandRelays.ts";

const chain = testChain("relays", { genesis: 1000n, period: 3n });
const sign = (round: bigint, name = "relays") => signRound(name, { round, dst: chain.dst });
const never = new AbortController().signal;

/** A clock whose sleepers wake when the test says so. */
function heldClock() {
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        sleepers.add(resolve);
        signal?.addEventListener("abort", () => {
          sleepers.delete(resolve);
          reject(signal.reason);
        });
      }),
  };
  return { clock, sleepers: () => sleepers.size, wake: () => void [...sleepers].map((one) => one()) };
}

async function relaysOf(t: { after(close: () => Promise<void>): void }, manners: readonly Manner[]) {
  const options = { roundOf: (round: bigint) => sign(round), forgedOf: (round: bigint) => sign(round, "forger") };
  const relays: DrandRelay[] = [];
  for (const manner of manners) relays.push(await startDrandRelay({ ...options, chainHash: evmnetHash, manner }));
  t.after(async () => void (await Promise.all(relays.map((relay) => relay.close()))));
  const held = heldClock();
  const source = drandRelays({ chain, chainHash: evmnetHash, relays: relays.map(({ url }) => url), clock: held.clock });
  return { relays, source, ...held };
}

async function reasonsOf(work: Promise<unknown>): Promise<string[]> {
  const error = await work.then(
    () => assert.fail("it was answered"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof WeftError && error.code === "drand.unavailable" && error.retryable);
  return Object.values(error.details).map(String);
}

test("recorded rounds of evmnet, as a relay serves them", async (t) => {
  const recorded = new Map(evmnetRounds.map((one) => [one.round, one]));
  const relay = await startDrandRelay({ chainHash: evmnetHash, roundOf: (round) => recorded.get(round) });
  t.after(() => relay.close());
  const { clock } = heldClock();
  const relays = [`${relay.url}/`];
  const source = drandRelays({ chain: evmnet, chainHash: evmnetHash, relays, clock });
  for (const { round, signature } of evmnetRounds) assert.equal(await source.fetch(round, never), signature);
  assert.deepEqual(await reasonsOf(source.fetch(3n, never)), ["it answers 425"]);
  const elsewhere = drandRelays({ chain: evmnet, chainHash: `0x${"11".repeat(32)}`, relays, clock });
  assert.deepEqual(await reasonsOf(elsewhere.fetch(1n, never)), ["it answers 404"]);
});

test("each wrong answer is passed over for the next relay's, and named when there is none", async (t) => {
  const wrong: [Manner, RegExp][] = [
    ["otherRound", /not the network's/],
    ["otherGroup", /not the network's/],
    ["renumbered", /answers with round 8/],
    ["failing", /answers 500/],
    ["rubbish", /JSON/],
    ["empty", /no round/],
    ["redirect", /redirect/],
    ["endless", /above 4096 bytes/],
  ];
  const { relays, source } = await relaysOf(t, ["right", "right"]);
  const [first, second] = relays as [DrandRelay, DrandRelay];
  for (const [manner, reason] of wrong) {
    first.manner = manner;
    second.manner = "right";
    assert.equal(await source.fetch(7n, never), sign(7n).signature, manner);
    second.manner = manner;
    for (const found of await reasonsOf(source.fetch(7n, never))) assert.match(found, reason);
  }
});

test("a relay that was right is asked first the next time", async (t) => {
  const { relays, source } = await relaysOf(t, ["failing", "failing", "right"]);
  await source.fetch(5n, never);
  await source.fetch(6n, never);
  assert.deepEqual(
    relays.map(({ asked }) => asked),
    [[5n], [5n], [5n, 6n]],
  );
});

test("an answer without end is cut off, not read", async (t) => {
  const { relays, source } = await relaysOf(t, ["endless"]);
  await reasonsOf(source.fetch(5n, never));
  const [relay] = relays as [DrandRelay];
  while (relay.cutOff() === 0) await new Promise((turn) => setImmediate(turn));
  // What sockets hold between two processes, and no more.
  assert.ok(relay.poured() < 16 * 1024 * 1024, `${relay.poured()} bytes`);
});

test("silence and half an answer last as long as patience does", async (t) => {
  for (const manner of ["mute", "half"] as const) {
    const { relays, source, sleepers, wake } = await relaysOf(t, [manner, "right"]);
    const fetched = source.fetch(9n, never);
    await relays[0]?.askedTimes(1);
    assert.equal(sleepers(), 1);
    assert.equal(relays[1]?.asked.length, 0, "the second one waits");
    wake();
    assert.equal(await fetched, sign(9n).signature);
    assert.equal(sleepers(), 0, "nothing is left waiting");
  }
});

test("relays that are away, and all of them", async (t) => {
  const { relays, source } = await relaysOf(t, ["right", "right"]);
  await relays[0]?.close();
  assert.equal(await source.fetch(4n, never), sign(4n).signature);
  await relays[1]?.close();
  const reasons = await reasonsOf(source.fetch(4n, never));
  assert.equal(reasons.length, 2);
  for (const reason of reasons) assert.match(reason, /ECONNREFUSED|closed|socket/);
});

test("whoever stops asking is not kept waiting", async (t) => {
  const { relays, source } = await relaysOf(t, ["mute", "right"]);
  const stopping = new AbortController();
  const fetched = source.fetch(9n, stopping.signal);
  await relays[0]?.askedTimes(1);
  stopping.abort(new Error("stopping"));
  await assert.rejects(fetched, /stopping/);
  assert.equal(relays[1]?.asked.length, 0);
});
