// Tensor roots (kernels/cuda/hash.cuh): the subtrees of every value, then what is left above them.
import { elementCount } from "../../../graph/Graph.ts";
import { rootAddresses, subtreeCount } from "../../hashRoom.ts";
import type { CallOf } from "../../KernelCall.ts";
import { address, type Launch, launch } from "./Launch.ts";

const DTYPE_NUMBER = { f32: 0, i32: 1, i8: 2 } as const;

export function encodeHash({ values, room }: CallOf<"hash">): Launch[] {
  const rooms = rootAddresses(values, room);
  const subtrees = values.map(({ at, dtype, shape }, i) => {
    const columns = shape.at(-1)!;
    const words = [...address(at), ...address(rooms[i]!), DTYPE_NUMBER[dtype], elementCount(shape) / columns, columns];
    return launch("weftHashSubtrees", words, { blocks: subtreeCount(shape) });
  });
  const tops = values.flatMap(({ shape }, i) => [...address(rooms[i]!), subtreeCount(shape)]);
  return [...subtrees, launch("weftHashTops", tops, { blocks: values.length })];
}
