// spec/vectors/court/program.json: court programs of two tiny trainings field by field, and openings under their roots.
import { type CourtProgram, type CourtStart, encodeEntry, type OpenCourt, openCourtProgram, ownStart } from "../commit/courtProgram.ts";
import { pathIn } from "../commit/HashTree.ts";
import type { TensorTree } from "../commit/TensorTree.ts";
import { fromHex32, sha256, toHex } from "../sha256.ts";
import { exampleStarts } from "../train/dataOrder.ts";
import { openProgram, type TrainProgram } from "../train/Program.ts";
import { trainingTokens } from "../train/Trainer.ts";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "../train/tinyTrainProgram.ts";

const gpt = tinyTrainProgram({ batch: 2, accumulate: 2 });
const mlp = tinyTrainProgram({ model: tinyMlpModel, clipMilli: 0 });
const continued: CourtStart = { step: 6, stateRoot: sha256(new Uint8Array(32)) };

const fieldsOf = (program: CourtProgram) =>
  Object.fromEntries(
    Object.entries(program).map(([field, value]) => [field, value instanceof Uint8Array ? toHex(value) : value]),
  );

const leafOf = ({ tree, leavesRoot, leaf }: TensorTree, index: number) => ({
  leaf: index,
  data: toHex(leaf(index)),
  leavesRoot: toHex(leavesRoot),
  path: pathIn(tree, { height: 0, index }).map(toHex),
});

/** One record of each kind, and the last one. */
function recordsOf({ records, recordsTree }: OpenCourt) {
  const kinds = new Set<number>();
  const first = records.flatMap((record, value) => {
    const isNew = !kinds.has(record[0]!);
    kinds.add(record[0]!);
    return isNew ? [value] : [];
  });
  return [...first, records.length - 1].map((value) => ({
    value,
    data: toHex(records[value]!),
    path: recordsTree.path(value).map(toHex),
  }));
}

async function courtCase(name: string, program: TrainProgram, start?: CourtStart) {
  const open = openProgram(program);
  const tokens = trainingTokens(open, tinyCorpus);
  const court = openCourtProgram(open, tokens, start ?? (await ownStart(program)));
  const { entries, entriesTree, rates } = court;
  const { rows, context } = court.program;
  const drawn = { rows, starts: tokens.length - context };
  return {
    name,
    program: fieldsOf(court.program),
    hash: toHex(court.hash),
    records: recordsOf(court),
    entries: [0, entries.length - 1].map((index) => ({
      index,
      data: toHex(encodeEntry(entries[index]!)),
      path: entriesTree.path(index).map(toHex),
    })),
    rates: [leafOf(rates, 0)],
    tokens: [0, Math.floor(tokens.length / 64), Math.ceil(tokens.length / 32) - 1].map((leaf) =>
      leafOf(court.tokens, leaf),
    ),
    /** First token of each row of a step. */
    draws: [0, 7, 23].map((step) => ({ step, starts: Array.from(exampleStarts(fromHex32(program.seed, "seed"), step, drawn)) })),
  };
}

export async function courtProgramVectors() {
  return [await courtCase("gpt", gpt), await courtCase("mlp", mlp), await courtCase("mlp continued", mlp, continued)];
}
