// A trainer that is killed between two checkpoints goes on from the last one with the same bits.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { toHex } from "../sha256.ts";
import { runSegment } from "./runSegment.ts";
import { openTrainer } from "./Trainer.ts";
import { tinyCorpus, tinyTrainProgram } from "./tinyTrainProgram.ts";

/** Lines of a child's output until one that is wanted. */
async function until(child: ChildProcess, wanted: string): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) if (line === wanted) return;
  throw new Error(`the trainer ended before ${wanted}`);
}

test("killed between two checkpoints, then the same bits", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-killed-"));
  const script = fileURLToPath(new URL("./trainUntilKilled.ts", import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  try {
    // Segments are six steps: the second checkpoint is there, the third is not.
    await until(child, "step 14");
    child.kill("SIGKILL");
    assert.deepEqual(await exit, [null, "SIGKILL"]);
    const program = tinyTrainProgram();
    const checkpoint = new Uint8Array(readFileSync(join(folder, "checkpoint")));
    const resumed = await openTrainer(program, tinyCorpus, { checkpoint });
    assert.equal(resumed.nextStep, 12);
    const second = await runSegment(resumed, { firstStep: 12, lastStep: 17 });
    const straight = await openTrainer(program, tinyCorpus);
    const whole = await runSegment(straight, { firstStep: 0, lastStep: 17 });
    assert.deepEqual(second.stepRoots.map(toHex), whole.stepRoots.slice(12).map(toHex));
    assert.deepEqual(second.checkpoint, whole.checkpoint);
    await Promise.all([resumed.close(), straight.close()]);
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
});
