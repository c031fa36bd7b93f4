// Float32 in Solidity against this processor's fp32: more than a million hard operands for each of add, mul, div, sqrt
// and the conversions to and from int32, a quarter of that for the others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hardPairs, OPERATIONS } from "./float32Cases.ts";
import { differences, float32Chain, PAIRS_PER_CALL } from "./float32Chain.ts";

const LONG = new Set(["add", "mul", "div", "sqrt", "fromInt32", "toInt32"]);

for (const [place, { name }] of OPERATIONS.entries())
  test(`${name} has the processor's bits`, async () => {
    const chain = await float32Chain();
    const calls = LONG.has(name) ? 72 : 18;
    for (let call = 0; call < calls; call++) {
      const pairs = hardPairs(10_000 + 1000 * place + call, PAIRS_PER_CALL);
      assert.deepEqual(differences(name, pairs, await chain.run(name, pairs)), []);
    }
    await chain.end();
  });
