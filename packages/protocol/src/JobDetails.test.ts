// Job details: each field opens by itself, nothing else opens, and nothing leaks.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat, encodeAbiParameters, type Hex, keccak256 } from "viem";
import { hasCode } from "./Errors.ts";
import { zeroHash } from "./fields.ts";
import { canonical, commit, type Details, fieldNames, type Json, open, read, saltsOf, verify } from "./JobDetails.ts";
import type { Opening } from "./messages.ts";

const salts = saltsOf(`0x${"51".repeat(32)}`);
const details: Details = {
  kind: "train-lm",
  program: { steps: 100, seed: `0x${"07".repeat(32)}`, model: { hidden: 64, context: 4 } },
  corpus: { contentId: `0x${"cc".repeat(32)}`, bytes: 1000 },
};
const root = commit(details, salts);

test("every field opens by itself and reads back", () => {
  for (const field of ["kind", "program", "corpus"] as const) {
    const opening = open(details, salts, field);
    assert.ok(verify(root, opening));
    assert.deepEqual(read(root, opening), details[field]);
  }
});

test("the order of keys in a value does not matter, its content does", () => {
  const same = { ...details, program: { model: { context: 4, hidden: 64 }, seed: `0x${"07".repeat(32)}`, steps: 100 } };
  assert.equal(commit(same, salts), root);
  assert.notEqual(commit({ ...details, kind: "other" }, salts), root);
  assert.notEqual(commit(details, saltsOf(`0x${"52".repeat(32)}`)), root);
});

test("a field that is absent cannot be opened", () => {
  assert.throws(
    () => open(details, salts, "name"),
    (error) => hasCode(error, "details.field"),
  );
  const forged = { ...open(details, salts, "kind"), field: "name" };
  assert.ok(!verify(root, forged));
  assert.ok(
    !verify(root, {
      field: "name",
      salt: `0x${"00".repeat(32)}`,
      value: "null",
      path: open(details, salts, "kind").path,
    }),
  );
});

test("forged openings: other value, salt, field, path, length or root", () => {
  const good = open(details, salts, "program");
  const other: Hex = `0x${"99".repeat(32)}`;
  const forgeries: Opening[] = [
    { ...good, value: canonical({ steps: 101 }) },
    { ...good, value: ` ${good.value}` },
    { ...good, salt: other },
    { ...good, field: "corpus" },
    { ...good, field: "toString" },
    { ...good, path: good.path.slice(1) },
    { ...good, path: [...good.path, other] },
    { ...good, path: [other, ...good.path.slice(1)] },
    { ...good, path: good.path.toReversed() },
    { ...good, path: [] },
    { ...good, salt: "0x" },
    { ...good, path: ["0x", "0xzz" as Hex, other] },
  ];
  for (const forgery of forgeries) {
    assert.ok(!verify(root, forgery), JSON.stringify(forgery));
    assert.throws(
      () => read(root, forgery),
      (error) => hasCode(error, "details.forged"),
    );
  }
  assert.ok(!verify(other, good));
});

test("an inner node of the tree is no leaf, and a leaf no root", () => {
  const { path } = open(details, salts, "kind");
  for (const hash of path) assert.ok(!verify(hash, { ...open(details, salts, "kind"), path: [] }));
});

/** Root of a tree that holds only `value` for `kind`, built from the layout in the header; and its path. */
function byHand(value: string): { root: Hex; path: Hex[] } {
  const words = encodeAbiParameters(
    [{ type: "string" }, { type: "bytes32" }, { type: "string" }],
    ["kind", salts.kind, value],
  );
  const node = (left: Hex, right: Hex) => keccak256(concat(["0x01", left, right]));
  const pair = node(zeroHash, zeroHash);
  const path = [zeroHash, pair, node(pair, pair)];
  return { root: path.reduce(node, keccak256(concat(["0x00", words]))), path };
}

test("the layout, by hand", () => {
  const { root: expected, path } = byHand('"train-lm"');
  assert.equal(commit({ kind: "train-lm" }, salts), expected);
  assert.deepEqual(open({ kind: "train-lm" }, salts, "kind").path, path);
});

test("a committed text that reads two ways, or not at all, does not open", () => {
  for (const value of ['{"a":1,"a":2}', '{"b":1,"a":2}', " 1", "1.0", "1e2", "{", ""]) {
    const forged = byHand(value);
    assert.ok(!verify(forged.root, { field: "kind", salt: salts.kind, value, path: forged.path }), value);
  }
});

test("values that JSON has no single text for are refused", () => {
  for (const value of [1.5, -0, 2 ** 53, Number.NaN, 5n, () => 0])
    assert.throws(
      () => commit({ kind: value as Json }, salts),
      (error) => hasCode(error, "details.value"),
    );
  let deep: Json = 1;
  for (let level = 0; level < 20; level++) deep = [deep];
  assert.throws(
    () => commit({ kind: deep }, salts),
    (error) => hasCode(error, "details.value"),
  );
});

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.maxSafeInteger().filter((number) => !Object.is(number, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

test("P1: any value opens to itself, and no changed opening verifies", () => {
  const named = fc.constantFrom(...fieldNames);
  fc.assert(
    fc.property(json, json, named, fc.nat(), (value, rest, field, at) => {
      const all = Object.fromEntries(fieldNames.map((name) => [name, name === field ? value : rest])) as Details;
      const own = commit(all, salts);
      const opening = open(all, salts, field);
      assert.equal(canonical(read(own, opening)), canonical(value));
      const place = at % opening.path.length;
      const path = opening.path.map((hash, index): Hex => (index === place ? `0x${hash.slice(3)}${hash.at(2)}` : hash));
      if (path.join() !== opening.path.join()) assert.ok(!verify(own, { ...opening, path }));
    }),
    { numRuns: 100 },
  );
});

test("salts differ per field and hide equal values", () => {
  assert.equal(new Set(Object.values(salts)).size, fieldNames.length);
  const [first, second] = [{ kind: "x" }, { name: "x" }].map((one) => commit(one, salts));
  assert.notEqual(first, second);
});
