// A chain as a launch (kernels/cuda/chain.cuh): its index space as rows x columns, where each source is in it, the code, and registers.
import { type Chain, type ChainSpace, chainSpace, isOneHot, viewOf } from "../../chainSpace.ts";
import type { ChainSource } from "../../KernelCall.ts";
import { refuseCall } from "../../View.ts";
import { type ChainCode, chainCode } from "./chainCode.ts";
import { address, blocksFor, type DeviceShape, type Launch, launch, stride, THREADS } from "./Launch.ts";

const ROWS_PER_BLOCK = 32;
/** Words before the sizes of the row axes. */
const HEAD = 9;

function sourceWords(source: ChainSource, number: number, { rowAxes, columnStrides }: ChainSpace): number[] {
  const { at } = viewOf(source);
  const strides = [...rowAxes].reverse().map((axis) => stride(axis.strides[number]!));
  return [isOneHot(source) ? 1 : 0, ...address(at), stride(columnStrides[number]!), ...strides];
}

function wordsOf({ sources, outputs }: Chain, space: ChainSpace, code: ChainCode): number[] {
  const sizes = [...space.rowAxes].reverse().map(({ size }) => size);
  const sourceTable = sources.flatMap((source, i) => sourceWords(source, i, space));
  const sourcesAt = HEAD + sizes.length;
  const outputsAt = sourcesAt + sourceTable.length;
  const codeAt = outputsAt + 2 * outputs.length;
  const { rows, columns } = space;
  const head = [rows, columns, sizes.length, sourcesAt, outputsAt, codeAt, code.phases, code.rowRegisters];
  return [...head, ...sizes, ...sourceTable, ...outputs.flatMap(({ out }) => address(out.at)), ...code.words];
}

export function encodeChain(chain: Chain, { sharedBytes }: DeviceShape): Launch {
  const space = chainSpace(chain);
  const code = chainCode(chain, space);
  const shared = 4 * (code.rowRegisters * ROWS_PER_BLOCK + code.registers * THREADS);
  if (shared > sharedBytes) refuseCall(`a chain of ${chain.steps.length} steps needs ${shared} bytes of registers`);
  const words = wordsOf(chain, space, code);
  return space.wholeRows
    ? launch("weftChainRows", words, { blocks: Math.ceil(space.rows / ROWS_PER_BLOCK), shared })
    : launch("weftChain", words, { blocks: blocksFor(space.rows * space.columns), shared });
}
