// The calls that are one command over contiguous views: reductions, indexed operators, pairs, conversions.
import { DTYPE_BYTES, elementCount, sameShape } from "../../graph/Graph.ts";
import type { CallOf } from "../KernelCall.ts";
import { needPlain, rangeOf, refuseCall, type View } from "../View.ts";
import { type Command, command, OP } from "./Command.ts";

function touching(reads: readonly View[], writes: readonly View[]) {
  return { reads: reads.map(rangeOf), writes: writes.map(rangeOf), scratch: 0 };
}

function needSameShape(call: string, a: View, b: View): void {
  if (!sameShape(a.shape, b.shape)) refuseCall(`${call} of [${a.shape}] into [${b.shape}]`);
}

export function encodeReduce({ kind, x, axis, out }: CallOf<"reduce">): Command {
  needPlain("x of reduce", x, "f32");
  needPlain("out of reduce", out, "f32");
  const size = x.shape[axis] ?? refuseCall(`reduce of axis ${axis} of [${x.shape}]`);
  const [outer, inner] = [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis + 1))];
  if (elementCount(out.shape) !== outer * inner) refuseCall(`reduce of [${x.shape}] into [${out.shape}]`);
  return command(OP.reduce, [x.at, out.at, outer, size, inner, kind === "max" ? 1 : 0], touching([x], [out]));
}

export function encodeSwapPairs({ x, out }: CallOf<"swapPairs">): Command {
  needPlain("x of swapPairs", x);
  needPlain("out of swapPairs", out, x.dtype);
  needSameShape("swapPairs", x, out);
  if (x.shape.at(-1)! % 2 !== 0) refuseCall(`swapPairs of [${x.shape}]`);
  const pairs = elementCount(x.shape) / 2;
  return command(OP.swapPairs, [x.at, out.at, pairs, DTYPE_BYTES[x.dtype]], touching([x], [out]));
}

export function encodeGather({ table, index, fill, out }: CallOf<"gather">): Command {
  needPlain("table of gather", table);
  needPlain("index of gather", index, "i32");
  needPlain("out of gather", out, table.dtype);
  const [rows, width] = table.shape as [number, number];
  const count = elementCount(index.shape);
  if (table.shape.length !== 2 || elementCount(out.shape) !== count * width)
    refuseCall(`gather of [${table.shape}] by [${index.shape}] into [${out.shape}]`);
  const bytes = DTYPE_BYTES[table.dtype];
  const operands = [table.at, index.at, out.at, rows, width * bytes, count, fill >>> 0, bytes];
  return command(OP.gather, operands, touching([table, index], [out]));
}

export function encodeOneHot({ index, out }: CallOf<"oneHot">): Command {
  needPlain("index of oneHot", index, "i32");
  needPlain("out of oneHot", out, "f32");
  const size = out.shape.at(-1)!;
  const count = elementCount(index.shape);
  if (elementCount(out.shape) !== count * size) refuseCall(`oneHot of [${index.shape}] into [${out.shape}]`);
  return command(OP.oneHot, [index.at, out.at, count, size], touching([index], [out]));
}

export function encodeScatterAdd({ x, index, out }: CallOf<"scatterAdd">): Command {
  needPlain("x of scatterAdd", x, "f32");
  needPlain("index of scatterAdd", index, "i32");
  needPlain("out of scatterAdd", out, "f32");
  const [rows, width] = out.shape as [number, number];
  const count = elementCount(index.shape);
  if (out.shape.length !== 2 || elementCount(x.shape) !== count * width)
    refuseCall(`scatterAdd of [${x.shape}] by [${index.shape}] into [${out.shape}]`);
  return command(OP.scatterAdd, [x.at, index.at, out.at, count, width * 4, rows], touching([x, index], [out]));
}

export function encodeConversion({ call, x, out }: CallOf<"toInt8"> | CallOf<"toFloat">): Command {
  needPlain(`x of ${call}`, x, call === "toInt8" ? "f32" : "i32");
  needPlain(`out of ${call}`, out, call === "toInt8" ? "i8" : "f32");
  needSameShape(call, x, out);
  return command(OP[call], [x.at, out.at, elementCount(x.shape)], touching([x], [out]));
}
