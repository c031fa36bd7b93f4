import assert from "node:assert/strict";
import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolders } from "./makeFolders.ts";

const root = mkdtempSync(join(tmpdir(), "weft-folders-"));
const coded = (code: string) => (error: unknown) => (error as { code?: string }).code === code;

test("missing parents are made, for their owner alone, and again is nothing new", () => {
  const path = join(root, "a", "b", "c");
  makeFolders(path);
  makeFolders(path);
  for (const folder of [path, join(root, "a")]) assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test("a file in the way is an error, above and at the place itself", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "x", "y")]) assert.throws(() => makeFolders(path), coded("ENOTDIR"));
});

test("a folder that takes no children is an error at once", { skip: process.platform !== "linux" }, () => {
  assert.throws(() => makeFolders("/proc/nowhere/at/all"), coded("EACCES"));
});
