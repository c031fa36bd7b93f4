// The commands that show what a gateway knows: offers, jobs, leases. Each prints a table, or JSON lines and a
// summary under --json.
import { stepNote } from "@weft/protocol/hourlyPrice";
import { z } from "zod";
import { type Context, gatewayOf } from "../Context.ts";
import { followJob, request } from "../GatewayClient.ts";
import { readNames } from "../job/nodeNames.ts";
import { nameOf } from "../render/figures.ts";
import { harmless } from "../render/terminalText.ts";
import { amount, label, left, printRows, type Row, rate, rowsOf, type Show, short } from "./rows.ts";

export async function offers(context: Context, flags: { why?: string }): Promise<number> {
  const names = readNames(context.home);
  const known = await rowsOf(context, "/v1/offers", "offers");
  const rows = flags.why === undefined ? known : withReasons(known, await refusalsOf(context, flags.why));
  const node: Show = (value) => (typeof value === "string" ? nameOf(names, value) : "–");
  const reasons: Show = (value) =>
    Array.isArray(value) ? value.map((text) => harmless(String(text))).join(", ") || "not refused" : "";
  printRows(context, rows, {
    kind: "offer",
    none: "no offers known yet; a node that just started has them within seconds",
    fields: [
      { key: "nodeId", title: "node", show: node },
      { key: "class", title: "class", show: label },
      { key: "units", title: "units", align: "right" },
      { key: "pricePerUnitSecond", title: "per hour", align: "right", show: rate },
      { key: "expiresAt", title: "for another", align: "right", show: left },
      ...(flags.why === undefined ? [] : [{ key: "reasons", title: "why not", show: reasons }]),
    ],
  });
  if (rows.length > 0) context.say(stepNote);
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
      { key: "reserved", title: "reserved", align: "right", show: amount },
      { key: "paid", title: "paid", align: "right", show: amount },
      { key: "auditorsPaid", title: "auditors", align: "right", show: amount },
      { key: "refunded", title: "refunded", align: "right", show: amount },
    ],
  });
  return 0;
}
