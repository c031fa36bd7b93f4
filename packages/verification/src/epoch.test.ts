// Epochs of small jobs: what an epoch holds, and games over runs of a small network on each place that a lie can stand.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Request } from "@weft/protocol/Request";
import { type CommittedInference, commitInference } from "@weft/tensor/commit/commitInference";
import { openInferenceModel } from "@weft/tensor/commit/InferenceModel";
import { openInferenceCourt, startRootOf } from "@weft/tensor/commit/inferenceCourt";
import { inferenceTrees } from "@weft/tensor/commit/inferenceTrees";
import { linear, relu } from "@weft/tensor/graph/composites";
import { GraphBuilder } from "@weft/tensor/graph/GraphBuilder";
import { firstNodeValue } from "@weft/tensor/graph/inferTypes";
import { bitsView, type TensorValue, tensorFrom } from "@weft/tensor/graph/TensorValue";
import { bytesToHex, type Hex } from "viem";
import { openResultGame, startGame } from "./court/Game.ts";
import { courtStruct } from "./court/Move.ts";
import { callsOf, fair, type Played, play, rules } from "./court/playFixture.ts";
import { oracleOf } from "./court/TraceOracle.ts";
import { answeredWith, answerOf, capOf, holdsResult, openingOf, sealEpoch } from "./epoch.ts";

const [rows, inputs, hidden, outputs] = [2, 70, 40, 5];
const shapes = {
  ...{ "hidden.weight": [hidden, inputs], "hidden.bias": [hidden] },
  ...{ "output.weight": [outputs, hidden], "output.bias": [outputs] },
};

function network() {
  const g = new GraphBuilder();
  const held = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, g.input({ name, role: "state", dtype: "f32", shape })]),
  );
  const images = g.input({ name: "images", role: "batch", dtype: "f32", shape: [rows, inputs] });
  const layer = (name: string) => ({ weight: held[`${name}.weight`]!, bias: held[`${name}.bias`]! });
  g.output("logits", linear(g, relu(g, linear(g, images, layer("hidden"))), layer("output")));
  return g.finish();
}

/** Positive fractions, so that every activation passes and a lie anywhere shows in an output. */
function drawn(shape: readonly number[], seed: number): TensorValue {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0, x = seed; i < data.length; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = x / 2 ** 32;
  }
  return tensorFrom("f32", shape, data);
}

const weightsOf = (seed: number) =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, drawn(shape, seed + i)]));
const model = await openInferenceModel(network(), { weights: weightsOf(1) });
const otherModel = await openInferenceModel(network(), { weights: weightsOf(2) });
after(() => Promise.all([model.close(), otherModel.close()]));

const court = openInferenceCourt(model);
const program = courtStruct(court.program);
const image = { inputs: { images: drawn([rows, inputs], 9) } };
const truth = commitInference(model, image);
const nodeId: Hex = `0x${"05".repeat(20)}`;
const request: Request = {
  ...{
    buyer: `0x${"0b".repeat(20)}`,
    nodeId,
    program: bytesToHex(court.hash),
    startRoot: bytesToHex(startRootOf(truth)),
  },
  ...{ price: 100n, nonce: 1n, deadline: 2n ** 40n },
};

/** The game of an answer to the request against another one. */
async function contest(defender: CommittedInference, rival: CommittedInference): Promise<Played> {
  const sponsor: Hex = `0x${"5b".repeat(20)}`;
  const said = { programHash: program.programHash, answer: answerOf(rival), sponsor };
  const opening = openingOf(answeredWith(request, defender), said);
  const game = startGame(openResultGame(`0x${"0a".repeat(20)}`, opening), rules, 1);
  const side = (run: CommittedInference) => fair({ program }, oracleOf(inferenceTrees(run, court)));
  return play(game, { defender: side(defender), rival: side(rival) });
}

const flipAt = (value: number, element: number) =>
  commitInference(model, {
    ...image,
    changeOf: (at) =>
      at === value
        ? (own) => {
            bitsView(own)[element]! ^= 1 << 18;
          }
        : undefined,
  });

test("a wrong word of any value of the run is refuted, and a true run refutes whoever says so", async () => {
  const { graph } = model.step;
  const first = firstNodeValue(graph);
  for (const [i, { op }] of graph.nodes.entries()) {
    const lie = flipAt(first + i, 3);
    const refuted = await contest(lie, truth);
    assert.equal(refuted.game.outcome, "rival", `${op} of value ${first + i}: ${callsOf(refuted)}`);
    assert.match(callsOf(refuted), /prove(Word|Fold)$/);
    const outlived = await contest(truth, lie);
    assert.equal(outlived.game.outcome, "defender", `${op} of value ${first + i}: ${callsOf(outlived)}`);
  }
});

test("other inputs than the request's, and other weights than the model's, are refuted by the request", async () => {
  const other = commitInference(model, { inputs: { images: drawn([rows, inputs], 10) } });
  const stale = commitInference(otherModel, image);
  for (const lie of [other, stale]) {
    assert.equal(callsOf(await contest(lie, truth)), "enterStep proveState");
    assert.equal((await contest(truth, lie)).game.outcome, "defender");
  }
});

test("an epoch opens each of its results, and no other one passes for it", () => {
  const results = Array.from({ length: 5 }, (_, i) => answeredWith({ ...request, nonce: BigInt(i) }, truth));
  const { commitment, open } = sealEpoch({ nodeId, epoch: 3n }, results);
  assert.deepEqual([commitment.results, commitment.value, commitment.epoch], [5n, 500n, 3n]);
  for (let i = 0; i < 5; i++) assert.ok(holdsResult(commitment, open(i)));
  const [two, three] = [open(2), open(3)];
  assert.ok(!holdsResult(commitment, { ...two, index: 3 }));
  assert.ok(!holdsResult(commitment, { ...two, path: three.path }));
  assert.ok(!holdsResult(commitment, { ...two, request: three.request }));
  assert.ok(!holdsResult(commitment, { ...two, endRoot: request.startRoot }));
  assert.throws(() => open(5), { code: "epoch.noResult" });
  assert.throws(() => sealEpoch({ nodeId, epoch: 0n }, []), { code: "epoch.empty" });
  const elsewhere = answeredWith({ ...request, nodeId: `0x${"06".repeat(20)}` }, truth);
  assert.throws(() => sealEpoch({ nodeId, epoch: 0n }, [elsewhere]), { code: "epoch.otherNode" });
});

test("what an epoch may release: a liar gains no more than it risks", () => {
  assert.equal(capOf(1_800_000n, { auditRatePpm: 100_000n }), 100_000n);
  assert.equal(capOf(1_000_001n, { auditRatePpm: 500_000n }), 500_000n);
  // Everything is checked: the bond bounds nothing.
  assert.equal(capOf(1n, { auditRatePpm: 1_000_000n }), 2n ** 96n - 1n);
});
