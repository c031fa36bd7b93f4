// The steps of a chain as the instructions of kernels/cuda/chain.cuh: values with one entry per row are computed once per row, the others
// once per element in every phase that needs them; registers of elements are used again after their last reader.

import { type Chain, type ChainSpace, isOneHot, isReduction } from "../../chainSpace.ts";
import type { ChainOp } from "../../KernelCall.ts";

/** Numbers of the enumeration in kernels/cuda/chain.cuh. */
const OP = {
  load: 0,
  store: 1,
  move: 2,
  add: 3,
  sub: 4,
  mul: 5,
  div: 6,
  max: 7,
  min: 8,
  gt: 9,
  select: 10,
  neg: 11,
  abs: 12,
  sqrt: 13,
  exp: 14,
  log: 15,
  tanh: 16,
  swapPairs: 17,
  toFloat: 18,
  reduceSum: 19,
  reduceMax: 20,
} as const satisfies Record<ChainOp | "load" | "store" | "move", number>;

const PER_ROW = 2 ** 31;

export type ChainCode = {
  readonly words: readonly number[];
  readonly phases: number;
  /** Registers with an entry per thread, and with an entry per row. */
  readonly registers: number;
  readonly rowRegisters: number;
};

/** What is known of a value before any code is written. */
type Value = {
  readonly op: keyof typeof OP;
  readonly args: readonly number[];
  /** One entry per row. */
  readonly perRow: boolean;
  /** Reductions that must be done before it, one after the other. */
  readonly level: number;
  /** Its bits are a source's: a NaN is stored as it is. */
  readonly moved: boolean;
};

/** `to` is a value's register or, of a store, the number of an output; `reads` are values. */
type Instruction = {
  readonly op: number;
  readonly to: number;
  readonly reads: readonly number[];
  readonly source?: number;
};

type Draft = {
  readonly values: readonly Value[];
  /** Register of each value per row that is needed, with PER_ROW. */
  readonly rowRegister: Map<number, number>;
};

function valuesOf({ shape, sources, steps }: Chain, { wholeRows, columns, columnStrides }: ChainSpace): Value[] {
  const values: Value[] = sources.map((source, i) => {
    const perRow = wholeRows && !isOneHot(source) && (columnStrides[i] === 0 || columns === 1);
    return { op: "load", args: [i], perRow, level: 0, moved: true };
  });
  for (const { op, in: args } of steps) {
    const operands = args.map((arg) => values[arg]!);
    const reduces = isReduction(op);
    const perRow = wholeRows && (reduces || operands.every((operand) => operand.perRow));
    // Both of a pair are the same where a row has one entry, or where the columns have none to pair.
    const [operand] = operands as [Value];
    if (op === "swapPairs" && (perRow || shape.at(-1)! % 2 === 1)) values.push(operand);
    else {
      const level = Math.max(...operands.map((own) => own.level)) + (reduces ? 1 : 0);
      values.push({ op, args, perRow, level, moved: op === "swapPairs" && operand.moved });
    }
  }
  return values;
}

/** A value that stands for another has the other's number. */
function canonicalNumbers(values: readonly Value[]): number[] {
  const first = new Map<Value, number>();
  return values.map((value, i) => {
    if (!first.has(value)) first.set(value, i);
    return first.get(value)!;
  });
}

function neededOf(values: readonly Value[], wanted: readonly number[], number: readonly number[]): Set<number> {
  const needed = new Set(wanted.map((value) => number[value]!));
  for (let i = values.length - 1; i >= 0; i--)
    if (needed.has(i) && values[i]!.op !== "load") for (const arg of values[i]!.args) needed.add(number[arg]!);
  return needed;
}

/** Instructions for the values, operands first; those per row are there already unless this is the code of rows. */
function instructionsFor(draft: Draft, targets: readonly number[], number: readonly number[]): Instruction[] {
  const written: Instruction[] = [];
  const done = new Set<number>();
  const write = (value: number): void => {
    const { op, args } = draft.values[value]!;
    if (done.has(value) || draft.rowRegister.has(value)) return;
    done.add(value);
    if (op === "load") {
      written.push({ op: OP.load, to: value, reads: [], source: args[0]! });
      return;
    }
    const reads = args.map((arg) => number[arg]!);
    for (const read of reads) write(read);
    written.push({ op: OP[op], to: value, reads });
  };
  for (const target of targets) write(target);
  return written;
}

/** Words of instructions over elements, and how many registers they take; `kept` values live to the end. */
function allocate(draft: Draft, code: readonly Instruction[], kept: readonly number[]) {
  const last = new Map<number, number>();
  code.forEach(({ reads }, i) => {
    for (const read of reads) last.set(read, i);
  });
  for (const value of kept) last.set(value, Number.POSITIVE_INFINITY);
  const register = new Map<number, number>();
  const free: number[] = [];
  let registers = 0;
  const of = (value: number): number => draft.rowRegister.get(value) ?? register.get(value)!;
  const words = code.flatMap((instruction, i) => {
    const { op, to, reads, source } = instruction;
    const operands = source === undefined ? reads.map(of) : [source];
    for (const read of new Set(reads)) if (register.has(read) && last.get(read) === i) free.push(register.get(read)!);
    const isStore = op === OP.store || op === OP.move;
    if (!isStore) register.set(to, free.pop() ?? registers++);
    return instructionWords(op, isStore ? to : register.get(to)!, operands);
  });
  return { words, registers, of };
}

/** Missing operands repeat the first: the kernel reads three registers whatever the operator. */
function instructionWords(op: number, to: number, operands: readonly number[]): number[] {
  const [a = 0, b = a, c = a] = operands;
  return [op, to, a, b, c];
}

function rowWords(draft: Draft, values: readonly number[], number: readonly number[]): number[] {
  return values.flatMap((value) => {
    const { op, args } = draft.values[value]!;
    const operands = op === "load" ? args : args.map((arg) => draft.rowRegister.get(number[arg]!)!);
    return instructionWords(OP[op], draft.rowRegister.get(value)!, operands);
  });
}

/** Compiles the steps of a chain that fits (check/chain.ts). */
export function chainCode(chain: Chain, space: ChainSpace): ChainCode {
  const values = valuesOf(chain, space);
  const number = canonicalNumbers(values);
  const wanted = chain.outputs.map(({ value }) => value);
  const needed = [...neededOf(values, wanted, number)].sort((a, b) => a - b);
  const perRow = needed.filter((value) => values[value]!.perRow);
  const rowRegister = new Map(perRow.map((value, i): [number, number] => [value, PER_ROW + i]));
  const draft: Draft = { values, rowRegister };
  const steps = (level: number) =>
    perRow.filter((value) => values[value]!.level === level && !isReduction(values[value]!.op as ChainOp));
  const phases = perRow.reduce((most, value) => Math.max(most, values[value]!.level), 0) + 1;
  const start = steps(0);
  const words = [start.length, ...rowWords(draft, start, number)];
  let registers = 0;
  for (let phase = 0; phase < phases; phase++) {
    const isLast = phase === phases - 1;
    const folds = perRow.filter((v) => values[v]!.level === phase + 1 && isReduction(values[v]!.op as ChainOp));
    const folded = folds.map((value) => number[values[value]!.args[0]!]!);
    const stores = isLast ? storesOf(chain, { values, number, space }) : { elements: [], rows: [] };
    const targets = [...folded, ...stores.elements.flatMap(({ reads }) => reads)];
    const code = [...instructionsFor(draft, targets, number), ...stores.elements];
    const { words: own, registers: taken, of } = allocate(draft, code, folded);
    registers = Math.max(registers, taken);
    const foldWords = folds.flatMap((value, i) =>
      instructionWords(OP[values[value]!.op], rowRegister.get(value)!, [of(folded[i]!)]),
    );
    const after = isLast ? [] : steps(phase + 1);
    const rowStores = stores.rows.flatMap(({ op, to, reads }) => instructionWords(op, to, reads.map(of)));
    words.push(code.length, folds.length, after.length + stores.rows.length);
    words.push(...own, ...foldWords, ...rowWords(draft, after, number), ...rowStores);
  }
  return { words, phases, registers, rowRegisters: perRow.length };
}

type Storing = { readonly values: readonly Value[]; readonly number: readonly number[]; readonly space: ChainSpace };

/** Stores come last: an output may lie on a source that is read at the same index. */
function storesOf({ outputs }: Chain, { values, number, space }: Storing) {
  const elements: Instruction[] = [];
  const rows: Instruction[] = [];
  outputs.forEach(({ value, out }, to) => {
    const { moved, perRow } = values[value]!;
    const store = { op: moved ? OP.move : OP.store, to, reads: [number[value]!] };
    const oncePerRow = space.wholeRows && perRow && out.shape.at(-1) === 1;
    (oncePerRow ? rows : elements).push(store);
  });
  return { elements, rows };
}
