// Chains: sources that broadcast to the shape, steps of values that are there, outputs that lie where nothing else is read.
import { elementCount, GRAPH_LIMITS, sameShape } from "../../graph/Graph.ts";
import { type Chain, type ChainSpace, chainSpace, isOneHot, viewOf } from "../chainSpace.ts";
import { CHAIN_OPS, CHAIN_ROW_LIMIT, type ChainOp, type ChainSource } from "../KernelCall.ts";
import { isContiguous, needPlain, overlaps, rangeOf, refuseCall, type View } from "../View.ts";
import { type Touched, touching } from "./Touched.ts";

const OPERANDS: Partial<Record<ChainOp, number>> = { add: 2, sub: 2, mul: 2, div: 2, max: 2, min: 2, gt: 2, select: 3 };

function checkOneHot({ shape }: Chain, index: View): void {
  needPlain("index of one-hot rows", index, "i32");
  if (elementCount(index.shape) !== elementCount(shape.slice(0, -1)))
    refuseCall(`one-hot rows of [${index.shape}] in a chain of [${shape}]`);
}

/** The space of a chain whose columns are those of a source, or one entry of it. */
function checkSpace(chain: Chain): ChainSpace {
  const { shape, sources } = chain;
  if (shape.length > GRAPH_LIMITS.rank) refuseCall(`a chain of [${shape}]`);
  for (const source of sources) if (isOneHot(source)) checkOneHot(chain, source.oneHot);
  const space = chainSpace(chain);
  const { columns, columnStrides, wholeRows } = space;
  if (wholeRows && columns > CHAIN_ROW_LIMIT) refuseCall(`a chain over rows of ${columns} columns`);
  const bad = columnStrides.findIndex((stride) => stride !== 0 && stride !== 1 && columns > 1);
  if (bad >= 0) refuseCall(`source ${bad} of a chain has column stride ${columnStrides[bad]}`);
  return space;
}

function checkOutputs({ shape, outputs }: Chain, { wholeRows }: ChainSpace): void {
  const perRow = [...shape.slice(0, -1), 1];
  for (const { out } of outputs) {
    needPlain("output of a chain", out);
    if (!sameShape(out.shape, shape) && !(wholeRows && sameShape(out.shape, perRow)))
      refuseCall(`output [${out.shape}] of a chain of [${shape}]`);
  }
}

/** True where each index of the output reads what it writes. */
function liesOn(source: ChainSource, out: View): boolean {
  if (isOneHot(source) || source.at !== out.at || !isContiguous(source)) return false;
  const missing: number[] = Array(Math.max(0, out.shape.length - source.shape.length)).fill(1);
  return sameShape([...missing, ...source.shape], out.shape);
}

/** An output over a source is fine where each index reads what it writes; anything else would be a race. */
function checkOverlaps({ sources, outputs }: Chain): void {
  const ranges = outputs.map(({ out }) => rangeOf(out));
  ranges.forEach((range, i) => {
    if (ranges.some((other, j) => j < i && overlaps(range, other))) refuseCall("outputs of a chain overlap");
  });
  sources.forEach((source, i) => {
    ranges.forEach((range, j) => {
      if (!overlaps(range, rangeOf(viewOf(source)))) return;
      // Stores come last and one by one: a source that is itself stored must still be there.
      const stored = outputs.some(({ value }, other) => value === i && other !== j);
      if (!liesOn(source, outputs[j]!.out) || stored) refuseCall(`output ${j} of a chain lies on source ${i}`);
    });
  });
}

function checkSteps({ sources, steps, outputs }: Chain): void {
  steps.forEach(({ op, in: args }, i) => {
    const value = sources.length + i;
    if (
      !CHAIN_OPS.includes(op) ||
      args.length !== (OPERANDS[op] ?? 1) ||
      args.some((arg) => !(arg >= 0 && arg < value))
    )
      refuseCall(`step ${i} of a chain is ${op} of ${args}`);
    for (const arg of args) {
      const source = sources[arg];
      const dtype = source === undefined || isOneHot(source) ? "f32" : source.dtype;
      if (dtype !== (op === "toFloat" ? "i32" : "f32")) refuseCall(`step ${i} of a chain is ${op} of ${dtype}`);
    }
  });
  for (const { value } of outputs)
    if (!(value >= 0 && value < sources.length + steps.length)) refuseCall(`a chain's output is value ${value}`);
}

export function checkChain(chain: Chain): Touched {
  checkOutputs(chain, checkSpace(chain));
  checkOverlaps(chain);
  checkSteps(chain);
  return touching(
    chain.sources.map(viewOf),
    chain.outputs.map(({ out }) => out),
  );
}
