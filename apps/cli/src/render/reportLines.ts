// The report at the end of a job: what was learnt, where the model lies, who was paid, what the chain cost, and what
// of it all nobody has verified.
import { byGame } from "../dispute/summarise.ts";
import { bondLines } from "./bondLines.ts";
import { disputeTree } from "./disputeTree.ts";
import { amountOf, bytesOf, clockOf, grouped, type NodeNames, nameOf } from "./figures.ts";
import type { JobView } from "./JobView.ts";
import { evaluationLines, lossLines, sampleBlock } from "./learntLines.ts";
import { tableLines } from "./table.ts";
import { harmless, type Look, paint, uncut } from "./terminalText.ts";
import { type Arranged, verifiedLines } from "./verifiedLines.ts";

export interface ReportOptions {
  look: Look;
  names: NodeNames;
  /** All nodes share one machine; the report says what that means. */
  sharedHost: boolean;
  /** Of a start with --cheat. */
  arranged?: Arranged;
}

/** What stays: nothing of it is cut, so that paths, hashes and amounts are whole on any terminal. */
export function reportLines(view: JobView, options: ReportOptions): string[] {
  const { look } = options;
  const sections = [
    endLines(view, look),
    refusalLines(view, options),
    lossLines(view.losses, look),
    evaluationLines(view.evaluated, look),
    sampleBlock(view.sample, look),
    checkpointLines(view, look),
    paidLines(view, options),
    bondLines(view, options),
    courtLines(view, options),
    gasLines(view, look),
    verifiedLines(view, options),
  ].filter((lines) => lines.length > 0);
  return sections.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
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
  return [...tableLines([{ title: "node" }, { title: "why not" }], rows, uncut(look)), ...remedies];
}

function checkpointLines(view: JobView, look: Look): string[] {
  if (view.done === undefined) return [];
  return [
    paint(look, "bold", "checkpoint (safetensors)"),
    `  ${harmless(view.done.checkpointPath)}  ${bytesOf(view.done.bytes)}`,
    ...(view.savedContentId === undefined ? [] : [`  sha-256  ${view.savedContentId}`]),
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
    ...tableLines(columns, [...rows, ["total", "", amountOf(total)]], uncut(look)),
    ...(refunded > 0n ? [`  back to the buyer: ${amountOf(refunded)}`] : []),
  ];
}

function gasLines(view: JobView, look: Look): string[] {
  if (view.done === undefined) return [];
  const rows = Object.entries(view.done.gas.byAction)
    .sort(([, a], [, b]) => (BigInt(a) < BigInt(b) ? 1 : -1))
    .map(([action, gas]) => [harmless(action), grouped(gas)]);
  const columns = [{ title: "action" }, { title: "gas", align: "right" as const }];
  return [
    paint(look, "bold", "gas"),
    ...tableLines(columns, [...rows, ["total", grouped(view.done.gas.total)]], uncut(look)),
  ];
}

/** Each dispute with its tree, the whole of it. */
function courtLines(view: JobView, { look, names }: ReportOptions): string[] {
  const all = byGame(view.disputes).map((events) => disputeTree(events, { look: uncut(look), names }));
  const games = all.filter((lines) => lines.length > 0);
  return games.flatMap((lines, index) => (index === 0 ? [paint(look, "bold", "in court"), ...lines] : ["", ...lines]));
}
