// The calls that are one launch: moves, conversions, indexed operators, reductions (kernels/cuda/moves.cuh, indexed.cuh, reductions.cuh).
import { DTYPE_BYTES, elementCount } from "../../../graph/Graph.ts";
import type { CallOf } from "../../KernelCall.ts";
import { axesOf, broadcastStrides, mergeAxes, stridesOf } from "../../View.ts";
import { address, blocksFor, type Launch, launch, stride } from "./Launch.ts";

const SCATTER_THREADS = 64;
/** Groups that the rows of a scatter are divided among: each walks the whole index, so more of them cost more reading. */
const SCATTER_GROUPS = 64;
/** Rows of a block of weftReduceRows. */
const FOLD_ROWS = 32;

/** The axis that `out` has contiguous comes innermost, so that neighbouring threads write neighbouring elements. */
export function encodeCopy({ x, out }: CallOf<"copy">): Launch {
  const nest = axesOf(out.shape, [stridesOf(out), broadcastStrides(x, out.shape)]);
  const axes = mergeAxes([...nest].sort((a, b) => b.strides[0]! - a.strides[0]!));
  const count = elementCount(out.shape);
  const words = [...address(x.at), ...address(out.at), DTYPE_BYTES[x.dtype], count, axes.length];
  for (const { size, strides } of [...axes].reverse()) words.push(size, stride(strides[1]!), stride(strides[0]!));
  return launch("weftCopy", words, { blocks: blocksFor(count) });
}

export function encodeSwapPairs({ x, out }: CallOf<"swapPairs">): Launch {
  const count = elementCount(x.shape);
  const words = [...address(x.at), ...address(out.at), DTYPE_BYTES[x.dtype], count];
  return launch("weftSwapPairs", words, { blocks: blocksFor(count) });
}

export function encodeGather({ table, index, fill, out }: CallOf<"gather">): Launch {
  const [rows, columns] = table.shape as [number, number];
  const count = elementCount(out.shape);
  const places = [table, index, out].flatMap(({ at }) => address(at));
  const words = [...places, DTYPE_BYTES[table.dtype], count, rows, columns, fill >>> 0];
  return launch("weftGather", words, { blocks: blocksFor(count) });
}

export function encodeOneHot({ index, out }: CallOf<"oneHot">): Launch {
  const count = elementCount(out.shape);
  const words = [...address(index.at), ...address(out.at), count, out.shape.at(-1)!];
  return launch("weftOneHot", words, { blocks: blocksFor(count) });
}

export function encodeScatterAdd({ x, index, out }: CallOf<"scatterAdd">): Launch {
  const [rows, columns] = out.shape as [number, number];
  const places = [x, index, out].flatMap(({ at }) => address(at));
  return launch("weftScatterAdd", [...places, elementCount(index.shape), rows, columns], {
    blocks: [Math.ceil(columns / SCATTER_THREADS), Math.min(rows, SCATTER_GROUPS)],
    threads: SCATTER_THREADS,
  });
}

export function encodeConversion({ call, x, out }: CallOf<"toInt8"> | CallOf<"toFloat">): Launch {
  const count = elementCount(x.shape);
  const kernel = call === "toInt8" ? "weftToInt8" : "weftToFloat";
  return launch(kernel, [...address(x.at), ...address(out.at), count], { blocks: blocksFor(count) });
}

export function encodeReduce({ kind, x, axis, out }: CallOf<"reduce">): Launch {
  const [outer, inner] = [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis + 1))];
  const words = [...address(x.at), ...address(out.at), outer, x.shape[axis]!, inner, kind === "max" ? 1 : 0];
  return inner === 1
    ? launch("weftReduceRows", words, { blocks: Math.ceil(outer / FOLD_ROWS) })
    : launch("weftReduce", words, { blocks: blocksFor(outer * inner) });
}
