// Field schemas shared by the nouns: unsigned integers as bigint (decimal text on the wire), fixed-size bytes as hex.
import type { Hex } from "viem";
import { z } from "zod";

/** Accepts a bigint, a safe non-negative integer, or decimal text (at most 78 digits); gives a bigint below 2^bits. */
export const uintOf = (bits: number) =>
  z
    .union([z.bigint(), z.int().nonnegative(), z.string().regex(/^(0|[1-9][0-9]{0,77})$/)])
    .transform((value, context) => {
      const number = BigInt(value);
      if (number >= 0n && number < 1n << BigInt(bits)) return number;
      context.addIssue({ code: "custom", message: `must fit uint${bits}` });
      return z.NEVER;
    });

/** 0x-hex of exactly `size` bytes, lower-cased. */
export const hexOf = (size: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * size}}$`), `must be ${size} bytes of 0x-hex`)
    .transform((text) => text.toLowerCase() as Hex);

export const zeroHash: Hex = `0x${"0".repeat(64)}`;
