// Who cheats in `weft start --cheat`, where, and with what chance it is found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { cheatLines, foundPpm, planCheat } from "./cheat.ts";

const job = (program: object) => ({ data: { name: "t", kind: "train-lm", program } });

test("the node that asks least cheats, once in each segment from the second on, in a tensor that the model has", () => {
  const cheat = planCheat(job({ preset: "main" }), 5);
  assert.deepEqual([cheat.name, cheat.firstFalse, cheat.segments, cheat.stepsPerSegment], ["node-5", 1, 25, 20]);
  assert.deepEqual([cheat.corrupt.step, cheat.corrupt.everySteps], [30, 20]);
  const quick = planCheat(job({ preset: "quick", steps: 800, stepsPerSegment: 32 }), 4);
  assert.deepEqual([quick.name, quick.corrupt.step, quick.corrupt.everySteps], ["node-1", 48, 32]);
});

test("the odds are said plainly: one false segment is found with the audit rate, more of them more surely", () => {
  const cheat = planCheat(job({ preset: "main" }), 5);
  assert.deepEqual([foundPpm(cheat, 1), foundPpm(cheat, 3), foundPpm(cheat, 24)], [300_000, 657_000, 999_808]);
  const [what, odds] = cheatLines(cheat);
  assert.match(
    what!,
    /^cheat: node-5 asks the least, so it wins; from segment 1 on it flips bit 5 of weight 1234 of model\.layers/,
  );
  assert.match(odds!, /audited with 30\.0%; found with 65\.7% after 3 false segments, 88\.2% after 6, 99\.9% after 24/);
});

test("without a job, or with too few nodes to find it and go on, it is refused", () => {
  for (const [wanted, nodes] of [
    [undefined, 5],
    [job({ preset: "main" }), 3],
  ] as const)
    assert.throws(
      () => planCheat(wanted, nodes),
      (error) => hasCode(error, "start.cheat"),
    );
});
