// A list of calls as the words of a plan: each call's commands, barriers where a command touches what another thread's share of
// an earlier one wrote or still reads, and the places that errors name.
import type { KernelCall } from "../KernelCall.ts";
import { overlaps, type Range, refuseCall } from "../View.ts";
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

function encodeCall(call: KernelCall, encoding: Encoding): Command[] {
  switch (call.call) {
    case "matmul":
    case "matmulInt8":
      return [encodeProduct(call, encoding)];
    case "pack":
      return [encodePack(call)];
    case "chain":
      return [encodeChain(call)];
    case "reduce":
      return [encodeReduce(call)];
    case "copy":
      return encodeCopy(call);
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
      return [encodeAttend(call)];
    case "hash":
      return encodeHash(call, encoding);
  }
}

/** Calls that may have views of i8, which begin anywhere. */
const BYTEWISE: readonly string[] = ["matmulInt8", "pack", "copy", "swapPairs", "gather", "toInt8", "hash"];

/** Only a chain may write what it reads, and checks itself where. A hash call folds its room. */
function checkRanges({ call }: KernelCall, { reads, writes }: Command, bounds: Bounds): void {
  for (const [from, to] of [...reads, ...writes]) {
    const aligned = from % 4 === 0 || BYTEWISE.includes(call);
    if (from < bounds[0] || to > bounds[1] || !aligned) refuseCall(`${call} of bytes ${from} to ${to}`);
  }
  if (call === "chain" || call === "hash") return;
  if (writes.some((range) => reads.some((other) => overlaps(range, other))))
    refuseCall(`the result of ${call} lies on an operand`);
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
    for (const command of encodeCall(call, encoding)) {
      checkRanges(call, command, bounds);
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
