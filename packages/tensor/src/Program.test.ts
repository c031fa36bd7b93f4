// Programs: canonical text, stable hash, every field checked by name; data order and start state are pure functions.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson } from "./canonicalJson.ts";
import { batchPositions } from "./dataOrder.ts";
import { rateNano } from "./mlpStep.ts";
import { createProgram, decodeProgram, encodeProgram, programHash, trainingBytes, validateProgram } from "./Program.ts";
import { presets } from "./presets.ts";
import { seedWords, wordBelow } from "./seedStream.ts";
import { sha256, toHex } from "./sha256.ts";
import { tinyCorpus, tinyProgram } from "./tinyProgram.ts";

test("canonical JSON sorts keys and refuses what has no single form", () => {
  assert.equal(
    canonicalJson({ b: [1, "é", null, true], a: { d: 2, c: -3 } }),
    '{"a":{"c":-3,"d":2},"b":[1,"é",null,true]}',
  );
  for (const value of [0.5, Number.NaN, -0, 2 ** 53, undefined, 1n])
    assert.throws(() => canonicalJson({ x: [value] }), { code: "tensor.bad-program", message: /\$\.x\[0\]/ });
});

test("the hash is SHA-256 of the canonical text, and key order does not matter", () => {
  const program = tinyProgram();
  const text = encodeProgram(program);
  assert.deepEqual(programHash(program), sha256(new TextEncoder().encode(text)));
  const reversed = Object.fromEntries(Object.entries(program).reverse());
  assert.equal(encodeProgram(reversed as typeof program), text);
  assert.deepEqual(decodeProgram(text), program);
});

test("a malformed program is refused with the field's name and limit", () => {
  const program = tinyProgram();
  const wrong: [object, RegExp][] = [
    [{ batch: 0 }, /^batch is 0/],
    [{ batch: 1.5 }, /^batch is 1.5/],
    [{ model: { ...program.model, hidden: 5000 } }, /^model.hidden is 5000/],
    [{ model: { context: 1, embedding: 2 } }, /program model has the fields/],
    [{ vocab: [1, 1] }, /^vocab/],
    [{ vocab: "abc" }, /^vocab/],
    [{ numericsId: "fp32-fused" }, /^numericsId fp32-fused/],
    [{ seed: "0x12" }, /^seed/],
    [{ extra: 1 }, /has the fields .*extra/],
    [{ schedule: { ...program.schedule, warmupSteps: 25 } }, /warmupSteps is above totalSteps/],
    [{ corpusBytes: 3 }, /training part has 3 bytes/],
    [{ optimiser: { ...program.optimiser, kind: "sgd" } }, /kind is unknown/],
  ];
  for (const [change, message] of wrong)
    assert.throws(() => validateProgram({ ...program, ...change }), { code: "tensor.bad-program", message });
  for (const value of [null, 3, [], "x"]) assert.throws(() => validateProgram(value), { code: "tensor.bad-program" });
  assert.throws(() => decodeProgram("{"), { code: "tensor.bad-program" });
  assert.throws(() => decodeProgram(" ".repeat(70_000)), /70000 characters/);
  assert.throws(() => createProgram(presets.quick, new Uint8Array(1), new Uint8Array(32)), /corpusBytes is 1/);
  assert.throws(() => createProgram(presets.quick, tinyCorpus, new Uint8Array(31)), /seed/);
});

test("the presets are valid and locked", () => {
  for (const preset of Object.values(presets)) createProgram(preset, tinyCorpus, new Uint8Array(32));
  const digest = toHex(sha256(new TextEncoder().encode(canonicalJson(presets))));
  assert.equal(
    digest,
    "0xb9e96a7917330534b25cc2e5e5d30b588f5a30dc8413be748ac762ebc8281284",
    "a preset changed: programs made from it get other hashes",
  );
});

test("data order is a pure function of seed and step, inside the training part", () => {
  const program = tinyProgram();
  assert.deepEqual(batchPositions(program, 3), batchPositions(program, 3));
  assert.notDeepEqual(batchPositions(program, 3), batchPositions(program, 4));
  assert.notDeepEqual(batchPositions(program, 3), batchPositions(tinyProgram({}, 2), 3));
  for (let step = 0; step < 200; step++)
    for (const position of batchPositions(program, step))
      assert.ok(position >= program.model.context && position < trainingBytes(program));
});

test("seed words: one block by hand, prefixes agree, and draws are exact and in range", () => {
  const seed = new Uint8Array(32).fill(5);
  const block = sha256(
    seed,
    new TextEncoder().encode("label"),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 7),
    new Uint8Array(8),
  );
  const words = seedWords(seed, "label", 7, 20);
  assert.equal(words[0], new DataView(block.buffer).getUint32(0));
  assert.equal(words[7], new DataView(block.buffer).getUint32(28));
  assert.deepEqual(seedWords(seed, "label", 7, 5), words.slice(0, 5));
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(word, fc.integer({ min: 1, max: 2 ** 32 }), (w, range) => {
      assert.equal(wordBelow(w, range), Number((BigInt(w) * BigInt(range)) >> 32n));
    }),
    { verbose: true },
  );
});

test("the rate warms up, peaks and ends where the schedule says", () => {
  const schedule = { kind: "linear" as const, rateNano: 1000, finalRateNano: 100, warmupSteps: 4 };
  assert.deepEqual(
    [0, 3, 4, 7, 10].map((step) => rateNano(schedule, 13, step)),
    [250, 1000, 1000, 700, 400],
  );
});
