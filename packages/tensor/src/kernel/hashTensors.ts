// Roots of tensors that lie outside of any kernel set's memory, by the kernels: as fast as they hash, in memory for the largest
// of them. commit/TensorLayout.ts says the same plainly, a few hundred times slower.
import { leafCount } from "../commit/TensorLayout.ts";
import { DTYPE_BYTES, type Shape } from "../graph/Graph.ts";
import type { TensorValue } from "../graph/TensorValue.ts";
import { LEAF_ELEMENTS } from "../HashLayout.ts";
import { createArena } from "./Arena.ts";
import { hashRoomBytes, rootAddresses } from "./hashRoom.ts";
import type { CallOf } from "./KernelCall.ts";
import type { KernelSet } from "./KernelSet.ts";
import { readValueRoots } from "./valueRoots.ts";
import { soloKernels, teamBytes } from "./wasmKernels.ts";

/** A place in a memory for one tensor at a time and its digests. */
type Desk = { readonly elements: number; readonly kernels: KernelSet; readonly at: number; readonly room: number };

/** Most elements of a desk that is kept for the next call: a new memory each time would pile up until they are collected. */
const MOST_KEPT = 2 ** 20;
let kept: Desk | undefined;

/** Sizes are rounded up to this, so that one desk serves many programs. */
const GRAIN = 2 ** 16;

function deskFor(shapes: readonly { readonly shape: Shape }[]): Desk {
  // Every row has leaves of its own: a narrow tensor needs the digests of a wider one.
  const wanted = Math.max(...shapes.map(({ shape }) => LEAF_ELEMENTS * leafCount({ shape })));
  if (kept !== undefined && kept.elements >= wanted) return kept;
  const elements = GRAIN * Math.ceil(wanted / GRAIN);
  const rooms = hashRoomBytes([{ shape: [elements] }]);
  const arena = createArena(elements * DTYPE_BYTES.f32 + rooms + teamBytes({ threads: 1 }) + 65_536);
  const kernels = soloKernels(arena);
  const desk = { elements, kernels, at: kernels.reserve(elements * DTYPE_BYTES.f32), room: kernels.reserve(rooms) };
  if (elements <= MOST_KEPT) kept = desk;
  return desk;
}

/** Hashes tensors of those shapes, one after the other, in one memory. */
export function tensorHasher(
  shapes: readonly { readonly shape: Shape }[],
): (shape: Shape, data: TensorValue["data"]) => Uint8Array {
  const { kernels, at, room } = deskFor(shapes);
  return (shape, data) => {
    const value = { at, dtype: "f32" as const, shape };
    const call: CallOf<"hash"> = { call: "hash", values: [value], room };
    kernels.write(value, data);
    const plan = kernels.compile([call]);
    kernels.run(plan);
    plan.release();
    return readValueRoots(kernels, call)[0]!;
  };
}

/**
 * Merkle root of the leaves of whole ones: `words` holds 32 for each, those of an f32 tensor with its NaNs as they are, others
 * with zeros where a row has ended.
 */
export function hashLeaves(dtype: "f32" | "i32", words: Int32Array): Uint8Array {
  const shape = [words.length / LEAF_ELEMENTS, LEAF_ELEMENTS];
  const { kernels, at, room } = deskFor([{ shape }]);
  const values = [{ at, dtype, shape }];
  kernels.write({ at, dtype: "i32", shape }, words);
  const plan = kernels.compile([{ call: "hash", values, room }]);
  kernels.run(plan);
  plan.release();
  const root = new Uint8Array(32);
  kernels.read({ at: rootAddresses(values, room)[0]!, dtype: "i8", shape: [32] }, root);
  return root;
}

/** The root of each tensor in order. `shapes` are those that the functions' f32 tensors have; each is called once. */
export function hashTensors(
  shapes: readonly { readonly shape: Shape }[],
  tensors: readonly (() => Pick<TensorValue, "data">)[],
): Uint8Array[] {
  const hash = tensorHasher(shapes);
  return shapes.map(({ shape }, i) => hash(shape, tensors[i]!().data));
}
