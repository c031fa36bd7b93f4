// safetensors: what is written reads back, other writers' files read, hostile bytes give one clear error and no big array.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex32 } from "../sha256.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../train/Checkpoint.ts";
import { outlineProgram } from "../train/Program.ts";
import { startState } from "../train/startState.ts";
import { tinyTrainProgram } from "../train/tinyTrainProgram.ts";
import type { NamedValue } from "./NamedValue.ts";
import { readSafetensors, safetensorsBytes, writeSafetensors } from "./Safetensors.ts";

const program = outlineProgram(tinyTrainProgram());
const state = startState(fromHex32(program.program.seed, "seed"), program.step.state);
const checkpoint = encodeCheckpoint(program, { nextStep: 0, state });

function file(header: unknown, body: number, length?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

test("a checkpoint reads back and writes to the same bytes", () => {
  const { nextStep, state: read } = decodeCheckpoint(program, checkpoint);
  assert.equal(nextStep, 0);
  assert.deepEqual(encodeCheckpoint(program, { nextStep: 0, state: read }), checkpoint);
  assert.deepEqual(read, state);
  assert.equal(new DataView(checkpoint.buffer).getUint32(0, true) % 8, 0, "the data starts at a multiple of 8");
});

test("names, shapes and values survive; non-ASCII metadata too", () => {
  const data = Float32Array.of(1, -0, 2 ** -149, Number.POSITIVE_INFINITY, Number.NaN, 5);
  const tensors: NamedValue[] = [
    { name: "x", dtype: "f32", shape: [1, 2, 3], data },
    { name: "7", dtype: "i32", shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
    { name: "__proto__", dtype: "i8", shape: [1, 1, 1, 3, 1, 1], data: Int8Array.of(-128, 127, 0) },
  ];
  const bytes = writeSafetensors({ metadata: { b: "ü", a: "1", "7": '":' }, tensors });
  assert.equal(safetensorsBytes({ metadata: { b: "ü", a: "1", "7": '":' }, tensors }), bytes.length);
  const read = readSafetensors(bytes);
  assert.deepEqual(read.metadata, { "7": '":', a: "1", b: "ü" });
  assert.deepEqual(read.tensors, tensors);
  assert.deepEqual(writeSafetensors(read), bytes);
});

test("a NaN is written as 7fc00000 and read as it stands", () => {
  const words = Uint32Array.of(0xffc00001, 0x7f800001, 0xff800000);
  const value = { name: "x", dtype: "f32", shape: [3], data: new Float32Array(words.buffer) } as const;
  const bytes = writeSafetensors({ metadata: {}, tensors: [value] });
  const view = new DataView(bytes.buffer, bytes.length - 12);
  assert.deepEqual(
    [0, 4, 8].map((at) => view.getUint32(at, true)),
    [0x7fc00000, 0x7fc00000, 0xff800000],
  );
  view.setUint32(0, 0xffc00001, true);
  const { data } = readSafetensors(bytes).tensors[0]!;
  assert.equal(new Uint32Array(data.buffer)[0], 0xffc00001);
});

test("16-bit floats and bytes are widened exactly", () => {
  const halves = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const read = (dtype: string, bytes: Uint8Array) => {
    const entry = { x: { dtype, shape: [bytes.length / (dtype === "U8" ? 1 : 2)], data_offsets: [0, bytes.length] } };
    const whole = file(entry, bytes.length);
    whole.set(bytes, whole.length - bytes.length);
    return readSafetensors(whole).tensors[0]!;
  };
  const f16 = read("F16", new Uint8Array(halves.buffer));
  const bf16 = read("BF16", new Uint8Array(halves.buffer));
  halves.forEach((bits, i) => {
    assert.ok(Object.is(f16.data[i], halfValue(bits)), `binary16 ${bits.toString(16)}`);
    assert.equal(new Uint32Array(bf16.data.buffer)[i], bits * 65_536, `bfloat16 ${bits.toString(16)}`);
  });
  const u8 = read("U8", Uint8Array.of(0, 127, 128, 255));
  assert.deepEqual([u8.dtype, [...u8.data]], ["i32", [0, 127, 128, 255]]);
});

/** binary16 by its definition. */
function halfValue(bits: number): number {
  const sign = bits >> 15 === 1 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

test("what is no tensor is not written", () => {
  const value = { name: "x", dtype: "f32", shape: [2], data: new Float32Array(2) } as const;
  const wrong: [NamedValue[], RegExp][] = [
    [[value, value], /x is there already/],
    [[{ ...value, name: "__metadata__" }], /there already/],
    [[{ ...value, shape: [3] }], /x is f32 \[3\] with 2 elements/],
    [[{ ...value, shape: [] }], /x is/],
  ];
  for (const [tensors, message] of wrong)
    assert.throws(() => writeSafetensors({ metadata: {}, tensors }), { code: "tensor.bad-safetensors", message });
});

test("a vector and an unsorted header of another writer are read", () => {
  const read = readSafetensors(
    file(
      { b: { dtype: "F32", shape: [1], data_offsets: [8, 12] }, a: { dtype: "F32", shape: [2], data_offsets: [0, 8] } },
      12,
    ),
  );
  assert.deepEqual(
    read.tensors.map(({ name, shape }) => [name, shape]),
    [
      ["a", [2]],
      ["b", [1]],
    ],
  );
});

test("hostile files give bad-safetensors", () => {
  const entry = (shape: unknown, offsets: unknown, dtype = "F32") => ({ x: { dtype, shape, data_offsets: offsets } });
  const hostile: [Uint8Array, RegExp][] = [
    [new Uint8Array(7), /has 7 bytes/],
    [file("{}", 0, 2 ** 40), /claims 1099511627776 bytes/],
    [file("{}", 0, 100), /truncated/],
    [file("{nope", 0), /not UTF-8 JSON/],
    [file("[]", 0), /not a JSON object/],
    [file(entry([2 ** 30, 2 ** 30], [0, 4]), 4), /has shape/],
    [file(entry([1], [0, 4_000_000_000]), 4), /truncated or corrupt/],
    [file(entry([1], [4, 0]), 4), /truncated or corrupt/],
    [file(entry([1.5], [0, 6]), 6), /shape/],
    [file(entry([], [0, 4]), 4), /shape/],
    [file(entry([0], [0, 0]), 0), /shape/],
    [file(entry([1, 1, 1, 1, 1, 1, 1], [0, 4]), 4), /shape/],
    [file(entry([1], "no"), 4), /data_offsets/],
    [file(entry([1], [0, 8], "F64"), 8), /dtype F64/],
    [file(entry([1], [0, 4], "toString"), 4), /dtype toString/],
    [file(`{"x":{"dtype":${"[".repeat(50_000)}${"]".repeat(50_000)},"shape":[1],"data_offsets":[0,4]}}`, 4), /dtype/],
    [
      file(
        '{"x":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
      /twice/,
    ],
    [file('{"x":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4), /twice/],
    [file('{"__metadata__":{"a":"1","a":"2"}}', 0), /twice/],
    [file(entry([1], [4, 8]), 8), /gap/],
    [file(entry([1], [0, 4]), 8), /cover 4 of 8/],
    [file({ x: null }, 0), /fields null/],
    [file({ x: [] }, 0), /fields/],
    [file({ x: { ...entry([1], [0, 4]).x, more: 1 } }, 4), /fields data_offsets,dtype,more,shape/],
    [file({ __metadata__: { a: 1 } }, 0), /__metadata__.a/],
  ];
  for (const [bytes, message] of hostile)
    assert.throws(() => readSafetensors(bytes), { code: "tensor.bad-safetensors", message });
});

test("mixed files are read within four times their size, or refused", () => {
  const kinds = fc.constantFrom("F32", "F16", "BF16", "I32", "I8", "U8", "F64", "BOOL");
  const sizes = fc.array(fc.oneof(fc.nat(4), fc.constantFrom(2 ** 24, 2 ** 31, -1, 0.5)), { maxLength: 7 });
  const offset = fc.oneof(fc.nat(64), fc.constantFrom(2 ** 32, -1, 2 ** 53));
  const entry = fc.record({ dtype: kinds, shape: sizes, data_offsets: fc.tuple(offset, offset) });
  const headers = fc.dictionary(fc.constantFrom("a", "b", "__metadata__"), fc.oneof(entry, fc.jsonValue()));
  fc.assert(
    fc.property(headers, fc.nat(64), (header, body) => {
      const bytes = file(header, body);
      try {
        for (const { shape, data } of readSafetensors(bytes).tensors) {
          assert.equal(
            data.length,
            shape.reduce((count, size) => count * size, 1),
          );
          assert.ok(data.byteLength <= 4 * body);
        }
      } catch (error) {
        assert.equal((error as { code: string }).code, "tensor.bad-safetensors");
      }
    }),
    { numRuns: 1000 },
  );
});

test("cutting or flipping a checkpoint anywhere in its header never does worse than a TensorError", () => {
  fc.assert(
    fc.property(fc.nat(checkpoint.length - 1), fc.nat(1800), fc.integer({ min: 1, max: 255 }), (cut, at, mask) => {
      assert.throws(() => decodeCheckpoint(program, checkpoint.slice(0, cut)), { name: "TensorError" });
      const bent = checkpoint.slice();
      bent[at]! ^= mask;
      try {
        decodeCheckpoint(program, bent);
      } catch (error) {
        assert.equal((error as Error).name, "TensorError");
      }
    }),
    { verbose: true, numRuns: 200 },
  );
});

test("a checkpoint of another program or with a wild step is refused", () => {
  assert.throws(() => decodeCheckpoint(outlineProgram(tinyTrainProgram({}, 9)), checkpoint), /belongs to program/);
  assert.throws(() => decodeCheckpoint(program, encodeCheckpoint(program, { nextStep: 25, state })), /nextStep is 25/);
});
