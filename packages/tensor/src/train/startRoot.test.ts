// The root of a program's first state leaves the event loop to others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { elementCount } from "../graph/Graph.ts";
import { stateRootFrom } from "../HashLayout.ts";
import { hashTensors } from "../kernel/hashTensors.ts";
import { fromHex32, toHex } from "../sha256.ts";
import { createTrainProgram, outlineProgram } from "./Program.ts";
import { trainPresets } from "./presets.ts";
import { startRootOf } from "./startRoot.ts";
import { startTensor } from "./startState.ts";
import { tinyCorpus, tinyTrainProgram } from "./tinyTrainProgram.ts";

/** Turns of the event loop until the work has ended. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const count = () => {
    turns += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await work();
  over = true;
  return turns;
}

test("a large program's root: some thousand numbers a turn, once however many ask, the plain one's bits", async () => {
  const program = createTrainProgram(trainPresets.quick, { corpus: tinyCorpus, seed: new Uint8Array(32).fill(8) });
  const { state } = outlineProgram(program).step;
  const drawn = state.filter(({ start }) => start.kind !== "fill");
  const numbers = drawn.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const turns = await turnsOf(() => Promise.all([startRootOf(program), startRootOf(program)]));
  const least = Math.floor(numbers / 2 ** 14);
  assert.ok(least >= 5, `${numbers} numbers`);
  assert.ok(turns >= least && turns < 2 * least + drawn.length, `${turns} turns for ${numbers} numbers`);
  const seed = fromHex32(program.seed, "seed");
  const roots = hashTensors(
    state,
    state.map((tensor, n) => () => startTensor(seed, tensor, n)),
  );
  const names = state.map(({ name }) => name);
  assert.equal(await startRootOf(program), toHex(stateRootFrom(0, names, roots)));
});

test("a small program's root is there at once: time in a simulated network does not pass meanwhile", async () => {
  assert.equal(await turnsOf(() => startRootOf(tinyTrainProgram({}, 77))), 0);
});
