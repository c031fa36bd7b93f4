// As judges.test.ts on many more random operators.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeChain } from "./judgeChain.ts";
import { askAll } from "./judges.ts";
import { randomNodes } from "./randomNodes.ts";

for (let first = 1000; first < 1400; first += 100)
  test(`random operators from seed ${first}`, async () => {
    const chain = await judgeChain();
    let questions = 0;
    for (let seed = first; seed < first + 100; seed++) questions += await askAll(chain, randomNodes(seed), 4);
    assert.ok(questions > 10_000, `${questions}`);
    await chain.end();
  });
