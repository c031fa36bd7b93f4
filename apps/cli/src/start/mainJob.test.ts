import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { presetOf } from "@weft/compute/tensor/jobProgram";
import { hasCode } from "@weft/protocol/Errors";
import * as JobFile from "@weft/protocol/JobFile";
import { presets } from "@weft/protocol/Params";
import type { Context } from "../Context.ts";
import { homeAt } from "../Home.ts";
import { onInterrupt } from "./interrupts.ts";
import { jobName, mainJob } from "./mainJob.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-mainjob-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const params = presets.local;
const context = { home: homeAt(join(folder, ".weft")), cwd: folder } as Context;

test("the main job is a valid job file, on the project's own text or the user's", () => {
  const own = mainJob(context, {});
  assert.equal(own.name, "train-own-text");
  assert.equal(own.corpusPath, join(folder, ".weft", "corpus", "own.txt"));
  writeFileSync(join(folder, "My Book.txt"), "it was a dark and stormy night; ".repeat(200));
  const book = mainJob(context, { corpus: "My Book.txt", quick: true });
  assert.equal(book.corpus.length, 6400);
  for (const [job, preset] of [
    [own, "main"],
    [book, "quick"],
  ] as const) {
    const checked = JobFile.check(job.data);
    assert.ok(checked.ok);
    assert.deepEqual([checked.job.name, checked.job.program.preset, checked.job.tier], [job.name, preset, "exact"]);
    const { totalSteps, stepsPerSegment } = presetOf(checked.job.program);
    const unaudited = (1 - Number(params.auditRatePpm) / 1e6) ** Math.ceil(totalSteps / stepsPerSegment);
    assert.ok(unaudited < 1 / 7000, `one run in ${1 / unaudited} has no audit`);
    assert.ok(mostPerLease(checked.job) * 2n <= checked.job.pay.budget, "the budget has room for one move");
  }
  assert.throws(
    () => mainJob(context, { corpus: "none.txt" }),
    (error) => hasCode(error, "corpus.missing"),
  );
});

/** At the ceiling, for the whole duration, with the audit pot. */
const mostPerLease = ({ pay, duration }: JobFile.JobFile): bigint =>
  ((pay.maxPricePerHour / 3600n) * BigInt(duration) * (10_000n + params.auditShareBps)) / 10_000n;

test("a file's name becomes a job's name", () => {
  assert.equal(jobName("/a/b/tiny.shakespeare.txt"), "train-tiny.shakespeare");
  assert.equal(jobName("Ünï çödé.md"), "train-n-d");
  assert.equal(jobName("日本.txt"), "train-text");
  assert.equal(jobName(`${"x".repeat(200)}.txt`).length, 64);
});

test("signals: the first aborts, its echoes are the same, a later one is impatience", async () => {
  let impatient = 0;
  const interrupts = onInterrupt(() => impatient++);
  process.emit("SIGINT");
  process.emit("SIGTERM");
  assert.equal(interrupts.signal.aborted, true);
  assert.equal(impatient, 0);
  await new Promise((wake) => setTimeout(wake, 1600));
  process.emit("SIGINT");
  assert.equal(impatient, 1);
  interrupts.release();
  assert.equal(process.listenerCount("SIGINT"), 0);
});
