// The calls of inference with a cache as commands (kernels/assembly/attention.ts).
import { elementCount, type Shape, sameShape } from "../../graph/Graph.ts";
import type { CacheView, CallOf } from "../KernelCall.ts";
import { needPlain, type Range, rangeOf, refuseCall, stridesOf, type View } from "../View.ts";
import { type Command, command, OP } from "./Command.ts";
import { packedRange } from "./encodeProduct.ts";

/** Positions of a panel of keys; capacities are whole panels. */
const PANEL = 8;
/** Heads of a row that one thread works on at a time, each with a row of scores. */
const TOGETHER = 4;

export function encodeGatherPacked({ table, index, out }: CallOf<"gatherPacked">): Command {
  needPlain("index of gatherPacked", index, "i32");
  needPlain("out of gatherPacked", out, "f32");
  const [rows, columns] = table.shape as [number, number];
  const count = elementCount(index.shape);
  if (table.dtype !== "f32" || table.shape.length !== 2 || elementCount(out.shape) !== count * columns)
    refuseCall(`gatherPacked of ${table.dtype} [${table.shape}] by [${index.shape}] into [${out.shape}]`);
  return command(OP.gatherPanels, [table.at, index.at, out.at, rows, columns, count], {
    reads: [packedRange(table), rangeOf(index)],
    writes: [rangeOf(out)],
    scratch: 0,
  });
}

type Sizes = { readonly slots: number; readonly kvHeads: number; readonly capacity: number; readonly depth: number };

function cacheSizes({ keys, values }: CacheView): Sizes {
  needPlain("cached keys", keys, "f32");
  needPlain("cached values", values, "f32");
  const [slots, kvHeads, capacity, depth] = values.shape as [number, number, number, number];
  const panels: Shape = [slots, kvHeads, capacity / PANEL, depth, PANEL];
  if (values.shape.length !== 4 || capacity % PANEL !== 0 || !sameShape(keys.shape, panels))
    refuseCall(`a cache of keys [${keys.shape}] and values [${values.shape}]`);
  return { slots, kvHeads, capacity, depth };
}

function needPlaces(call: string, { slots, positions }: { slots: View; positions: View }, rows: number): void {
  for (const view of [slots, positions]) {
    needPlain(`places of ${call}`, view, "i32");
    if (elementCount(view.shape) !== rows) refuseCall(`${call} of ${rows} rows with places [${view.shape}]`);
  }
}

/** Bytes between rows whose heads lie one after the other. */
function rowBytes(name: string, view: View): number {
  const [rowStride, headStride, stride] = stridesOf(view) as [number, number, number];
  const whole = (headStride === view.shape[2] || view.shape[1] === 1) && stride === 1;
  if (view.dtype !== "f32" || !whole) refuseCall(`${name} with strides ${stridesOf(view)}`);
  return rowStride * 4;
}

export function encodeCacheRows({ k, v, places, cache }: CallOf<"cacheRows">): Command {
  const { slots, kvHeads, capacity, depth } = cacheSizes(cache);
  const rows = k.shape[0]!;
  const shape = [rows, kvHeads, depth];
  if (!sameShape(k.shape, shape) || !sameShape(v.shape, shape))
    refuseCall(`cacheRows of [${k.shape}] and [${v.shape}] into [${cache.values.shape}]`);
  needPlaces("cacheRows", places, rows);
  const sizes = [rows, kvHeads, capacity, depth, slots, rowBytes("k of cacheRows", k), rowBytes("v of cacheRows", v)];
  const addresses = [k.at, v.at, places.slots.at, places.positions.at, cache.keys.at, cache.values.at];
  return command(OP.cacheRows, [...addresses, ...sizes], {
    reads: [k, v, places.slots, places.positions].map(rangeOf),
    writes: [cache.keys, cache.values].map(rangeOf),
    scratch: 0,
  });
}

export function encodeAttend({ q, places, cache, out }: CallOf<"attend">): Command {
  const { slots, kvHeads, capacity, depth } = cacheSizes(cache);
  needPlain("q of attend", q, "f32");
  needPlain("out of attend", out, "f32");
  const [rows, heads] = q.shape as [number, number, number];
  if (q.shape.length !== 3 || q.shape[2] !== depth || heads % kvHeads !== 0 || !sameShape(q.shape, out.shape))
    refuseCall(`attend of [${q.shape}] over [${cache.values.shape}] into [${out.shape}]`);
  needPlaces("attend", places, rows);
  const addresses = [q.at, out.at, places.slots.at, places.positions.at, cache.keys.at, cache.values.at];
  const reads: Range[] = [q, places.slots, places.positions, cache.keys, cache.values].map(rangeOf);
  return command(OP.attend, [...addresses, rows, kvHeads, capacity, depth, slots, heads], {
    reads,
    writes: [rangeOf(out)],
    scratch: attendScratch(capacity),
  });
}

/** Bytes of scratch: a row of scores per head, and their maxima and sums. */
function attendScratch(capacity: number): number {
  return 64 + TOGETHER * (4 * capacity + 32) + 64;
}
