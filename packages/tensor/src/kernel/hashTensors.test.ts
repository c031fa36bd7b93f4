// Roots by the kernels equal those written plainly, for every shape of a model's state and odd ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tensorRoot } from "../commit/TensorLayout.ts";
import { tensorFrom } from "../graph/TensorValue.ts";
import { toHex } from "../sha256.ts";
import { hashTensors } from "./hashTensors.ts";

for (const [what, more] of [
  ["sizes, through one small memory", []],
  ["sizes, one of them too large to keep the memory", [[1100, 1000]]],
  ["sizes, through the memory of before", []],
] as const)
  test(`many tensors of different ${what}`, () => {
    const shapes = [[1], [2], [31], [32], [33], [3, 65], [700, 40], [5, 1], [2, 3, 33], ...more];
    const tensors = shapes.map((shape, n) => {
      const elements = shape.reduce((count, size) => count * size, 1);
      return tensorFrom(
        "f32",
        shape,
        Float32Array.from({ length: elements }, (_, i) => (i % 97 === 96 ? Number.NaN : Math.sin(i * (n + 1)))),
      );
    });
    const roots = hashTensors(
      tensors,
      tensors.map((tensor) => () => tensor),
    );
    assert.deepEqual(
      roots.map(toHex),
      tensors.map((tensor) => toHex(tensorRoot(tensor))),
    );
  });
