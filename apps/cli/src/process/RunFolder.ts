// .weft/run: which processes belong to this home, and the lock that keeps two starts apart.
// The lock is fileLock.ts; the records beside it name pid and start time of each process.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WeftError } from "@weft/protocol/Errors";
import { type Home, makeFolder } from "../Home.ts";
import { fileError } from "../systemErrors.ts";
import { type FileLock, lockFile } from "./fileLock.ts";
import { isAlive, type ProcessRecord, recordOf } from "./processMark.ts";

const recordPath = (home: Home, role: string): string => join(home.run, `${role}.json`);

/** Writes down a living process; nothing is written for one that is gone already. */
export function writeRecord(home: Home, role: string, pid: number): void {
  const record = recordOf(role, pid);
  if (record === undefined) return;
  makeFolder(home.run);
  const path = recordPath(home, role);
  try {
    writeFileSync(`${path}.tmp`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
}

/** Removes the record of this process alone: a second process of a role that ends must not take the first one's away. */
export function removeRecord(home: Home, role: string, pid: number): void {
  const path = recordPath(home, role);
  const record = parseRecord(path);
  if (record === undefined || record.pid === pid) rmSync(path, { force: true });
}

/** Every record, whether its process lives or not; unreadable files are left out. */
export function readRecords(home: Home): ProcessRecord[] {
  let names: string[];
  try {
    names = readdirSync(home.run).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
  return names.sort().flatMap((name) => {
    const record = parseRecord(join(home.run, name));
    return record === undefined ? [] : [record];
  });
}

function parseRecord(path: string): ProcessRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<ProcessRecord>;
    const { role, pid, mark } = value;
    const whole = typeof role === "string" && typeof pid === "number" && typeof mark === "string";
    return whole ? { role, pid, mark } : undefined;
  } catch {
    return undefined;
  }
}

export const livingRecords = (home: Home): ProcessRecord[] => readRecords(home).filter(isAlive);

/** @throws WeftError `home.locked` when another `weft start` runs on this home. */
export async function lockHome(home: Home): Promise<FileLock> {
  makeFolder(home.run);
  const lock = await lockFile(join(home.run, "lock.sqlite"));
  if (lock !== undefined) return lock;
  const holder = readRecords(home).find((record) => record.role === "start");
  throw new WeftError(`another weft start uses ${home.root}`, {
    code: "home.locked",
    remedy: "end that one with Ctrl-C, or give this one a folder of its own with --home DIR",
    ...(holder === undefined ? {} : { details: { pid: holder.pid } }),
  });
}
