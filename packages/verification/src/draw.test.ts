// Draws: declumped, bounded, proportional to stake. That they equal the contracts' is held by the shared vectors
// (contracts/test/Mirrors.t.sol recomputes what is checked here against the same files).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import fc from "fast-check";
import type { Hex } from "viem";
import { auditStep, drawMany, drawSegment, sampled, seedOf, snapshotAt } from "./draw.ts";
import { hash, nodeId, owner, params, registry, registryOf, staked } from "./fixtures.ts";
import { sealOf } from "./verdict.ts";

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../spec/vectors/verification/${name}.json`, import.meta.url), "utf8"));
const id = (word: Hex): Hex => `0x${word.slice(26)}`;

for (const size of ["small", "middle", "large"])
  test(`vectors: draws from the ${size} registry`, () => {
    const { log, cases } = vectors("draw")[size];
    const facts = log.nodeId.map((word: Hex, at: number) => {
      const base = { time: BigInt(log.time[at]), nodeId: id(word) };
      return BigInt(log.kind[at]) === 1n
        ? { ...base, stake: BigInt(log.stake[at]) }
        : { ...base, owner: id(log.owner[at]) };
    });
    for (const [at, seed] of cases.seed.entries()) {
      const snapshot = snapshotAt(facts, BigInt(cases.time[at]), params);
      const query = {
        seed,
        count: Number(cases.count[at]),
        provider: id(cases.provider[at]),
        buyer: id(cases.buyer[at]),
      };
      const expected = cases.drawn.slice(8 * at, 8 * at + 8).filter((word: Hex) => BigInt(word) !== 0n);
      assert.deepEqual(drawMany(snapshot, query), expected.map(id));
    }
    assert.equal(cases.seed.length, 24);
  });

test("vectors: seed, sample, step and seal", () => {
  const all = vectors("audit");
  for (const at of all.seed.keys()) {
    const at32 = (name: string) => all[name][at] as Hex;
    const steps = { firstStep: BigInt(at32("firstStep")), lastStep: BigInt(at32("lastStep")) };
    const auditor = id(at32("auditor"));
    const seed = seedOf(at32("randomness"), at32("commitmentHash"));
    assert.equal(seed, at32("seed"));
    assert.equal(sampled(seed, params.auditRatePpm), BigInt(at32("sampled")) === 1n);
    assert.equal(auditStep(seed, auditor, steps), BigInt(at32("step")));
    const verdict = {
      ok: BigInt(at32("ok")) === 1n,
      stepRoot: at32("stepRoot"),
      altHistoryRoot: at32("altHistoryRoot"),
    };
    const sealing = {
      leaseId: at32("leaseId"),
      segment: BigInt(at32("segment")),
      auditor,
      verdict,
      salt: at32("salt"),
    };
    assert.equal(sealOf(sealing), at32("seal"));
  }
});

const world = fc.record({
  owners: fc.array(fc.nat(5), { minLength: 0, maxLength: 20 }),
  stakes: fc.array(fc.bigInt(0n, 200n), { minLength: 20, maxLength: 20 }),
  provider: fc.nat(20),
  buyer: fc.nat(6),
  count: fc.integer({ min: 0, max: 8 }),
  seed: fc.nat(),
});

test("P1: neither party's nodes, never one owner twice, never below the stake; as many as fit", () => {
  fc.assert(
    fc.property(world, ({ owners, stakes, provider, buyer, count, seed }) => {
      const nodes = owners.map((who, index) =>
        staked(index, { owner: owner(who), stake: ((stakes[index] ?? 0n) * params.minStake) / 20n }),
      );
      const query = { seed: hash(`${seed}`), count, provider: nodeId(provider), buyer: owner(buyer) };
      const drawn = drawMany(registryOf(nodes), query);
      const ownersDrawn = drawn.map((drawnId) => nodes.find((node) => node.nodeId === drawnId)?.owner);
      const barred = [nodes[provider]?.owner, owner(buyer)];
      const able = new Set(nodes.filter((node) => node.stake >= params.minStake).map((node) => node.owner));
      for (const who of barred) if (who !== undefined) able.delete(who);
      assert.equal(new Set(ownersDrawn).size, drawn.length);
      for (const who of ownersDrawn) assert.ok(who !== undefined && able.has(who));
      // 20 nodes are within the final scan, so nobody who fits is overlooked.
      assert.equal(drawn.length, Math.min(count, able.size));
      assert.deepEqual(drawMany(registryOf(nodes), query), drawn, "a draw can be repeated");
    }),
    { numRuns: 200 },
  );
});

test("more than eight at once is refused", () => {
  const query = { seed: hash("x"), count: 9, provider: nodeId(99), buyer: owner(99) };
  assert.throws(
    () => drawMany(registry(3), query),
    (error) => hasCode(error, "draw.tooMany"),
  );
});

test("chances are proportional to stake, up to the cap", () => {
  const least = params.minStake;
  const stakes = [least, least * 2n, least * 4n, least * 200n];
  const nodes = stakes.map((stake, index) => staked(index, { stake }));
  const snapshot = { ...registryOf(nodes), drawStakeCap: least * 4n };
  const wins = [0, 0, 0, 0];
  const rounds = 1600;
  for (let round = 0; round < rounds; round++) {
    const query = { seed: hash(`round ${round}`), count: 1, provider: nodeId(99), buyer: owner(99) };
    const [picked] = drawMany(snapshot, query);
    wins[Number((picked ?? "").slice(-2))]! += 1;
  }
  // Weights 1 : 2 : 4 : 4 of 11. Five standard deviations of a binomial either way; the seeds are fixed.
  for (const [index, weight] of [1, 2, 4, 4].entries()) {
    const share = weight / 11;
    const bound = 5 * Math.sqrt(rounds * share * (1 - share));
    assert.ok(Math.abs((wins[index] ?? 0) - rounds * share) < bound, `wins ${wins}`);
  }
});

test("a snapshot is what held at its time, not after; a seat lasts as long as the stake does", () => {
  const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)];
  const enough = params.minStake;
  const log = [
    { time: 10n, nodeId: one, owner: owner(1) },
    { time: 10n, nodeId: two, owner: owner(2) },
    { time: 12n, nodeId: one, stake: enough - 1n },
    { time: 13n, nodeId: one, stake: enough },
    { time: 13n, nodeId: two, stake: enough * 2n },
    { time: 14n, nodeId: three, owner: owner(3) },
    { time: 14n, nodeId: three, stake: enough },
    { time: 20n, nodeId: one, owner: owner(4) },
    { time: 20n, nodeId: one, owner: owner(5) },
    { time: 30n, nodeId: one, stake: enough - 1n },
    { time: 31n, nodeId: one, stake: enough },
  ];
  const at = (time: bigint) => snapshotAt(log, time, params).nodes;
  assert.deepEqual(at(9n), []);
  assert.deepEqual(at(12n), [], "below the minimum nobody sits");
  assert.deepEqual(at(13n), [
    { nodeId: one, owner: owner(1), stake: enough },
    { nodeId: two, owner: owner(2), stake: enough * 2n },
  ]);
  assert.equal(at(20n)[0]?.owner, owner(5));
  const seats = (time: bigint) => at(time).map(({ nodeId: who }) => who);
  assert.deepEqual(seats(29n), [one, two, three]);
  assert.deepEqual(seats(30n), [three, two], "the last one moves into a seat that is given up");
  assert.deepEqual(seats(31n), [three, two, one]);
});

test("ten thousand names without stake starve no draw", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => staked(1000 + index, { stake: 0n }));
  const real = [1, 2, 3, 4].map((index) => staked(index, { stake: params.minStake }));
  const snapshot = registryOf([...names, ...real]);
  for (let round = 0; round < 20; round++) {
    const query = { seed: hash(`round ${round}`), count: 3, provider: nodeId(1), buyer: owner(99) };
    assert.equal(drawMany(snapshot, query).length, 3);
  }
});

test("holders and auditors of a segment are drawn apart, each as many as the parameters say", () => {
  const snapshot = registry(40);
  const segments = Array.from({ length: 20 }, (_, index) =>
    drawSegment(snapshot, { seed: hash(`segment ${index}`), provider: nodeId(0), buyer: owner(1) }, params),
  );
  for (const { holders, auditors } of segments) {
    assert.ok(![...holders, ...auditors].some((drawn) => drawn === nodeId(0) || drawn === nodeId(1)));
    assert.equal(holders.length, Number(params.holdersDrawn));
    assert.equal(auditors.length, Number(params.maxAuditors));
  }
  assert.ok(segments.some(({ holders, auditors }) => holders.join() !== auditors.join()));
});

test("the audited step lies in the segment and spreads over it", () => {
  const steps = { firstStep: 1000n, lastStep: 1009n };
  const seen = new Set(Array.from({ length: 200 }, (_, index) => auditStep(hash(`${index}`), nodeId(1), steps)));
  assert.deepEqual(
    [...seen].sort(),
    Array.from({ length: 10 }, (_, index) => 1000n + BigInt(index)),
  );
  assert.equal(auditStep(hash("x"), nodeId(1), { firstStep: 7n, lastStep: 7n }), 7n);
});
