// A list of calls as launches that run in order. The encoder of the WebAssembly kernels judges what is a call: what one set refuses,
// every set refuses, with the same words. Its own result is not used.
import { encodePlan } from "../../encode/encodePlan.ts";
import type { KernelCall } from "../../KernelCall.ts";
import type { Range } from "../../View.ts";
import { encodeAttend, encodeCacheRows, encodeGatherPacked } from "./attention.ts";
import { encodeChain } from "./chain.ts";
import { encodeHash } from "./hash.ts";
import type { DeviceShape, Launch } from "./Launch.ts";
import { encodePack, encodeProduct } from "./product.ts";
import {
  encodeConversion,
  encodeCopy,
  encodeGather,
  encodeOneHot,
  encodeReduce,
  encodeScatterAdd,
  encodeSwapPairs,
} from "./simple.ts";

export type EncodedLaunch = Launch & { /** Number of its call. */ readonly call: number };

/** Throws TensorError for a call that does not fit or touches bytes outside `bounds`. */
function checkCalls(calls: readonly KernelCall[], bounds: Range): void {
  encodePlan(calls, { threads: 1, wide: false, tables: 0, scratch: { product: 0, productInt8: 0, hash: 0 } }, bounds);
}

function launchesOf(call: KernelCall, device: DeviceShape): Launch[] {
  switch (call.call) {
    case "matmul":
    case "matmulInt8":
      return [encodeProduct(call, device)];
    case "pack":
      return [encodePack(call)];
    case "chain":
      return [encodeChain(call, device)];
    case "reduce":
      return [encodeReduce(call)];
    case "copy":
      return [encodeCopy(call)];
    case "swapPairs":
      return [encodeSwapPairs(call)];
    case "gather":
      return [encodeGather(call)];
    case "oneHot":
      return [encodeOneHot(call)];
    case "scatterAdd":
      return [encodeScatterAdd(call)];
    case "toInt8":
    case "toFloat":
      return [encodeConversion(call)];
    case "gatherPacked":
      return [encodeGatherPacked(call)];
    case "cacheRows":
      return [encodeCacheRows(call)];
    case "attend":
      return [encodeAttend(call, device)];
    case "hash":
      return encodeHash(call);
  }
}

/** Encodes calls for a device. Throws TensorError for one that does not fit or touches bytes outside `bounds`. */
export function encodeLaunches(calls: readonly KernelCall[], device: DeviceShape, bounds: Range): EncodedLaunch[] {
  checkCalls(calls, bounds);
  return calls.flatMap((call, number) => launchesOf(call, device).map((own) => ({ ...own, call: number })));
}
