import assert from "node:assert/strict";
import { test } from "node:test";
import { dataRoot } from "../HashLayout.ts";
import { TensorError } from "../TensorError.ts";
import { corpusRoot } from "./corpusRoot.ts";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 24);

test("the kernels' data root is the plain one's, around the ends of leaves and pieces", () => {
  const piece = 2 ** 20;
  for (const length of [1, 127, 128, 129, 4096, 100_001, piece, piece + 129])
    assert.deepEqual(corpusRoot(bytes(length)), dataRoot(bytes(length)), `${length} bytes`);
});

test("an empty corpus has no root", () => {
  assert.throws(() => corpusRoot(new Uint8Array()), TensorError);
});
