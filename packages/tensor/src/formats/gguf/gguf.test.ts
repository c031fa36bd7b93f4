// GGUF: what is written reads back, value by value and model by model; blocks hold what their type can; hostile files are
// refused before anything is allocated. That llama.cpp reads the files is shown in tests/peers.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createByteTokenizer } from "../../tokenizers/byteTokenizer.ts";
import { llama2cTokenizer } from "../../tokenizers/llama2cTokenizer.ts";
import { openTokenizer, type TokenizerData } from "../../tokenizers/tokenizers.ts";
import { trainBpe } from "../../tokenizers/trainBpe.ts";
import { smallModel } from "../gptFixture.ts";
import { decodeBlocks, encodeBlocks } from "./blocks.ts";
import type { GgufFile, GgufScalar, GgufValue, GgufValueType } from "./Gguf.ts";
import { readGptGguf, writeGptGguf } from "./gptGguf.ts";
import { needList } from "./metadata.ts";
import { readGguf } from "./readGguf.ts";
import { writeGguf } from "./writeGguf.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const scalars: Record<GgufValueType, fc.Arbitrary<GgufScalar>> = {
  u8: fc.nat(255),
  i8: fc.integer({ min: -128, max: 127 }),
  u16: fc.nat(65_535),
  i16: fc.integer({ min: -32_768, max: 32_767 }),
  u32: fc.nat(2 ** 32 - 1),
  i32: fc.integer(),
  f32: fc.float(),
  bool: fc.boolean(),
  string: fc.string({ unit: "grapheme" }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f64: fc.double(),
};
const value: fc.Arbitrary<GgufValue> = fc.constantFrom(...(Object.keys(scalars) as GgufValueType[])).chain((type) =>
  fc.oneof(
    scalars[type].map((one) => ({ type, value: one })),
    fc.array(scalars[type], { maxLength: 5 }).map((values) => ({ type: "array" as const, of: type, values })),
  ),
);
const tensor = fc
  .record({ type: fc.constantFrom("f32", "f16", "q8_0"), rows: fc.integer({ min: 1, max: 3 }), blocks: fc.nat(2) })
  .map(({ type, rows, blocks }) => ({ type, shape: [rows, 32 * (blocks + 1)] }) as const);
const file = fc
  .record({
    metadata: fc.array(fc.tuple(fc.string({ minLength: 1 }), value), { maxLength: 6 }),
    tensors: fc.array(tensor, { maxLength: 3 }),
  })
  .map(({ metadata, tensors }): GgufFile => {
    return {
      metadata: new Map(metadata),
      tensors: tensors.map(({ type, shape }, n) => {
        const values = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.fround(Math.sin(i + n)));
        return { name: `t${n}`, type, shape, bytes: encodeBlocks("t", type, values) };
      }),
    };
  });

test("files of any metadata and tensors read back, and write to the same bytes", () => {
  fc.assert(
    fc.property(file, (made) => {
      const written = writeGguf(made);
      const read = readGguf(written);
      assert.deepEqual([...read.metadata], [...made.metadata]);
      assert.deepEqual(read.tensors, made.tensors);
      assert.deepEqual(writeGguf(read), written);
    }),
    { numRuns: 300 },
  );
});

test("f16 and q8_0 hold values as closely as their bits allow", () => {
  const finite = fc.float({ min: -60_000, max: 60_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(finite, { minLength: 32, maxLength: 32 }), fc.integer({ min: -12, max: 0 }), (list, power) => {
      const values = Float32Array.from(list, (x) => x * 2 ** power);
      const largest = Math.max(...values.map(Math.abs));
      assert.deepEqual(decodeBlocks({ type: "f32", bytes: encodeBlocks("x", "f32", values) }), values);
      const halves = decodeBlocks({ type: "f16", bytes: encodeBlocks("x", "f16", values) });
      const eighths = decodeBlocks({ type: "q8_0", bytes: encodeBlocks("x", "q8_0", values) });
      values.forEach((x, i) => {
        assert.ok(Math.abs(x - halves[i]!) <= Math.max(Math.abs(x) * 2 ** -11, 2 ** -25));
        // Half a step of the scale, the scale's own rounding, and its underflow.
        assert.ok(Math.abs(x - eighths[i]!) <= (largest / 127) * 0.5001 + largest * 2 ** -11 + 127 * 2 ** -25);
      });
    }),
    { numRuns: 300 },
  );
});

test("q8_0 rounds halves away from zero, with one scale for 32 elements", () => {
  const values = new Float32Array(64);
  values.set([127, 0.5, -0.5, 1.5, -126.5, 126.49]);
  values.set([-254, 3], 32);
  const block = encodeBlocks("x", "q8_0", values);
  assert.deepEqual([...new Int8Array(block.buffer, 2, 7)], [127, 1, -1, 2, -127, 126, 0]);
  assert.deepEqual([...new Int8Array(block.buffer, 36, 3)], [-127, 2, 0]);
  assert.deepEqual([block[0], block[1], block[34], block[35]], [0, 0x3c, 0, 0x40], "scales 1 and 2 as binary16");
  assert.deepEqual([...encodeBlocks("x", "q8_0", new Float32Array(32))], Array(34).fill(0));
});

test("a value that a type cannot hold is named", () => {
  const bad = (type: "f16" | "q8_0", x: number, message: RegExp) =>
    assert.throws(() => encodeBlocks("w", type, new Float32Array(32).fill(x, 5, 6)), {
      code: "tensor.bad-tensor",
      message,
    });
  bad("f16", 70_000, /w holds 70000 at 5, which f16 cannot hold/);
  bad("f16", Number.NaN, /NaN at 5/);
  bad("q8_0", Number.NEGATIVE_INFINITY, /-Infinity at 5/);
  assert.equal(
    decodeBlocks({ type: "f32", bytes: encodeBlocks("w", "f32", Float32Array.of(Number.NaN)) })[0],
    Number.NaN,
  );
});

const text = bytes("the cat that sat there on the mat");
const llama2c = llama2cTokenizer.validate({
  kind: "llama2c",
  pieces: ["20", "61", "2061"],
  scores: [0, 0x3f800000, 0],
});
const tokenizers: TokenizerData[] = [
  trainBpe(text, { vocab: 262 }),
  trainBpe(text, { vocab: 20, alphabet: "corpus" }),
  createByteTokenizer(),
  createByteTokenizer({ end: false }),
  createByteTokenizer({ corpus: text }),
  llama2c,
];
const sizeOf = (tokenizer: TokenizerData) => openTokenizer(tokenizer).vocab;
const pairs = tokenizers[0]!;

test("a model with its tokenizer reads back", () => {
  tokenizers.forEach((tokenizer, i) => {
    const model = smallModel(sizeOf(tokenizer), i % 2 === 0);
    const read = readGptGguf(writeGptGguf(model, { tokenizer, type: "f32" }));
    assert.deepEqual(read, { ...model, tokenizer });
  });
});

test("bytes are written in GPT-2's letters", () => {
  const { metadata } = readGguf(writeGptGguf(smallModel(257), { tokenizer: createByteTokenizer(), type: "f32" }));
  const tokens = needList<string>(metadata, "tokenizer.ggml.tokens", "string");
  const letters = [0, 10, 32, 33, 126, 127, 160, 161, 172, 173, 174, 255].map((byte) => tokens[byte]);
  assert.equal(letters.join(""), "\u0100\u010a\u0120!~\u0121\u0142\u00a1\u00ac\u0143\u00ae\u00ff");
});

test("q8_0 files keep norms as f32 and rows of odd length as f16", () => {
  const model = smallModel(257);
  const { tensors } = readGguf(writeGptGguf(model, { tokenizer: createByteTokenizer(), type: "q8_0" }));
  const types = Object.fromEntries(tensors.map(({ name, type }) => [name, type]));
  assert.equal(types["blk.0.attn_norm.weight"], "f32");
  assert.equal(types["blk.0.attn_q.weight"], "q8_0");
  assert.equal(types["blk.0.ffn_down.weight"], "f16", "48 columns");
  assert.equal(types["token_embd.weight"], "q8_0");
});

test("a model is refused with another vocabulary, without a weight, or without an end mark", () => {
  const model = smallModel(257);
  const tokenizer = createByteTokenizer();
  const options = { tokenizer, type: "f32" } as const;
  const refused: [() => void, string, RegExp][] = [
    [() => writeGptGguf(smallModel(100), options), "bad-model", /has 100 tokens and the tokenizer 257/],
    [
      () => writeGptGguf({ ...model, tensors: model.tensors.slice(1) }, options),
      "bad-model",
      /model.embed_tokens.weight is not f32 \[257,32\]/,
    ],
    [
      () => writeGptGguf(smallModel(11), { ...options, tokenizer: createByteTokenizer({ corpus: text, end: false }) }),
      "bad-tokenizer",
      /no end mark/,
    ],
    [
      () =>
        writeGptGguf(smallModel(261), {
          ...options,
          tokenizer: llama2cTokenizer.validate({ kind: "llama2c", pieces: ["20", "e29681"], scores: [0, 0] }),
        }),
      "bad-tokenizer",
      /two tokens are called ▁/,
    ],
  ];
  for (const [write, code, message] of refused) assert.throws(write, { code: `tensor.${code}`, message });
});

/** A file as parts: numbers are u32, bigints u64, texts strings with their length. */
function raw(...parts: (number | bigint | string | Uint8Array)[]): Uint8Array {
  const encoded = parts.map((part) => {
    if (part instanceof Uint8Array) return part;
    if (typeof part === "string") return Buffer.concat([raw(BigInt(bytes(part).length)), bytes(part)]);
    const own = Buffer.alloc(typeof part === "number" ? 4 : 8);
    if (typeof part === "number") own.writeUInt32LE(part);
    else own.writeBigUInt64LE(part);
    return own;
  });
  return new Uint8Array(Buffer.concat(encoded));
}
const HEAD = [0x46554747, 3] as const;
const tensorAt = (name: string, axes: bigint[], type: number, offset: bigint) =>
  raw(name, axes.length, ...axes, type, offset);

test("hostile files are refused by what they claim", () => {
  const refused: [Uint8Array, RegExp][] = [
    [new Uint8Array(3), /magic word needs 4 bytes at 0/],
    [raw(0x47475546, 3), /begins with 47475546/],
    [raw(0x46554747, 2, 0n, 0n), /version is 2/],
    [raw(...HEAD, 2n ** 63n, 0n), /number of tensors is 9223372036854775808, the limit is 16384/],
    [raw(...HEAD, 0n, 2n ** 40n), /number of metadata entries is 1099511627776/],
    [raw(...HEAD, 0n, 1n, 2n ** 62n), /length of key 0 is/],
    [raw(...HEAD, 0n, 1n, "k", 13), /k has the unknown type 13/],
    [raw(...HEAD, 0n, 1n, "k", 9, 9, 0n), /elements of k has the unknown type 9/],
    [raw(...HEAD, 0n, 1n, "k", 9, 4, 2n ** 22n), /k claims 4194304 elements and 0 bytes are left/],
    [raw(...HEAD, 0n, 1n, "k", 9, 8, 2n ** 60n), /number of elements of k is/],
    [raw(...HEAD, 0n, 1n, "k", 7, Uint8Array.of(2)), /k is 2, not 0 or 1/],
    [raw(...HEAD, 0n, 1n, "k", 8, 1n, Uint8Array.of(0xff)), /k is not UTF-8/],
    [raw(...HEAD, 0n, 2n, "k", 4, 1, "k", 4, 1), /k is there twice/],
    [raw(...HEAD, 0n, 1n, "general.alignment", 4, 24), /general.alignment is no u32 that is a power of two/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [], 0, 0n)), /t has 0 axes/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [1n, 1n, 1n, 1n, 1n], 0, 0n)), /t has 5 axes/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [2n ** 63n], 0, 0n)), /t has the axes 9223372036854775808/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [0n], 0, 0n)), /t has the axes 0/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [1n], 2, 0n)), /t has block type 2; f32, f16, q8_0, bf16 are read/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [33n], 8, 0n)), /rows of t are not whole blocks of q8_0/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [2n ** 24n], 0, 0n), new Uint8Array(64)), /tensor t needs 67108864 bytes/],
    [raw(...HEAD, 1n, 0n, tensorAt("t", [1n], 0, 32n), new Uint8Array(96)), /t lies at 32, expected is 0/],
    [raw(...HEAD, 2n, 0n, tensorAt("t", [1n], 0, 0n), tensorAt("t", [1n], 0, 32n)), /same name/],
  ];
  for (const [file_, message] of refused)
    assert.throws(() => readGguf(file_), { code: "tensor.bad-gguf", message }, String(message));
});

test("model files that lie are refused by name", () => {
  const whole = readGguf(writeGptGguf(smallModel(sizeOf(pairs)), { tokenizer: pairs, type: "f32" }));
  const bend = (key: string, changed: GgufValue) =>
    writeGguf({ ...whole, metadata: new Map([...whole.metadata, [key, changed]]) });
  const refused: [Uint8Array, RegExp][] = [
    [bend("general.architecture", { type: "string", value: "gpt2" }), /architecture is gpt2/],
    [bend("llama.block_count", { type: "string", value: "2" }), /llama.block_count is string, u32 is needed/],
    [bend("llama.block_count", { type: "u32", value: 1 }), /has 20 tensors and the model 11/],
    [
      bend("llama.feed_forward_length", { type: "u32", value: 64 }),
      /ffn_gate.weight is \[48,32\], the model needs \[64,32\]/,
    ],
    [bend("llama.rope.dimension_count", { type: "u32", value: 4 }), /only a part of each head/],
    [bend("llama.attention.head_count", { type: "u32", value: 0 }), /gpt heads is 0/],
    [bend("tokenizer.ggml.model", { type: "string", value: "bert" }), /tokenizer is bert/],
    [bend("tokenizer.ggml.pre", { type: "string", value: "gpt-2" }), /pre-tokenizer is gpt-2/],
    [bend("tokenizer.ggml.merges", { type: "array", of: "string", values: ["a"] }), /merge 0 is not of two tokens/],
    [
      bend("tokenizer.ggml.tokens", { type: "array", of: "u32", values: [1] }),
      /tokenizer.ggml.tokens is no list of string/,
    ],
  ];
  for (const [file_, message] of refused) assert.throws(() => readGptGguf(file_), { name: "TensorError", message });
});

test("a file that is cut or bent anywhere in its header is read or refused, never worse", () => {
  const whole = writeGptGguf(smallModel(sizeOf(pairs)), { tokenizer: pairs, type: "q8_0" });
  const header = whole.length - readGguf(whole).tensors.reduce((sum, { bytes: own }) => sum + own.length, 0);
  const place = fc.nat(header);
  const word = fc.oneof(fc.nat(255), fc.constantFrom(0x7fffffff, 0xffffffff, 0x80000000));
  fc.assert(
    fc.property(place, place, word, fc.constantFrom(1, 4, 8), (cut, at, changed, width) => {
      const bent = whole.slice();
      new DataView(bent.buffer).setUint32(Math.min(at, whole.length - 8), changed, true);
      if (width === 8) new DataView(bent.buffer).setUint32(Math.min(at + 4, whole.length - 8), changed, true);
      for (const file_ of [whole.slice(0, cut), bent])
        try {
          assert.equal(readGptGguf(file_).tensors.length, 20);
        } catch (error) {
          assert.match((error as { code?: string }).code ?? String(error), /^tensor\.bad-(gguf|model|tokenizer)$/);
        }
    }),
    { numRuns: 600 },
  );
});
