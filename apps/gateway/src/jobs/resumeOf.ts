// Where a lease's run continues: after the last segment that stands and lies before the lease.
import type { StreamMessage } from "@weft/protocol/messages";
import type { JobRecord, LeaseRecord } from "./JobRecord.ts";

export function resumeOf(record: JobRecord, lease: LeaseRecord): Pick<StreamMessage<"job.open">, "resume"> {
  const before = record.segments.filter((segment) => segment.lastStep < lease.firstStep && !segment.void).at(-1);
  if (before === undefined) return {};
  const { contentId: checkpoint, bytes } = before.checkpoint;
  return { resume: { checkpoint, bytes, nextStep: before.lastStep + 1 } };
}
