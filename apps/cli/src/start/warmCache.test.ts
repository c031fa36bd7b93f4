import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { homeAt } from "../Home.ts";
import { isWarm, warmCache } from "./warmCache.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-warm-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a cold cache is filled once with what a node loads", async () => {
  process.env["NODE_COMPILE_CACHE"] = join(folder, "cache");
  const home = homeAt(join(folder, ".weft"));
  assert.equal(isWarm(home), false);
  await warmCache(home, new AbortController().signal);
  assert.ok(isWarm(home), "the next start has nothing to do");
  // Node names the folder after its version and the V8 flags that change compiled code.
  enableCompileCache(join(folder, "own"));
  const own = basename(getCompileCacheDir() as string);
  assert.deepEqual(readdirSync(join(folder, "cache")), [own], "a process without flags can use it");
});

test("a start that is given up does not wait for it", async () => {
  process.env["NODE_COMPILE_CACHE"] = join(folder, "other");
  const home = homeAt(join(folder, ".weft"));
  await warmCache(home, AbortSignal.abort());
  assert.equal(isWarm(home), false);
});
