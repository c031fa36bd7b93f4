// Every generated constant against its plain definition, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256, toHex } from "../sha256.ts";
import { type ConstantData, constantType, constantValue, validateConstant } from "./constants.ts";
import type { Constant } from "./Graph.ts";
import { bitsView, type TensorValue } from "./TensorValue.ts";

const elements = (constant: Constant, data?: ConstantData): number[] => {
  const value: TensorValue = constantValue(validateConstant("constant", constant), data);
  assert.deepEqual({ dtype: value.dtype, shape: value.shape }, constantType(constant));
  return Array.from(value.data);
};

test("scalar and fill keep every bit of their word", () => {
  assert.deepEqual(elements({ kind: "scalar", word: 0x3fc00000 }), [1.5]);
  assert.deepEqual(elements({ kind: "fill", shape: [2, 2], word: 0x80000000 }), [-0, -0, -0, -0]);
  const odd = constantValue({ kind: "fill", shape: [2], word: 0xff800001 });
  assert.deepEqual(Array.from(bitsView(odd)), [0xff800001, 0xff800001]);
});

test("causal is 0 up to the diagonal and -inf above, iota counts", () => {
  const no = Number.NEGATIVE_INFINITY;
  assert.deepEqual(elements({ kind: "causal", size: 3 }), [0, no, no, 0, 0, no, 0, 0, 0]);
  assert.deepEqual(elements({ kind: "iota", size: 4 }), [0, 1, 2, 3]);
});

test("rope holds cosine and signed sine of position times frequency", () => {
  const [positions, dim, theta] = [40, 6, 10_000];
  const table = { kind: "rope", positions, dim, theta } as const;
  const [cos, sin] = [elements({ ...table, part: "cos" }), elements({ ...table, part: "sin" })];
  for (let p = 0; p < positions; p++)
    for (let column = 0; column < dim; column++) {
      const even = column - (column % 2);
      const angle = p * theta ** (-even / dim);
      const at = p * dim + column;
      assert.ok(Math.abs(cos[at]! - Math.cos(angle)) < 1e-7);
      assert.ok(Math.abs(sin[at]! - (column === even ? -1 : 1) * Math.sin(angle)) < 1e-7);
    }
  assert.ok(Object.is(sin[0], -0) && Object.is(sin[1], 0));
});

test("window names the pixel under every tap, -1 outside", () => {
  const window = {
    kind: "window",
    batch: 2,
    height: 2,
    width: 3,
    kernel: [2, 2],
    stride: [1, 2],
    pads: [1, 0, 0, 1],
    dilation: [1, 1],
  } as const;
  assert.deepEqual(constantType(window).shape, [8, 4]);
  const first = [
    [-1, -1, 0, 1],
    [-1, -1, 2, -1],
    [0, 1, 3, 4],
    [2, -1, 5, -1],
  ];
  const second = first.map((row) => row.map((pixel) => (pixel < 0 ? -1 : pixel + 6)));
  assert.deepEqual(elements(window), [...first, ...second].flat());
  const dilated = { ...window, batch: 1, height: 5, pads: [0, 0, 0, 0], dilation: [3, 2], stride: [1, 1] } as const;
  assert.deepEqual(elements(dilated), [0, 2, 9, 11, 3, 5, 12, 14]);
});

test("data is checked by length and hash and read little-endian", () => {
  const bytes = Uint8Array.of(0, 0, 192, 63, 1, 0, 128, 255);
  const hash = toHex(sha256(bytes));
  const constant = { kind: "data", name: "w", dtype: "f32", shape: [2], sha256: hash } as const;
  const value = constantValue(constant, new Map([[hash, bytes]]));
  assert.deepEqual(Array.from(bitsView(value)), [0x3fc00000, 0xff800001]);
  const small = { ...constant, dtype: "i8", shape: [8] } as const;
  assert.deepEqual(elements(small, new Map([[hash, bytes]])), [0, 0, -64, 63, 1, 0, -128, -1]);
  const missing = { code: "tensor.bad-tensor", message: /bytes of constant w are missing/ };
  assert.throws(() => constantValue(constant), missing);
  const other = { code: "tensor.bad-tensor", message: /constant w has 8 bytes/ };
  assert.throws(() => constantValue({ ...constant, shape: [3] }, new Map([[hash, bytes]])), other);
  assert.throws(() => constantValue(constant, new Map([[hash, bytes.map((byte) => byte ^ 1)]])), other);
});

test("a constant that doesn't fit is refused with place, field and limit", () => {
  const window = { kind: "window", batch: 1, height: 2, width: 2, kernel: [3, 3], stride: [1, 1] };
  const rest = { pads: [0, 0, 0, 0], dilation: [1, 1] };
  const wrong: [unknown, RegExp][] = [
    [{ kind: "spline" }, /^constant 3: kind is spline/],
    [null, /^constant 3: kind is undefined/],
    [{ kind: "scalar", word: -1 }, /^constant 3 scalar: word is -1/],
    [{ kind: "scalar", word: 1, name: "x" }, /^constant 3 scalar: has the fields kind,name,word/],
    [{ kind: "fill", shape: [2 ** 25], word: 0 }, /^constant 3 fill: shape is a list of 1: 33554432/],
    [{ kind: "causal", size: 2 ** 15 }, /^constant 3 causal: it would be f32 \[32768,32768\]/],
    [{ kind: "causal", size: 0 }, /^constant 3 causal: it would be f32 \[0,0\]/],
    [{ kind: "rope", positions: 4, dim: 3, theta: 10, part: "cos" }, /^constant 3 rope: dim is 3/],
    [{ kind: "rope", positions: 2 ** 21, dim: 2, theta: 10, part: "cos" }, /^constant 3 rope: positions is 2097152/],
    [{ kind: "rope", positions: 4, dim: 4, theta: 1, part: "cos" }, /^constant 3 rope: theta is 1/],
    [{ kind: "rope", positions: 4, dim: 4, theta: 10, part: "tan" }, /^constant 3 rope: part is tan/],
    [{ ...window, ...rest }, /^constant 3 window: the kernel \[3,3\] does not fit into 2 x 2/],
    [{ ...window, ...rest, kernel: [0, 1] }, /^constant 3 window: kernel, stride or dilation holds 0/],
    [{ ...window, ...rest, batch: 0 }, /^constant 3 window: 0 images of 2 x 2/],
    [{ kind: "data", name: "a b", dtype: "f32", shape: [1], sha256: `0x${"0".repeat(64)}` }, /name is a b/],
    [{ kind: "data", name: "a", dtype: "f64", shape: [1], sha256: `0x${"0".repeat(64)}` }, /dtype is f64/],
    [{ kind: "data", name: "a", dtype: "f32", shape: [1], sha256: "0x00" }, /sha256 is 0x00/],
  ];
  for (const [value, message] of wrong)
    assert.throws(() => validateConstant("constant 3", value), { code: "tensor.bad-graph", message }, String(message));
});
