// `weft train` from its first step to its last: the same bits however often it is interrupted, and what it refuses.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { createJobProgram } from "@weft/compute/tensor/jobProgram";
import { WeftError } from "@weft/protocol/Errors";
import { decodeCheckpoint, encodeCheckpoint, readCheckpointProgram } from "@weft/tensor/train/Checkpoint";
import { openProgram } from "@weft/tensor/train/Program";
import { type TrainFlags, train } from "../commands/train.ts";
import { repositoryRoot } from "../Home.ts";
import { contentIdOf } from "../job/corpus.ts";
import { readJobFile } from "../job/readJobFile.ts";
import { openTrainFolder } from "./TrainFolder.ts";
import { quietContext, tinyJobs } from "./trainFixture.ts";

const { folder, job } = tinyJobs();
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const out = (name: string) => join(folder, name);
const model = (name: string) => join(out(name), "tiny.safetensors");
const corpus = () => new Uint8Array(readFileSync(join(folder, "text.txt")));

/** Events of a whole training in this process. */
async function trained(path: string, flags: TrainFlags, json = true) {
  const context = quietContext(folder, json);
  assert.equal(await train(context, path, { threads: 1, ...flags }), 0);
  return { said: context.said.join("\n"), events: context.emitted };
}

function started(command: readonly string[]) {
  const child = spawn(process.execPath, command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let err = "";
  child.stderr.on("data", (piece) => (err += piece));
  return { child, exit: once(child, "exit") as Promise<[number | null, string | null]>, err: () => err };
}

const weft = (words: readonly string[]) => started([join(repositoryRoot, "apps/cli/src/main.ts"), ...words]);

/** The first line of a child's output that fits. */
async function lineOf(child: ChildProcess, wanted: (line: string) => boolean): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) if (wanted(line)) return line;
  throw new Error("the training ended before what was waited for");
}

const sixty = job("sixty", "steps: 60");

test("a whole training: events, report, losses, and a checkpoint that is the model", async () => {
  const { events } = await trained(sixty, { out: "whole", threads: 2 });
  const bytes = new Uint8Array(readFileSync(model("whole")));
  const of = (kind: string) => events.filter((event) => event["kind"] === kind);
  assert.deepEqual(
    [of("program")[0]!["step"], of("program")[0]!["totalSteps"], of("progress").at(-1)!["step"]],
    [0, 60, 60],
  );
  const last = of("checkpoint").at(-1)!;
  assert.deepEqual(last, { ...last, step: 60, path: model("whole"), contentId: contentIdOf(bytes) });
  const evaluated = of("evaluated")[0] as { bitsPerByte: number; baselineOneChar: number; heldOutBytes: number };
  assert.ok(evaluated.bitsPerByte > 0 && evaluated.bitsPerByte < 5 && evaluated.baselineOneChar < 3);
  assert.ok(evaluated.heldOutBytes > 500);
  assert.equal(events.at(-1)!["kind"], "summary");
  const losses = readFileSync(join(out("whole"), "tiny.losses.csv"), "utf8")
    .trimEnd()
    .split("\n");
  assert.equal(losses.length, 61);
  assert.match(losses[60]!, /^59,\d\.\d+$/);
  const { program, nextStep } = readCheckpointProgram(bytes);
  assert.equal(nextStep, 60);
  assert.deepEqual(
    program,
    createJobProgram(readJobFile(sixty).job.program, { corpus: corpus() }),
    "what a job would be",
  );
});

test("a plan says what would be trained and which n-grams it has to beat, and trains nothing", async () => {
  const { events } = await trained(sixty, { out: "planned", plan: true });
  const plan = events[0] as { [field: string]: number } & { nGrams: { bitsPerByte: number }[] };
  assert.equal(events.length, 1);
  assert.deepEqual(
    [plan["steps"], plan["tokensPerStep"], plan["vocab"], plan["trainingBytes"]! + plan["heldOutBytes"]!],
    [60, 16, 27, corpus().length],
  );
  const error = await refusal(sixty, { out: "planned", memory: plan["memoryBytes"]! - 1 });
  assert.match(error.message, new RegExp(`needs ${plan["memoryBytes"]} bytes`));
  const bits = plan.nGrams.map(({ bitsPerByte }) => bitsPerByte);
  assert.ok(bits.length === 5 && bits[0]! > bits[1]! && bits[1]! > bits[2]!);
  assert.equal(existsSync(model("planned")), false);
  const { said } = await trained(sixty, { out: "planned", plan: true }, false);
  assert.match(said, /program +0x[0-9a-f]{64}\n.*passes +\d\.\d\d over the text/s);
});

test("nobody reads the output any more: a checkpoint is written all the same, and it doesn't count as done", async () => {
  const endless = job("endless", "steps: 9000000");
  const { child, exit, err } = weft(["train", endless, "--json", "--threads", "1", "--out", "unread"]);
  await lineOf(child, (line) => line.includes('"progress"'));
  child.stdout.destroy();
  assert.deepEqual(await exit, [130, null], err());
  assert.match(err(), /stopped after step .*; its checkpoint is written\n/);
  assert.ok(existsSync(model("unread")));
});

test("once more: nothing is trained, the same is reported; losses come from the first time", async () => {
  const before = readFileSync(model("whole"));
  const { said } = await trained(sixty, { out: "whole" }, false);
  assert.match(said, /going on from .*tiny\.safetensors, step 60\n/);
  assert.match(said, /done: tiny, 60 steps, trained before\n.*loss while training.*beaten.*text the model wrote/s);
  assert.match(said, new RegExp(`sha-256 {2}${contentIdOf(new Uint8Array(before))}`));
  assert.deepEqual(readFileSync(model("whole")), before);
});

test("killed with kill -9 between two checkpoints, then the bits of a training that never was", async () => {
  const fixture = new URL("./killedTraining.fixture.ts", import.meta.url).pathname;
  const { child, exit } = started([fixture, sixty, out("killed")]);
  await lineOf(child, (line) => line === "step 40");
  child.kill("SIGKILL");
  assert.deepEqual(await exit, [null, "SIGKILL"]);
  const { nextStep } = readCheckpointProgram(new Uint8Array(readFileSync(model("killed"))));
  assert.ok(nextStep > 0 && nextStep <= 40, `${nextStep}`);
  // As if it had been killed while it wrote: half a checkpoint beside the whole one, half a line of losses.
  writeFileSync(`${model("killed")}.part`, "half");
  appendFileSync(join(out("killed"), "tiny.losses.csv"), "41,2.");
  const { events } = await trained(sixty, { out: "killed" });
  assert.equal(events[0]!["step"], nextStep, "it goes on and doesn't begin anew");
  assert.deepEqual(readFileSync(model("killed")), readFileSync(model("whole")));
  const losses = (name: string) => readFileSync(join(out(name), "tiny.losses.csv"), "utf8");
  assert.equal(losses("killed"), losses("whole"));
  assert.deepEqual(readdirSync(out("killed")).sort(), [".tiny.lock", "tiny.losses.csv", "tiny.safetensors"]);
});

test("Ctrl-C writes a checkpoint, says how to go on, and exits 130; the same command goes on there", async () => {
  const endless = job("endless", "steps: 9000000");
  const words = ["train", endless, "--json", "--threads", "1", "--out", "stopped"];
  const first = weft(words);
  await lineOf(first.child, (line) => line.includes('"progress"'));
  first.child.kill("SIGINT");
  assert.deepEqual(await first.exit, [130, null], first.err());
  const [, step] = /stopped after step ([\d,]+) of 9,000,000/.exec(first.err()) ?? [];
  assert.match(first.err(), /remedy: go on with: weft train .*endless\.yaml --out stopped\n/);
  const again = weft(words);
  const begun = JSON.parse(await lineOf(again.child, (line) => line.includes('"program"')));
  assert.equal(begun.step, Number(step!.replaceAll(",", "")));
  again.child.kill("SIGKILL");
  await again.exit;
});

const refusal = (path: string, flags: TrainFlags) =>
  train(quietContext(folder), path, { threads: 1, ...flags }).then(
    () => assert.fail("it trained"),
    (error: unknown) => error as WeftError,
  );

test("a checkpoint of another program is refused and stays; --fresh begins anew", async () => {
  const other = job("other", "steps: 61");
  const before = readFileSync(model("whole"));
  const error = await refusal(other, { out: "whole" });
  assert.ok(error instanceof WeftError);
  assert.equal(error.code, "train.otherProgram");
  assert.match(String(error.details["it holds"]), /^0x[0-9a-f]{64}$/);
  assert.match(error.remedy ?? "", /--out DIR, or begin anew with --fresh/);
  assert.deepEqual(readFileSync(model("whole")), before);
  const { events } = await trained(other, { out: "whole", fresh: true });
  assert.equal(events[0]!["step"], 0);
  assert.equal(readCheckpointProgram(new Uint8Array(readFileSync(model("whole")))).nextStep, 61);
});

test("a damaged checkpoint is refused and stays", async () => {
  const cut = readFileSync(model("killed")).subarray(0, 3000);
  writeFileSync(model("killed"), cut);
  const error = await refusal(sixty, { out: "killed" });
  assert.equal(error.code, "train.damaged");
  assert.match(error.message, /truncated/);
  assert.deepEqual(readFileSync(model("killed")), cut);
});

test("two trainings into one folder: the second is refused", async () => {
  const { lock } = await openTrainFolder(out("busy"), "tiny");
  const error = await refusal(sixty, { out: "busy" });
  assert.deepEqual([error.code, existsSync(model("busy"))], ["train.busy", false]);
  lock.release();
});

test("over its memory limit: refused with both numbers before it runs", async () => {
  const error = await refusal(sixty, { out: "small", memory: 2 ** 20 });
  assert.equal(error.code, "tensor.over-memory");
  assert.match(error.message, /needs \d{7,} bytes of memory, its limit is 1048576/);
  assert.equal(existsSync(model("small")), false);
});

test("a NaN ends it with step and operator; the last checkpoint stays", async () => {
  const open = openProgram(createJobProgram(readJobFile(sixty).job.program, { corpus: corpus() }));
  await trained(sixty, { out: "nan" });
  const { state } = decodeCheckpoint(open, new Uint8Array(readFileSync(model("nan"))));
  state["model.norm.weight"]!.data[3] = Number.POSITIVE_INFINITY;
  const before = encodeCheckpoint(open, { nextStep: 7, state });
  writeFileSync(model("nan"), before);
  const error = await refusal(sixty, { out: "nan" });
  assert.equal(error.code, "tensor.nan");
  assert.match(error.message, /^step 7: .* has a NaN: node \d+ .* gave the first NaN/);
  assert.deepEqual(new Uint8Array(readFileSync(model("nan"))), before);
});
