// Fixed-width decimal text of unsigned integers up to 2^128, so that comparing text compares numbers.
import { WeftError } from "@weft/protocol/Errors";

const width = 39;

/** @throws WeftError `store.range` for a negative or larger number. */
export function toSortable(value: bigint): string {
  if (value < 0n || value >= 1n << 128n)
    throw new WeftError(`${value} does not fit 128 bits`, { code: "store.range", fault: "us" });
  return value.toString().padStart(width, "0");
}

export const fromSortable = (text: unknown): bigint => BigInt(String(text));
