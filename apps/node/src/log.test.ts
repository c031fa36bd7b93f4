import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WeftError } from "@weft/protocol/Errors";
import { openLog } from "./log.ts";

/** The log is written and turned over in its own time. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let look = 0; look < 3000; look++) {
    if (holds()) return;
    await sleep(20);
  }
  assert.fail(`it did not happen that ${what}`);
}

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

test("the log is private, keeps codes without stacks, and turns over when full", { timeout: 120_000 }, async (t) => {
  const home = mkdtempSync(join(tmpdir(), "weft-log-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const { log, path, close } = openLog({ home, level: "info", maxBytes: 2000, checkMs: 20 });
  log.warn({ err: new WeftError("no", { code: "test.no", details: { amount: 5n } }) }, "refused");
  await until("the line is written", () => textOf(path).includes("\n"));
  const first = JSON.parse(textOf(path).split("\n")[0] as string);
  assert.equal(first.err.code, "test.no");
  assert.equal(first.err.details.amount, "5");
  assert.equal(first.err.stack, undefined);
  assert.equal(statSync(path).mode & 0o077, 0);
  for (let i = 0; i < 40; i++) log.info({ i, text: "x".repeat(100) }, "fill");
  await until("it turned over", () => existsSync(`${path}.1`) && existsSync(path) && statSync(path).size < 2000);
  log.info("after");
  await until("the log goes on", () => (textOf(path) + textOf(`${path}.1`)).includes("after"));
  await until("what is full is away", () => existsSync(path) && statSync(path).size < 2000);
  close();
});
