// A list of calls as the words of a plan: each call's commands, barriers where a command touches what another thread's share of
// an earlier one wrote or still reads, and the places that errors name.
import { checkCall } from "../check/checkCall.ts";
import type { Touched } from "../check/Touched.ts";
import type { KernelCall } from "../KernelCall.ts";
import { overlaps, type Range } from "../View.ts";
import { type Command, type Encoding, OP } from "./Command.ts";
import { encodeAttend, encodeCacheRows, encodeGatherPacked } from "./encodeAttention.ts";
import { encodeChain } from "./encodeChain.ts";
import { encodeHash } from "./encodeHash.ts";
import { encodeCopy } from "./encodeMove.ts";
import { encodePack, encodeProduct } from "./encodeProduct.ts";
import {
  encodeConversion,
  encodeGather,
  encodeOneHot,
  encodeReduce,
  encodeScatterAdd,
  encodeSwapPairs,
} from "./encodeSimple.ts";

/** Bytes of memory that calls may touch. */
export type Bounds = Range;

export type EncodedPlan = {
  readonly words: readonly number[];
  /** Bytes of scratch that a thread needs. */
  readonly scratch: number;
  /** Number of the call whose command begins at a word. */
  readonly callAt: ReadonlyMap<number, number>;
};

function encodeCall(call: KernelCall, touched: Touched, encoding: Encoding): Command[] {
  switch (call.call) {
    case "matmul":
    case "matmulInt8":
      return [encodeProduct(call, touched, encoding)];
    case "pack":
      return [encodePack(call, touched)];
    case "chain":
      return [encodeChain(call, touched)];
    case "reduce":
      return [encodeReduce(call, touched)];
    case "copy":
      return encodeCopy(call, touched);
    case "swapPairs":
      return [encodeSwapPairs(call, touched)];
    case "gather":
      return [encodeGather(call, touched)];
    case "oneHot":
      return [encodeOneHot(call, touched)];
    case "scatterAdd":
      return [encodeScatterAdd(call, touched)];
    case "toInt8":
    case "toFloat":
      return [encodeConversion(call, touched)];
    case "gatherPacked":
      return [encodeGatherPacked(call, touched)];
    case "cacheRows":
      return [encodeCacheRows(call, touched)];
    case "attend":
      return [encodeAttend(call, touched)];
    case "hash":
      return encodeHash(call, touched, encoding);
  }
}

/** Encodes calls. Throws TensorError for one that does not fit or touches bytes outside `bounds`. */
export function encodePlan(calls: readonly KernelCall[], encoding: Encoding, bounds: Bounds): EncodedPlan {
  const words: number[] = [];
  const callAt = new Map<number, number>();
  let scratch = 0;
  let read: Range[] = [];
  let written: Range[] = [];
  const touches = (ranges: readonly Range[], earlier: readonly Range[]) =>
    ranges.some((range) => earlier.some((other) => overlaps(range, other)));
  calls.forEach((call, number) => {
    for (const command of encodeCall(call, checkCall(call, bounds), encoding)) {
      const waits =
        touches(command.reads, written) || touches(command.writes, written) || touches(command.writes, read);
      if (waits && encoding.threads > 1) words.push(OP.barrier, 2);
      if (waits) [read, written] = [[], []];
      callAt.set(words.length, number);
      words.push(...command.words);
      read.push(...command.reads);
      written.push(...command.writes);
      scratch = Math.max(scratch, command.scratch);
    }
  });
  words.push(OP.end, 2);
  return { words, scratch, callAt };
}
