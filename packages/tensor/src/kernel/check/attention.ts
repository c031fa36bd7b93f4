// The calls of inference with a cache: rows of packed tables, rows into caches, attention over them.
import { elementCount, type Shape, sameShape } from "../../graph/Graph.ts";
import type { CachePlaces, CacheView, CallOf } from "../KernelCall.ts";
import { PANEL, packedRange } from "../packedBytes.ts";
import { needPlain, rangeOf, refuseCall, stridesOf, type View } from "../View.ts";
import { type Touched, touching } from "./Touched.ts";

export function checkGatherPacked({ table, index, out }: CallOf<"gatherPacked">): Touched {
  needPlain("index of gatherPacked", index, "i32");
  needPlain("out of gatherPacked", out, "f32");
  const columns = table.shape[1]!;
  if (
    table.dtype !== "f32" ||
    table.shape.length !== 2 ||
    elementCount(out.shape) !== elementCount(index.shape) * columns
  )
    refuseCall(`gatherPacked of ${table.dtype} [${table.shape}] by [${index.shape}] into [${out.shape}]`);
  return { reads: [packedRange(table), rangeOf(index)], writes: [rangeOf(out)] };
}

/** Positions of a panel of keys are as many as rows of a packed panel; capacities are whole panels. */
function checkCache({ keys, values }: CacheView): void {
  needPlain("cached keys", keys, "f32");
  needPlain("cached values", values, "f32");
  const [slots, kvHeads, capacity, depth] = values.shape as [number, number, number, number];
  const panels: Shape = [slots, kvHeads, capacity / PANEL, depth, PANEL];
  if (values.shape.length !== 4 || capacity % PANEL !== 0 || !sameShape(keys.shape, panels))
    refuseCall(`a cache of keys [${keys.shape}] and values [${values.shape}]`);
}

function checkPlaces(call: string, { slots, positions }: CachePlaces, rows: number): void {
  for (const view of [slots, positions]) {
    needPlain(`places of ${call}`, view, "i32");
    if (elementCount(view.shape) !== rows) refuseCall(`${call} of ${rows} rows with places [${view.shape}]`);
  }
}

/** The heads of a row must lie one after the other; rows may have gaps between them. */
function needWholeRows(name: string, view: View): void {
  const [, headStride, stride] = stridesOf(view) as [number, number, number];
  const whole = (headStride === view.shape[2] || view.shape[1] === 1) && stride === 1;
  if (view.dtype !== "f32" || !whole) refuseCall(`${name} with strides ${stridesOf(view)}`);
}

export function checkCacheRows({ k, v, places, cache }: CallOf<"cacheRows">): Touched {
  checkCache(cache);
  const [, kvHeads, , depth] = cache.values.shape as [number, number, number, number];
  const shape = [k.shape[0]!, kvHeads, depth];
  if (!sameShape(k.shape, shape) || !sameShape(v.shape, shape))
    refuseCall(`cacheRows of [${k.shape}] and [${v.shape}] into [${cache.values.shape}]`);
  checkPlaces("cacheRows", places, k.shape[0]!);
  needWholeRows("k of cacheRows", k);
  needWholeRows("v of cacheRows", v);
  return touching([k, v, places.slots, places.positions], [cache.keys, cache.values]);
}

export function checkAttend({ q, places, cache, out }: CallOf<"attend">): Touched {
  checkCache(cache);
  needPlain("q of attend", q, "f32");
  needPlain("out of attend", out, "f32");
  const [, kvHeads, , depth] = cache.values.shape as [number, number, number, number];
  const [rows, heads] = q.shape as [number, number];
  if (q.shape.length !== 3 || q.shape[2] !== depth || heads % kvHeads !== 0 || !sameShape(q.shape, out.shape))
    refuseCall(`attend of [${q.shape}] over [${cache.values.shape}] into [${out.shape}]`);
  checkPlaces("attend", places, rows);
  return touching([q, places.slots, places.positions, cache.keys, cache.values], [out]);
}
