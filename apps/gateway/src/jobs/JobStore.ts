// What a gateway must not forget: jobs, their events, bids, leases, segments, the vouchers it signed and the commitments
// that providers signed.
//
// SQLite in WAL mode with synchronous=full: a voucher is written before it is sent, so that a gateway killed between
// the two signs the same cumulative amount again and never a different one. JSON columns hold nouns with bigint as
// decimal text.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { WeftError } from "@weft/protocol/Errors";
import { type SignedSegment, signedShape } from "@weft/protocol/Segment";
import type { Hex } from "viem";
import { type EventLimits, type EventTable, eventLimits, eventTable } from "./eventTable.ts";

export type JobPhase = "created" | "bidding" | "opening" | "running" | "finishing" | "ended";

export interface JobRow {
  jobId: string;
  name: string;
  phase: JobPhase;
  /** Plain data, see jobs/JobRecord.ts. */
  record: string;
  createdAt: number;
  endedAt: number | null;
}

export interface VoucherRow {
  channelId: Hex;
  payee: Hex;
  cumulative: bigint;
  signature: Hex;
}

/** By what a job is found: an order it signed, a lease, or content (corpus, checkpoints) that belongs to it. */
export type JobLink = "order" | "lease" | "content";

export interface JobStore extends EventTable {
  createJob(row: { jobId: string; name: string; record: string; at: number; idempotencyKey?: string }): string;
  getJob(jobId: string): JobRow | undefined;
  /** The newest, at most 1,000. */
  listJobs(): JobRow[];
  unfinishedJobs(): JobRow[];
  /** Lets the job be found by `key`; written before the record that names it, so that no fact is without its link. */
  link(jobId: string, link: JobLink, key: Hex): void;
  /** Jobs with that key, newest first, at most 64: the same corpus may serve many. */
  jobsLinked(link: JobLink, key: Hex): JobRow[];
  saveJob(jobId: string, update: { phase: JobPhase; record: string; endedAt?: number }): void;
  putVoucher(voucher: VoucherRow): void;
  getVoucher(channelId: Hex): VoucherRow | undefined;
  /** Keeps the first commitment that comes for a segment of a lease. */
  keepCommitment(signed: SignedSegment): void;
  getCommitment(leaseId: Hex, segment: bigint): SignedSegment | undefined;
  get(key: string): string | undefined;
  put(key: string, value: string): void;
  close(): void;
}

const maxLinked = 64;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS jobs (jobId TEXT PRIMARY KEY, idempotencyKey TEXT UNIQUE, name TEXT NOT NULL,
    phase TEXT NOT NULL, record TEXT NOT NULL, createdAt INTEGER NOT NULL, endedAt INTEGER) STRICT;
  CREATE INDEX IF NOT EXISTS jobsUnfinished ON jobs(createdAt) WHERE phase <> 'ended';
  CREATE TABLE IF NOT EXISTS links (link TEXT NOT NULL, key TEXT NOT NULL, jobId TEXT NOT NULL,
    PRIMARY KEY (link, key, jobId)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS events (jobId TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (jobId, seq)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS vouchers (channelId TEXT PRIMARY KEY, payee TEXT NOT NULL, cumulative TEXT NOT NULL,
    signature TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS commitments (leaseId TEXT NOT NULL, segment INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (leaseId, segment)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/**
 * Opens (and creates) the store, for this process alone.
 * @param limits how many events of one job are kept
 * @throws WeftError `store.locked` when another process has it, `store.corrupt`, `store.open` when it cannot be opened
 */
export function openJobStore(path: string, limits: EventLimits = eventLimits): JobStore {
  const db = openDatabase(path);
  const prepared = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const fresh = db.prepare(text);
    prepared.set(text, fresh);
    return fresh;
  };
  return {
    ...jobTable(sql),
    ...linkTable(sql),
    ...eventTable(sql, limits),
    ...moneyTable(sql),
    ...commitmentTable(sql),
    close: () => db.close(),
  };
}

function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: busyMs });
    db.exec(schema);
    // Two gateways on one store would buy every job twice, with one nonce for two orders: hold the file alone.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT;");
    return db;
  } catch (cause) {
    db?.close();
    const errcode = (cause as { errcode?: number }).errcode;
    const known = typeof errcode === "number" ? refusals.get(errcode & 0xff) : undefined;
    const { code, what, remedy } = known ?? unopenable;
    throw new WeftError(`the gateway's store ${path} ${what}`, { code, fault: "us", remedy, cause });
  }
}

/** How long a store that another process is just letting go of is waited for. */
const busyMs = 1000;

const unopenable = {
  code: "store.open",
  what: "cannot be opened",
  remedy: "check that the folder exists, is writable and has free space",
};

/** SQLite's primary result codes that have another remedy. */
const refusals = new Map<number, typeof unopenable>([
  [5, { code: "store.locked", what: "is in use", remedy: "end the other gateway on this data folder" }],
  [
    11,
    { code: "store.corrupt", what: "is damaged", remedy: "restore it from a backup, or move it away to begin anew" },
  ],
  [
    26,
    {
      code: "store.corrupt",
      what: "is not a database",
      remedy: "restore it from a backup, or move it away to begin anew",
    },
  ],
]);

type Sql = (text: string) => StatementSync;

function jobTable(sql: Sql): Pick<JobStore, "createJob" | "getJob" | "listJobs" | "unfinishedJobs" | "saveJob"> {
  return {
    createJob({ jobId, name, record, at, idempotencyKey }) {
      if (idempotencyKey !== undefined) {
        const known = sql("SELECT jobId FROM jobs WHERE idempotencyKey = ?").get(idempotencyKey);
        if (known !== undefined) return known["jobId"] as string;
      }
      sql(
        "INSERT INTO jobs (jobId, idempotencyKey, name, phase, record, createdAt) VALUES (?, ?, ?, 'created', ?, ?)",
      ).run(jobId, idempotencyKey ?? null, name, record, at);
      return jobId;
    },
    getJob: (jobId) => sql("SELECT * FROM jobs WHERE jobId = ?").get(jobId) as JobRow | undefined,
    listJobs: () => sql("SELECT * FROM jobs ORDER BY createdAt DESC LIMIT 1000").all() as unknown as JobRow[],
    unfinishedJobs: () =>
      sql("SELECT * FROM jobs WHERE phase <> 'ended' ORDER BY createdAt").all() as unknown as JobRow[],
    saveJob(jobId, { phase, record, endedAt }) {
      sql("UPDATE jobs SET phase = ?, record = ?, endedAt = ? WHERE jobId = ?").run(
        phase,
        record,
        endedAt ?? null,
        jobId,
      );
    },
  };
}

function linkTable(sql: Sql): Pick<JobStore, "link" | "jobsLinked"> {
  return {
    link(jobId, link, key) {
      sql("INSERT OR IGNORE INTO links (link, key, jobId) VALUES (?, ?, ?)").run(link, key, jobId);
    },
    jobsLinked: (link, key) =>
      sql(
        `SELECT jobs.* FROM links JOIN jobs USING (jobId) WHERE link = ? AND key = ?
         ORDER BY createdAt DESC LIMIT ${maxLinked}`,
      ).all(link, key) as unknown as JobRow[],
  };
}

function commitmentTable(sql: Sql): Pick<JobStore, "keepCommitment" | "getCommitment"> {
  return {
    keepCommitment(signed) {
      const { leaseId, segment } = signed.commitment;
      const body = JSON.stringify(signed, (_, value) => (typeof value === "bigint" ? value.toString() : value));
      sql("INSERT OR IGNORE INTO commitments (leaseId, segment, body) VALUES (?, ?, ?)").run(leaseId, segment, body);
    },
    getCommitment(leaseId, segment) {
      const row = sql("SELECT body FROM commitments WHERE leaseId = ? AND segment = ?").get(leaseId, segment);
      return row === undefined ? undefined : signedShape.parse(JSON.parse(row["body"] as string));
    },
  };
}

function moneyTable(sql: Sql): Pick<JobStore, "putVoucher" | "getVoucher" | "get" | "put"> {
  return {
    putVoucher({ channelId, payee, cumulative, signature }) {
      const known = sql("SELECT cumulative FROM vouchers WHERE channelId = ?").get(channelId);
      if (known !== undefined && BigInt(known["cumulative"] as string) > cumulative)
        throw new WeftError(`a voucher over ${known["cumulative"]} was already signed on this channel`, {
          code: "voucher.lower",
          fault: "us",
          details: { channelId, cumulative },
        });
      sql("INSERT OR REPLACE INTO vouchers (channelId, payee, cumulative, signature) VALUES (?, ?, ?, ?)").run(
        channelId,
        payee,
        cumulative.toString(),
        signature,
      );
    },
    getVoucher(channelId) {
      const row = sql("SELECT * FROM vouchers WHERE channelId = ?").get(channelId);
      return row === undefined
        ? undefined
        : {
            channelId: row["channelId"] as Hex,
            payee: row["payee"] as Hex,
            cumulative: BigInt(row["cumulative"] as string),
            signature: row["signature"] as Hex,
          };
    },
    get: (key) => sql("SELECT value FROM settings WHERE key = ?").get(key)?.["value"] as string | undefined,
    put(key, value) {
      sql("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)").run(key, value);
    },
  };
}
