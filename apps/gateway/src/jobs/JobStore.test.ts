// The gateway's memory: idempotent jobs, ordered events, vouchers that never go down, and what a kill -9 leaves.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { openJobStore } from "./JobStore.ts";

const channelId = `0x${"11".repeat(32)}` as const;
const payee = `0x${"22".repeat(20)}` as const;
const signature = `0x${"33".repeat(65)}` as const;

test("the same idempotency key gives the same job", () => {
  const store = openJobStore(":memory:");
  const make = (jobId: string) => store.createJob({ jobId, name: "n", record: "{}", at: 1, idempotencyKey: "k" });
  assert.equal(make("a"), "a");
  assert.equal(make("b"), "a");
  assert.equal(store.listJobs().length, 1);
});

test("a job is found by its order, its leases and its content, also when a thousand came after it", () => {
  const store = openJobStore(":memory:");
  const make = (jobId: string, at: number) => store.createJob({ jobId, name: "n", record: `"${jobId}"`, at });
  const [corpus, checkpoint] = [`0x${"aa".repeat(32)}`, `0x${"bb".repeat(32)}`] as const;
  for (let n = 0; n < 1200; n++) make(`j${n}`, n);
  store.link("j0", "order", channelId);
  store.link("j0", "content", corpus);
  store.link("j0", "content", checkpoint);
  store.link("j0", "content", checkpoint);
  store.link("j1100", "content", corpus);
  const found = (...query: Parameters<typeof store.jobsLinked>) => store.jobsLinked(...query).map(({ jobId }) => jobId);
  assert.deepEqual(found("order", channelId), ["j0"]);
  assert.deepEqual(found("lease", channelId), []);
  assert.deepEqual(found("content", corpus), ["j1100", "j0"]);
  assert.deepEqual(found("content", checkpoint), ["j0"]);
  assert.equal(store.jobsLinked("order", channelId)[0]?.record, '"j0"');

  store.saveJob("j1", { phase: "ended", record: "{}", endedAt: 9 });
  const unfinished = store.unfinishedJobs().map(({ jobId }) => jobId);
  assert.equal(unfinished.length, 1199);
  assert.deepEqual(unfinished.slice(0, 2), ["j0", "j2"], "nothing is too old to be gone on with");
});

test("events are numbered from 1 without gaps, and read back from any of them", () => {
  const store = openJobStore(":memory:");
  for (let index = 0; index < 5; index++)
    store.appendEvent("j", { at: index, kind: "sample", body: { text: `${index}` } });
  store.appendEvent("other", { at: 9, kind: "sample", body: { text: "o" } });
  assert.deepEqual(
    store.eventsFrom("j", 4).map((event) => [event.seq, event.at, event.kind]),
    [
      [4, 3, "sample"],
      [5, 4, "sample"],
    ],
  );
});

test("a job that goes on for ever keeps a curve of its progress, all that happened to it, and the newest of the rest", () => {
  const store = openJobStore(":memory:", { progress: 64, all: 400 });
  const bodies = { transaction: channelId, leaseId: channelId };
  store.appendEvent("j", { at: 0, kind: "created", body: { jobId: "j", name: "n" } });
  store.appendEvent("j", { at: 0, kind: "started", body: bodies });
  const progress = (step: number) =>
    store.appendEvent("j", {
      ...{ at: step, kind: "progress" },
      body: { step, totalSteps: 9999, bitsPerByte: 1, tokensPerSecond: 1 },
    });
  const paid = (segment: number) =>
    store.appendEvent("j", { at: segment, kind: "paid", body: { segment, cumulative: "1", nodeId: payee } });
  const of = (kind: string) => store.eventsFrom("j", 1).filter((event) => event.kind === kind);
  for (let step = 1; step <= 5000; step++) {
    progress(step);
    if (step % 50 === 0) paid(step / 50);
    assert.ok(of("progress").length <= 68);
  }
  assert.equal(of("paid").length, 100, "only progress is thinned out");
  const steps = of("progress").map(({ at }) => at);
  assert.deepEqual(steps.slice(-4), [4997, 4998, 4999, 5000]);
  assert.equal(steps[0], 1);
  const gaps = steps.slice(1).map((step, index) => step - (steps[index] as number));
  assert.ok(Math.max(...gaps) <= 512, `no part of the run is without reports: ${gaps}`);
  const last = store.appendEvent("j", { at: 1, kind: "sample", body: { text: "s" } });
  assert.equal(last.seq, 5103, "numbers go on");

  for (let segment = 101; segment <= 3000; segment++) paid(segment);
  const kept = store.eventsFrom("j", 1);
  assert.ok(kept.length <= 425, `${kept.length}`);
  assert.deepEqual(
    kept.slice(0, 2).map(({ kind }) => kind),
    ["created", "started"],
  );
  assert.equal(of("sample").length, 1);
  assert.equal(of("paid").at(-1)?.at, 3000);
  const seqs = kept.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    [...new Set(seqs)].sort((a, b) => a - b),
  );
});

test("a voucher lower than one already signed is refused, the same one is not", () => {
  const store = openJobStore(":memory:");
  store.putVoucher({ channelId, payee, cumulative: 10n ** 19n, signature });
  store.putVoucher({ channelId, payee, cumulative: 10n ** 19n, signature });
  assert.throws(
    () => store.putVoucher({ channelId, payee, cumulative: 9n, signature }),
    (error) => hasCode(error, "voucher.lower"),
  );
  assert.equal(store.getVoucher(channelId)?.cumulative, 10n ** 19n);
});

test("what was acknowledged is there after kill -9", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-jobs-"));
  const path = join(folder, "jobs.sqlite");
  const script = `
    const { openJobStore } = await import(${JSON.stringify(join(import.meta.dirname, "JobStore.ts"))});
    const store = openJobStore(${JSON.stringify(path)});
    for (let index = 1; ; index++) {
      store.putVoucher({ channelId: "${channelId}", payee: "${payee}", cumulative: BigInt(index), signature: "${signature}" });
      process.stdout.write(index + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  let told = "";
  child.stdout.on("data", (chunk) => {
    told += chunk;
    if (told.length > 2000) child.kill("SIGKILL");
  });
  await new Promise((ended) => child.once("exit", ended));
  const acknowledged = BigInt(told.trimEnd().split("\n").slice(0, -1).at(-1) as string);
  const store = openJobStore(path);
  assert.ok((store.getVoucher(channelId)?.cumulative ?? 0n) >= acknowledged);
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a store has one gateway: a second process is refused, whoever is let go of leaves it free, rubbish is named", () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-jobs-"));
  const path = join(folder, "jobs.sqlite");
  const script = `
    const { openJobStore } = await import(${JSON.stringify(join(import.meta.dirname, "JobStore.ts"))});
    try { openJobStore(${JSON.stringify(path)}).close(); process.stdout.write("open"); }
    catch (error) { process.stdout.write(error.code); }`;
  const other = () => spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).stdout;
  const store = openJobStore(path);
  assert.equal(other(), "store.locked");
  store.put("nonce", "1");
  store.close();
  assert.equal(other(), "open");
  writeFileSync(path, "not a database, and long enough to be looked at ".repeat(40));
  assert.throws(
    () => openJobStore(path),
    (error) => hasCode(error, "store.corrupt"),
  );
  rmSync(folder, { recursive: true, force: true });
});
