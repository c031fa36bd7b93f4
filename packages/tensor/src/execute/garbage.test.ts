// A run works in memory that is planned and reserved: on the heap it makes nothing, and a thousand steps leave nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { tinyAdamw, tinyGpt } from "../graph/graphFixture.ts";
import { tensorFrom } from "../graph/TensorValue.ts";
import { startState } from "../train/startState.ts";
import { buildStepGraph } from "../train/stepGraph.ts";
import { stepInputs } from "./executeFixture.ts";
import { openGraph } from "./openGraph.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of garbage of 1,000 calls, and bytes that stay. No collection comes between: the nursery holds megabytes. */
function measure(work: () => void): { made: number; left: number } {
  for (let i = 0; i < 300; i++) work();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1000; i++) work();
  const made = process.memoryUsage().heapUsed - before;
  collectGarbage();
  return { made, left: process.memoryUsage().heapUsed - before };
}

test("a thousand runs make less than 200 bytes of garbage each and leave nothing; so do steps with their inputs written", async () => {
  const step = buildStepGraph(tinyGpt, tinyAdamw);
  const { runner, close } = await openGraph(step.graph);
  for (const [name, value] of Object.entries(startState(new Uint8Array(32), step.state))) runner.write(name, value);
  const inputs = { ...stepInputs(step, 0), rate: tensorFrom("f32", [1], [0.001]) };
  const writeInputs = () => {
    for (const [name, value] of Object.entries(inputs)) runner.write(name, value);
  };
  writeInputs();
  const alone = measure(() => runner.run());
  assert.ok(alone.made < 200_000, `${alone.made} bytes of garbage in 1,000 runs`);
  assert.ok(alone.left < 100_000, `${alone.left} bytes left by 1,000 runs`);
  const whole = measure(() => {
    writeInputs();
    runner.run();
  });
  assert.ok(whole.left < 100_000, `${whole.left} bytes left by 1,000 steps`);
  const kept: object[] = [];
  const leaking = measure(() => kept.push(new Float64Array(16)));
  assert.ok(leaking.left > 100_000 && kept.length === 1300, "what is kept is seen");
  await close();
});
