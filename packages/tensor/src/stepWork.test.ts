import assert from "node:assert/strict";
import { test } from "node:test";
import { presets } from "./presets.ts";
import { stepWork } from "./stepWork.ts";

test("a step's work: matrix products thrice over the batch, and a part per parameter of the state", () => {
  const model = { context: 2, embedding: 3, hidden: 5 };
  const vocab = 7;
  const parameters = 7 * 3 + 5 * 6 + 5 + 7 * 5 + 7;
  const matmuls = 5 * 6 + 7 * 5;
  const perParameter = (stepWork({ model, batch: 1 }, vocab) - 6 * matmuls) / parameters;
  assert.ok(Number.isInteger(perParameter) && perParameter > 0, `${perParameter}`);
  assert.equal(stepWork({ model, batch: 11 }, vocab) - stepWork({ model, batch: 10 }, vocab), 6 * matmuls);
  assert.ok(stepWork(presets.main, 256) > 4 * stepWork(presets.quick, 256));
});
