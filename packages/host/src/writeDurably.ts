// Replaces a file whole or not at all, whatever happens while it is written: the bytes go to a file beside it and are
// synced, then it takes the name, then the folder is synced. After a crash the old file or the new one is there.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./blobs/blobFiles.ts";

/** The folder must exist. @throws the file system's own error; the file that was there is then still there */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const part = `${path}.part`;
  try {
    const file = openSync(part, "w", 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}
