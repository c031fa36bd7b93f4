import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WeftError } from "@weft/protocol/Errors";
import { openLog } from "./log.ts";

test("the log is private, keeps codes without stacks, and turns over when full", async (t) => {
  const home = mkdtempSync(join(tmpdir(), "weft-log-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const { log, path, close } = openLog({ home, level: "info", maxBytes: 2000, checkMs: 20 });
  log.warn({ err: new WeftError("no", { code: "test.no", details: { amount: 5n } }) }, "refused");
  await sleep(100);
  const first = JSON.parse(readFileSync(path, "utf8").split("\n")[0] as string);
  assert.equal(first.err.code, "test.no");
  assert.equal(first.err.details.amount, "5");
  assert.equal(first.err.stack, undefined);
  assert.equal(statSync(path).mode & 0o077, 0);
  for (let i = 0; i < 40; i++) log.info({ i, text: "x".repeat(100) }, "fill");
  await sleep(150);
  assert.ok(existsSync(`${path}.1`), "turned over");
  log.info("after");
  await sleep(50);
  close();
  assert.ok(statSync(path).size < 2000);
  assert.match(readFileSync(path, "utf8"), /after/);
});
