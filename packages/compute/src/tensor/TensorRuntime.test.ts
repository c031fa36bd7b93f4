import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasCode } from "@weft/protocol/Errors";
import { fromHex32, toHex } from "@weft/tensor/sha256";
import { checkpointId, encodeCheckpoint } from "@weft/tensor/train/Checkpoint";
import { outlineProgram } from "@weft/tensor/train/Program";
import { startState } from "@weft/tensor/train/startState";
import { tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import type { FailedEvent, RunEvent, RunHandle } from "../Runtime.ts";
import { bitsOf, readEvents, runtimeCompliance, segmentsIn } from "../runtimeCompliance.ts";
import { createTensorRuntime } from "./TensorRuntime.ts";
import { corpusPath, limits, tempFolder, tensorJob } from "./tensorBench.fixture.ts";

/** A machine many times slower than one's own gets there too. */
const timed = { timeout: 300_000 };
const pidOf = (run: RunHandle): number => (run as unknown as { pid: number }).pid;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(what: () => boolean, milliseconds = 60_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!what()) {
    assert.ok(performance.now() < end, "did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const failureOf = (events: readonly RunEvent[]): FailedEvent => {
  const last = events.at(-1);
  assert.equal(last?.type, "failed", JSON.stringify(last));
  return last as FailedEvent;
};

runtimeCompliance("tensor", {
  open: (folder) => createTensorRuntime({ folder }),
  folder: tempFolder,
  job: (runId) => tensorJob(runId),
  badJob: (runId) => ({ ...tensorJob(runId), spec: { corpusPath, extra: 1 } as never }),
});

const honest = createTensorRuntime({ folder: tempFolder() })
  .start(tensorJob("honest"), {})
  .then((run) => readEvents(run.events()));

test("a checkpoint on disk has the reported size and content id; the worker is gone after the job", timed, async () => {
  const run = await createTensorRuntime({ folder: tempFolder() }).start(tensorJob("run"), {});
  const pid = pidOf(run);
  for (const { checkpoint } of segmentsIn(await readEvents(run.events())).slice(-4)) {
    const bytes = readFileSync(checkpoint.path);
    assert.equal(bytes.length, checkpoint.bytes);
    assert.equal(`0x${createHash("sha256").update(bytes).digest("hex")}`, checkpoint.contentId);
    assert.equal(statSync(checkpoint.path).mode & 0o777, 0o600);
  }
  await until(() => !isAlive(pid));
});

test("two threads give the same bits as one", timed, async () => {
  const job = { ...tensorJob("run"), limits: { ...limits, threads: 2, nice: 5 } };
  const run = await createTensorRuntime({ folder: tempFolder() }).start(job, {});
  assert.deepEqual(bitsOf(await readEvents(run.events())), bitsOf(await honest));
});

test("old checkpoint files are removed, the newest stay", timed, async () => {
  const folder = tempFolder();
  const run = await createTensorRuntime({ folder, keptCheckpoints: 6 }).start(tensorJob("run"), {});
  await readEvents(run.events());
  const files = readdirSync(join(folder, "run")).filter((name) => name.endsWith(".safetensors"));
  assert.deepEqual(
    files.sort(),
    [6, 7, 8, 9, 10, 11].map((n) => `segment-${String(n).padStart(5, "0")}.safetensors`),
  );
});

test("kill -9 of the worker: the run fails retryably, and goes on with the same bits", timed, async () => {
  const runtime = createTensorRuntime({ folder: tempFolder() });
  const run = await runtime.start(tensorJob("run"), {});
  const events: RunEvent[] = [];
  for await (const event of run.events()) {
    events.push(event);
    if (event.type === "segment" && event.segment === 1) process.kill(pidOf(run), "SIGKILL");
  }
  const failure = failureOf(events);
  assert.equal(failure.code, "runtime.crashed");
  assert.ok(failure.retryable && failure.lastSegment >= 1);
  const again = await readEvents((await runtime.start(tensorJob("run"), {})).events());
  assert.equal(again.at(-1)?.type, "done");
  assert.deepEqual(bitsOf(again), bitsOf(await honest));
});

test("kill -9 of the node: its worker dies with it, attach goes on with the same bits", timed, async () => {
  const folder = tempFolder();
  const fixture = fileURLToPath(new URL("nodeProcess.fixture.ts", import.meta.url));
  const node = spawn(process.execPath, [fixture, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  node.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await until(() => text.includes("segment 3"));
  const worker = Number(/pid (\d+)/.exec(text)?.[1]);
  assert.ok(isAlive(worker));
  node.kill("SIGKILL");
  await until(() => !isAlive(worker));
  const run = await createTensorRuntime({ folder }).attach("run");
  const events = await readEvents(run!.events());
  assert.equal(events.at(-1)?.type, "done");
  assert.deepEqual(bitsOf(events), bitsOf(await honest));
});

test("a torn journal and a damaged checkpoint cost their segments, not the run", timed, async () => {
  const folder = tempFolder();
  const runtime = createTensorRuntime({ folder });
  await readEvents((await runtime.start(tensorJob("run"), {})).events());
  const journal = join(folder, "run", "journal.jsonl");
  truncateSync(journal, statSync(journal).size - 7);
  appendFileSync(journal, '{"type":"segm');
  writeFileSync(join(folder, "run", "segment-00010.safetensors"), "noise");
  writeFileSync(join(folder, "run", "segment-00009.safetensors.77.tmp"), "left over");
  const run = await createTensorRuntime({ folder }).attach("run");
  const events = await readEvents(run!.events());
  assert.equal(events.at(-1)?.type, "done");
  assert.deepEqual(bitsOf(events), bitsOf(await honest));
  assert.ok(!existsSync(join(folder, "run", "segment-00009.safetensors.77.tmp")));
});

test("a run id belongs to one program; a removed run starts over", timed, async () => {
  const runtime = createTensorRuntime({ folder: tempFolder() });
  await readEvents((await runtime.start(tensorJob("run"), {})).events());
  const other = tensorJob("run", { program: tinyTrainProgram({}, 2) });
  await assert.rejects(runtime.start(other, {}), (error) => hasCode(error, "runtime.conflict"));
  runtime.remove("run");
  const events = await readEvents((await runtime.start(other, {})).events());
  assert.equal(events.at(-1)?.type, "done");
});

test("another provider's checkpoint: the run goes on from it with the same bits", timed, async () => {
  const from = segmentsIn(await honest)[8]!;
  const start = { checkpointPath: from.checkpoint.path, contentId: from.checkpoint.contentId, segment: 9 };
  const runtime = createTensorRuntime({ folder: tempFolder() });
  const run = await runtime.start(tensorJob("run", { start }), {});
  assert.deepEqual(bitsOf(await readEvents(run.events())), bitsOf(await honest).slice(9));

  const lies = [
    { ...start, contentId: `0x${"00".repeat(32)}` as const },
    { ...start, segment: 8 },
  ];
  for (const [index, lie] of lies.entries()) {
    const refused = await runtime.start(tensorJob(`lie${index}`, { start: lie }), {});
    const failure = failureOf(await readEvents(refused.events()));
    assert.equal(failure.code, "runtime.checkpoint", failure.message);
    assert.equal(failure.retryable, false);
  }
});

test("a corpus that is not the program's, or not there, fails with a code", timed, async () => {
  const runtime = createTensorRuntime({ folder: tempFolder() });
  const wrong = join(tempFolder(), "wrong.txt");
  writeFileSync(wrong, "something else entirely");
  const cases = [
    ["wrong", wrong, "runtime.spec"],
    ["missing", `${wrong}.missing`, "runtime.storage"],
  ] as const;
  for (const [runId, path, code] of cases) {
    const run = await runtime.start(tensorJob(runId, { corpusPath: path }), {});
    const failure = failureOf(await readEvents(run.events()));
    assert.equal(failure.code, code, failure.message);
    assert.equal(failure.lastSegment, -1);
  }
});

test("a program over the job's memory is refused before it runs, with both numbers", timed, async () => {
  const job = { ...tensorJob("run"), limits: { ...limits, memoryMiB: 193 } };
  const run = await createTensorRuntime({ folder: tempFolder() }).start(job, {});
  const failure = failureOf(await readEvents(run.events()));
  assert.deepEqual([failure.code, failure.retryable, failure.lastSegment], ["runtime.memory", false, -1]);
  assert.match(failure.message, /^the program needs \d{7} bytes of memory, its limit is \d{7}: /);
});

test("a program that is not what it says is refused in the worker, also when it is far too large", timed, async () => {
  const runtime = createTensorRuntime({ folder: tempFolder() });
  const { program } = tensorJob("run").spec;
  const cases = [
    [{ ...program, stepGraph: `0x${"11".repeat(32)}` as const }, /^stepGraph is 0x1111.* expands to 0x/],
    [{ ...program, accumulate: 64, model: { ...program.model, layers: 128 } as never }, /more than 131072 values/],
  ] as const;
  for (const [index, [wrong, words]] of cases.entries()) {
    const run = await runtime.start(tensorJob(`wrong${index}`, { program: wrong }), {});
    const failure = failureOf(await readEvents(run.events()));
    assert.deepEqual([failure.code, failure.retryable], ["runtime.spec", false], failure.message);
    assert.match(failure.message, words);
  }
});

test("a NaN ends the run for good and names step and operator", timed, async () => {
  const { program } = tensorJob("run").spec;
  const outline = outlineProgram(program);
  const state = startState(fromHex32(program.seed, "seed"), outline.step.state);
  state["model.layers.0.mlp.down_proj.weight"]!.data[0] = Number.POSITIVE_INFINITY;
  const bytes = encodeCheckpoint(outline, { nextStep: program.stepsPerSegment, state });
  const checkpointPath = join(tempFolder(), "start");
  writeFileSync(checkpointPath, bytes);
  const start = { checkpointPath, contentId: toHex(checkpointId(bytes)), segment: 1 };
  const run = await createTensorRuntime({ folder: tempFolder() }).start(tensorJob("run", { start }), {});
  const failure = failureOf(await readEvents(run.events()));
  assert.deepEqual([failure.code, failure.retryable], ["runtime.nan", false], failure.message);
  assert.match(failure.message, /^step 40: .* has a NaN: node \d+ \w+ gave the first NaN/);
});

test("a worker above its memory limit is ended", timed, async () => {
  const job = { ...tensorJob("run"), limits: { ...limits, memoryMiB: 20 } };
  const run = await createTensorRuntime({ folder: tempFolder() }).start(job, {});
  const failure = failureOf(await readEvents(run.events()));
  assert.equal(failure.code, "runtime.memory", failure.message);
});

test(
  "a checkpoint that can't be written fails the run as storage, and nothing is journalled for it",
  timed,
  async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, "run", "segment-00002.safetensors"), { recursive: true });
    const run = await createTensorRuntime({ folder }).start(tensorJob("run"), {});
    const failure = failureOf(await readEvents(run.events()));
    assert.equal(failure.code, "runtime.storage", failure.message);
    assert.ok(failure.retryable);
    assert.equal(failure.lastSegment, 1);
  },
);

test("a frozen worker is found by its missing heartbeat", timed, async () => {
  const runtime = createTensorRuntime({ folder: tempFolder(), timing: { beatDeadlineMs: 1_500 } });
  const run = await runtime.start(tensorJob("run"), {});
  const events: RunEvent[] = [];
  for await (const event of run.events()) {
    events.push(event);
    if (event.type === "segment" && event.segment === 0) process.kill(pidOf(run), "SIGSTOP");
  }
  assert.equal(failureOf(events).code, "runtime.stalled");
  await until(() => !isAlive(pidOf(run)));
});

test("stop ends even a frozen worker within its bound", timed, async () => {
  const runtime = createTensorRuntime({ folder: tempFolder(), timing: { graceMs: 300 } });
  const run = await runtime.start(tensorJob("run"), {});
  await readEvents(run.events(), (event) => event.type === "segment");
  process.kill(pidOf(run), "SIGSTOP");
  // A frozen worker never ends by itself: without the bound this would not return.
  await run.stop();
  assert.ok(!isAlive(pidOf(run)));
});

test("an unread run waits instead of filling the disk", timed, async () => {
  const folder = tempFolder();
  const run = await createTensorRuntime({ folder }).start(tensorJob("run"), {});
  const journalled = () => readFileSync(join(folder, "run", "journal.jsonl"), "utf8").split("\n").length - 2;
  await until(() => journalled() === 4);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(journalled(), 4);
  await run.stop();
});

test("fault: one weight corrupted once changes the trace from its segment on, and only there", timed, async () => {
  const corrupt = { step: 125, tensor: "model.embed_tokens.weight", index: 3, bit: 22 };
  const runtime = createTensorRuntime({ folder: tempFolder(), faults: { corrupt } });
  const events = await readEvents((await runtime.start(tensorJob("run"), {})).events());
  const good = bitsOf(await honest);
  const bad = bitsOf(events);
  assert.deepEqual(bad.slice(0, 3), good.slice(0, 3));
  for (let n = 3; n < 12; n++) assert.notDeepEqual(bad[n], good[n]);
});

test("fault: a withheld checkpoint is reported but not there; the run itself goes on", timed, async () => {
  const runtime = createTensorRuntime({ folder: tempFolder(), faults: { withholdCheckpoints: true } });
  const events = await readEvents((await runtime.start(tensorJob("run"), {})).events());
  assert.deepEqual(bitsOf(events), bitsOf(await honest));
  for (const { checkpoint } of segmentsIn(events)) assert.ok(!existsSync(checkpoint.path));
});
