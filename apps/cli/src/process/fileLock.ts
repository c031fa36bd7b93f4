// A lock that dies with its holder: a SQLite file held in an exclusive transaction. The kernel lets go of it when the
// holder dies, however it dies, so there is no stale lock to judge. The file stays; only the hold on it matters.
import { closeSync, openSync } from "node:fs";
import { fileError } from "../systemErrors.ts";

export interface FileLock {
  release(): void;
}

/** The lock, or undefined when another process holds it. @throws WeftError `file.*` */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
    return { release: () => database.close() };
  } catch (cause) {
    if (/locked|busy/i.test(String(cause))) return undefined;
    throw fileError(refusal(path) ?? cause, { doing: "write", path });
  }
}

/** What the system says, which SQLite keeps to itself. */
function refusal(path: string): unknown {
  try {
    closeSync(openSync(path, "a", 0o600));
    return undefined;
  } catch (cause) {
    return cause;
  }
}
