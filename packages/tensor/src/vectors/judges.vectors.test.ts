// What judges share as vectors is what the reference computes. WEFT_WRITE_VECTORS=1 rewrites them.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { typedGraph } from "../commit/OperatorsCommitment.ts";
import { OPERATOR_RECORDS } from "../commit/operatorRecords.ts";
import { recordOf } from "../commit/records.ts";
import type { Graph } from "../graph/Graph.ts";
import { OPERATORS } from "../graph/operators.ts";
import { leafVectors, recordVectors } from "./judgeVectors.ts";
import { vectorFile } from "./vectorText.ts";

const folder = new URL("../../../../spec/vectors/court/", import.meta.url);
const read = (name: string) => readFileSync(new URL(`${name}.json`, folder), "utf8");

const files = {
  records: () => vectorFile(recordVectors()),
  leaves: () => `${JSON.stringify(leafVectors(), null, 1)}\n`,
};
for (const [name, make] of Object.entries(files))
  test(`spec/vectors/court/${name}.json is what the reference computes`, () => {
    const made = make();
    if (process.env["WEFT_WRITE_VECTORS"] === "1") {
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL(`${name}.json`, folder), made);
    }
    assert.equal(read(name), made);
  });

test("every operator has its own code, none is skipped, and every one is in both files", () => {
  const codes = Object.values(OPERATOR_RECORDS).map(({ code }) => code);
  assert.deepEqual(codes, [...codes.keys()]);
  const ops = Object.keys(OPERATORS).sort();
  const records = JSON.parse(read("records")) as ReturnType<typeof recordVectors>;
  assert.deepEqual([...new Set(records.operators.map(({ op }) => op))].sort(), ops);
  const leaves = JSON.parse(read("leaves")) as ReturnType<typeof leafVectors>;
  assert.deepEqual([...new Set(leaves.op)].sort(), ops);
});

test("what has no record: no such value, a constant without its root, inputs of no known source", () => {
  const input = (name: string, role: "batch" | "scalar") => ({ name, role, dtype: "f32", shape: [1] }) as const;
  const graph: Graph = {
    ...{ version: 1, numericsId: "fp32-seq-unfused", nodes: [], outputs: [] },
    inputs: [input("images", "batch"), input("beta", "scalar"), input("rate", "scalar")],
    constants: [{ kind: "scalar", word: 0 }],
  };
  const step = typedGraph(graph);
  for (const value of [0, 1, 3, 4, -1])
    assert.throws(() => recordOf(step, value), { code: "tensor.bad-option" }, `value ${value}`);
  assert.throws(() => recordOf(step, 3, new Uint8Array(31)), { code: "tensor.bad-option" });
  assert.equal(recordOf(step, 2).length, 8);
  assert.equal(recordOf(step, 3, new Uint8Array(32)).length, 39);
});
