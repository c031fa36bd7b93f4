// The commands that show what a gateway knows: offers, jobs, leases, status. Each prints a table, or JSON lines and a
// summary under --json.
import { fromBytes8 } from "@weft/protocol/HardwareClass";
import type { Hex } from "viem";
import { z } from "zod";
import { type Context, gatewayOf } from "../Context.ts";
import { followJob, request } from "../GatewayClient.ts";
import { readNames } from "../job/nodeNames.ts";
import { livingRecords } from "../process/RunFolder.ts";
import { amountOf, clockOf, nameOf, shortHash } from "../render/figures.ts";
import { type Column, tableLines } from "../render/table.ts";
import { harmless } from "../render/terminalText.ts";

type Row = Record<string, unknown>;
type Show = (value: unknown, row: Row) => string;

interface Field extends Column {
  key: string;
  show?: Show;
}

const rowsShape = z.array(z.record(z.string(), z.unknown()));

const plain: Show = (value) => (value === undefined || value === null || value === "" ? "–" : harmless(String(value)));
const amount: Show = (value) => (/^\d{1,39}$/.test(String(value)) ? amountOf(String(value)) : plain(value, {}));
/** The label behind a bytes8, or the text itself. */
const label: Show = (value) =>
  typeof value === "string" && /^0x[0-9a-f]{16}$/i.test(value) ? harmless(fromBytes8(value as Hex)) : plain(value, {});
const short: Show = (value) => (typeof value === "string" ? shortHash(harmless(value)) : "–");

/** Prints `rows` as a table of `fields`, or one JSON line each under `kind` and a summary. */
function printRows(
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
  for (const line of tableLines(options.fields, cells, context.look)) context.say(line);
}

async function rowsOf(context: Context, path: string, key: string): Promise<Row[]> {
  const answer = (await request(gatewayOf(context), path)) as Record<string, unknown>;
  return rowsShape.parse(answer[key] ?? []);
}

export async function offers(context: Context, flags: { why?: string }): Promise<number> {
  const names = readNames(context.home);
  const known = await rowsOf(context, "/v1/offers", "offers");
  const rows = flags.why === undefined ? known : withReasons(known, await refusalsOf(context, flags.why));
  const node: Show = (value) => (typeof value === "string" ? nameOf(names, value) : "–");
  const left: Show = (value) => (value === undefined ? "–" : clockOf(Number(value) - Date.now() / 1000));
  const reasons: Show = (value) =>
    Array.isArray(value) ? value.map((text) => harmless(String(text))).join(", ") || "not refused" : "";
  printRows(context, rows, {
    kind: "offer",
    none: "no offers known yet; a node that just started has them within seconds",
    fields: [
      { key: "nodeId", title: "node", show: node },
      { key: "class", title: "class", show: label },
      { key: "units", title: "units", align: "right" },
      { key: "pricePerUnitSecond", title: "per second", align: "right", show: amount },
      { key: "expiresAt", title: "for another", align: "right", show: left },
      ...(flags.why === undefined ? [] : [{ key: "reasons", title: "why not", show: reasons }]),
    ],
  });
  return 0;
}

type Refusals = ReadonlyMap<string, readonly string[]>;

/** Reasons by node from a job's own events, up to its auction or its end. */
async function refusalsOf(context: Context, jobId: string): Promise<Refusals> {
  const found = new Map<string, readonly string[]>();
  for await (const event of followJob(gatewayOf(context), jobId)) {
    const rows =
      event.kind === "bidRefused"
        ? [event]
        : event.kind === "auction"
          ? event.refused
          : event.kind === "unmatched"
            ? event.reasons
            : [];
    for (const { nodeId, reasons } of rows) found.set(nodeId.toLowerCase(), reasons);
    if (event.kind === "lease") break;
  }
  return found;
}

/** Offers with their node's reasons, then the refused nodes whose offers are gone. */
function withReasons(offers: readonly Row[], refusals: Refusals): Row[] {
  const idOf = (row: Row) => String(row["nodeId"]).toLowerCase();
  const offering = new Set(offers.map(idOf));
  const gone = [...refusals].filter(([nodeId]) => !offering.has(nodeId));
  return [
    ...offers.map((row) => ({ ...row, reasons: refusals.get(idOf(row)) ?? [] })),
    ...gone.map(([nodeId, reasons]) => ({ nodeId, reasons })),
  ];
}

export async function jobs(context: Context): Promise<number> {
  const names = readNames(context.home);
  printRows(context, await rowsOf(context, "/v1/jobs", "jobs"), {
    kind: "job",
    none: "no jobs yet; buy one with: weft run examples/train-own-text.yaml",
    fields: [
      { key: "jobId", title: "job" },
      { key: "name", title: "name" },
      { key: "phase", title: "phase" },
      { key: "nodeId", title: "node", show: (value) => (typeof value === "string" ? nameOf(names, value) : "–") },
      {
        key: "nextStep",
        title: "steps",
        align: "right",
        show: (value, row) => (value === undefined ? "–" : `${value}/${row["totalSteps"] ?? "?"}`),
      },
      {
        key: "createdAt",
        title: "since",
        show: (value) => new Date(Number(value)).toISOString().slice(0, 19).replace("T", " "),
      },
    ],
  });
  return 0;
}

export async function cancel(context: Context, jobId: string): Promise<number> {
  const path = `/v1/jobs/${encodeURIComponent(jobId)}`;
  const answer = z
    .looseObject({ cancelled: z.boolean() })
    .parse(await request(gatewayOf(context), path, { method: "DELETE" }));
  context.say(
    answer.cancelled ? `job ${jobId} is cancelled; what was already earned is paid` : `job ${jobId} had ended already`,
  );
  context.emit({ kind: "summary", ok: true, jobId, cancelled: answer.cancelled });
  return 0;
}

export async function leases(context: Context): Promise<number> {
  const names = readNames(context.home);
  printRows(context, await rowsOf(context, "/v1/leases", "leases"), {
    kind: "lease",
    none: "no leases yet",
    fields: [
      { key: "leaseId", title: "lease", show: short },
      { key: "nodeId", title: "node", show: (value) => (typeof value === "string" ? nameOf(names, value) : "–") },
      { key: "state", title: "state" },
      { key: "reason", title: "closed as" },
      { key: "pay", title: "reserved", align: "right", show: amount },
      { key: "paid", title: "paid", align: "right", show: amount },
      { key: "refunded", title: "refunded", align: "right", show: amount },
    ],
  });
  return 0;
}

/** Works without a gateway too: then it says what runs and what doesn't. */
export async function status(context: Context): Promise<number> {
  const processes = livingRecords(context.home);
  for (const record of processes) context.emit({ kind: "process", ...record });
  context.say(`home      ${context.home.root}`);
  context.say(
    `processes ${processes.length === 0 ? "none" : processes.map(({ role, pid }) => `${role} (${pid})`).join(", ")}`,
  );
  if (
    processes.length === 0 &&
    context.flags.gateway === undefined &&
    context.environment["WEFT_GATEWAY"] === undefined
  ) {
    context.say("nothing runs here; start a network with: npm start");
    context.emit({ kind: "summary", ok: true, running: false });
    return 0;
  }
  const answer = z.record(z.string(), z.unknown()).parse(await request(gatewayOf(context), "/v1/status"));
  for (const [key, value] of Object.entries(answer))
    context.say(`${key.padEnd(9)} ${harmless(typeof value === "object" ? JSON.stringify(value) : String(value))}`);
  context.emit({ kind: "summary", ok: true, running: true, ...answer });
  return 0;
}
