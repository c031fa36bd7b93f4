// Kinds of values in a job file: numbers as people write them, as the integers that everything else computes with.
import { z } from "zod";
import { parse as parseAmount } from "./Amount.ts";

export const integer = (min: number, max: number) => z.int().min(min).max(max);

/** A number in decimal places: 0.00000001, which JavaScript writes 1e-8. */
const plain = (value: string | number): string =>
  typeof value === "number" && /e-/.test(String(value)) ? value.toFixed(20).replace(/0+$/, "") : String(value);

/** Plain decimal text; a number is taken as written, so that `budget: 1.5` needs no quotes. */
export const decimal = (digits: number) =>
  z
    .union([z.string(), z.number()])
    .transform(plain)
    .pipe(z.string().regex(new RegExp(`^\\d{1,12}(\\.\\d{1,${digits}})?$`)));

/** Decimal text as an integer number of 10^-digits, within limits. */
export const scaled = (digits: number, [least, most]: readonly [number, number]) =>
  decimal(digits)
    .transform((text) => Number(parseAmount(text, digits)))
    .pipe(integer(least, most));

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
/** `90s`, `10m`, `2h`, `1d`: seconds, at most 365 days. */
export const duration = z
  .string()
  .regex(/^[1-9]\d{0,7}[smhd]$/)
  .transform((text) => Number(text.slice(0, -1)) * unitSeconds[text.slice(-1) as keyof typeof unitSeconds])
  .pipe(z.int().min(1).max(31_536_000));
