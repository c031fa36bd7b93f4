// The judges on chain, the judgement in TypeScript and the reference agree word by word: on the shared vectors of every
// operator and on random ones.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { OPERATOR_RECORDS } from "@weft/tensor/commit/operatorRecords";
import { type OperatorCase, readOperatorCase } from "@weft/tensor/vectors/operatorVectors";
import { judgeChain } from "./judgeChain.ts";
import { askAll } from "./judges.ts";
import { randomNodes } from "./randomNodes.ts";

const vectors = new URL("../../spec/vectors/tensor/operators.json", import.meta.url);

test("the shared vectors of every operator", async () => {
  const chain = await judgeChain();
  const cases = (JSON.parse(readFileSync(vectors, "utf8")) as OperatorCase[]).map(readOperatorCase);
  assert.deepEqual(new Set(cases.map(({ node }) => node.op)), new Set(Object.keys(OPERATOR_RECORDS)));
  assert.ok((await askAll(chain, cases, 3)) > 500);
  await chain.end();
});

test("random operators", async () => {
  const chain = await judgeChain();
  let questions = 0;
  for (let seed = 0; seed < 6; seed++) questions += await askAll(chain, randomNodes(seed), 2);
  assert.ok(questions > 400, `${questions}`);
  await chain.end();
});

test("under int8-int32 the book knows the operators that such a graph may have, and no other", async () => {
  const chain = await judgeChain("int8-int32");
  const known = new Set(["matmulInt8", "reshape", "expand", "transpose", "slice", "concat", "swapPairs", "gather"]);
  const operators = randomNodes(77);
  assert.ok(
    (await askAll(
      chain,
      operators.filter(({ node }) => known.has(node.op)),
      1,
    )) >= known.size,
  );
  for (const operator of operators.filter(({ node }) => !known.has(node.op)))
    await assert.rejects(askAll(chain, [operator], 1), /JudgeUnknown/, operator.node.op);
  await chain.end();
});
