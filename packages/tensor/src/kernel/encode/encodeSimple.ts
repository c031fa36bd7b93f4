// The calls that are one command over contiguous views: reductions, indexed operators, pairs, conversions.
import { DTYPE_BYTES, elementCount } from "../../graph/Graph.ts";
import type { Touched } from "../check/Touched.ts";
import type { CallOf } from "../KernelCall.ts";
import { type Command, command, OP } from "./Command.ts";

export function encodeReduce({ kind, x, axis, out }: CallOf<"reduce">, touched: Touched): Command {
  const [outer, inner] = [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis + 1))];
  return command(OP.reduce, [x.at, out.at, outer, x.shape[axis]!, inner, kind === "max" ? 1 : 0], touched);
}

export function encodeSwapPairs({ x, out }: CallOf<"swapPairs">, touched: Touched): Command {
  return command(OP.swapPairs, [x.at, out.at, elementCount(x.shape) / 2, DTYPE_BYTES[x.dtype]], touched);
}

export function encodeGather({ table, index, fill, out }: CallOf<"gather">, touched: Touched): Command {
  const [rows, width] = table.shape as [number, number];
  const bytes = DTYPE_BYTES[table.dtype];
  const operands = [table.at, index.at, out.at, rows, width * bytes, elementCount(index.shape), fill >>> 0, bytes];
  return command(OP.gather, operands, touched);
}

export function encodeOneHot({ index, out }: CallOf<"oneHot">, touched: Touched): Command {
  return command(OP.oneHot, [index.at, out.at, elementCount(index.shape), out.shape.at(-1)!], touched);
}

export function encodeScatterAdd({ x, index, out }: CallOf<"scatterAdd">, touched: Touched): Command {
  const [rows, width] = out.shape as [number, number];
  return command(OP.scatterAdd, [x.at, index.at, out.at, elementCount(index.shape), width * 4, rows], touched);
}

export function encodeConversion({ call, x, out }: CallOf<"toInt8"> | CallOf<"toFloat">, touched: Touched): Command {
  return command(OP[call], [x.at, out.at, elementCount(x.shape)], touched);
}
