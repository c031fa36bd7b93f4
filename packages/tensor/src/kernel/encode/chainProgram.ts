// The steps of a chain as instructions over registers: what nothing needs is dropped, a product that only a sum uses becomes one
// instruction with it (rounded twice, as before), values with one entry per row are computed as such and spread when a
// whole block needs them, and registers are used again after their last reader.
import { type Chain, isReduction } from "../chainSpace.ts";
import type { ChainOp } from "../KernelCall.ts";
import type { Space, ValueClass } from "./chainSources.ts";

/** Op words of kernels/assembly/chainLoops.ts. */
const OP_WORD: Record<ChainOp | "mulAdd" | "expand" | "store" | "move", number> = {
  add: 1,
  sub: 2,
  mul: 3,
  div: 4,
  max: 5,
  min: 6,
  gt: 7,
  select: 8,
  neg: 9,
  abs: 10,
  sqrt: 11,
  exp: 12,
  log: 13,
  tanh: 14,
  swapPairs: 15,
  toFloat: 16,
  mulAdd: 17,
  reduceSum: 18,
  reduceMax: 19,
  expand: 20,
  store: 21,
  move: 22,
};
type Op = keyof typeof OP_WORD;

/** One instruction on numbered places; a store's `to` is an address. */
type Instruction = { readonly op: Op; readonly perRow: boolean; readonly to: number; readonly args: readonly number[] };

/** Where every place lives: sources first, then registers for blocks, then registers for one value per row. */
export type ChainProgram = {
  /** Four words per instruction. */
  readonly words: readonly number[];
  readonly blockRegisters: number;
  readonly rowRegisters: number;
};

type Draft = {
  readonly chain: Chain;
  readonly classes: readonly ValueClass[];
  readonly instructions: Instruction[];
  /** Place of a value's entries, and of the block it was spread to. Places are numbered on. */
  readonly place: Map<number, number>;
  readonly spread: Map<number, number>;
  readonly perRowPlaces: Set<number>;
  places: number;
};

function classesOf({ steps }: Chain, space: Space): ValueClass[] {
  const classes = space.sources.map((source) => source.class);
  for (const { op, in: args } of steps)
    classes.push(!isReduction(op) && args.some((arg) => classes[arg] === "full") ? "full" : "row");
  return classes;
}

/** Values whose bits are a source's: their NaNs are stored as they are. */
function movedValues({ sources, steps }: Chain): boolean[] {
  const moved = sources.map(() => true);
  for (const { op, in: args } of steps) moved.push(op === "swapPairs" && moved[args[0]!]!);
  return moved;
}

/** How often each value is read by what the outputs need. */
function countReaders({ sources, steps, outputs }: Chain): number[] {
  const readers: number[] = Array(sources.length + steps.length).fill(0);
  for (const { value } of outputs) readers[value]! += 1;
  for (let i = steps.length - 1; i >= 0; i--)
    if (readers[sources.length + i]! > 0) for (const arg of steps[i]!.in) readers[arg]! += 1;
  return readers;
}

/** Per sum, the operand whose product is computed with it. */
function fusedProducts(chain: Chain, classes: readonly ValueClass[], readers: readonly number[]): Map<number, number> {
  const first = chain.sources.length;
  const fused = new Map<number, number>();
  chain.steps.forEach(({ op, in: args }, i) => {
    if (op !== "add" || readers[first + i] === 0) return;
    const product = args.find(
      (arg) =>
        chain.steps[arg - first]?.op === "mul" &&
        readers[arg] === 1 &&
        (classes[arg] === "full") === (classes[first + i] === "full"),
    );
    if (product !== undefined) fused.set(first + i, product);
  });
  return fused;
}

function emit(draft: Draft, op: Op, perRow: boolean, args: readonly number[]): number {
  const to = draft.places++;
  if (perRow) draft.perRowPlaces.add(to);
  draft.instructions.push({ op, perRow, to, args });
  return to;
}

/** The place of a value for an instruction over rows or over whole blocks. */
function operand(draft: Draft, value: number, perRow: boolean): number {
  const own = draft.place.get(value)!;
  if (perRow || draft.classes[value] !== "row") return own;
  const spread = draft.spread.get(value) ?? emit(draft, "expand", false, [own]);
  draft.spread.set(value, spread);
  return spread;
}

function emitSteps(draft: Draft, readers: readonly number[]): void {
  const { chain, classes } = draft;
  const first = chain.sources.length;
  const fused = fusedProducts(chain, classes, readers);
  const inSum = new Set(fused.values());
  chain.steps.forEach(({ op, in: args }, i) => {
    const value = first + i;
    if (readers[value] === 0 || inSum.has(value)) return;
    const perRow = classes[value] !== "full";
    const product = fused.get(value);
    if (op === "swapPairs" && perRow) draft.place.set(value, draft.place.get(args[0]!)!);
    else if (product !== undefined) {
      const other = args[0] === product ? args[1]! : args[0]!;
      const places = [...chain.steps[product - first]!.in, other].map((arg) => operand(draft, arg, perRow));
      draft.place.set(value, emit(draft, "mulAdd", perRow, places));
    } else {
      const places = args.map((arg) => operand(draft, arg, perRow && !isReduction(op)));
      draft.place.set(value, emit(draft, op, perRow, places));
    }
  });
}

function emitStores(draft: Draft, space: Space): void {
  const moved = movedValues(draft.chain);
  for (const { value, out } of draft.chain.outputs) {
    const perRow = space.wholeRows && draft.classes[value] !== "full" && out.shape.at(-1) === 1;
    const from = operand(draft, value, perRow);
    draft.instructions.push({ op: moved[value] ? "move" : "store", perRow, to: out.at, args: [from] });
  }
}

const isStore = ({ op }: Instruction): boolean => op === "store" || op === "move";

/** Registers for places: a place's register is free again after its last reader, for that reader's result already. */
function allocate(draft: Draft, sources: number): { slot: number[]; blocks: number; rows: number } {
  const lastReader: number[] = [];
  draft.instructions.forEach(({ args }, i) => {
    for (const arg of args) lastReader[arg] = i;
  });
  const slot = Array.from({ length: sources }, (_, i) => i);
  const free = { block: [] as number[], row: [] as number[] };
  const counts = { block: 0, row: 0 };
  const kindOf = (place: number) => (draft.perRowPlaces.has(place) ? "row" : "block");
  draft.instructions.forEach((instruction, i) => {
    for (const arg of new Set(instruction.args))
      if (arg >= sources && lastReader[arg] === i) free[kindOf(arg)].push(slot[arg]!);
    if (isStore(instruction)) return;
    const kind = kindOf(instruction.to);
    slot[instruction.to] = free[kind].pop() ?? counts[kind]++;
    // Nobody reads it: the register is free at once.
    if (lastReader[instruction.to] === undefined) free[kind].push(slot[instruction.to]!);
  });
  return { slot, blocks: counts.block, rows: counts.row };
}

/** Compiles a chain's steps. */
export function chainProgram(chain: Chain, space: Space): ChainProgram {
  const sources = chain.sources.length;
  const draft: Draft = {
    chain,
    classes: classesOf(chain, space),
    instructions: [],
    place: new Map(chain.sources.map((_, i) => [i, i])),
    spread: new Map(),
    perRowPlaces: new Set(),
    places: sources,
  };
  emitSteps(draft, countReaders(chain));
  emitStores(draft, space);
  const { slot, blocks, rows } = allocate(draft, sources);
  const slotOf = (place: number): number => {
    if (place < sources) return place;
    return sources + slot[place]! + (draft.perRowPlaces.has(place) ? blocks : 0);
  };
  const words = draft.instructions.flatMap((instruction) => {
    const [a = 0, b = 0, c = 0] = instruction.args.map(slotOf);
    const to = isStore(instruction) ? instruction.to : slotOf(instruction.to);
    return [OP_WORD[instruction.op] + (instruction.perRow ? 256 : 0), to, a + b * 65_536, c];
  });
  return { words, blockRegisters: blocks, rowRegisters: rows };
}
