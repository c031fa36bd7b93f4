// Which positions a step trains on: a pure function of (seed, step), part of the program (spec/tensor.md §6).
import { type Program, trainingBytes } from "./Program.ts";
import { seedWords, wordBelow } from "./seedStream.ts";
import { fromHex32 } from "./sha256.ts";

/** Corpus positions of the targets of step `step`, drawn with replacement from [context, trainingBytes); [batch]. */
export function batchPositions(program: Program, step: number): Uint32Array {
  const { context } = program.model;
  const range = trainingBytes(program) - context;
  return seedWords(fromHex32(program.seed, "seed"), "weft/data-order/1", step, program.batch).map(
    (word) => context + wordBelow(word, range),
  );
}

/**
 * Fills one batch. contexts [count * context] and targets [count] are token indices; `tokens` is the corpus as token
 * indices. Row r of contexts holds tokens[p - context .. p - 1], targets[r] holds tokens[p], for p = positions[r].
 */
export function fillBatch(
  context: number,
  tokens: Uint8Array,
  positions: Uint32Array,
  into: { contexts: Uint32Array; targets: Uint32Array },
): void {
  for (let r = 0; r < positions.length; r++) {
    const position = positions[r]!;
    for (let j = 0; j < context; j++) into.contexts[r * context + j] = tokens[position - context + j]!;
    into.targets[r] = tokens[position]!;
  }
}
