// Whether a call fits: its views each other, their bytes memory. Every kernel set asks this before it encodes a call, so what one
// refuses all refuse, with the same words. Not here: what a set has too little room for.
import type { CallName, CallOf, KernelCall } from "../KernelCall.ts";
import { overlaps, type Range, refuseCall } from "../View.ts";
import { checkAttend, checkCacheRows, checkGatherPacked } from "./attention.ts";
import { checkChain } from "./chain.ts";
import { checkPack, checkProduct } from "./product.ts";
import {
  checkConversion,
  checkCopy,
  checkGather,
  checkHash,
  checkOneHot,
  checkReduce,
  checkScatterAdd,
  checkSwapPairs,
} from "./simple.ts";
import type { Touched } from "./Touched.ts";

const CHECKS: { readonly [K in CallName]: (call: CallOf<K>) => Touched } = {
  matmul: checkProduct,
  matmulInt8: checkProduct,
  pack: checkPack,
  chain: checkChain,
  reduce: checkReduce,
  copy: checkCopy,
  swapPairs: checkSwapPairs,
  gather: checkGather,
  oneHot: checkOneHot,
  scatterAdd: checkScatterAdd,
  toInt8: checkConversion,
  toFloat: checkConversion,
  gatherPacked: checkGatherPacked,
  cacheRows: checkCacheRows,
  attend: checkAttend,
  hash: checkHash,
};

/** Calls that may have views of i8, which begin anywhere. */
const BYTEWISE: readonly CallName[] = ["matmulInt8", "pack", "copy", "swapPairs", "gather", "toInt8", "hash"];

/** Only a chain may write what it reads, and checks itself where. A hash call folds its room. */
function checkRanges(call: CallName, { reads, writes }: Touched, bounds: Range): void {
  for (const [from, to] of [...reads, ...writes]) {
    const aligned = from % 4 === 0 || BYTEWISE.includes(call);
    if (from < bounds[0] || to > bounds[1] || !aligned) refuseCall(`${call} of bytes ${from} to ${to}`);
  }
  if (call === "chain" || call === "hash") return;
  if (writes.some((range) => reads.some((other) => overlaps(range, other))))
    refuseCall(`the result of ${call} lies on an operand`);
}

/** What a call touches. Throws TensorError for one that does not fit or touches bytes outside `bounds`. */
export function checkCall(call: KernelCall, bounds: Range): Touched {
  const touched = (CHECKS[call.call] as (own: KernelCall) => Touched)(call);
  checkRanges(call.call, touched, bounds);
  return touched;
}
