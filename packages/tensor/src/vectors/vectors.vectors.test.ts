// The shared vectors of recipes, operators, graphs, tables, hashes and training are what the reference computes. WEFT_WRITE_VECTORS=1 rewrites them.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { decodeGraph, graphHash } from "../graph/encodeGraph.ts";
import { inferOperator, OPERATORS, attributesOf } from "../graph/operators.ts";
import { bitsView } from "../graph/TensorValue.ts";
import { evaluateNode } from "../reference/evaluateNode.ts";
import { toHex } from "../sha256.ts";
import { commitVectors } from "./commitVectors.ts";
import { expansionVectors } from "./expansionVectors.ts";
import { decodeTrainProgram } from "../train/Program.ts";
import { runSegment } from "../train/runSegment.ts";
import { openTrainer } from "../train/Trainer.ts";
import { graphVectors } from "./graphVectors.ts";
import { layoutVectors } from "./layoutVectors.ts";
import { type OperatorCase, operatorVectors, readOperatorCase } from "./operatorVectors.ts";
import { programVectors } from "./programVectors.ts";
import { type RefusedGraph, REFUSED } from "./refusedGraphs.ts";
import { recipeVectors } from "./recipeVectors.ts";
import { ropeVectors } from "./ropeVectors.ts";
import { tokenizerVectors } from "./tokenizerVectors.ts";
import { vectorFile } from "./vectorText.ts";

const folder = new URL("../../../../spec/vectors/tensor/", import.meta.url);
const read = (name: string) => readFileSync(new URL(`${name}.json`, folder), "utf8");

const files = {
  ...{ recipes: recipeVectors, operators: operatorVectors, graph: graphVectors, expansion: expansionVectors },
  ...{ rope: ropeVectors, layout: layoutVectors, commitment: commitVectors },
  ...{ program: programVectors, tokenizers: tokenizerVectors },
};
for (const [name, make] of Object.entries(files))
  test(`spec/vectors/tensor/${name}.json is what the reference computes`, () => {
    const made = vectorFile(make());
    if (process.env["WEFT_WRITE_VECTORS"] === "1") writeFileSync(new URL(`${name}.json`, folder), made);
    assert.equal(read(name), made);
  });

test("the operator cases read back, cover every operator, and keep the bits of NaNs in moves", () => {
  const cases = (JSON.parse(read("operators")) as OperatorCase[]).map(readOperatorCase);
  assert.deepEqual([...new Set(cases.map(({ node }) => node.op))].sort(), Object.keys(OPERATORS).sort());
  for (const { name, node, operands, result } of cases) {
    const type = inferOperator(name, operands, { op: node.op, attributes: attributesOf(node) });
    const found = evaluateNode({ place: name, node, operands, type });
    assert.deepEqual(bitsView(found), bitsView(result), name);
  }
  const odd = cases.filter(({ result }) => result.dtype === "f32" && bitsView(result).includes(0xffc00001));
  assert.ok(odd.some(({ node }) => node.op === "transpose") && odd.every(({ node }) => node.op !== "add"));
});

test("the graph texts are canonical and hash to the stated values", () => {
  const { runs } = JSON.parse(read("graph")) as { runs: { graph: string; graphHash: string }[] };
  for (const run of runs) assert.equal(toHex(graphHash(decodeGraph(run.graph))), run.graphHash);
});

test("the formulas' graphs are canonical; the refused texts are refused, and all but the spellings once they are JSON", () => {
  const { formulas, refused } = JSON.parse(read("expansion")) as {
    formulas: { graph: string; graphHash: string }[];
    refused: RefusedGraph[];
  };
  for (const { graph, graphHash: hash } of formulas) assert.equal(toHex(graphHash(decodeGraph(graph))), hash);
  for (const { why, text } of refused) assert.throws(() => decodeGraph(text), { code: "tensor.bad-graph" }, why);
  assert.equal(refused.length, REFUSED.length);
});

test("the trainer reproduces the programs", async () => {
  const { corpus, runs } = JSON.parse(read("program")) as ReturnType<typeof programVectors>;
  for (const { name, program, ...said } of runs) {
    const trainer = await openTrainer(decodeTrainProgram(program), new TextEncoder().encode(corpus), { threads: 2 });
    const trace = await runSegment(trainer, { firstStep: 0, lastStep: said.steps.length - 1 });
    await trainer.close();
    const ends = [trace.startRoot, trace.historyRoot, trace.checkpointId].map(toHex);
    assert.deepEqual(ends, [said.startRoot, said.historyRoot, said.checkpoint.sha256], name);
    const stepRoots = said.steps.map(({ stepRoot }) => stepRoot);
    assert.deepEqual(trace.stepRoots.map(toHex), stepRoots, name);
  }
});
