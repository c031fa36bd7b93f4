// Every signed noun: what is signed is recovered; anything else (field, network, contract, signature) is not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeAbiParameters, type Hex, keccak256, toHex } from "viem";
import { type Contracts, digestOf, domainSeparator, recoverNoun, type Schema, signNoun, structHash } from "./Domain.ts";
import { hasCode } from "./Errors.ts";
import { account, commitment, held, network, offer, order, signer, voucher } from "./fixtures.ts";
import { fromBytes8, toBytes8 } from "./HardwareClass.ts";
import * as Held from "./Held.ts";
import { nodeIdOf } from "./NodeId.ts";
import * as Offer from "./Offer.ts";
import * as Order from "./Order.ts";
import { paramFields, paramsHash, presets } from "./Params.ts";
import * as Segment from "./Segment.ts";
import * as Voucher from "./Voucher.ts";

interface Noun {
  schema: Schema;
  value: Record<string, unknown>;
  shape: { parse(value: unknown): unknown };
}

const nouns: Noun[] = [
  { schema: Offer.schema, value: offer, shape: Offer.shape },
  { schema: Order.schema, value: order, shape: Order.shape },
  { schema: Voucher.schema, value: voucher, shape: Voucher.shape },
  { schema: Held.schema, value: held, shape: Held.shape },
  { schema: Segment.schema, value: commitment, shape: Segment.shape },
];

const order256 = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The same signature with the other s: valid for plain ecrecover, refused by us and the contracts. */
function highS(signature: Hex): Hex {
  const s = order256 - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith("1b") ? "1c" : "1b";
  return `0x${signature.slice(2, 66)}${s.toString(16).padStart(64, "0")}${v}`;
}

const bump = (value: unknown): unknown =>
  typeof value === "bigint"
    ? value ^ 1n
    : `${(value as string).slice(0, -1)}${(value as string).endsWith("f") ? "0" : "f"}`;

for (const { schema, value, shape } of nouns) {
  test(`${schema.primaryType}: sign and recover, equal to viem's signTypedData`, async () => {
    const signature = await signNoun(network, schema, value, signer);
    assert.equal(await recoverNoun(network, schema, value, signature), signer.address);
    const theirs = await account.signTypedData({
      domain: {
        name: "Weft",
        version: "1",
        chainId: network.chainId,
        verifyingContract: network.contracts[schema.verifier],
      },
      types: { [schema.primaryType]: schema.fields },
      primaryType: schema.primaryType,
      message: value,
    });
    assert.equal(signature, theirs);
  });

  test(`${schema.primaryType}: the schema's fields are the shape's, in order, and every one is signed`, () => {
    assert.deepEqual(
      schema.fields.map(({ name }) => name),
      Object.keys(value),
    );
    assert.deepEqual(shape.parse(value), value);
    const hashes = schema.fields.map(({ name }) => structHash(schema, { ...value, [name]: bump(value[name]) }));
    assert.equal(new Set([...hashes, structHash(schema, value)]).size, schema.fields.length + 1);
  });

  test(`${schema.primaryType}: another chain, another contract or a changed field recovers another address`, async () => {
    const signature = await signNoun(network, schema, value, signer);
    const moved: Contracts = { ...network.contracts, [schema.verifier]: `0x${"99".repeat(20)}` };
    const first = schema.fields[0]?.name ?? "";
    for (const [where, what] of [
      [{ ...network, chainId: 1 }, value],
      [{ ...network, contracts: moved }, value],
      [network, { ...value, [first]: bump(value[first]) }],
    ] as const)
      assert.notEqual(await recoverNoun(where, schema, what, signature), signer.address);
  });

  test(`${schema.primaryType}: high s, other v, short and empty signatures are refused with a code`, async () => {
    const signature = await signNoun(network, schema, value, signer);
    const zeroV: Hex = `${signature.slice(0, -2) as Hex}00`;
    const zeroes: Hex = `0x${"00".repeat(64)}1b`;
    for (const bad of [highS(signature), zeroV, zeroes, signature.slice(0, -2) as Hex, "0x" as Hex])
      await assert.rejects(
        recoverNoun(network, schema, value, bad),
        (error) => hasCode(error, "signature.malformed"),
        bad,
      );
  });
}

test("the struct hash is keccak256(typeHash ‖ words), as Solidity's abi.encode gives it", () => {
  const type = keccak256(toHex("Voucher(bytes32 channelId,bytes20 payee,uint128 cumulative)"));
  const words = [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes20" }, { type: "uint128" }] as const;
  const expected = keccak256(encodeAbiParameters(words, [type, voucher.channelId, voucher.payee, voucher.cumulative]));
  assert.equal(structHash(Voucher.schema, voucher), expected);
  const digest = keccak256(`0x1901${domainSeparator(network, Voucher.schema).slice(2)}${expected.slice(2)}`);
  assert.equal(digestOf(network, Voucher.schema, voucher), digest);
});

test("two nouns of one contract never share a digest", () => {
  assert.notEqual(structHash(Held.schema, held), structHash({ ...Held.schema, primaryType: "Helb" }, held));
});

test("slot key and bid: what replaces what", () => {
  assert.equal(Offer.slotKey(offer), Offer.slotKey({ ...offer, seq: 99n, units: 1n }));
  assert.notEqual(Offer.slotKey(offer), Offer.slotKey({ ...offer, slot: 3n }));
  assert.ok(!Offer.isBid(offer));
  assert.ok(Offer.isBid({ ...offer, orderHash: `0x${"01".repeat(32)}` }));
});

test("a lease id comes from order, offer and fill", () => {
  const ids = [0, 1].map((fill) => Order.leaseId(Order.hash(order), Offer.hash(offer), fill));
  assert.equal(new Set(ids).size, 2);
  assert.notEqual(ids[0], Order.leaseId(Offer.hash(offer), Order.hash(order), 0));
});

test("a node id is the first 20 bytes of keccak256(owner, salt)", () => {
  const salt: Hex = `0x${"05".repeat(32)}`;
  const full = keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [order.buyer, salt]));
  assert.equal(nodeIdOf(order.buyer, salt), full.slice(0, 42));
});

test("hardware classes: 1 to 8 plain characters, there and back", () => {
  for (const label of ["cpu", "gpu-h100", "a"]) assert.equal(fromBytes8(toBytes8(label)), label);
  for (const label of ["", "gpu-h1000", "GPU", "a b", "é"])
    assert.throws(
      () => toBytes8(label),
      (error) => hasCode(error, "class.malformed"),
      label,
    );
});

test("the parameters' hash covers every field", () => {
  const base = presets.minimal;
  const hashes = paramFields.map((field) => paramsHash({ ...base, [field]: base[field] + 1n }));
  assert.equal(new Set([...hashes, paramsHash(base)]).size, paramFields.length + 1);
  assert.deepEqual([...paramFields].sort(), Object.keys(base).sort());
});
