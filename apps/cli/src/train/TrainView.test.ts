// How a training is seen: pace, time left, the curve, the live picture, lines of a pipe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { trainLiveLines, trainPlainLine, trainReportLines } from "../render/trainLines.ts";
import { showTraining } from "./showTraining.ts";
import { lossesWith, type Pace, paceWith, type TrainView, viewAfter } from "./TrainView.ts";
import { quietContext } from "./trainFixture.ts";

const measure = { tokensPerStep: 100, bytesPerToken: 2 };
const look = { colour: false, width: 80 };
const first: TrainView = { name: "tiny", step: 0, totalSteps: 50, losses: [] };
const results = (from: number, count: number, loss = 2 * Math.LN2) =>
  Array.from({ length: count }, (_, i) => ({ step: from + i, loss }));

test("bits per byte, tokens a second and the time left follow from steps and clock", () => {
  const pace: Pace = [
    { step: 0, atMs: 0 },
    { step: 10, atMs: 2000 },
  ];
  const view = viewAfter(first, results(0, 10), { pace, measure });
  assert.deepEqual(
    [view.step, view.bitsPerByte, view.tokensPerSecond, view.secondsLeft, view.losses.length],
    [10, 1, 500, 8, 10],
  );
  assert.equal(viewAfter(first, results(0, 1), { pace: pace.slice(0, 1), measure }).tokensPerSecond, undefined);
});

test("the pace is that of the last quarter of a minute, and never without a report from before it", () => {
  const pace = Array.from({ length: 100 }, (_, second) => ({ step: second, atMs: 1000 * second })).reduce<Pace>(
    paceWith,
    [],
  );
  assert.deepEqual([pace[0]!.step, pace.at(-1)!.step], [84, 99]);
  assert.deepEqual(
    paceWith([{ step: 1, atMs: 0 }], { step: 2, atMs: 60_000 }).map(({ step }) => step),
    [1, 2],
  );
});

test("a long curve keeps a bounded number of points, its end, and its mean", () => {
  const points = lossesWith(
    [],
    Array.from({ length: 5000 }, (_, step) => ({ step, loss: step * Math.LN2 })),
    {
      tokensPerStep: 1,
      bytesPerToken: 1,
    },
  );
  assert.ok(points.length <= 512 && points.length > 200);
  assert.equal(points.at(-1)!.step, 5000);
  const mean = points.reduce((sum, { bitsPerByte }) => sum + bitsPerByte, 0) / points.length;
  assert.ok(Math.abs(mean - 2499.5) < 20, `${mean}`);
});

test("live: bar, figures, curve, checkpoint, no line wider than the terminal", () => {
  const pace: Pace = [
    { step: 0, atMs: 0 },
    { step: 25, atMs: 10_000 },
  ];
  const saved = { step: 20, path: `/${"long/".repeat(30)}tiny.safetensors`, bytes: 2048, contentId: "0x00" };
  const losses = results(0, 25).map((one, i) => ({ ...one, loss: one.loss - i / 50 }));
  const lines = trainLiveLines({ ...viewAfter(first, losses, { pace, measure }), saved }, { look, seconds: 10 });
  assert.match(lines[0]!, /^weft {2}tiny {2}training here {2}0:10$/);
  assert.match(lines[1]!, / 50%$/);
  assert.equal(lines[2], "  step 25/50  0.827 bits/byte  250 tokens/s  0:10 left");
  assert.equal(lines.length, 3 + 6 + 1);
  assert.match(lines.at(-1)!, /^ {2}checkpoint of step 20: .*…$/);
  assert.ok(lines.every((line) => line.length <= 80));
});

test("a pipe gets a line per tenth, and one when the last is overdue; the report says what was trained before", () => {
  const at = (step: number): TrainView => ({ ...first, step, bitsPerByte: 1 });
  assert.equal(trainPlainLine(at(6), at(9)), undefined);
  assert.equal(trainPlainLine(at(6), at(9), true), "step 9/50, 1.000 bits/byte");
  assert.equal(trainPlainLine(at(9), at(10)), "step 10/50, 1.000 bits/byte");
  const lines = trainReportLines({ view: at(50), seconds: 0, programHash: "0x1" }, look);
  assert.deepEqual(lines, ["done: tiny, 50 steps, trained before"]);
  assert.match(trainReportLines({ view: at(50), seconds: 61, programHash: "0x1" }, look)[0]!, / in 1:01$/);
});

test("the report is cut nowhere: what is copied from it is whole, however narrow the terminal", () => {
  const path = `/${"long/".repeat(30)}it's tiny.safetensors`;
  const contentId = `0x${"ab".repeat(32)}`;
  const view = { ...first, step: 50, saved: { step: 50, path, bytes: 2048, contentId } };
  const evaluated = { bitsPerByte: 2.5, baselineOneChar: 3.5, baselineTwoChar: 3, heldOutBytes: 8192 };
  const report = { view, seconds: 61, programHash: "0x1", evaluated };
  const lines = trainReportLines(report, { colour: false, width: 40 });
  // What is copied into a shell is one word there.
  const quoted = `'${path.replace("'", "'\\''")}'`;
  assert.ok(lines.includes(`  go on with: weft generate ${quoted} --prompt "…"`), lines.join("\n"));
  assert.ok(lines.includes(`  sha-256  ${contentId}`), lines.join("\n"));
  assert.ok(lines.includes("  this model                         2.500"), lines.join("\n"));
});

test("a pipe hears of a slow training once a minute", (t) => {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const context = quietContext("/", false);
  const screen = showTraining(context, { ...first, totalSteps: 10_000 }, measure);
  for (let step = 0; step < 9; step++) {
    now += 25_000;
    screen.steps(results(step, 1));
  }
  assert.deepEqual(
    context.said.map((line) => /^step \d+/.exec(line)?.[0]),
    ["step 3", "step 6", "step 9"],
  );
});
