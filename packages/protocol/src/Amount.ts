// Money as integers: stablecoin units of 1e-6, WEFT units of 1e-18. Text in and out only at the edges.
import { WeftError } from "./Errors.ts";

export const stableDecimals = 6;
export const weftDecimals = 18;

/**
 * Parses a decimal text such as "1.25" into units of 10^-decimals.
 * @throws WeftError `amount.malformed` when the text is not a plain decimal or has more digits than the unit.
 */
export function parse(text: string, decimals: number = stableDecimals): bigint {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?$/.exec(text.trim());
  const fraction = match?.[2] ?? "";
  if (match === null || fraction.length > decimals)
    throw new WeftError(`"${text}" is not an amount`, {
      code: "amount.malformed",
      remedy: `write a plain decimal with at most ${decimals} digits after the point, such as 1.25`,
    });
  return BigInt(match[1] as string) * 10n ** BigInt(decimals) + BigInt(fraction.padEnd(decimals, "0") || "0");
}

/** Decimal text of an integer amount, without trailing zeros: 1250000n → "1.25". */
export function format(amount: bigint, decimals: number = stableDecimals): string {
  const negative = amount < 0n;
  const digits = (negative ? -amount : amount).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** amount × ppm / 1e6, rounded down (the vault keeps the remainder). */
export const partsPerMillion = (amount: bigint, ppm: bigint): bigint => (amount * ppm) / 1_000_000n;

/** amount × bps / 1e4, rounded down. */
export const basisPoints = (amount: bigint, bps: bigint): bigint => (amount * bps) / 10_000n;

/** The smallest of some bigints; Math.min takes none. */
export function least(first: bigint, ...others: readonly bigint[]): bigint {
  let smallest = first;
  for (const value of others) if (value < smallest) smallest = value;
  return smallest;
}

/** The largest of some bigints. */
export function most(first: bigint, ...others: readonly bigint[]): bigint {
  let largest = first;
  for (const value of others) if (value > largest) largest = value;
  return largest;
}
