// A folder and its missing parents. Not `mkdirSync` with `recursive`: that one never returns below a folder that exists
// but takes no children, such as /proc.
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** For their owner alone. @throws the file system's own error: ENOTDIR for a file in the way, EACCES, ENOSPC … */
export function makeFolders(path: string): void {
  const missing: string[] = [];
  let at = resolve(path);
  for (; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  if (!statSync(at).isDirectory()) throw Object.assign(new Error(`${at} is a file`), { code: "ENOTDIR", path: at });
  for (const folder of missing.toReversed()) makeOne(folder);
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as { code?: string };
    // The parent is there: it is that it takes no folders.
    if (code === "ENOENT") throw Object.assign(new Error(`${folder} can't be made`), { code: "EACCES", path: folder });
    // Another process may have been faster.
    if (code !== "EEXIST") throw error;
  }
}
