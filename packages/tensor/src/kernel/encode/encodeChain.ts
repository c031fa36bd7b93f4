// A chain as a command (kernels/assembly/chain.ts): slots of scratch, sources, instructions.
import { elementCount, sameShape } from "../../graph/Graph.ts";
import { needPlain, overlaps, type Range, rangeOf, refuseCall } from "../View.ts";
import { type Command, command, OP } from "./Command.ts";
import { type ChainProgram, chainProgram } from "./chainProgram.ts";
import { type Chain, chainSpace, KIND, type Space, sourceWords } from "./chainSources.ts";

/** Loops run over 64 bytes at a time: every slot has that much behind its last element. */
const PAD = 64;
const padded = (bytes: number): number => Math.ceil(bytes / PAD) * PAD + PAD;

function checkOutputs({ shape, outputs }: Chain, { wholeRows }: Space): void {
  const perRow = [...shape.slice(0, -1), 1];
  for (const { out } of outputs) {
    needPlain("output of a chain", out);
    if (!sameShape(out.shape, shape) && !(wholeRows && sameShape(out.shape, perRow)))
      refuseCall(`output [${out.shape}] of a chain of [${shape}]`);
  }
}

/** An output over a source is fine where each index reads what it writes; anything else would be a race. */
function checkOverlaps({ sources, outputs }: Chain, space: Space): void {
  const ranges = outputs.map(({ out }) => rangeOf(out));
  ranges.forEach((range, i) => {
    if (ranges.some((other, j) => j < i && overlaps(range, other))) refuseCall("outputs of a chain overlap");
  });
  sources.forEach((source, i) => {
    const view = "oneHot" in source ? source.oneHot : source;
    const { kind } = space.sources[i]!;
    const inPlace = kind === KIND.whole || kind === KIND.perRow;
    ranges.forEach((range, j) => {
      const same = inPlace && range[0] === view.at && elementCount(outputs[j]!.out.shape) === elementCount(view.shape);
      if (!overlaps(range, rangeOf(view))) return;
      // Stores come last and one by one: a source that is itself stored must still be there.
      const stored = outputs.some(({ value }, other) => value === i && other !== j);
      if (!same || stored) refuseCall(`output ${j} of a chain lies on source ${i}`);
    });
  });
}

/** Scratch offsets of the slots, and the bytes they take. */
function layOut(space: Space, { blockRegisters, rowRegisters }: ChainProgram): { offsets: number[]; bytes: number } {
  const block = padded(space.blockRows * space.blockColumns * 4);
  const row = padded(space.blockRows * 4);
  const inScratch: Partial<Record<number, number>> = {
    [KIND.splat]: block,
    [KIND.columns]: block,
    [KIND.rows]: space.blockRows > 1 ? block : 0,
    [KIND.oneHot]: block,
    [KIND.values]: row,
  };
  const sizes = [
    ...space.sources.map(({ kind }) => inScratch[kind] ?? 0),
    ...Array<number>(blockRegisters).fill(block),
    ...Array<number>(rowRegisters).fill(row),
  ];
  let bytes = 0;
  const offsets = sizes.map((size) => {
    bytes += size;
    return bytes - size;
  });
  return { offsets, bytes };
}

export function encodeChain(chain: Chain): Command {
  const space = chainSpace(chain);
  checkOutputs(chain, space);
  checkOverlaps(chain, space);
  const program = chainProgram(chain, space);
  const { offsets, bytes } = layOut(space, program);
  const table = Math.ceil((offsets.length * 4) / PAD) * PAD;
  const head = [
    space.rows,
    space.columns,
    space.blockRows,
    space.blockColumns,
    space.sources.length,
    offsets.length,
    program.words.length / 4,
    table,
  ];
  const reads = chain.sources.map((source): Range => rangeOf("oneHot" in source ? source.oneHot : source));
  return command(OP.chain, [...head, ...offsets, ...space.sources.flatMap(sourceWords), ...program.words], {
    reads,
    writes: chain.outputs.map(({ out }) => rangeOf(out)),
    scratch: table + bytes,
  });
}
