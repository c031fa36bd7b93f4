// The report at the end of a job: what was learnt, where the model lies, who was paid, what the chain cost, and what
// of it all nobody has verified.
import { amountOf, bytesOf, clockOf, grouped, type NodeNames, nameOf } from "./figures.ts";
import { auditCounts, type JobView, totalStreamed } from "./JobView.ts";
import { lossPlot } from "./lossPlot.ts";
import { tableLines } from "./table.ts";
import { fit, harmless, type Look, paint, wrap } from "./terminalText.ts";

export interface ReportOptions {
  look: Look;
  names: NodeNames;
  /** All nodes share one machine; the report says what that means. */
  sharedHost: boolean;
}

const sampleLines = 12;

export function reportLines(view: JobView, options: ReportOptions): string[] {
  const { look } = options;
  const sections = [
    endLines(view, look),
    refusalLines(view, options),
    lossLines(view, look),
    evaluationLines(view, look),
    sampleBlock(view, look),
    checkpointLines(view, look),
    paidLines(view, options),
    gasLines(view, look),
    unverifiedLines(view, options),
  ].filter((lines) => lines.length > 0);
  return sections
    .flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]))
    .map((line) => fit(line, look.width));
}

function endLines(view: JobView, look: Look): string[] {
  const title = harmless(view.name);
  if (view.done !== undefined) return [paint(look, "green", `done: ${title} in ${clockOf(view.done.seconds)}`)];
  if (view.failed !== undefined) {
    const remedy = view.failed.remedy === undefined ? [] : [`  remedy: ${harmless(view.failed.remedy)}`];
    return [paint(look, "red", `failed: ${title}: ${harmless(view.failed.message)}`), ...remedy];
  }
  if (view.cancelled !== undefined) return [paint(look, "yellow", `cancelled: ${title}: ${harmless(view.cancelled)}`)];
  if (view.phase === "unmatched") return [paint(look, "red", `no provider fits: ${title}`)];
  return [`${title}: ${view.phase}`];
}

function refusalLines(view: JobView, { look, names }: ReportOptions): string[] {
  if (view.phase !== "unmatched" || view.refused.length === 0) return [];
  const rows = view.refused.flatMap((row) =>
    row.reasons.map((reason) => [nameOf(names, row.nodeId), harmless(reason)]),
  );
  const remedies = view.remedies.map((line) => `  remedy: ${harmless(line)}`);
  return [...tableLines([{ title: "node" }, { title: "why not" }], rows, look), ...remedies];
}

const plot = { columns: 60, rows: 6 };

function lossLines({ losses }: JobView, look: Look): string[] {
  const lines = lossPlot(losses, { ...plot, columns: Math.min(plot.columns, look.width - 10) });
  if (lines.length === 0) return [];
  return [paint(look, "bold", "loss while training, bits per byte"), ...lines.map((line) => `  ${line}`)];
}

function evaluationLines(view: JobView, look: Look): string[] {
  const { evaluated } = view;
  if (evaluated === undefined) return [];
  const against = (baseline: number) =>
    evaluated.bitsPerByte < baseline
      ? paint(look, "green", `beaten by ${(baseline - evaluated.bitsPerByte).toFixed(2)}`)
      : paint(look, "red", `not beaten, ${(evaluated.bitsPerByte - baseline).toFixed(2)} worse`);
  const rows = [
    ["this model", evaluated.bitsPerByte.toFixed(3), ""],
    ["n-gram, one character of context", evaluated.baselineOneChar.toFixed(3), against(evaluated.baselineOneChar)],
    ["n-gram, two characters of context", evaluated.baselineTwoChar.toFixed(3), against(evaluated.baselineTwoChar)],
  ];
  return [
    paint(look, "bold", `bits per character on ${grouped(evaluated.heldOutBytes)} held-out bytes, lower is better`),
    ...tableLines([{ title: "" }, { title: "bits", align: "right" }, { title: "" }], rows, look).slice(1),
  ];
}

function sampleBlock(view: JobView, look: Look): string[] {
  if (view.sample === undefined) return [];
  const lines = harmless(view.sample, { lines: true }).split("\n").slice(0, sampleLines);
  return [paint(look, "bold", "text the model wrote"), ...lines.map((line) => `  ${paint(look, "dim", "│")} ${line}`)];
}

function checkpointLines(view: JobView, look: Look): string[] {
  if (view.done === undefined) return [];
  return [
    paint(look, "bold", "checkpoint (safetensors)"),
    `  ${harmless(view.done.checkpointPath)}  ${bytesOf(view.done.bytes)}`,
  ];
}

function paidLines(view: JobView, { look, names }: ReportOptions): string[] {
  if (view.done === undefined) return [];
  const rows = view.done.paid.map((row) => [nameOf(names, row.nodeId), row.role, amountOf(row.amount)]);
  const total = view.done.paid.reduce((sum, row) => sum + BigInt(row.amount), 0n);
  const refunded = view.leases.reduce((sum, lease) => sum + BigInt(lease.settled?.refunded ?? "0"), 0n);
  const columns = [{ title: "node" }, { title: "as" }, { title: "amount", align: "right" as const }];
  return [
    paint(look, "bold", "who was paid"),
    ...tableLines(columns, [...rows, ["total", "", amountOf(total)]], look),
    ...(refunded > 0n ? [`  back to the buyer: ${amountOf(refunded)}`] : []),
  ];
}

function gasLines(view: JobView, look: Look): string[] {
  if (view.done === undefined) return [];
  const rows = Object.entries(view.done.gas.byAction)
    .sort(([, a], [, b]) => (BigInt(a) < BigInt(b) ? 1 : -1))
    .map(([action, gas]) => [harmless(action), grouped(gas)]);
  const columns = [{ title: "action" }, { title: "gas", align: "right" as const }];
  return [paint(look, "bold", "gas"), ...tableLines(columns, [...rows, ["total", grouped(view.done.gas.total)]], look)];
}

/** The labels that keep a report honest. */
function unverifiedLines(view: JobView, { look, sharedHost }: ReportOptions): string[] {
  if (view.leases.length === 0) return [];
  const audits = auditCounts(view);
  const unseen = Math.max(0, view.segments.committed - audits.ok - audits.confirmedFalse);
  const notes = [
    `verified: ${audits.ok} of ${view.segments.committed} segments were re-executed bit for bit by another node`,
    `not verified: the ${unseen} that no auditor re-executed; loss and tokens/s are the provider's word`,
  ];
  if (sharedHost)
    notes.push(
      "shared-host: the nodes run on this one machine, so holders and auditors here are separate keys, not separate owners",
    );
  if (view.done !== undefined && totalStreamed(view) === 0n)
    notes.push("no voucher was streamed: pay was claimed on chain");
  const lines = notes.flatMap((note) =>
    wrap(note, look.width - 4).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`)),
  );
  return [paint(look, "bold", "what this does and doesn't show"), ...lines.map((line) => `  ${line}`)];
}
