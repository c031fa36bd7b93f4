// The error for an index out of range, worded as the reference words it (reference/indexed.ts): kernels only say which call.
import { TensorError } from "../TensorError.ts";
import type { KernelCall } from "./KernelCall.ts";
import type { View } from "./View.ts";

/** The indices of a call and how many rows they choose from; several of a chain. */
function indicesOf(call: KernelCall): { index: View; rows: number }[] {
  if (call.call === "gather") return [{ index: call.index, rows: call.table.shape[0]! }];
  if (call.call === "gatherPacked") return [{ index: call.index, rows: call.table.shape[0]! }];
  if (call.call === "cacheRows" || call.call === "attend") {
    const [slots, , capacity] = call.cache.values.shape as [number, number, number];
    const { places } = call;
    return [
      { index: places.positions, rows: capacity },
      { index: places.slots, rows: slots },
    ];
  }
  if (call.call === "oneHot") return [{ index: call.index, rows: call.out.shape.at(-1)! }];
  if (call.call === "scatterAdd") return [{ index: call.index, rows: call.out.shape[0]! }];
  if (call.call !== "chain") return [];
  const rows = call.shape.at(-1)!;
  return call.sources.flatMap((source) => ("oneHot" in source ? [{ index: source.oneHot, rows }] : []));
}

/** What went wrong in a call that met a bad index; `bytes` gives a view's memory. */
export function indexFailure(call: KernelCall, bytes: (view: View) => Uint8Array): TensorError {
  const place = call.place ?? call.call;
  for (const { index, rows } of indicesOf(call)) {
    const { buffer, byteOffset, byteLength } = bytes(index);
    const entries = new Int32Array(buffer, byteOffset, byteLength / 4);
    const at = entries.findIndex((row) => row < -1 || row >= rows);
    if (at >= 0)
      return new TensorError(
        "bad-index",
        `${place}: index ${at} is ${entries[at]} and there are ${rows} rows`,
        `use row numbers from 0 to ${rows - 1}, or -1 for none`,
      );
  }
  return new TensorError("bad-index", `${place}: an index was out of range`, "keep the index unchanged during the run");
}
