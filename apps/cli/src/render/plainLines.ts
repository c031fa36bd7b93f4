// One line per event, for pipes, logs and terminals without cursor control. Progress is thinned to one line per tenth.
import type { JobEvent } from "@weft/protocol/JobEvent";
import { disputeText } from "./disputeText.ts";
import { amountOf, clockOf, compact, grouped, type NodeNames, nameOf, rateOf, shortHash } from "./figures.ts";
import { applyEvent, isDispute, type JobView } from "./JobView.ts";
import { fatesOf } from "./segmentFates.ts";
import { harmless } from "./terminalText.ts";

/**
 * The line for `event`, or undefined when it says nothing new.
 * @param before the view before the event, from which progress is thinned
 */
export function plainLine(before: JobView, event: JobEvent, names: NodeNames): string | undefined {
  const text = isDispute(event)
    ? disputeText(event, { names, told: before.disputes })
    : (marketText(event, names) ?? workText(before, event, names) ?? endText(event, names));
  if (text === undefined) return undefined;
  if (event.kind === "progress" && !crossesTenth(before, event)) return undefined;
  const seconds = before.firstAt === 0 ? 0 : (event.at - before.firstAt) / 1000;
  return `[${seconds.toFixed(1).padStart(6)}s] ${harmless(text)}`;
}

function crossesTenth(before: JobView, event: JobEvent & { kind: "progress" }): boolean {
  const tenth = (step: number, total: number) => Math.floor((10 * step) / Math.max(1, total));
  const last = before.progress;
  if (event.step === 0) return false;
  return (
    last === undefined || last.step === 0 || tenth(event.step, event.totalSteps) !== tenth(last.step, last.totalSteps)
  );
}

const reasonsText = (rows: readonly { nodeId: string; reasons: readonly string[] }[], names: NodeNames): string =>
  rows.map((row) => `${nameOf(names, row.nodeId)}: ${row.reasons.join(", ")}`).join("; ");

function marketText(event: JobEvent, names: NodeNames): string | undefined {
  switch (event.kind) {
    case "created":
      return `job ${event.jobId} (${event.name})`;
    case "order":
      return `order ${shortHash(event.orderHash)}: ${event.mechanism}, tier ${event.tier}, pay ${event.payMode}, ceiling ${rateOf(event.maxPricePerUnitSecond)} an hour, budget ${amountOf(event.budget)}; ${event.offersKnown} offers known`;
    case "bid":
      return `bid of ${nameOf(names, event.nodeId)}: ${rateOf(event.pricePerUnitSecond)} an hour, at most ${amountOf(event.total)} for the whole duration and its audits`;
    case "bidRefused":
      return `refused ${reasonsText([event], names)}`;
    case "auction": {
      const second = event.runnerUp;
      const runnerUp =
        second === undefined
          ? "no runner-up"
          : `runner-up ${nameOf(names, second.nodeId)} at ${rateOf(second.pricePerUnitSecond)}`;
      return `auction over ${event.bids} bids: ${nameOf(names, event.winner.nodeId)} wins at ${rateOf(event.winner.pricePerUnitSecond)} an hour, ${runnerUp}`;
    }
    case "unmatched":
      return `no provider fits: ${event.message ?? `offers refused: ${event.reasons.length}; their reasons are in the report below`}`;
    case "lease":
      return `lease ${shortHash(event.leaseId)} with ${nameOf(names, event.nodeId)}: transaction ${event.transaction}, block ${event.blockNumber}, gas ${grouped(event.gasUsed)}, ${event.latencyMs} ms, reserved ${amountOf(event.reserved)}, bond ${amountOf(event.bond)}`;
    default:
      return undefined;
  }
}

function workText(before: JobView, event: JobEvent, names: NodeNames): string | undefined {
  switch (event.kind) {
    case "started":
      return `work started${event.transaction === undefined ? "" : ` (transaction ${shortHash(event.transaction)})`}`;
    case "progress":
      return `step ${grouped(event.step)} of ${grouped(event.totalSteps)}: ${event.bitsPerByte.toFixed(3)} bits/byte, ${compact(event.tokensPerSecond)} tokens/s`;
    case "segment":
      return `segment ${event.segment} (steps ${event.firstStep}–${event.lastStep}) committed, checkpoint held by ${event.holders.map((holder) => nameOf(names, holder)).join(" and ") || "nobody else"}`;
    case "paid":
      return paidText(before, event, names);
    case "unpaid":
      return `segment ${event.segment} not paid: ${event.message}`;
    case "audit":
      return auditLine(before, event, names);
    case "failover":
      return `provider ${nameOf(names, event.fromNode)} failed (${event.reason}): work goes on from step ${grouped(event.fromStep)}${event.toNode === undefined ? "" : ` at ${nameOf(names, event.toNode)}`}${builtOn(before, event, names)}`;
    default:
      return undefined;
  }
}

/** Vouchers count whole seconds: a short segment may add nothing yet, and then there is nothing to tell. */
function paidText(before: JobView, event: JobEvent & { kind: "paid" }, names: NodeNames): string | undefined {
  const payee = nameOf(names, event.nodeId);
  const more = BigInt(event.cumulative) - (before.streamed[event.nodeId] ?? 0n);
  if (more <= 0n) return undefined;
  return `segment ${event.segment} paid: ${payee} has ${amountOf(event.cumulative)} in all`;
}

/** With whose segment it is, once that isn't the present lease's. */
function auditLine(before: JobView, event: JobEvent & { kind: "audit" }, names: NodeNames): string {
  const { segment, phase, auditor, leaseId } = event;
  const lease = before.leases.find((one) => one.leaseId === leaseId);
  const whose = lease === undefined || lease === before.leases.at(-1) ? "" : ` of ${nameOf(names, lease.nodeId)}`;
  const found = auditor === undefined && phase === "confirmedFalse" ? "found false; never paid" : auditText[phase];
  return `audit of segment ${segment}${whose}: ${found}${auditor === undefined ? "" : ` (${nameOf(names, auditor)})`}`;
}

/** What the next provider's work rests on, where nobody has looked at it. */
function builtOn(before: JobView, event: JobEvent & { kind: "failover" }, names: NodeNames): string {
  const { unverified, accused } = fatesOf(applyEvent(before, event));
  const last = [...unverified, ...accused].find(({ lastStep }) => lastStep + 1 === event.fromStep);
  if (last === undefined) return "";
  const known = accused.includes(last) ? "which one auditor found false" : "which no audit re-executed so far";
  return `, from the end of segment ${last.segment} of ${nameOf(names, last.nodeId)}, ${known}`;
}

const auditText: Record<(JobEvent & { kind: "audit" })["phase"], string> = {
  drawn: "drawn",
  sealed: "verdict sealed",
  ok: "re-executed, equal",
  accused: "accused, pay stops until a second auditor has looked",
  confirmedFalse: "false, confirmed by a second auditor; never paid",
  missed: "no drawn auditor answered in time; pay goes on, the segment is not verified",
  cleared: "the second auditor found it right",
};

function endText(event: JobEvent, names: NodeNames): string | undefined {
  switch (event.kind) {
    case "closing":
      return `closing the lease: ${event.reason}${event.finalInSeconds === undefined ? "" : `; the money is final in ${clockOf(event.finalInSeconds)}: claims stay open that long, so that an audit can still stop a false one`}`;
    case "evaluated":
      return `held-out text: ${event.bitsPerByte.toFixed(3)} bits per character; n-grams ${event.baselineOneChar.toFixed(3)} (one character) and ${event.baselineTwoChar.toFixed(3)} (two)`;
    case "settled":
      return `settled with ${nameOf(names, event.nodeId)}: paid ${amountOf(event.paid)}, auditors ${amountOf(event.auditorsPaid)}, refunded ${amountOf(event.refunded)}`;
    case "done":
      return `done in ${event.seconds.toFixed(1)} s, checkpoint ${event.checkpointPath}`;
    case "failed":
      return `failed: ${event.message}`;
    case "cancelled":
      return `cancelled: ${event.message}`;
    default:
      return undefined;
  }
}
