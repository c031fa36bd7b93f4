// A worker's history of a segment is the trainer's, game after game from any of its trees; what goes wrong has a code.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openCourtProgram, ownStart } from "@weft/tensor/commit/courtProgram";
import { treeHeight } from "@weft/tensor/commit/HashTree";
import { hashLeaf, verifyMerklePath } from "@weft/tensor/Merkle";
import { toHex } from "@weft/tensor/sha256";
import { openProgram } from "@weft/tensor/train/Program";
import { runSegment } from "@weft/tensor/train/runSegment";
import { openTrainer, trainingTokens } from "@weft/tensor/train/Trainer";
import { tinyCorpus } from "@weft/tensor/train/tinyTrainProgram";
import { courtStructHash } from "@weft/verification/court/turns";
import { hexToBytes } from "viem";
import { type Dispute, openDispute } from "./openDispute.ts";
import { corpusPath, limits, program, tempFolder } from "./tensorBench.fixture.ts";

const timed = { timeout: 300_000 };
const opened: Dispute[] = [];
const open = (options: Partial<Parameters<typeof openDispute>[0]>): Dispute => {
  const dispute = openDispute({ program, corpusPath, segment: 0, limits, ...options });
  opened.push(dispute);
  return dispute;
};
after(() => Promise.all(opened.map((dispute) => dispute.close())));

/** The first two segments as a provider runs them. */
async function segments() {
  const trainer = await openTrainer(program, tinyCorpus, { inline: true });
  const first = await runSegment(trainer, { firstStep: 0, lastStep: 39 });
  const second = await runSegment(trainer, { firstStep: 40, lastStep: 79 });
  await trainer.close();
  return { first, second };
}

test("roots and openings are those of the segment that was run", timed, async () => {
  const { first, second } = await segments();
  const checkpointPath = join(tempFolder(), "start");
  writeFileSync(checkpointPath, first.checkpoint);
  const { oracle, program: court } = open({
    segment: 1,
    start: { checkpointPath, contentId: toHex(first.checkpointId), segment: 1 },
  });
  assert.equal(
    courtStructHash(await court()),
    toHex(
      openCourtProgram(openProgram(program), trainingTokens(openProgram(program), tinyCorpus), await ownStart(program))
        .hash,
    ),
  );
  const top = treeHeight(40);
  const [root] = await oracle.nodes({ of: "steps" }, { height: top, index: 0 }, top);
  assert.equal(root, toHex(second.historyRoot));
  const [stepRoot] = await oracle.leaves({ of: "steps" }, 7, 1);
  assert.equal(stepRoot, toHex(second.stepRoots[7]!));
  const path = (await oracle.path({ of: "steps" }, 7)).map((node) => hexToBytes(node));
  assert.ok(verifyMerklePath(second.historyRoot, 40, 7, hashLeaf(second.stepRoots[7]!), path));
  assert.equal((await oracle.after(52)).state, toHex(second.stateRoots[12]!));
  const [values, leaf] = await Promise.all([
    oracle.leaves({ of: "values", step: 47 }, 0, 3),
    oracle.leaves({ of: "leaves", step: 47, value: 2 }, 0, 1),
  ]);
  assert.deepEqual([values.length, leaf[0]!.length], [3, 2 + 2 * 128]);
});

test("a liar's worker has the history of the run that it corrupted", timed, async () => {
  const corrupt = { step: 3, tensor: "model.norm.weight", index: 2, bit: 9, everySteps: 20 };
  const trainer = await openTrainer(program, tinyCorpus, { inline: true, corrupt });
  const run = await runSegment(trainer, { firstStep: 0, lastStep: 39 });
  await trainer.close();
  const { oracle } = open({ corrupt });
  const steps = await oracle.leaves({ of: "steps" }, 0, 40);
  assert.deepEqual(steps, run.stepRoots.map(toHex));
  assert.equal(await oracle.firstNan(), undefined);
});

test("a question without an answer, another start, a closed dispute: each rejects with its code", timed, async () => {
  const wrong = open({});
  await assert.rejects(wrong.oracle.after(40), { code: "runtime.spec", fault: "caller" });
  await assert.rejects(wrong.oracle.after(0), { code: "runtime.spec" }, "the worker has ended");
  const elsewhere = open({ segment: 1 });
  await assert.rejects(elsewhere.oracle.after(40), { code: "runtime.checkpoint" });
  const closed = open({});
  const asked = closed.oracle.after(0);
  await closed.close();
  await assert.rejects(asked, { code: "runtime.stopped", retryable: true });
  const many = open({});
  const answers = Array.from({ length: 40 }, () => many.oracle.after(1));
  const settled = await Promise.allSettled(answers);
  assert.equal(settled.filter(({ status }) => status === "rejected").length, 8);
  assert.ok(settled.slice(0, 32).every(({ status }) => status === "fulfilled"));
});
