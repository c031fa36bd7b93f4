// What the main preset learns on tiny-shakespeare: held-out bits per character after a stated number of tokens, beside
// n-gram baselines on the same characters. Deterministic but for the time it takes.
import { evaluate, evaluateNGrams } from "../packages/tensor/src/train/evaluate.ts";
import { heldOut } from "../packages/tensor/src/train/heldOut.ts";
import { createTrainProgram, openProgram } from "../packages/tensor/src/train/Program.ts";
import { trainPresets } from "../packages/tensor/src/train/presets.ts";
import { runSegment } from "../packages/tensor/src/train/runSegment.ts";
import { openTrainer } from "../packages/tensor/src/train/Trainer.ts";
import { tinyShakespeare } from "./realInputs.ts";
import { type Bench, type Figure, figure } from "./report.ts";

const POSITIONS = 16_384;
const ORDERS = [1, 2, 3] as const;

export const bench: Bench = {
  name: "learn",
  about: "bits per character of the 0.8M GPT on held-out tiny-shakespeare after its main preset, beside n-grams",
  run: measure,
};

async function* measure(): AsyncGenerator<Figure> {
  const { corpus } = tinyShakespeare();
  const program = createTrainProgram(trainPresets.main, { corpus, seed: new Uint8Array(32).fill(3) });
  const part = heldOut(openProgram(program), corpus, POSITIONS);
  const grams = evaluateNGrams(part, ORDERS);
  const before = process.cpuUsage();
  const trainer = await openTrainer(program, corpus);
  const lastStep = program.totalSteps - 1;
  const { checkpoint, tokens } = await runSegment(trainer, { firstStep: 0, lastStep });
  await trainer.close();
  const { user, system } = process.cpuUsage(before);
  const { bitsPerChar } = await evaluate(part, checkpoint);
  const peer = { peer: "Witten–Bell, two characters of context", peerValue: Math.round(grams[1]! * 1000) / 1000 };
  yield figure("learn.bpc", { value: bitsPerChar, unit: "bits/character" }, { ...peer, atMost: grams[1]! - 0.1 });
  yield figure("learn.tokens", { value: tokens, unit: "tokens" });
  yield figure("learn.cpu_seconds", { value: (user + system) / 1e6, unit: "s" });
  for (const [i, order] of ORDERS.entries())
    yield figure(`learn.bpc_${order}_gram`, { value: grams[i]!, unit: "bits/character" });
}
