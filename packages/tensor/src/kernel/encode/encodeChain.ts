// A chain as a command (kernels/assembly/chain.ts): slots of scratch, sources, instructions.

import type { Chain } from "../chainSpace.ts";
import type { Touched } from "../check/Touched.ts";
import { type Command, command, OP } from "./Command.ts";
import { type ChainProgram, chainProgram } from "./chainProgram.ts";
import { KIND, type Space, sourcesIn, sourceWords } from "./chainSources.ts";

/** Loops run over 64 bytes at a time: every slot has that much behind its last element. */
const PAD = 64;
const padded = (bytes: number): number => Math.ceil(bytes / PAD) * PAD + PAD;

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

export function encodeChain(chain: Chain, touched: Touched): Command {
  const space = sourcesIn(chain);
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
  const words = [...head, ...offsets, ...space.sources.flatMap(sourceWords), ...program.words];
  return command(OP.chain, words, touched, table + bytes);
}
