// Values as 32-byte words, one array per field: what Solidity's tests read from a vector file in one call.
import { type Hex, numberToHex } from "viem";

/** A column of values; nodes and addresses as numbers. */
export const column = (values: readonly (bigint | Hex | boolean)[]): Hex[] =>
  values.map((value) => numberToHex(BigInt(value), { size: 32 }));

/** Rows of equal fields as one column per field. */
export function columns<T extends Record<string, bigint | Hex | boolean>>(rows: readonly T[]): Record<string, Hex[]> {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, column(rows.map((row) => row[name] as bigint))]));
}
