// The estimate of a step's work: products thrice over the tokens, and parts that grow with parameters and blocks.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LanguageModel } from "./Program.ts";
import { trainPresets } from "./presets.ts";
import { isShort, stepWork } from "./stepWork.ts";
import { tinyTrainProgram } from "./tinyTrainProgram.ts";

const sized = (name: keyof typeof trainPresets) => ({ ...trainPresets[name].model, vocab: 65 }) as LanguageModel;

test("one more example costs its products: six for each weight and token, attention, and what lies between", () => {
  const model = sized("main");
  const more = stepWork(model, { batch: 9, accumulate: 1 }) - stepWork(model, { batch: 8, accumulate: 1 });
  const weights = 65 * 128 + 4 * (4 * 128 * 128 + 3 * 128 * 344);
  const attention = 2 * 4 * 64 * 128;
  assert.ok(more > 6 * 64 * (weights + attention) && more < 2 * 6 * 64 * (weights + attention), `${more}`);
});

test("an embedding is looked up, not multiplied, unless the head is tied to it", () => {
  const tied = sized("main") as Extract<LanguageModel, { kind: "gpt" }>;
  const work = (model: LanguageModel) => stepWork(model, { batch: 64, accumulate: 1 });
  const wider = (model: LanguageModel) => work({ ...model, vocab: 1000 } as LanguageModel) - work(model);
  const share = wider({ ...tied, tiedHead: false }) / wider(tied);
  assert.ok(share > 1 && share < 1.1, `${share}`);
});

test("steps of the tests' programs are short, those of the presets are not", () => {
  const tiny = tinyTrainProgram();
  assert.ok(isShort(tiny.model, tiny));
  for (const name of ["quick", "main"] as const) assert.ok(!isShort(sized(name), trainPresets[name]));
  const deep = { ...(tiny.model as Extract<LanguageModel, { kind: "gpt" }>), layers: 40 };
  assert.ok(!isShort(deep, tiny), "many blocks take their time however small they are");
});
