import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { proveStep, verifyStep } from "@weft/tensor/HashLayout";
import { fromHex32 } from "@weft/tensor/sha256";
import { readEvents, segmentsIn } from "../runtimeCompliance.ts";
import { evaluateCheckpoint, measureSpeed } from "./evaluateCheckpoint.ts";
import { replaySegment } from "./replaySegment.ts";
import { createTensorRuntime } from "./TensorRuntime.ts";
import { corpusPath, limits, program, tempFolder, tensorJob } from "./tensorBench.fixture.ts";

const timed = { timeout: 300_000 };
const base = { program, corpusPath, limits: { ...limits, nice: 10 } };
const segments = createTensorRuntime({ folder: tempFolder(), keptCheckpoints: 12 })
  .start(tensorJob("run"), {})
  .then(async (run) => segmentsIn(await readEvents(run.events())));
const startOf = async (segment: number) => {
  const { checkpoint } = (await segments)[segment - 1]!;
  return { checkpointPath: checkpoint.path, contentId: checkpoint.contentId, segment };
};

test("a replay from the checkpoint before gives the same roots, checkpoint and tokens", timed, async () => {
  for (const segment of [0, 5]) {
    const start = segment === 0 ? {} : { start: await startOf(segment) };
    const replay = await replaySegment({ ...base, ...start, segment });
    const committed = (await segments)[segment]!;
    assert.deepEqual(replay.trace, committed.trace);
    assert.equal(replay.checkpoint, committed.checkpoint.contentId);
    assert.equal(replay.tokens, committed.tokens);
    assert.deepEqual([replay.firstStep, replay.lastStep], [committed.firstStep, committed.lastStep]);
  }
});

test("each step proves into the history, and not at another place", timed, async () => {
  const replay = await replaySegment({ ...base, start: await startOf(5), segment: 5 });
  const history = fromHex32(replay.trace.historyRoot, "historyRoot");
  const roots = replay.stepRoots.map((root) => fromHex32(root, "stepRoot"));
  assert.equal(roots.length, 40);
  for (const index of [0, 17, 39]) {
    const path = proveStep(roots, index);
    assert.ok(verifyStep(history, 40, index, roots[index]!, path));
    assert.ok(!verifyStep(history, 40, (index + 1) % 40, roots[index]!, path));
  }
  assert.equal(replay.stateRoots.length, 40);
  assert.equal(replay.stateRoots.at(-1), replay.trace.endRoot);
});

test("a replay of a corrupted segment gives the honest roots", timed, async () => {
  const corrupt = { step: 210, tensor: "model.norm.weight", index: 0, bit: 20 };
  const runtime = createTensorRuntime({ folder: tempFolder(), faults: { corrupt } });
  const liar = segmentsIn(await readEvents((await runtime.start(tensorJob("liar"), {})).events()));
  const replay = await replaySegment({ ...base, start: await startOf(5), segment: 5 });
  assert.notEqual(liar[5]!.trace.historyRoot, replay.trace.historyRoot);
  assert.equal(liar[5]!.trace.startRoot, replay.trace.startRoot);
  assert.deepEqual(replay.trace, (await segments)[5]!.trace);
});

test("malformed replays are refused with a code", timed, async () => {
  const start = await startOf(5);
  const cases = [
    [{ start, segment: 6 }, "runtime.spec"],
    [{ segment: 5 }, "runtime.spec"],
    [{ start: { ...start, segment: 6 }, segment: 6 }, "runtime.checkpoint"],
    [{ start: { ...start, contentId: `0x${"11".repeat(32)}` as const }, segment: 5 }, "runtime.checkpoint"],
  ] as const;
  for (const [options, code] of cases)
    await assert.rejects(replaySegment({ ...base, ...options }), (error) => {
      assert.ok(hasCode(error, code), String(error));
      return true;
    });
});

test("a replay stops on its signal and at its time limit", timed, async () => {
  const stop = AbortSignal.abort(new Error("enough"));
  await assert.rejects(replaySegment({ ...base, segment: 0, signal: stop }), (error) =>
    hasCode(error, "runtime.stopped"),
  );
  await assert.rejects(replaySegment({ ...base, segment: 0, timeoutMs: 1 }), (error) =>
    hasCode(error, "runtime.stopped"),
  );
});

test("a checkpoint is evaluated beside n-grams, with a sample that repeats under its seed", timed, async () => {
  const checkpoint = await startOf(12);
  const sample = { prompt: new TextEncoder().encode("the "), count: 40, seed: new Uint8Array(32).fill(7) };
  const first = await evaluateCheckpoint({ ...base, checkpoint, positions: 100, sample });
  assert.equal(first.nextStep, 480);
  assert.equal(first.sample?.length, 40);
  const letters = new Set(readFileSync(corpusPath));
  for (const byte of first.sample ?? []) assert.ok(letters.has(byte));
  assert.deepEqual(
    first.baselines.map(({ order }) => order),
    [1, 2],
  );
  // 480 tiny steps on a repeated sentence: far below a uniform guess over its letters.
  assert.ok(first.bitsPerChar > 0 && first.bitsPerChar < Math.log2(program.model.vocab) / 2, `${first.bitsPerChar}`);
  const second = await evaluateCheckpoint({ ...base, checkpoint, positions: 100, sample });
  assert.deepEqual(second, first);
});

test("the measured speed is a plausible number", timed, async () => {
  const { gflops, threads } = await measureSpeed({ milliseconds: 100 });
  assert.equal(threads, 1);
  assert.ok(gflops > 0.01 && gflops < 2_000, `${gflops}`);
});
