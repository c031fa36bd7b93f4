// A list of calls as launches that run in order.
import { checkCall } from "../../check/checkCall.ts";
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
  for (const call of calls) checkCall(call, bounds);
  return calls.flatMap((call, number) => launchesOf(call, device).map((own) => ({ ...own, call: number })));
}
