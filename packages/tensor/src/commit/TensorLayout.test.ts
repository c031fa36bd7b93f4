// Leaves and roots of tensors of any rank: the kernels' trees are these,
// trees kept whole give the paths of Merkle.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Shape, ValueType } from "../graph/Graph.ts";
import { bitsView, createTensor, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { hashRoomBytes, rootAddresses } from "../kernel/hashRoom.ts";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { hashLeaf, merklePath, merkleRoot } from "../Merkle.ts";
import { seedWords } from "../seedStream.ts";
import { toHex } from "../sha256.ts";
import { merkleTree } from "./MerkleTree.ts";
import { leafBytes, leafCount, leafElements, leafOf, tensorRoot, tensorRootFrom } from "./TensorLayout.ts";

function filled(type: ValueType): TensorValue {
  const value = createTensor(type);
  bitsView(value).set(seedWords(new Uint8Array(32).fill(3), `layout ${type.shape}`, 0, value.data.length));
  return value;
}

const SHAPES: Shape[] = [[1], [32], [33], [3, 31], [2, 3, 5], [4, 1, 2, 40], [600, 64], [2, 2, 2, 2, 2, 70]];

test("leaves hold every element once, rows apart, the rest zero; a NaN is canonical, an i8 is widened", () => {
  for (const shape of SHAPES) {
    const value = filled({ dtype: "i32", shape });
    const seen = new Map<number, number>();
    for (let leaf = 0; leaf < leafCount(value); leaf++) {
      const { first, count } = leafElements(value, leaf);
      const words = new Int32Array(leafBytes(value, leaf).buffer);
      for (let i = 0; i < count; i++) {
        seen.set(first + i, words[i]!);
        assert.deepEqual(leafOf(value, first + i), { leaf, at: i });
      }
      assert.ok(words.subarray(count).every((word) => word === 0));
      assert.equal(Math.floor(first / shape.at(-1)!), Math.floor((first + count - 1) / shape.at(-1)!));
    }
    assert.deepEqual(
      Array.from(value.data, (_, i) => seen.get(i)),
      Array.from(value.data),
    );
  }
  const odd = createTensor({ dtype: "f32", shape: [2] });
  bitsView(odd).set([0xffc00001, 0x80000000]);
  assert.deepEqual(Array.from(new Uint32Array(leafBytes(odd, 0).buffer)).slice(0, 2), [0x7fc00000, 0x80000000]);
  const bytes = leafBytes(tensorFrom("i8", [2], [-1, 5]), 0);
  assert.deepEqual(Array.from(new Int32Array(bytes.buffer)).slice(0, 3), [-1, 5, 0]);
});

test("shape and dtype are part of the root", () => {
  const data = tensorFrom("f32", [64], new Float32Array(64));
  const roots = [
    data,
    { ...data, shape: [2, 32] },
    { ...data, shape: [1, 64] },
    tensorFrom("i32", [64], new Int32Array(64)),
  ];
  assert.equal(new Set(roots.map((value) => toHex(tensorRoot(value)))).size, roots.length);
});

test("the kernels hash the same trees", async () => {
  const kernels = await createWasmKernels(2 ** 20, { threads: 2 });
  for (const dtype of ["f32", "i32", "i8"] as const)
    for (const shape of SHAPES) {
      const value = filled({ dtype, shape });
      const view = { at: kernels.reserve(value.data.byteLength + 64), dtype, shape };
      const room = kernels.reserve(hashRoomBytes([view]));
      kernels.write(view, value.data);
      const plan = kernels.compile([{ call: "hash", values: [view], room }]);
      kernels.run(plan);
      plan.release();
      const root = new Int8Array(32);
      kernels.read({ at: rootAddresses([view], room)[0]!, dtype: "i8", shape: [32] }, root);
      assert.equal(
        toHex(tensorRootFrom(value, new Uint8Array(root.buffer))),
        toHex(tensorRoot(value)),
        `${dtype} ${shape}`,
      );
    }
  await kernels.close();
});

test("a tree kept whole has the root and the paths of the tree", () => {
  for (const count of [1, 2, 3, 6, 7, 33]) {
    const leaves = Array.from({ length: count }, (_, i) => hashLeaf(Uint8Array.of(i)));
    const tree = merkleTree(leaves);
    assert.equal(toHex(tree.root), toHex(merkleRoot(leaves)));
    leaves.forEach((_, i) => {
      assert.deepEqual(tree.path(i), merklePath(leaves, i));
    });
    assert.throws(() => tree.path(count), { code: "tensor.bad-proof-request" });
  }
});
