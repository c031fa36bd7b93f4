// The words of a command, as kernels/assembly/words.ts and the files that run them read them.
import type { Touched } from "../check/Touched.ts";

/** Op words of kernels/assembly/words.ts. */
export const OP = {
  end: 0,
  barrier: 1,
  matmul: 2,
  matmulInt8: 3,
  pack: 4,
  packInt8: 5,
  chain: 6,
  reduce: 7,
  copy: 8,
  swapPairs: 9,
  gather: 10,
  oneHot: 11,
  scatterAdd: 12,
  toInt8: 13,
  toFloat: 14,
  hashSubtrees: 15,
  hashTops: 16,
  gatherPanels: 17,
  cacheRows: 18,
  attend: 19,
} as const;

/** One command and what it touches. Commands of one call may depend on each other. */
export type Command = Touched & {
  readonly words: readonly number[];
  /** Bytes of scratch per thread. */
  readonly scratch: number;
};

/** What encoding needs to know of the set. */
export type Encoding = {
  readonly threads: number;
  /** The engine fuses neighbouring vectors: take the loops that are shaped for it. Changes no bit. */
  readonly wide: boolean;
  /** Address of the hash tables. */
  readonly tables: number;
  readonly scratch: { readonly product: number; readonly productInt8: number; readonly hash: number };
};

/** Prefixes the op word and the length. */
export function command(op: number, operands: readonly number[], touched: Touched, scratch = 0): Command {
  return { ...touched, words: [op, operands.length + 2, ...operands], scratch };
}
