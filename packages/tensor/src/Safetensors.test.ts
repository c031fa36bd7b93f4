// safetensors: what is written reads back, other writers' files read, hostile bytes give one clear error and no big array.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCheckpoint, encodeCheckpoint } from "./Checkpoint.ts";
import { readSafetensors, writeSafetensors } from "./Safetensors.ts";
import { allocateState, stateTensors, writeStartState } from "./State.ts";
import { tinyProgram } from "./tinyProgram.ts";

const program = tinyProgram();
const state = allocateState(program, (rows, columns) => new Float32Array(rows * columns));
writeStartState(program, state);
const checkpoint = encodeCheckpoint(program, 0, state);

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
  assert.deepEqual(encodeCheckpoint(program, 0, read), checkpoint);
  assert.deepEqual(stateTensors(read), stateTensors(state));
  assert.equal(new DataView(checkpoint.buffer).getUint32(0, true) % 8, 0, "the data starts at a multiple of 8");
});

test("names, shapes and values survive; non-ASCII metadata too", () => {
  const data = Float32Array.of(1, -0, 2 ** -149, Number.POSITIVE_INFINITY, Number.NaN, 5);
  const bytes = writeSafetensors({ metadata: { b: "ü", a: "1" }, tensors: [{ name: "x", rows: 2, columns: 3, data }] });
  const read = readSafetensors(bytes);
  assert.deepEqual(read.metadata, { a: "1", b: "ü" });
  assert.deepEqual(read.tensors, [{ name: "x", rows: 2, columns: 3, data }]);
});

test("a vector and an unsorted header of another writer are read", () => {
  const read = readSafetensors(
    file(
      { b: { dtype: "F32", shape: [1], data_offsets: [8, 12] }, a: { dtype: "F32", shape: [2], data_offsets: [0, 8] } },
      12,
    ),
  );
  assert.deepEqual(
    read.tensors.map(({ name, rows, columns }) => [name, rows, columns]),
    [
      ["a", 1, 2],
      ["b", 1, 1],
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
    [file(entry([1, 1, 1], [0, 4]), 4), /shape/],
    [file(entry([1], "no"), 4), /data_offsets/],
    [file(entry([1], [0, 2], "F16"), 2), /dtype F16/],
    [file(entry([1], [4, 8]), 8), /gap/],
    [file(entry([1], [0, 4]), 8), /cover 4 of 8/],
    [file({ x: null }, 0), /dtype/],
    [file({ __metadata__: { a: 1 } }, 0), /__metadata__.a/],
  ];
  for (const [bytes, message] of hostile)
    assert.throws(() => readSafetensors(bytes), { code: "tensor.bad-safetensors", message });
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
  assert.throws(() => decodeCheckpoint(tinyProgram({}, 9), checkpoint), /belongs to program/);
  assert.throws(() => decodeCheckpoint(program, encodeCheckpoint(program, 25, state)), /nextStep is 25/);
});
