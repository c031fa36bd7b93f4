// Inference with a cache (kernels/cuda/attention.cuh), and rows of a packed table, which here lie as they would unpacked.
import { elementCount } from "../../../graph/Graph.ts";
import type { CachePlaces, CacheView, CallOf } from "../../KernelCall.ts";
import { refuseCall, stridesOf } from "../../View.ts";
import { address, blocksFor, type DeviceShape, type Launch, launch, stride } from "./Launch.ts";
import { encodeGather } from "./simple.ts";

export function encodeGatherPacked({ table, index, out }: CallOf<"gatherPacked">): Launch {
  const rows = { at: table.at, dtype: table.dtype, shape: table.shape };
  return encodeGather({ call: "gather", table: rows, index, fill: 0, out });
}

function cacheWords(rows: number, { slots, positions }: CachePlaces, { keys, values }: CacheView): number[] {
  const [count, heads, capacity, depth] = values.shape as [number, number, number, number];
  const places = [slots, positions, keys, values].flatMap(({ at }) => address(at));
  return [...places, rows, heads, capacity, depth, count];
}

export function encodeCacheRows({ k, v, places, cache }: CallOf<"cacheRows">): Launch {
  const strides = [k, v].map((view) => stride(stridesOf(view)[0]!));
  const words = [...address(k.at), ...address(v.at), ...cacheWords(k.shape[0]!, places, cache), ...strides];
  return launch("weftCacheRows", words, { blocks: blocksFor(elementCount(k.shape)) });
}

export function encodeAttend({ q, places, cache, out }: CallOf<"attend">, { sharedBytes }: DeviceShape): Launch {
  const [rows, heads] = q.shape as [number, number];
  const capacity = cache.values.shape[2]!;
  const shared = 4 * (capacity + 1);
  if (shared > sharedBytes)
    refuseCall(`attend over ${capacity} positions, the GPU has room for ${sharedBytes / 4 - 1}`);
  const words = [...address(q.at), ...address(out.at), ...cacheWords(rows, places, cache), heads];
  return launch("weftAttend", words, { blocks: rows * heads, shared });
}
