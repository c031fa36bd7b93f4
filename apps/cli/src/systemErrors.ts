// What the operating system says about a file, as an error that a person can act on.
import { renameSync, type Stats, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolders } from "@weft/host/makeFolders";
import { WeftError } from "@weft/protocol/Errors";

const known: Record<string, { says: string; remedy: string; retryable?: boolean }> = {
  ENOSPC: { says: "the disk is full", remedy: "free some space, then run the same command again", retryable: true },
  EDQUOT: { says: "your disk quota is used up", remedy: "free some space, then run the same command again" },
  EACCES: { says: "you have no permission", remedy: "change the file's permissions, or choose another place" },
  EPERM: { says: "you have no permission", remedy: "change the file's permissions, or choose another place" },
  EROFS: {
    says: "the disk is read-only",
    remedy: "choose another place: --out, `output` of a job file, or --home for a network",
  },
  ENOENT: { says: "it does not exist", remedy: "check the path" },
  EISDIR: { says: "it is a folder", remedy: "name a file" },
  ENOTDIR: { says: "a part of the path is not a folder", remedy: "check the path" },
  EEXIST: { says: "a file of that name is in the way", remedy: "move it away, or choose another place" },
  EMFILE: { says: "too many files are open", remedy: "raise the limit with `ulimit -n 4096`", retryable: true },
  ENAMETOOLONG: { says: "the path is too long", remedy: "choose a shorter one" },
};

/** "cannot write PATH: the disk is full". Passes a WeftError through. */
export function fileError(
  cause: unknown,
  what: { doing: "read" | "write" | "create" | "remove"; path: string },
): WeftError {
  if (cause instanceof WeftError) return cause;
  const systemCode = (cause as { code?: string } | undefined)?.code ?? "";
  const found = known[systemCode];
  return new WeftError(`cannot ${what.doing} ${what.path}: ${found?.says ?? messageOf(cause)}`, {
    code: `file.${systemCode === "" ? "failed" : systemCode.toLowerCase()}`,
    retryable: found?.retryable ?? false,
    ...(found === undefined ? {} : { remedy: found.remedy }),
    cause,
  });
}

/**
 * A device or pipe may never end, and reading it would fill the memory. A folder passes: reading it says so itself.
 * @throws WeftError `file.special`
 */
export function needPlainFile(path: string, status: Stats): void {
  if (status.isFile() || status.isDirectory()) return;
  throw new WeftError(`${path}: it is no plain file`, {
    code: "file.special",
    remedy: "write what it gives to a file, and name that",
  });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A full disk can surface anywhere; the words are the same. */
export function asPersonError(error: unknown): unknown {
  if (error instanceof WeftError) return error;
  const { code, path } = error as { code?: string; path?: string };
  if (code !== undefined && known[code] !== undefined && path !== undefined)
    return fileError(error, { doing: "write", path });
  return error;
}

/** Writes a small file whole or not at all. @throws WeftError `file.*` */
export function writePlainFile(path: string, text: string): void {
  try {
    makeFolders(dirname(path));
    writeFileSync(`${path}.part`, text, { mode: 0o600 });
    renameSync(`${path}.part`, path);
  } catch (cause) {
    throw fileError(cause, { doing: "write", path });
  }
}
