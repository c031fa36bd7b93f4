import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as Attributes from "./Attributes.ts";
import { hasCode } from "./Errors.ts";

const field = fc.integer({ min: 0, max: 0xffff });
const attributes = fc.record(
  Object.fromEntries(Attributes.fields.map((name) => [name, field])) as Record<
    (typeof Attributes.fields)[number],
    typeof field
  >,
);

test("the layout drawn in the header", () => {
  assert.equal(Attributes.pack({ ...Attributes.none, cpuThreads: 1 }), 1n);
  assert.equal(Attributes.pack({ ...Attributes.none, memoryGiB: 1 }), 1n << 16n);
  assert.equal(Attributes.pack({ ...Attributes.none, fp32Gflops: 1 }), 1n << 48n);
  assert.equal(Attributes.pack({ ...Attributes.none, netMbpsTenth: 1 }), 1n << 96n);
  assert.equal(Attributes.pack({ ...Attributes.none, flags: 1 }), 1n << 112n);
});

test("pack and unpack are inverse, both ways", () => {
  fc.assert(fc.property(attributes, (all) => assert.deepEqual(Attributes.unpack(Attributes.pack(all)), { ...all })));
  const packed = fc.bigInt(0n, (1n << 128n) - 1n);
  fc.assert(fc.property(packed, (bits) => assert.equal(Attributes.pack(Attributes.unpack(bits)), bits)));
});

test("values that are not a uint16 are refused", () => {
  for (const value of [-1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(
      () => Attributes.pack({ ...Attributes.none, diskGiB: value }),
      (error) => hasCode(error, "attributes.range"),
    );
});

test("shortfalls name exactly the fields that fall short; flags are a set", () => {
  fc.assert(
    fc.property(attributes, attributes, (have, need) => {
      const short = Attributes.shortfalls(Attributes.pack(have), Attributes.pack(need));
      for (const name of Attributes.fields)
        if (name === "flags") assert.equal(short.includes(name), (have.flags | need.flags) !== have.flags);
        else assert.equal(short.includes(name), have[name] < need[name]);
    }),
  );
  const flags = (bits: number) => Attributes.pack({ ...Attributes.none, flags: bits });
  assert.deepEqual(Attributes.shortfalls(flags(0b100), flags(0b001)), ["flags"], "a larger number is not a superset");
  assert.deepEqual(Attributes.shortfalls(flags(0b101), flags(0b001)), []);
});
