// A job's events in the gateway's store, numbered from 1 in the order they came. However long a job runs, its events
// neither end it nor fill the disk: reports of progress, of which there are several a second, are thinned out once they
// are many, so that a curve over the whole run is left. Numbers stay what they were, with gaps.
import type { StatementSync } from "node:sqlite";
import type { JobEvent, JobEventBody, JobEventKind } from "@weft/protocol/JobEvent";

export interface EventTable {
  appendEvent<K extends JobEventKind>(jobId: string, event: { at: number; kind: K; body: JobEventBody<K> }): JobEvent;
  /** At most 5,000, from number `seq` on. */
  eventsFrom(jobId: string, seq: number): JobEvent[];
}

export interface EventLimits {
  /** Reports of progress kept of one job, and up to a sixteenth more: beyond it they are thinned out to half as many. */
  progress: number;
  /** All events kept of one job, and up to a sixteenth more: beyond it the oldest that tell of one segment or bid go. */
  all: number;
}

/** Three and a half hours of every report; what is not progress reaches its limit after some 300,000 segments. */
export const eventLimits: EventLimits = { progress: 50_000, all: 1_000_000 };

const maxEventsPerRead = 5_000;
/** Of the limit: looked at this often, and as many of the newest reports are never thinned. */
const part = 16;

/** Kinds that come once or more a segment or order; every other kind tells of the job as a whole and is kept. */
const repeated: readonly JobEventKind[] = ["progress", "segment", "paid", "unpaid", "audit", "bid", "bidRefused"];
const repeatedList = repeated.map((kind) => `'${kind}'`).join(", ");

type Sql = (text: string) => StatementSync;

export function eventTable(sql: Sql, limits: EventLimits): EventTable {
  const lookEvery = Math.max(1, Math.floor(Math.min(limits.progress, limits.all) / part));
  return {
    appendEvent(jobId, { at, kind, body }) {
      const last = sql("SELECT max(seq) AS seq FROM events WHERE jobId = ?").get(jobId)?.["seq"] as number | null;
      const seq = (last ?? 0) + 1;
      sql("INSERT INTO events (jobId, seq, at, kind, body) VALUES (?, ?, ?, ?, ?)").run(
        jobId,
        seq,
        at,
        kind,
        JSON.stringify(body),
      );
      if (seq % lookEvery === 0) thinOut(sql, limits, { jobId, last: seq });
      return { seq, at, kind, ...body } as unknown as JobEvent;
    },
    eventsFrom(jobId, seq) {
      const rows = sql("SELECT seq, at, kind, body FROM events WHERE jobId = ? AND seq >= ? ORDER BY seq LIMIT ?").all(
        jobId,
        seq,
        maxEventsPerRead,
      );
      return rows.map((row) => ({
        seq: row["seq"],
        at: row["at"],
        kind: row["kind"],
        ...JSON.parse(row["body"] as string),
      })) as JobEvent[];
    },
  };
}

function thinOut(sql: Sql, limits: EventLimits, { jobId, last }: { jobId: string; last: number }): void {
  const counts = sql("SELECT count(*) AS n, sum(kind = 'progress') AS progress FROM events WHERE jobId = ?").get(jobId);
  const { n, progress } = counts as { n: number; progress: number };
  if (progress > limits.progress) {
    // The first report of every so many events: a power of two, so that what is kept now may be kept next time too.
    const span = 2 ** Math.ceil(Math.log2(last / (limits.progress / 2)));
    const newest = Math.floor(limits.progress / part);
    sql(
      `DELETE FROM events WHERE jobId = ? AND kind = 'progress' AND seq <= ? AND seq NOT IN
         (SELECT min(seq) FROM events WHERE jobId = ? AND kind = 'progress' GROUP BY seq / ?)`,
    ).run(jobId, last - newest, jobId, BigInt(span));
  }
  if (n > limits.all)
    sql(
      `DELETE FROM events WHERE jobId = ? AND kind IN (${repeatedList})
         AND seq < (SELECT seq FROM events WHERE jobId = ? ORDER BY seq LIMIT 1 OFFSET ?)`,
    ).run(jobId, jobId, Math.floor(limits.all / 4));
}
