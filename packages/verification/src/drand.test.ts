// The second implementation of what DrandBeacon.sol checks, against recorded rounds and published vectors.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hash_to_field } from "@noble/curves/abstract/hash-to-curve";
import { bn254 } from "@noble/curves/bn254";
import { sha256 } from "@noble/hashes/sha2";
import { keccak_256 } from "@noble/hashes/sha3";
import { concat, type Hex, hexToBytes, numberToHex, slice } from "viem";
import { hashToG1, hashToG1With, mapToG1 } from "./bn254Hash.ts";
import { isSigned, randomnessOf } from "./drand.ts";
import {
  earlyEvmnet,
  earlyEvmnetRounds,
  elements,
  evmnet,
  evmnetRounds,
  hashed,
  hashedWithSha256,
  mapped,
  sha256Dst,
  signRound,
  testChain,
} from "./drandFixture.ts";
import { firstRoundAt, publishedAt } from "./drandRounds.ts";

const { Fp } = bn254.fields;
const order = Fp.ORDER;
const [first] = evmnetRounds as [(typeof evmnetRounds)[number]];
const coordinates = (signature: Hex) => [BigInt(slice(signature, 0, 32)), BigInt(slice(signature, 32))] as const;
const point = (x: bigint, y: bigint): Hex => concat([numberToHex(x, { size: 32 }), numberToHex(y, { size: 32 })]);

test("recorded rounds of two networks are signed, and their randomness is the one published", () => {
  for (const [chain, rounds] of [
    [evmnet, evmnetRounds],
    [earlyEvmnet, earlyEvmnetRounds],
  ] as const)
    for (const { randomness, ...recorded } of rounds) {
      assert.ok(isSigned(chain, recorded), `round ${recorded.round}`);
      if (randomness !== undefined) assert.equal(randomnessOf(recorded.signature), randomness);
    }
});

test("no other round, group, tag or point passes", () => {
  const [x, y] = coordinates(first.signature);
  assert.ok(!isSigned(evmnet, { ...first, round: 2n }), "another round");
  assert.ok(!isSigned(earlyEvmnet, first), "another group");
  assert.ok(!isSigned({ ...evmnet, dst: "0x00" }, first), "another tag");
  const forged: Record<string, Hex> = {
    "the other sign": point(x, order - y),
    zero: point(0n, 0n),
    "no point": point(x, y + 1n),
    "another encoding": point(x + order, y),
    "the other coordinate too large": point(x, y + order),
    "a byte short": slice(first.signature, 0, 63),
    "a byte long": `${first.signature}00`,
    nothing: "0x",
    "no hex": `0x${"zz".repeat(64)}`,
  };
  for (const [name, signature] of Object.entries(forged)) assert.ok(!isSigned(evmnet, { round: 1n, signature }), name);
});

test("a group's key that is no point of G2 is an error, not a chain that signs nothing", () => {
  assert.throws(() => isSigned({ ...evmnet, publicKey: `0x${"01".repeat(128)}` }, first));
});

test("map and hash to the curve give the published points", () => {
  for (const { u, x, y } of mapped) assert.deepEqual(mapToG1(u), { x, y });
  const suite = { DST: hexToBytes(evmnet.dst), p: order, m: 1, k: 128, expand: "xmd", hash: keccak_256 } as const;
  for (const { message, u0, u1 } of elements)
    assert.deepEqual(hash_to_field(hexToBytes(message), 2, suite), [[u0], [u1]]);
  for (const { dst, message, x, y } of hashed)
    assert.deepEqual(hashToG1(hexToBytes(dst), hexToBytes(message)).toAffine(), { x, y });
  for (const { message, x, y } of hashedWithSha256) {
    const found = hashToG1With(sha256, hexToBytes(sha256Dst), new TextEncoder().encode(message));
    assert.deepEqual(found.toAffine(), { x, y });
  }
});

test("the map has a point for every element, those without an inverse among them", () => {
  // 1 ± 4u² = 0: nothing to invert.
  const half = Fp.div(1n, 2n);
  for (const u of [0n, 1n, order - 1n, half, order - half]) {
    const { x, y } = mapToG1(u);
    assert.equal(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 3n));
    assert.equal(y & 1n, u & 1n);
  }
});

test("a group of one signs rounds that nobody else signed", () => {
  const chain = testChain("one", { genesis: 100n, period: 3n });
  for (const round of [1n, 12_345n, (1n << 64n) - 1n]) {
    const signed = signRound("one", { round, dst: chain.dst });
    assert.ok(isSigned(chain, signed));
    assert.ok(!isSigned(chain, signRound("another", { round, dst: chain.dst })));
    assert.ok(!isSigned(chain, { ...signed, round: round - 1n }));
  }
});

test("rounds and times: the first round at or after a moment", () => {
  const chain = testChain("one", { genesis: 100n, period: 3n });
  for (const [time, round] of [
    [0n, 1n],
    [100n, 1n],
    [101n, 2n],
    [103n, 2n],
    [104n, 3n],
    [106n, 3n],
  ] as const) {
    assert.equal(firstRoundAt(chain, time), round, `at ${time}`);
    assert.ok(publishedAt(chain, round) >= time);
  }
  assert.equal(publishedAt(evmnet, 1000n), 1_727_521_075n + 999n * 3n);
});
