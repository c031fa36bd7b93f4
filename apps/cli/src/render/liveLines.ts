// The live view of a running job: the view-model as lines of a given width. Pure; painting is LivePainter's.
import { byGame, isConcluded } from "../dispute/summarise.ts";
import { disputeTree } from "./disputeTree.ts";
import { amountOf, clockOf, compact, grouped, type NodeNames, nameOf, rateOf, shortHash } from "./figures.ts";
import { auditCounts, isOver, type JobView, secondsLeft, totalStreamed } from "./JobView.ts";
import { lossLine } from "./lossPlot.ts";
import { tableLines } from "./table.ts";
import { fit, harmless, type Look, paint } from "./terminalText.ts";

export interface LiveOptions {
  look: Look;
  names: NodeNames;
  /** Unix ms. */
  now: number;
  /** Shown under the title, such as the shared-host notice. */
  notice?: string;
}

/** Bid rows shown at once; the rest is counted. */
const bidRows = 8;

export function liveLines(view: JobView, options: LiveOptions): string[] {
  const { look } = options;
  const until = isOver(view) ? view.lastAt : options.now;
  const elapsed = view.firstAt === 0 ? "" : clockOf((until - view.firstAt) / 1000);
  const title = `${paint(look, "bold", "weft")}  ${harmless(view.name)}  ${view.phase}  ${elapsed}`.trimEnd();
  return [
    title,
    ...(options.notice === undefined ? [] : [paint(look, "yellow", options.notice)]),
    ...phaseLines(view, options),
    ...bidLines(view, options),
    ...workLines(view, options),
    ...courtLines(view, options),
  ].map((line) => fit(line, look.width));
}

function phaseLines(view: JobView, { look, names }: LiveOptions): string[] {
  const lines: string[] = [];
  const done = paint(look, "green", "✓");
  const { order, auction } = view;
  if (order !== undefined)
    lines.push(
      `${done} order    ${shortHash(order.orderHash)}  ceiling ${rateOf(order.maxPricePerUnitSecond)} an hour  budget ${amountOf(order.budget)}  ${order.mechanism}  tier ${order.tier}  ${order.offersKnown} offers known`,
    );
  if (auction !== undefined) {
    const second = auction.runnerUp;
    const runnerUp =
      second === undefined
        ? "no runner-up"
        : `runner-up ${nameOf(names, second.nodeId)} at ${rateOf(second.pricePerUnitSecond)}`;
    lines.push(
      `${done} auction  ${paint(look, "bold", nameOf(names, auction.winner.nodeId))} wins at ${rateOf(auction.winner.pricePerUnitSecond)} an hour, ${runnerUp}, ${auction.bids} bids`,
    );
  }
  for (const lease of view.leases)
    lines.push(
      `${lease.closeReason !== undefined && lease.closeReason !== "completed" ? paint(look, "red", "✗") : done} lease    ${shortHash(lease.leaseId)}  ${nameOf(names, lease.nodeId)}  tx ${shortHash(lease.transaction)}  block ${lease.blockNumber}  gas ${grouped(lease.gasUsed)}  ${lease.latencyMs} ms`,
    );
  for (const failover of view.failovers)
    lines.push(
      paint(
        look,
        "yellow",
        `! moved    from ${nameOf(names, failover.fromNode)} (${harmless(failover.reason)}) at step ${failover.fromStep}${failover.toNode === undefined ? "" : ` to ${nameOf(names, failover.toNode)}`}`,
      ),
    );
  return lines;
}

/** The last dispute that still goes on, else the last one, as a tree. Its clocks run by the chain's time, which is this machine's to a second or two. */
function courtLines(view: JobView, { look, names, now }: LiveOptions): string[] {
  const games = byGame(view.disputes).filter((events) => events.some(({ kind }) => kind === "challenged"));
  const last = games.findLast((events) => !isConcluded(events)) ?? games.at(-1);
  if (last === undefined) return [];
  const before = games.length === 1 ? [] : [`  ${games.length - 1} more in court: weft dispute list`];
  return ["", ...before, ...disputeTree(last, { look, names, now: Math.floor(now / 1000) })];
}

function bidLines(view: JobView, { look, names }: LiveOptions): string[] {
  if (view.bids.length === 0 && view.refused.length === 0) return [];
  const winner = view.auction?.winner.nodeId;
  const second = view.auction?.runnerUp?.nodeId;
  const byPrice = [...view.bids].sort((a, b) => Number(BigInt(a.pricePerUnitSecond) - BigInt(b.pricePerUnitSecond)));
  const rows = [
    ...byPrice.map((bid) => [
      nameOf(names, bid.nodeId),
      rateOf(bid.pricePerUnitSecond),
      amountOf(bid.total),
      bid.nodeId === winner ? paint(look, "green", "winner") : bid.nodeId === second ? "runner-up" : "",
    ]),
    ...view.refused.map((row) => [
      nameOf(names, row.nodeId),
      "–",
      "–",
      paint(look, "dim", harmless(row.reasons[0] ?? "refused")),
    ]),
  ];
  const columns = [
    { title: "bid of" },
    { title: "per hour", align: "right" as const },
    { title: "at most", align: "right" as const },
    { title: "" },
  ];
  const more = rows.length > bidRows ? [`  … and ${rows.length - bidRows} more`] : [];
  return [...tableLines(columns, rows.slice(0, bidRows), look), ...more];
}

function workLines(view: JobView, { look, now }: LiveOptions): string[] {
  const { progress, segments } = view;
  const lines: string[] = [];
  if (progress !== undefined && progress.step > 0) {
    const left = secondsLeft(progress);
    const figures = `step ${grouped(progress.step)}/${grouped(progress.totalSteps)}  ${progress.bitsPerByte.toFixed(2)} bits/byte  ${compact(progress.tokensPerSecond)} tokens/s  ${left === undefined ? "" : `${clockOf(left)} left`}`;
    lines.push(progressBar(progress.step / Math.max(1, progress.totalSteps), look), `  ${figures.trimEnd()}`);
    const loss = lossLine(view.losses, Math.min(60, look.width) - 24);
    if (loss !== "")
      lines.push(`  loss ${loss} ${view.losses[0]?.bitsPerByte.toFixed(2)} → ${progress.bitsPerByte.toFixed(2)}`);
  }
  if (segments.committed > 0) {
    const audits = auditCounts(view);
    const late = audits.missed === 0 ? "" : `, ${audits.missed} unanswered`;
    const bad = audits.accused + audits.confirmedFalse;
    const badText = bad > 0 ? paint(look, "red", `, ${bad} false or accused`) : "";
    const budget = view.order === undefined ? "" : ` of at most ${amountOf(view.order.budget)}`;
    lines.push(
      `  segments ${segments.committed} committed, ${segments.held} held, ${segments.paid} paid; audits ${audits.drawn} drawn, ${audits.ok} equal${late}${badText}`,
      `  money streamed ${amountOf(totalStreamed(view))}${budget}`,
    );
  }
  for (const row of view.unpaid.slice(-1))
    lines.push(paint(look, "yellow", `  segment ${row.segment} is not paid: ${harmless(row.message)}`));
  return [...lines, ...settlingLines(view, now)];
}

/** Why the job waits although the work is done. */
function settlingLines({ phase, finalAt }: JobView, now: number): string[] {
  if (phase !== "settling") return [];
  if (finalAt === undefined) return ["  settling: claims wait for their release"];
  const seconds = (finalAt - now) / 1000;
  if (seconds <= 0) return ["  settling: the last claims are being released; an audit or a dispute may prolong it"];
  return [
    `  settling: the money is final in ${clockOf(Math.ceil(seconds))}`,
    "  claims stay open that long, so that an audit can still stop a false one",
  ];
}

/** "[█████     ]  50%" over the width of the terminal, at most 60 columns. */
export function progressBar(fraction: number, look: Look): string {
  const bounded = Math.min(1, Math.max(0, fraction));
  const cells = Math.max(4, Math.min(60, look.width) - 10);
  const full = Math.floor(bounded * cells);
  const bar = paint(look, "green", "█".repeat(full)) + paint(look, "dim", "░".repeat(cells - full));
  return `  ${bar} ${String(Math.floor(bounded * 100)).padStart(3)}%`;
}
