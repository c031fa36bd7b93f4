// Files of the blob store: objects/ab/cd/<64 hex>, tmp/<random>.part, pins/<owner>/<64 hex>.
// Durability: an object's bytes are synced before its rename and its folder after, because a holder signs that it keeps
// content; a pin's folder is synced too. What is in tmp/ at the start is a leftover and goes.
import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Hex } from "viem";

/** 64 lower-case hex digits of a content id. */
export const nameOf = (contentId: Hex): string => contentId.slice(2);

export function objectPath(folder: string, contentId: Hex): string {
  const name = nameOf(contentId);
  return join(folder, "objects", name.slice(0, 2), name.slice(2, 4), name);
}

export interface StoredFile {
  contentId: Hex;
  bytes: number;
  modifiedAt: number;
}

/** What is on disk, after clearing leftovers. */
export function scan(folder: string): { objects: StoredFile[]; pins: { contentId: Hex; by: string }[] } {
  rmSync(join(folder, "tmp"), { recursive: true, force: true });
  for (const name of ["objects", "tmp", "pins"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  const objects = filesBelow(join(folder, "objects"), 2).map((path): StoredFile => {
    const { size, mtimeMs } = statSync(path);
    return { contentId: `0x${path.slice(-64)}`, bytes: size, modifiedAt: mtimeMs };
  });
  const pins = filesBelow(join(folder, "pins"), 1).map((path) => ({
    contentId: `0x${path.slice(-64)}` as Hex,
    by: decodeURIComponent(path.slice(join(folder, "pins").length + 1, -65)),
  }));
  return { objects, pins };
}

/** Paths of files named by 64 hex digits, `levels` folders down; anything else is left alone. */
function filesBelow(folder: string, levels: number): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  if (levels > 0)
    return entries
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => filesBelow(join(folder, entry.name), levels - 1));
  return entries
    .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
    .map((entry) => join(folder, entry.name));
}

export async function openPart(folder: string): Promise<{ path: string; file: FileHandle }> {
  const path = join(folder, "tmp", `${randomUUID()}.part`);
  return { path, file: await open(path, "wx+", 0o600) };
}

/** Makes a synced file the object of `contentId`. */
export async function publish(folder: string, partPath: string, contentId: Hex): Promise<void> {
  const path = objectPath(folder, contentId);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await rename(partPath, path);
  syncFolder(dirname(path));
}

const pinFolder = (folder: string, by: string): string => join(folder, "pins", encodeURIComponent(by));

export function writePin(folder: string, contentId: Hex, by: string): void {
  mkdirSync(pinFolder(folder, by), { recursive: true, mode: 0o700 });
  writeFileSync(join(pinFolder(folder, by), nameOf(contentId)), "");
  syncFolder(pinFolder(folder, by));
}

export function removePins(folder: string, by: string): void {
  rmSync(pinFolder(folder, by), { recursive: true, force: true });
}

export function syncFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
