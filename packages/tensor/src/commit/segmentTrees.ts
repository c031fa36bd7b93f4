// The trees of a dispute over one segment of a training, made from program, corpus and the state the segment starts from.
// Steps are run once for all step roots, a disputed step is run to and walked, and of its values only those are kept that a
// question was about, within a number of bytes; everything else is made again when it is asked for.
import type { TensorValue } from "../graph/TensorValue.ts";
import { stateEntry, stepRootFrom } from "../HashLayout.ts";
import { hashTensors } from "../kernel/hashTensors.ts";
import { TensorError } from "../TensorError.ts";
import type { OpenProgram } from "../train/Program.ts";
import { type CourtProgram, type CourtStart, encodeEntry, type OpenCourt, openCourtProgram } from "./courtProgram.ts";
import { isFold } from "./folds.ts";
import { accsTreeOf, listTree } from "./listTrees.ts";
import { scopeOf, type TypedGraph, typedGraph } from "./OperatorsCommitment.ts";
import { inputsFrom, type RunOptions, runSteps, type State, type StepsRun, stateBefore } from "./SegmentRun.ts";
import { tensorBytes } from "./TensorLayout.ts";
import { type TensorTree, tensorTree } from "./TensorTree.ts";
import { type Trace, traceStep } from "./Trace.ts";
import type { LeafTree, TreeName, TreeSource } from "./TreeSource.ts";

export type SegmentOptions = RunOptions & {
  /** Inclusive; the first step is the start's. */
  readonly lastStep: number;
  /** Where the order's work begins. */
  readonly courtStart: CourtStart;
  /** Bytes of values of a disputed step that are kept. Default 256 MiB. */
  readonly keptBytes?: number;
};

type Held = {
  readonly step: number;
  readonly trace: Trace;
  readonly values: Map<number, TensorTree & { value: TensorValue }>;
};

/** What has been made so far. */
type Made = {
  readonly open: OpenProgram;
  readonly options: SegmentOptions;
  readonly typed: TypedGraph;
  court?: OpenCourt;
  ran?: Promise<StepsRun>;
  /** The state that was asked for last. */
  state?: { readonly step: number; readonly state: State };
  held?: Promise<Held> & { readonly step: number };
  /** Trees over lists, by name: a move asks for one several times. */
  readonly lists: Map<string, Promise<LeafTree>>;
};

const LISTS: ReadonlySet<TreeName["of"]> = new Set(["steps", "values", "entries", "accs"]);
const MOST_LISTS = 8;

const KEPT_BYTES = 2 ** 28;

function refuse(problem: string, remedy: string): never {
  throw new TensorError("bad-option", problem, remedy);
}

export interface SegmentTrees extends TreeSource {
  /** What a court judges the run by. */
  court(): CourtProgram;
}

/** One side's history of a segment: honest, or what `cheat` makes of it. Nothing is computed before it is asked for. */
export function segmentTrees(open: OpenProgram, options: SegmentOptions): SegmentTrees {
  const made: Made = { open, options, typed: typedGraph(open.step.graph), lists: new Map() };
  return {
    after: async (step) => (await ranAll(made)).after[indexOf(made, step)]!,
    tree: (name) => (LISTS.has(name.of) ? keptTree(made, name) : makeTree(made, name)),
    firstNan: async () => (await ranAll(made)).nan,
    court: () => courtOf(made).program,
  };
}

const makeTree = (made: Made, name: TreeName): Promise<LeafTree> => TREES[name.of](made, name as never);

function keptTree(made: Made, name: TreeName): Promise<LeafTree> {
  const { lists } = made;
  const key = Object.values(name).join("/");
  const tree = lists.get(key) ?? makeTree(made, name);
  lists.delete(key);
  lists.set(key, tree);
  tree.catch(() => lists.delete(key));
  const [oldest] = lists.keys();
  if (lists.size > MOST_LISTS) lists.delete(oldest!);
  return tree;
}

function indexOf({ options: { start, lastStep } }: Made, step: number): number {
  if (!Number.isInteger(step) || step < start.step || step > lastStep)
    refuse(`step is ${step}`, `use ${start.step}..${lastStep}`);
  return step - start.step;
}

function ranAll(made: Made): Promise<StepsRun> {
  made.ran ??= runSteps(made.open, made.options, made.options.lastStep);
  return made.ran;
}

function courtOf(made: Made): OpenCourt {
  const { open, options } = made;
  made.court ??= openCourtProgram(open, options.tokens, options.courtStart);
  return made.court;
}

/** The state before a step of the segment, or after its last one. */
async function stateAt(made: Made, step: number): Promise<State> {
  const { open, options } = made;
  const known = made.state !== undefined && made.state.step <= step ? made.state : options.start;
  const state = await stateBefore(open, { ...options, start: known }, step);
  made.state = { step, state };
  return state;
}

/** The disputed step, walked once; another one takes its place. */
async function heldAt(made: Made, step: number): Promise<Held> {
  indexOf(made, step);
  if (made.held?.step !== step) made.held = Object.assign(walk(made, step), { step });
  return made.held;
}

async function walk(made: Made, step: number): Promise<Held> {
  const { open, options } = made;
  const { tokens, cheat, memoryLimit, signal } = options;
  const given = inputsFrom(open, { tokens, state: await stateAt(made, step), step });
  const meddling = cheat?.(step);
  const inputs = meddling?.inputs?.(given) ?? given;
  const trace = await traceStep(open, { step, inputs, changeOf: meddling?.changeOf, memoryLimit, signal });
  return { step, trace, values: new Map() };
}

/** A value and its operands with their trees, walked to together; the oldest ones give way. */
async function openValue(made: Made, { step, value }: { step: number; value: number }) {
  const held = await heldAt(made, step);
  const type = made.typed.types[value] ?? refuse(`value is ${value}`, `use 0..${made.typed.types.length - 1}`);
  if (!held.values.has(value)) {
    const operands = scopeOf(made.typed, value)?.node.in ?? [];
    const missing = [...new Set([value, ...operands])].filter((one) => !held.values.has(one));
    const tensors = await held.trace.read(missing);
    for (const [i, one] of missing.entries()) held.values.set(one, { ...tensorTree(tensors[i]!), value: tensors[i]! });
    giveWay(held, { keep: new Set([value, ...operands]), bytes: made.options.keptBytes ?? KEPT_BYTES });
  }
  return { type, own: held.values.get(value)!, of: (operand: number) => held.values.get(operand) };
}

function giveWay({ values }: Held, { keep, bytes }: { keep: ReadonlySet<number>; bytes: number }): void {
  let sum = Array.from(values.values(), ({ type }) => tensorBytes(type)).reduce((a, b) => a + b, 0);
  for (const [value, { type }] of values) {
    if (sum <= bytes) return;
    if (keep.has(value)) continue;
    values.delete(value);
    sum -= tensorBytes(type);
  }
}

async function stepsTree(made: Made): Promise<LeafTree> {
  const { open, options } = made;
  const { after } = await ranAll(made);
  return listTree(after.map((one, i) => stepRootFrom(open.hash, options.start.step + i, one)));
}

async function entriesTree(made: Made, { step }: { step: number }): Promise<LeafTree> {
  if (step !== made.options.start.step - 1) indexOf(made, step);
  const { state: tensors } = made.open.step;
  const state = await stateAt(made, step + 1);
  const roots = hashTensors(
    tensors,
    tensors.map(
      ({ name }) =>
        () =>
          state[name]!,
    ),
  );
  return listTree(tensors.map(({ name }, i) => stateEntry(name, roots[i]!)));
}

async function entryTree(made: Made, { step, entry }: { step: number; entry: number }): Promise<LeafTree> {
  indexOf(made, step);
  const tensor = made.open.step.state[entry] ?? refuse(`entry is ${entry}`, "name an entry of the state");
  return tensorTree((await stateAt(made, step + 1))[tensor.name]!);
}

/** Partial sums of an element; the last one is the element, whatever a cheat made of it. */
async function accsTree(
  made: Made,
  { step, value, element }: { step: number; value: number; element: number },
): Promise<LeafTree> {
  const scope = scopeOf(made.typed, value);
  if (scope === undefined || !isFold(scope.node.op)) refuse(`value ${value} is no sum`, "open its words");
  const { own } = await openValue(made, { step, value });
  if (!Number.isInteger(element) || element < 0 || element >= own.value.data.length)
    refuse(`element is ${element}`, `use 0..${own.value.data.length - 1}`);
  const operands = await Promise.all(
    scope.node.in.map(async (one) => (await openValue(made, { step, value: one })).own),
  );
  const tensors = operands.map(({ value: tensor }) => tensor);
  return accsTreeOf(scope, element, { own: own.value, operands: tensors });
}

const TREES: {
  readonly [K in TreeName["of"]]: (made: Made, name: Extract<TreeName, { of: K }>) => Promise<LeafTree>;
} = {
  steps: stepsTree,
  values: async (made, { step }) => listTree((await heldAt(made, step)).trace.tensorRoots),
  entries: entriesTree,
  entry: entryTree,
  leaves: async (made, name) => (await openValue(made, name)).own,
  accs: accsTree,
  records: async (made) => ({ tree: courtOf(made).recordsTree, leaf: (index) => courtOf(made).records[index]! }),
  schema: async (made) => ({
    tree: courtOf(made).entriesTree,
    leaf: (index) => encodeEntry(courtOf(made).entries[index]!),
  }),
  rates: async (made) => courtOf(made).rates,
  tokens: async (made) => courtOf(made).tokens,
};
