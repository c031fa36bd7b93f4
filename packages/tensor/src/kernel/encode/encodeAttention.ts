// The calls of inference with a cache as commands (kernels/assembly/attention.ts).
import { elementCount } from "../../graph/Graph.ts";
import type { Touched } from "../check/Touched.ts";
import type { CachePlaces, CacheView, CallOf } from "../KernelCall.ts";
import { stridesOf } from "../View.ts";
import { type Command, command, OP } from "./Command.ts";

/** Heads of a row that one thread works on at a time, each with a row of scores. */
const TOGETHER = 4;

export function encodeGatherPacked({ table, index, out }: CallOf<"gatherPacked">, touched: Touched): Command {
  const [rows, columns] = table.shape as [number, number];
  const operands = [table.at, index.at, out.at, rows, columns, elementCount(index.shape)];
  return command(OP.gatherPanels, operands, touched);
}

function placeWords(rows: number, { slots, positions }: CachePlaces, { keys, values }: CacheView): number[] {
  const [count, kvHeads, capacity, depth] = values.shape as [number, number, number, number];
  return [slots.at, positions.at, keys.at, values.at, rows, kvHeads, capacity, depth, count];
}

export function encodeCacheRows({ k, v, places, cache }: CallOf<"cacheRows">, touched: Touched): Command {
  const rowBytes = [k, v].map((view) => stridesOf(view)[0]! * 4);
  return command(OP.cacheRows, [k.at, v.at, ...placeWords(k.shape[0]!, places, cache), ...rowBytes], touched);
}

export function encodeAttend({ q, places, cache, out }: CallOf<"attend">, touched: Touched): Command {
  const [rows, heads] = q.shape as [number, number];
  const operands = [q.at, out.at, ...placeWords(rows, places, cache), heads];
  return command(OP.attend, operands, touched, attendScratch(cache.values.shape[2]!));
}

/** Bytes of scratch: a row of scores per head, and their maxima and sums. */
function attendScratch(capacity: number): number {
  return 64 + TOGETHER * (4 * capacity + 32) + 64;
}
