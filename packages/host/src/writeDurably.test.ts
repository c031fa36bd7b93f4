import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeDurably } from "./writeDurably.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-durable-"));
after(() => rmSync(folder, { recursive: true }));

test("a file is replaced whole, and nothing else is left", () => {
  const path = join(folder, "a");
  writeDurably(path, Uint8Array.of(1, 2, 3));
  writeDurably(path, Uint8Array.of(4));
  assert.deepEqual([...readFileSync(path)], [4]);
  assert.deepEqual(readdirSync(folder), ["a"]);
});

test("a write that fails leaves the file that was there", {
  skip: existsSync("/dev/full") ? false : "no /dev/full",
}, () => {
  const inside = join(folder, "full");
  mkdirSync(inside);
  const path = join(inside, "a");
  writeDurably(path, Uint8Array.of(7));
  symlinkSync("/dev/full", `${path}.part`);
  assert.throws(() => writeDurably(path, new Uint8Array(9)), { code: "ENOSPC" });
  assert.deepEqual([...readFileSync(path)], [7]);
  assert.deepEqual(readdirSync(inside), ["a"]);
  assert.throws(() => writeDurably(join(folder, "absent", "b"), new Uint8Array(1)), { code: "ENOENT" });
});
