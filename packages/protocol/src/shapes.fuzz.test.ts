// Untrusted input against every shape: what is malformed gives a ZodError or false, never another exception; what is
// accepted is exactly in range. Seeds are printed by fast-check on failure.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { hexOf, uintOf } from "./fields.ts";
import { commitment, held, offer, order, voucher } from "./fixtures.ts";
import * as Held from "./Held.ts";
import { check } from "./JobFile.ts";
import { gossip, streams } from "./messages.ts";
import * as Offer from "./Offer.ts";
import * as Order from "./Order.ts";
import * as Segment from "./Segment.ts";
import * as Voucher from "./Voucher.ts";

const shapes: [string, z.ZodType, Record<string, unknown>][] = [
  ["offer", Offer.shape, offer],
  ["order", Order.shape, order],
  ["voucher", Voucher.shape, voucher],
  ["held", Held.shape, held],
  ["segment", Segment.shape, commitment],
];
const messages = { ...gossip, ...streams };

const anything = fc.anything({
  withBigInt: true,
  withNullPrototype: true,
  withTypedArray: true,
  withSparseArray: true,
});

test("no input makes a shape throw anything but a ZodError", () => {
  const all = [...shapes.map(([, shape]) => shape), ...Object.values(messages)];
  fc.assert(
    fc.property(anything, (input) => {
      for (const shape of all) {
        const result = shape.safeParse(input);
        if (!result.success) assert.ok(result.error instanceof z.ZodError);
      }
      const job = check(input);
      if (!job.ok) for (const issue of job.issues) assert.ok(issue.message.length > 0 && issue.remedy.length > 0);
    }),
    { numRuns: 200 },
  );
});

test("one broken field breaks the noun; a missing or unknown one too", () => {
  const broken = anything.filter((value) => typeof value !== "bigint" && typeof value !== "number");
  for (const [name, shape, value] of shapes)
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(value)), broken, (field, bad) => {
        if (typeof bad === "string" && shape.safeParse({ ...value, [field]: bad }).success) return;
        assert.ok(!shape.safeParse({ ...value, [field]: bad }).success, `${name}.${field}`);
        const { [field]: _, ...rest } = value;
        assert.ok(!shape.safeParse(rest).success);
        assert.ok(!shape.safeParse({ ...value, [`${field}2`]: 1n }).success);
      }),
      { numRuns: 60 },
    );
});

test("nouns survive JSON with integers as decimal text", () => {
  const wire = (value: object) =>
    JSON.parse(JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item)));
  for (const [name, shape, value] of shapes) assert.deepEqual(shape.parse(wire(value)), value, name);
});

test("integers: exactly 0 to 2^bits - 1, as bigint, safe integer or decimal text", () => {
  fc.assert(
    fc.property(fc.constantFrom(8, 32, 64, 96, 128), fc.bigInt(-(1n << 130n), 1n << 130n), (bits, value) => {
      const fits = value >= 0n && value < 1n << BigInt(bits);
      assert.equal(uintOf(bits).safeParse(value).success, fits);
      assert.equal(uintOf(bits).safeParse(value.toString()).success, fits);
    }),
  );
  for (const bad of ["01", "+1", "1.0", "0x1", " 1", "", "1e3", 1.5, -1, Number.NaN, 2 ** 53, "9".repeat(79), null])
    assert.ok(!uintOf(256).safeParse(bad).success, String(bad));
  assert.equal(uintOf(8).parse(255), 255n);
});

test("hex: exact size, lower-cased", () => {
  assert.equal(hexOf(2).parse("0xABcd"), "0xabcd");
  for (const bad of ["abcd", "0xabc", "0xabcde0", "0xgggg", "0Xabcd", 171, null])
    assert.ok(!hexOf(2).safeParse(bad).success, String(bad));
});
