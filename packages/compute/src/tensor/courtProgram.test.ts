// The court program's hash from a worker process is the one of its inputs; what can't be one is refused with a code.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openCourtProgram, ownStart } from "@weft/tensor/commit/courtProgram";
import { toHex } from "@weft/tensor/sha256";
import { openProgram } from "@weft/tensor/train/Program";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { courtProgramOf } from "./courtProgram.ts";
import { corpusPath, limits, program, tempFolder } from "./tensorBench.fixture.ts";

const timed = { timeout: 300_000 };
const base = { program, corpusPath, limits: { ...limits, nice: 10 } };

test("the hash is that of program, corpus and start", timed, async () => {
  const open = openProgram(program);
  const tokens = trainingTokens(open, readFileSync(corpusPath));
  const stateRoot = new Uint8Array(32).fill(9);
  const origin = { step: 40, stateRoot: toHex(stateRoot) };
  const [own, continued] = await Promise.all([courtProgramOf(base), courtProgramOf({ ...base, origin })]);
  assert.equal(own, toHex(openCourtProgram(open, tokens, await ownStart(program)).hash));
  assert.equal(continued, toHex(openCourtProgram(open, tokens, { step: 40, stateRoot }).hash));
  assert.notEqual(own, continued);
});

test("another corpus and too little memory are refused with a code", timed, async () => {
  const other = join(tempFolder(), "other");
  writeFileSync(other, Buffer.concat([readFileSync(corpusPath).subarray(1), Buffer.from("x")]));
  await Promise.all([
    assert.rejects(courtProgramOf({ ...base, corpusPath: other }), { code: "runtime.spec", fault: "caller" }),
    assert.rejects(courtProgramOf({ ...base, limits: { ...limits, memoryMiB: 64 } }), { code: "runtime.memory" }),
  ]);
});
