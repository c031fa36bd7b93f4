// Rows of a gateway's answer as a table for people, or as JSON lines and a summary.
import { fromBytes8 } from "@weft/protocol/HardwareClass";
import type { Hex } from "viem";
import { z } from "zod";
import { type Context, gatewayOf } from "../Context.ts";
import { request } from "../GatewayClient.ts";
import { amountOf, clockOf, rateOf, shortHash } from "../render/figures.ts";
import { type Column, wholeTable } from "../render/table.ts";
import { harmless } from "../render/terminalText.ts";

export type Row = Record<string, unknown>;
export type Show = (value: unknown, row: Row) => string;

export interface Field extends Column {
  key: string;
  show?: Show;
}

const rowsShape = z.array(z.record(z.string(), z.unknown()));

export const plain: Show = (value) =>
  value === undefined || value === null || value === "" ? "–" : harmless(String(value));
export const amount: Show = (value) => (/^\d{1,39}$/.test(String(value)) ? amountOf(String(value)) : plain(value, {}));
/** A price of one unit and second, by the hour. */
export const rate: Show = (value) => (/^\d{1,39}$/.test(String(value)) ? rateOf(String(value)) : plain(value, {}));
/** The label behind a bytes8, or the text itself. */
export const label: Show = (value) =>
  typeof value === "string" && /^0x[0-9a-f]{16}$/i.test(value) ? harmless(fromBytes8(value as Hex)) : plain(value, {});
/** Unix seconds → time left. */
export const left: Show = (value) => (value === undefined ? "–" : clockOf(Number(value) - Date.now() / 1000));
export const short: Show = (value) => (typeof value === "string" ? shortHash(harmless(value)) : "–");

/** Prints `rows` as a table of `fields`, or one JSON line each under `kind` and a summary. */
export function printRows(
  context: Context,
  rows: readonly Row[],
  options: { kind: string; none: string; fields: readonly Field[] },
): void {
  for (const row of rows) context.emit({ kind: options.kind, ...row });
  context.emit({ kind: "summary", ok: true, count: rows.length });
  if (rows.length === 0) {
    context.say(options.none);
    return;
  }
  const cells = rows.map((row) => options.fields.map(({ key, show }) => (show ?? plain)(row[key], row)));
  for (const line of wholeTable(options.fields, cells, context.look)) context.say(line);
}

export async function rowsOf(context: Context, path: string, key: string): Promise<Row[]> {
  const answer = (await request(gatewayOf(context), path)) as Record<string, unknown>;
  return rowsShape.parse(answer[key] ?? []);
}
