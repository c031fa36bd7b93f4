// A node's durable state: one SQLite file, WAL, synchronous=full, because vouchers and receipts are money.
// A call that returned is on disk (fsync) and survives kill -9 and power loss as far as the disk keeps its word.
// The concepts lie beside: vouchers, receipts, leases, audits, checkpoints, counters, settings, prune.
// Not here: blobs (../blobs), keys (../keystore).
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { WeftError } from "@weft/protocol/Errors";
import { migrations } from "./migrations.ts";

export type Row = Record<string, unknown>;

/** An open store; one per data folder and process. */
export interface Store {
  readonly path: string;
  readonly database: DatabaseSync;
  /** Prepared statements by text. The set is fixed by this folder's code. */
  readonly statements: Map<string, StatementSync>;
  depth: number;
}

/** Largest store; tables are pruned long before. */
const defaultMaxMiB = 2048;
const pageBytes = 4096;

/**
 * Opens or creates the store and brings its schema up to date.
 * @throws WeftError `store.locked` when another process has it, `store.newer`, `store.corrupt`, `store.full`, `store.io`
 */
export function openStore(path: string, options: { busyMs?: number; maxMiB?: number } = {}): Store {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return guard(path, () => {
    const database = new DatabaseSync(path, { timeout: options.busyMs ?? 1000, defensive: true });
    try {
      database.exec("pragma journal_mode=wal; pragma synchronous=full; pragma foreign_keys=on;");
      // A second process on one data folder would sign two receipts with one number: hold the file alone.
      database.exec("pragma locking_mode=exclusive; begin immediate; commit;");
      database.exec(`pragma max_page_count=${((options.maxMiB ?? defaultMaxMiB) * 1024 ** 2) / pageBytes}`);
      const store: Store = { path, database, statements: new Map(), depth: 0 };
      migrate(store);
      return store;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

export function closeStore(store: Store): void {
  if (store.database.isOpen) store.database.close();
}

function migrate(store: Store): void {
  const { database } = store;
  const found = Number((database.prepare("pragma user_version").get() as Row)["user_version"]);
  if (found > migrations.length)
    throw new WeftError(`${store.path} was written by a newer version (schema ${found})`, {
      code: "store.newer",
      remedy: "run that version, or `weft reset` to start over",
    });
  for (const [index, sql] of migrations.entries()) {
    if (index < found) continue;
    database.exec(`begin immediate; ${sql}; pragma user_version=${index + 1}; commit;`);
  }
}

/** Runs `work` as one transaction: all of it is on disk, or none. Nests: the outermost one commits. */
export function transaction<T>(store: Store, work: () => T): T {
  if (store.depth > 0) return work();
  return guard(store.path, () => {
    store.database.exec("begin immediate");
    store.depth++;
    try {
      const result = work();
      store.database.exec("commit");
      return result;
    } catch (error) {
      // SQLite may have rolled back by itself (disk full).
      if (store.database.isTransaction) store.database.exec("rollback");
      throw error;
    } finally {
      store.depth--;
    }
  });
}

function statementOf(store: Store, sql: string): StatementSync {
  let statement = store.statements.get(sql);
  if (statement === undefined) {
    statement = store.database.prepare(sql);
    statement.setReadBigInts(true);
    store.statements.set(sql, statement);
  }
  return statement;
}

/** Rows changed. */
export function run(store: Store, sql: string, values: readonly SQLInputValue[] = []): number {
  return guard(store.path, () => Number(statementOf(store, sql).run(...values).changes));
}

/** First row or undefined; integers come as bigint. */
export function get(store: Store, sql: string, values: readonly SQLInputValue[] = []): Row | undefined {
  return guard(store.path, () => statementOf(store, sql).get(...values) as Row | undefined);
}

/** Rows; every query in this folder carries a limit. */
export function all(store: Store, sql: string, values: readonly SQLInputValue[] = []): Row[] {
  return guard(store.path, () => statementOf(store, sql).all(...values) as Row[]);
}

/** SQLite's primary result codes that a person can act on. */
const resultCodes = new Map<number, { code: string; what: string; remedy: string; retryable: boolean }>([
  [5, { code: "store.locked", what: "is in use", remedy: "stop the other node on this data folder", retryable: true }],
  [
    8,
    { code: "store.readonly", what: "can't be written", remedy: "check the folder's owner and mode", retryable: false },
  ],
  [
    10,
    { code: "store.io", what: "can't be read or written", remedy: "check the disk and its quotas", retryable: true },
  ],
  [
    11,
    { code: "store.corrupt", what: "is damaged", remedy: "restore the data folder from a backup", retryable: false },
  ],
  [
    13,
    {
      code: "store.full",
      what: "can't grow, the disk is full",
      remedy: "free disk space, then restart the node",
      retryable: true,
    },
  ],
  [
    14,
    {
      code: "store.unopenable",
      what: "can't be opened",
      remedy: "check that the folder exists and is yours",
      retryable: false,
    },
  ],
  [
    26,
    {
      code: "store.corrupt",
      what: "is not a database",
      remedy: "restore the data folder from a backup",
      retryable: false,
    },
  ],
]);

function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const errcode = (error as { errcode?: number }).errcode;
    const known = typeof errcode === "number" ? resultCodes.get(errcode & 0xff) : undefined;
    if (known === undefined) throw error;
    throw new WeftError(`the store ${path} ${known.what}`, {
      code: known.code,
      fault: "us",
      retryable: known.retryable,
      remedy: known.remedy,
      cause: error,
    });
  }
}
