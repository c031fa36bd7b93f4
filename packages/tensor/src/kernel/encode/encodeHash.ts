// Tensor roots as commands (kernels/assembly/tensorHash.ts): subtrees of every value shared by the team, then what is left above.
import { elementCount } from "../../graph/Graph.ts";
import { rootAddresses, subtreeCount } from "../hashRoom.ts";
import type { CallOf } from "../KernelCall.ts";
import { needPlain, type Range, rangeOf } from "../View.ts";
import { type Command, command, type Encoding, OP } from "./Command.ts";

const DTYPE_NUMBER = { f32: 0, i32: 1, i8: 2 } as const;

export function encodeHash({ values, room }: CallOf<"hash">, { tables, wide, scratch }: Encoding): Command[] {
  const at = rootAddresses(values, room);
  const ranges = values.map((value, i): Range => [at[i]!, at[i]! + 32 * subtreeCount(value.shape)]);
  const counts = values.map(({ shape }) => subtreeCount(shape));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const lanes = wide ? 8 : 4;
  let before = 0;
  const subtrees = values.map((value, i) => {
    needPlain("a hashed value", value);
    const columns = value.shape.at(-1)!;
    const rows = elementCount(value.shape) / columns;
    const operands = [value.at, DTYPE_NUMBER[value.dtype], rows, columns, tables, at[i]!, before, total, lanes];
    before += counts[i]!;
    return command(OP.hashSubtrees, operands, { reads: [rangeOf(value)], writes: [ranges[i]!], scratch: scratch.hash });
  });
  const trees = values.flatMap((_, i) => [at[i]!, counts[i]!]);
  const touched = { reads: ranges, writes: ranges, scratch: scratch.hash };
  return [...subtrees, command(OP.hashTops, [tables, values.length, lanes, ...trees], touched)];
}
