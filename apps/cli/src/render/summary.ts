// The last line of `--json`: what a script needs of a job, without replaying its events.
import { summaries } from "../dispute/summarise.ts";
import { auditCounts, type JobView, totalStreamed } from "./JobView.ts";
import { fatesOf } from "./segmentFates.ts";

export interface JobSummaryLine {
  kind: "summary";
  ok: boolean;
  jobId: string;
  name: string;
  phase: string;
  [more: string]: unknown;
}

export function jobSummary(view: JobView): JobSummaryLine {
  const lease = view.leases.at(-1);
  return {
    kind: "summary",
    ok: view.phase === "done",
    jobId: view.jobId,
    name: view.name,
    phase: view.phase,
    seconds: view.done?.seconds ?? (view.lastAt - view.firstAt) / 1000,
    leaseId: lease?.leaseId,
    nodeId: lease?.nodeId,
    leases: view.leases.length,
    failovers: view.failovers.length,
    bitsPerByte: view.evaluated?.bitsPerByte,
    baselineOneChar: view.evaluated?.baselineOneChar,
    baselineTwoChar: view.evaluated?.baselineTwoChar,
    checkpointPath: view.done?.checkpointPath,
    checkpointBytes: view.done?.bytes,
    checkpointContentId: view.savedContentId,
    streamed: String(totalStreamed(view)),
    paid: view.done?.paid,
    gas: view.done?.gas,
    segments: view.segments,
    fates: fatesSummary(view),
    audits: auditCounts(view),
    disputes: disputesOf(view),
    error:
      view.failed === undefined
        ? undefined
        : { code: view.failed.code, message: view.failed.message, remedy: view.failed.remedy },
  };
}

/** Numbers of segments; what is void by who did it. */
function fatesSummary(view: JobView): object {
  const { verified, unverified, accused, foundFalse, fell, convicted } = fatesOf(view);
  const numbers = (segments: readonly { segment: number }[]) => segments.map(({ segment }) => segment);
  const placed = (segments: readonly { segment: number; nodeId: string }[]) =>
    segments.map(({ segment, nodeId }) => ({ segment, nodeId }));
  return {
    ...{ verified: numbers(verified), unverified: numbers(unverified), accused: placed(accused) },
    ...{ false: placed(foundFalse), void: placed(fell) },
    convicted: convicted.map(({ nodeId, unseen, goesOnFrom }) => ({ nodeId, unseen: numbers(unseen), goesOnFrom })),
  };
}

/** One row a dispute. */
const disputesOf = ({ disputes, lastAt }: JobView) =>
  summaries(disputes, { now: Math.floor(lastAt / 1000) }).map(({ game, nodeId, segment, winner, level, gas }) => {
    const slashed = disputes.find((event) => event.kind === "slashed" && event.game === game);
    return { game, nodeId, segment, winner, level, gas, ...(slashed && { slashed }) };
  });
