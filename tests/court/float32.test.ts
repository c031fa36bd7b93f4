// Float32 in Solidity gives the bits of this processor's fp32 and of the kernels: a seeded sample of hard operands. The
// deep suite takes a million and more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openGraph } from "@weft/tensor/execute/openGraph";
import type { Graph } from "@weft/tensor/graph/Graph";
import { bitsView, createTensor } from "@weft/tensor/graph/TensorValue";
import { hardPairs, OPERATIONS } from "./float32Cases.ts";
import { differences, float32Chain, PAIRS_PER_CALL } from "./float32Chain.ts";

test("every operation has the processor's bits on hard operands", async () => {
  const chain = await float32Chain();
  for (const [seed, { name }] of OPERATIONS.entries()) {
    const pairs = hardPairs(seed, PAIRS_PER_CALL);
    assert.deepEqual(differences(name, pairs, await chain.run(name, pairs)), []);
  }
  await chain.end();
});

/** Operations that are operators of a graph; lt(a, b) is gt(b, a). */
const OPERATORS = ["add", "sub", "mul", "div", "max", "min", "sqrt"] as const;

test("the kernels' bits too", async () => {
  const [chain, pairs] = [await float32Chain(), hardPairs(1000, PAIRS_PER_CALL)];
  const type = { dtype: "f32", shape: [PAIRS_PER_CALL] } as const;
  const graph: Graph = {
    ...{ version: 1, numericsId: "fp32-seq-unfused", constants: [] },
    inputs: [
      { name: "a", role: "batch", ...type },
      { name: "b", role: "batch", ...type },
    ],
    nodes: [...OPERATORS.map((op) => ({ op, in: op === "sqrt" ? [0] : [0, 1] })), { op: "gt", in: [1, 0] }],
    outputs: [...OPERATORS, "lt"].map((name, i) => ({ name, value: 2 + i })),
  };
  const { runner, close } = await openGraph(graph);
  for (const [place, name] of ["a", "b"].entries()) {
    const operand = createTensor(type);
    bitsView(operand).set(pairs.filter((_, i) => i % 2 === place));
    runner.write(name, operand);
  }
  runner.run();
  for (const { name } of graph.outputs) {
    const words = Uint32Array.from(bitsView(runner.read(name)));
    const found = await chain.run(name, pairs);
    assert.deepEqual(found, name === "lt" ? words.map((word) => Number(word !== 0)) : words, name);
  }
  await close();
  await chain.end();
});
