// What every kernel set must do, bit for bit: the shared vectors, and seeded random shapes against the reference. An
// implementation's test calls this with a way to open a set.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { tinyAdamw, tinyCnn, tinyGpt, tinyMlp, tinySgd } from "../../graph/graphFixture.ts";
import { buildStepGraph } from "../../train/stepGraph.ts";
import { type OperatorCase, readOperatorCase } from "../../vectors/operatorVectors.ts";
import type { KernelSet } from "../KernelSet.ts";
import { nodeCalls } from "../nodeCalls.ts";
import { bits, get, MIXES, put, room, runOnce } from "../setFixture.ts";
import { checkAttention, checkCacheRefusals, checkPackedRows } from "./attention.ts";
import { checkChains } from "./chains.ts";
import { checkGraph, checkHashes } from "./graphs.ts";
import { checkBadIndex, checkIndexed, checkLongCopies, checkMoves, checkReductions } from "./moves.ts";
import { checkFewRows, checkGapsBetweenMatrices, checkHeads, checkInt8, checkProducts } from "./products.ts";

/** Bytes that the checks reserve in one set. */
export const COMPLIANCE_BYTES = 96 * 2 ** 20;

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../../spec/vectors/tensor/${name}.json`, import.meta.url), "utf8"));

/** Registers the checks for sets that `open` gives; each works in one set of COMPLIANCE_BYTES. */
export function kernelCompliance(name: string, open: () => Promise<KernelSet>): void {
  describe(name, () => {
    let set: KernelSet;
    before(async () => {
      set = await open();
    });
    after(() => set.close());

    test("the shared vectors of every operator", () => {
      for (const { name: what, node, operands, result } of (vectors("operators") as OperatorCase[]).map(
        readOperatorCase,
      )) {
        const out = room(set, result);
        const views = operands.map((tensor) => put(set, tensor));
        runOnce(set, nodeCalls({ place: what, node, operands: views, out }));
        assert.deepEqual(bits(get(set, out)), bits(result), what);
      }
    });

    for (const mix of MIXES) test(`products of ${mix} elements, every storage`, () => checkProducts(set, mix));
    test("products of int8", () => checkInt8(set));
    test("products of heads side by side, and of matrices with gaps between them", () => {
      checkHeads(set);
      checkGapsBetweenMatrices(set);
    });
    test("packed products of few rows", () => checkFewRows(set));
    test("random chains", () => checkChains(set, 300));
    test("reductions over every axis", () => checkReductions(set));
    test("moves of random shapes, long copies", () => {
      checkMoves(set, 60);
      checkLongCopies(set);
    });
    test("gather, scatter, one-hot", () => checkIndexed(set));
    test("tensor roots", () => checkHashes(set));
    test("whole step graphs, every value", () => {
      checkGraph(set, "gpt", buildStepGraph(tinyGpt, tinyAdamw).graph);
      checkGraph(set, "mlp", buildStepGraph(tinyMlp, { ...tinySgd, accumulate: 2 }).graph);
      checkGraph(set, "cnn", buildStepGraph(tinyCnn, tinyAdamw).graph);
    });
    test("rows of packed tables", () => checkPackedRows(set));
    for (const mix of MIXES) test(`attention over caches of ${mix} elements`, () => checkAttention(set, mix));
    test("a bad index ends the run naming the call, and the next run is good", () => checkBadIndex(set));
    test("a position or slot out of range ends the run; calls of a cache that do not fit are refused", () =>
      checkCacheRefusals(set));
  });
}
