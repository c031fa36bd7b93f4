// What a follower of the chain keeps on disk: a journal of block hashes, the logs, and the intents it sent.
//
// One SQLite file (WAL, synchronous=FULL: an intent is on disk before its transaction leaves). Logs are kept raw and
// decoded on the way out. The file belongs to one deployment; opening it with another is an error, not a merge.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { WeftError } from "@weft/protocol/Errors";
import type { Address, Hex } from "viem";
import type { StoredLog } from "./Events.ts";
import type { IntentRecord, IntentStore } from "./Intent.ts";

/** A block as journaled. */
export interface BlockRef {
  number: bigint;
  hash: Hex;
  /** Unix seconds. */
  timestamp: bigint;
}

const schemaVersion = "1";
/** Journaled blocks; a rewind deeper than all of them starts over from the deployment's block. */
const journalRows = 4096;

/** @throws WeftError `store.corrupt`, `store.io` naming the file */
function openTables(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readBigInts: true });
    database.exec(tables);
    return database;
  } catch (cause) {
    database?.close();
    const { errcode } = cause as { errcode?: number };
    const damaged = errcode !== undefined && [sqliteCorrupt, sqliteNotDatabase].includes(errcode & 0xff);
    throw new WeftError(`the copy of the chain in ${path} ${damaged ? "is damaged" : "can't be opened"}`, {
      code: damaged ? "store.corrupt" : "store.io",
      fault: "us",
      remedy: damaged
        ? "move that file away: it is read from the chain again"
        : "check that the folder exists, is yours and has free space",
      cause,
    });
  }
}

/** SQLite's primary result codes. */
const sqliteCorrupt = 11;
const sqliteNotDatabase = 26;

export class ChainStore implements IntentStore {
  readonly #database: DatabaseSync;

  /**
   * @param path file, or ":memory:"
   * @param networkId the deployment this file belongs to, see `NetworkFile.networkId`
   * @throws WeftError `store.otherNetwork`, `store.corrupt`, `store.io`
   */
  constructor(path: string, networkId: string) {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    this.#database = openTables(path);
    const found = this.#database.prepare("SELECT value FROM meta WHERE key = 'network'").get();
    const wanted = `${schemaVersion}/${networkId}`;
    if (found === undefined) this.#database.prepare("INSERT INTO meta VALUES ('network', ?)").run(wanted);
    else if (found["value"] !== wanted) {
      this.#database.close();
      throw new WeftError("this data belongs to another network", {
        code: "store.otherNetwork",
        details: { file: path, has: String(found["value"]), wanted },
        remedy: "start with another data folder, or reset this one",
      });
    }
  }

  /** The last block whose logs are all here. */
  cursor(): BlockRef | undefined {
    const row = this.#database.prepare("SELECT * FROM blocks ORDER BY number DESC LIMIT 1").get();
    return row === undefined ? undefined : blockOf(row);
  }

  /** Journaled blocks, newest first. */
  journal(): BlockRef[] {
    return this.#database.prepare("SELECT * FROM blocks ORDER BY number DESC").all().map(blockOf);
  }

  /** Adds the logs of a range of blocks and moves the cursor to the last of `blocks`; all or nothing. */
  append(blocks: readonly BlockRef[], logs: readonly StoredLog[]): void {
    const last = blocks.at(-1);
    if (last === undefined) return;
    this.#transaction(() => {
      const addLog = this.#database.prepare("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
      for (const log of logs)
        addLog.run(
          ...[log.block, BigInt(log.logIndex), log.blockHash, log.timestamp],
          ...[log.transactionHash, log.address, log.topics.join(","), log.data],
        );
      const addBlock = this.#database.prepare("INSERT INTO blocks VALUES (?, ?, ?)");
      for (const block of blocks) addBlock.run(block.number, block.hash, block.timestamp);
      this.#database
        .prepare("DELETE FROM blocks WHERE number <= (SELECT number FROM blocks ORDER BY number DESC LIMIT 1 OFFSET ?)")
        .run(journalRows);
    });
  }

  /** Forgets every block above `number`. */
  rewindTo(number: bigint): void {
    this.#transaction(() => {
      this.#database.prepare("DELETE FROM logs WHERE block > ?").run(number);
      this.#database.prepare("DELETE FROM blocks WHERE number > ?").run(number);
    });
  }

  /** Logs in chain order, read in pages so that a long history does not fill memory. */
  *logs(pageRows = 1000): Generator<StoredLog> {
    const page = this.#database.prepare(
      "SELECT * FROM logs WHERE (block, log_index) > (?, ?) ORDER BY block, log_index LIMIT ?",
    );
    let block = -1n;
    let index = -1n;
    for (;;) {
      const rows = page.all(block, index, BigInt(pageRows)).map(logOf);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageRows) return;
      block = last.block;
      index = BigInt(last.logIndex);
    }
  }

  get(key: string): IntentRecord | undefined {
    const row = this.#database.prepare("SELECT record FROM intents WHERE key = ?").get(key);
    return row === undefined ? undefined : (JSON.parse(String(row["record"])) as IntentRecord);
  }

  put(key: string, record: IntentRecord): void {
    this.#database
      .prepare("INSERT INTO intents VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record")
      .run(key, JSON.stringify(record));
  }

  /** Gas used by mined intents of each kind, over the life of this file. */
  gasByKind(): Map<string, { count: number; gasUsed: bigint }> {
    const rows = this.#database.prepare(gasQuery).all();
    return new Map(
      rows.map((row) => [String(row["kind"]), { count: Number(row["n"]), gasUsed: row["gas"] as bigint }]),
    );
  }

  /** Gas used by mined intents with this in their key, over the life of this file. */
  gasOf(part: string): bigint {
    return (this.#database.prepare(gasOfQuery).get(part)?.["gas"] as bigint | null | undefined) ?? 0n;
  }

  close(): void {
    this.#database.close();
  }

  #transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}

const tables = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, timestamp INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS logs (
    block INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash TEXT NOT NULL, timestamp INTEGER NOT NULL,
    tx TEXT NOT NULL, address TEXT NOT NULL, topics TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (block, log_index)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS intents (key TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
`;

const gasQuery = `
  SELECT record ->> 'kind' AS kind, COUNT(*) AS n, SUM(CAST(record ->> 'gasUsed' AS INTEGER)) AS gas
  FROM intents WHERE record ->> 'gasUsed' IS NOT NULL GROUP BY 1 ORDER BY 1
`;

const gasOfQuery = `
  SELECT SUM(CAST(record ->> 'gasUsed' AS INTEGER)) AS gas FROM intents WHERE instr(key, ?) > 0
`;

type Row = Record<string, unknown>;

const blockOf = (row: Row): BlockRef => ({
  number: row["number"] as bigint,
  hash: row["hash"] as Hex,
  timestamp: row["timestamp"] as bigint,
});

const logOf = (row: Row): StoredLog => ({
  block: row["block"] as bigint,
  blockHash: row["block_hash"] as Hex,
  timestamp: row["timestamp"] as bigint,
  logIndex: Number(row["log_index"]),
  transactionHash: row["tx"] as Hex,
  address: row["address"] as Address,
  topics: String(row["topics"]).split(",") as Hex[],
  data: row["data"] as Hex,
});
