// The CNN as a classifier of images: its step graph (spec/tensor.md §7.2) run by the kernels until it tells images apart that
// it has not seen. A cnn has no program kind, so this loop is how one is trained.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type TensorOf, tensorFrom } from "../graph/TensorValue.ts";
import type { CnnConfig } from "../models/cnn.ts";
import { seedWords } from "../seedStream.ts";
import { rateOf } from "../train/schedule.ts";
import { startState } from "../train/startState.ts";
import { buildForwardGraph, buildStepGraph } from "../train/stepGraph.ts";
import { openGraph } from "./openGraph.ts";

const SIDE = 8;
const ROWS = 16;
const STEPS = 60;
const model: CnnConfig = {
  kind: "cnn",
  ...{ height: SIDE, width: SIDE, channels: 1, classes: 3 },
  layers: [
    { kind: "conv", filters: 6, kernel: 3, pool: 2 },
    { kind: "conv", filters: 6, kernel: 3, pool: 2 },
  ],
};
const seed = new Uint8Array(32).fill(11);

/** Images of rows, columns or a chessboard at a random phase under noise, and which of them each is. */
function examples(label: string, step: number): { images: TensorOf<"f32">; targets: TensorOf<"i32"> } {
  const pixels = SIDE * SIDE;
  const words = seedWords(seed, label, step, ROWS * (pixels + 2));
  const images = new Float32Array(ROWS * pixels);
  const targets = Array.from({ length: ROWS }, (_, row) => words[row * (pixels + 2)]! % 3);
  for (let i = 0; i < images.length; i++) {
    const [row, place] = [Math.floor(i / pixels), i % pixels];
    const [y, x] = [Math.floor(place / SIDE), place % SIDE];
    const first = row * (pixels + 2);
    const phase = words[first + 1]! % 2;
    const bright = ([y, x, y + x][targets[row]!]! + phase) % 2;
    images[i] = bright + (words[first + 2 + place]! / 2 ** 32 - 0.5);
  }
  return {
    images: tensorFrom("f32", [ROWS, SIDE, SIDE, 1], images),
    targets: tensorFrom("i32", [ROWS], targets),
  };
}

test("a cnn learns to tell rows, columns and chessboards apart under noise", async () => {
  const training = {
    ...{ batch: ROWS, accumulate: 1, clipMilli: 1000 },
    optimiser: { kind: "sgd", momentumPpm: 900_000 } as const,
  };
  const schedule = { kind: "cosine", rateNano: 10_000_000, finalRateNano: 500_000, warmupSteps: 5 } as const;
  const step = buildStepGraph(model, training);
  const trained = await openGraph(step.graph, { threads: 2 });
  for (const [name, value] of Object.entries(startState(seed, step.state))) trained.runner.write(name, value);
  const losses: number[] = [];
  for (let t = 0; t < STEPS; t++) {
    const { images, targets } = examples("train", t);
    trained.runner.write("images", images);
    trained.runner.write("targets", targets);
    trained.runner.write("rate", tensorFrom("f32", [1], [rateOf(schedule, STEPS, t)]));
    trained.runner.run();
    losses.push(trained.runner.read("loss").data[0]!);
  }
  const used = await openGraph(buildForwardGraph(model, ROWS, "logits"));
  for (const { name } of step.parameters) used.runner.write(name, trained.runner.read(name));
  let right = 0;
  for (let t = 0; t < 8; t++) {
    const { images, targets } = examples("unseen", t);
    used.runner.write("images", images);
    used.runner.run();
    const logits = used.runner.read("logits").data;
    targets.data.forEach((target, row) => {
      const scores = [...logits.subarray(3 * row, 3 * row + 3)];
      right += Number(scores.indexOf(Math.max(...scores)) === target);
    });
  }
  assert.ok(right >= 0.9 * 8 * ROWS, `${right} of ${8 * ROWS} right, losses ${losses[0]} to ${losses.at(-1)}`);
  await Promise.all([trained.close(), used.close()]);
});
