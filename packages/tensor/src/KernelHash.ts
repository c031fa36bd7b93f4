// Tensor roots of a whole state, computed by the kernels' SHA-256 inside the team (spec/tensor.md §4). Threads share
// leaves and then every level of the trees; the values equal HashLayout.ts. Not here: what binds the tensor roots.
import { leafCount, type NamedTensor, tensorRootFrom } from "./HashLayout.ts";
import { type Kernel, meet, share } from "./Kernel.ts";
import type { Allocate } from "./State.ts";

/** Levels at most this wide are thread 0's alone: a barrier costs more than they do. */
const ALONE_WIDTH = 128;

/** Two digest buffers per tensor; levels alternate between them so that threads never overwrite what others read. */
export type HashRoom = { leaves: number; even: Uint8Array; odd: Uint8Array }[];

/** Room for the digests of every tensor's leaves. */
export function allocateHashRoom(tensors: readonly NamedTensor[], allocate: Allocate): HashRoom {
  return tensors.map((tensor) => {
    const leaves = leafCount(tensor);
    const digests = (count: number) => {
      const data = allocate(count, 8);
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    };
    return { leaves, even: digests(leaves), odd: digests(Math.ceil(leaves / 2)) };
  });
}

/**
 * Tensor roots in state order. Every thread of the team calls this with the same arguments; thread 0 gets the roots,
 * the others an empty list.
 */
export function kernelTensorRoots(kernel: Kernel, tensors: readonly NamedTensor[], room: HashRoom): Uint8Array[] {
  const k = kernel.exports;
  tensors.forEach((tensor, t) => {
    const { leaves, even } = room[t]!;
    const [first, last] = share(kernel, leaves, 4);
    k.hashLeaves(tensor.data.byteOffset, tensor.columns, first, last, even.byteOffset, kernel.scratch);
  });
  meet(kernel);
  const widths = room.map(({ leaves }) => leaves);
  for (let level = 0; widths.some((width) => width > 1); level++) {
    const alone = Math.max(...widths) <= ALONE_WIDTH;
    if (alone && kernel.thread !== 0) return [];
    room.forEach(({ even, odd }, t) => {
      const width = widths[t]!;
      if (width === 1) return;
      const [below, above] = level % 2 === 0 ? [even, odd] : [odd, even];
      const parents = Math.ceil(width / 2);
      const [first, last] = alone ? [0, parents] : share(kernel, parents, 4);
      k.hashNodes(below.byteOffset, width, first, last, above.byteOffset, kernel.scratch);
      widths[t] = parents;
    });
    if (!alone) meet(kernel);
  }
  if (kernel.thread !== 0) return [];
  return tensors.map(({ rows, columns }, t) => {
    const { leaves, even, odd } = room[t]!;
    const levels = Math.ceil(Math.log2(leaves));
    return tensorRootFrom(rows, columns, (levels % 2 === 0 ? even : odd).slice(0, 32));
  });
}
