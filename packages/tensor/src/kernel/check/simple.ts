// The calls over views by themselves: reductions, moves, indexed operators, pairs, conversions, roots.
import { elementCount, sameShape } from "../../graph/Graph.ts";
import { rootAddresses, subtreeCount } from "../hashRoom.ts";
import type { CallOf } from "../KernelCall.ts";
import { broadcastStrides, needPlain, type Range, rangeOf, refuseCall, stridesOf, type View } from "../View.ts";
import { type Touched, touching } from "./Touched.ts";

function needSameShape(call: string, a: View, b: View): void {
  if (!sameShape(a.shape, b.shape)) refuseCall(`${call} of [${a.shape}] into [${b.shape}]`);
}

export function checkReduce({ x, axis, out }: CallOf<"reduce">): Touched {
  needPlain("x of reduce", x, "f32");
  needPlain("out of reduce", out, "f32");
  const size = x.shape[axis] ?? refuseCall(`reduce of axis ${axis} of [${x.shape}]`);
  if (elementCount(out.shape) * size !== elementCount(x.shape))
    refuseCall(`reduce of [${x.shape}] into [${out.shape}]`);
  return touching([x], [out]);
}

export function checkCopy({ x, out }: CallOf<"copy">): Touched {
  if (x.dtype !== out.dtype) refuseCall(`copy of ${x.dtype} into ${out.dtype}`);
  if (stridesOf(out).some((stride, axis) => stride === 0 && out.shape[axis]! > 1))
    refuseCall("copy into a broadcast view");
  broadcastStrides(x, out.shape);
  return touching([x], [out]);
}

export function checkSwapPairs({ x, out }: CallOf<"swapPairs">): Touched {
  needPlain("x of swapPairs", x);
  needPlain("out of swapPairs", out, x.dtype);
  needSameShape("swapPairs", x, out);
  if (x.shape.at(-1)! % 2 !== 0) refuseCall(`swapPairs of [${x.shape}]`);
  return touching([x], [out]);
}

export function checkGather({ table, index, out }: CallOf<"gather">): Touched {
  needPlain("table of gather", table);
  needPlain("index of gather", index, "i32");
  needPlain("out of gather", out, table.dtype);
  const [, width] = table.shape as [number, number];
  if (table.shape.length !== 2 || elementCount(out.shape) !== elementCount(index.shape) * width)
    refuseCall(`gather of [${table.shape}] by [${index.shape}] into [${out.shape}]`);
  return touching([table, index], [out]);
}

export function checkOneHot({ index, out }: CallOf<"oneHot">): Touched {
  needPlain("index of oneHot", index, "i32");
  needPlain("out of oneHot", out, "f32");
  if (elementCount(out.shape) !== elementCount(index.shape) * out.shape.at(-1)!)
    refuseCall(`oneHot of [${index.shape}] into [${out.shape}]`);
  return touching([index], [out]);
}

export function checkScatterAdd({ x, index, out }: CallOf<"scatterAdd">): Touched {
  needPlain("x of scatterAdd", x, "f32");
  needPlain("index of scatterAdd", index, "i32");
  needPlain("out of scatterAdd", out, "f32");
  const [, width] = out.shape as [number, number];
  if (out.shape.length !== 2 || elementCount(x.shape) !== elementCount(index.shape) * width)
    refuseCall(`scatterAdd of [${x.shape}] by [${index.shape}] into [${out.shape}]`);
  return touching([x, index], [out]);
}

export function checkConversion({ call, x, out }: CallOf<"toInt8"> | CallOf<"toFloat">): Touched {
  needPlain(`x of ${call}`, x, call === "toInt8" ? "f32" : "i32");
  needPlain(`out of ${call}`, out, call === "toInt8" ? "i8" : "f32");
  needSameShape(call, x, out);
  return touching([x], [out]);
}

export function checkHash({ values, room }: CallOf<"hash">): Touched {
  for (const value of values) needPlain("a hashed value", value);
  const at = rootAddresses(values, room);
  const writes = values.map((value, i): Range => [at[i]!, at[i]! + 32 * subtreeCount(value.shape)]);
  return { reads: values.map(rangeOf), writes };
}
