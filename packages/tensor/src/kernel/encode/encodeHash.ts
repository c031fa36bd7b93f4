// Tensor roots as commands (kernels/assembly/tensorHash.ts): subtrees of every value shared by the team, then what is left above.
import { elementCount } from "../../graph/Graph.ts";
import type { Touched } from "../check/Touched.ts";
import { rootAddresses, subtreeCount } from "../hashRoom.ts";
import type { CallOf } from "../KernelCall.ts";
import { type Command, command, type Encoding, OP } from "./Command.ts";

const DTYPE_NUMBER = { f32: 0, i32: 1, i8: 2 } as const;

/** Every value's subtrees write their own room; the trees above them read and write all of it. */
export function encodeHash(
  { values, room }: CallOf<"hash">,
  { reads, writes }: Touched,
  { tables, wide, scratch }: Encoding,
): Command[] {
  const at = rootAddresses(values, room);
  const counts = values.map(({ shape }) => subtreeCount(shape));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const lanes = wide ? 8 : 4;
  let before = 0;
  const subtrees = values.map((value, i) => {
    const columns = value.shape.at(-1)!;
    const rows = elementCount(value.shape) / columns;
    const operands = [value.at, DTYPE_NUMBER[value.dtype], rows, columns, tables, at[i]!, before, total, lanes];
    before += counts[i]!;
    return command(OP.hashSubtrees, operands, { reads: [reads[i]!], writes: [writes[i]!] }, scratch.hash);
  });
  const trees = values.flatMap((_, i) => [at[i]!, counts[i]!]);
  const above = { reads: writes, writes };
  return [...subtrees, command(OP.hashTops, [tables, values.length, lanes, ...trees], above, scratch.hash)];
}
