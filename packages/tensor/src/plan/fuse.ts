// Chooses the order of computation and what runs together (Schedule.ts). Elementwise operators wait in open chains until
// something outside needs one of their values; operators over the same rows and columns join the chain that waits for
// them. Nothing here can change a bit: a chain computes the same operators on the same elements.
import { elementCount, type Graph, type Node, type ValueType } from "../graph/Graph.ts";
import { firstNodeValue, inferTypes } from "../graph/inferTypes.ts";
import { type ChainRequest, chainOperand, chainRequest, LONGEST_ROW, type WaitingOneHot } from "./chainRequest.ts";
import { hasRows, isMatrices } from "./matrices.ts";
import { rowShape } from "./rowShape.ts";
import type { ChainMember, Fusion, NodeStep, OpenChain, Schedule, Step } from "./Schedule.ts";
import { isViewOp, type Uses, usesOf } from "./uses.ts";
import { broadcast, isContiguous, reshaped, sliced, transposed, type View, wholeView } from "./View.ts";

/** Most operators of one chain: more would need blocks too small to be fast. */
const MOST_MEMBERS = 48;

export type Fusing = {
  readonly graph: Graph;
  readonly uses: Uses;
  /** Grows with copies. */
  readonly types: ValueType[];
  readonly views: (View | undefined)[];
  readonly steps: Step[];
  readonly open: Set<OpenChain>;
  /** Chain of each value that is not computed yet. */
  readonly waiting: Map<number, OpenChain>;
  /** One-hots that nobody has needed as stored rows yet, with their indices. */
  readonly oneHots: Map<number, WaitingOneHot>;
  /** Readers of each value that are still to come. */
  readonly left: number[];
  readonly copies: Map<string, View>;
};

/** The schedule of a valid graph. */
export function fuse(graph: Graph, fusion: Fusion): Schedule {
  const types = inferTypes(graph);
  const uses = usesOf(graph);
  const state: Fusing = {
    graph,
    uses,
    types,
    views: types.map(() => undefined),
    steps: [],
    open: new Set(),
    waiting: new Map(),
    oneHots: new Map(),
    left: uses.readers.map((readers) => readers.length),
    copies: new Map(),
  };
  const first = firstNodeValue(graph);
  for (let value = 0; value < first; value++) state.views[value] = wholeView(value, types[value]!.shape);
  graph.nodes.forEach((node, i) => {
    if (fusion === "whole") scheduleWhole(state, first + i, node);
    else if (uses.needed[first + i]) scheduleFused(state, first + i, node);
  });
  for (const value of Array.from(state.oneHots.keys())) if (!isDone(state, value)) storeRoot(state, value);
  for (const chain of Array.from(state.open)) close(state, chain);
  return { steps: state.steps, types, views: state.views };
}

function viewOf(state: Fusing, value: number): View {
  const view = state.views[value];
  if (view === undefined) throw new Error(`value ${value} is read before it is scheduled`);
  return view;
}

/** A one-hot that chains make on the way is checked there; one that nobody read so far must still be computed. */
function isDone({ uses, left }: Fusing, value: number): boolean {
  return !uses.isOutput[value] && uses.readers[value]!.length > 0 && left[value] === 0;
}

function scheduleFused(state: Fusing, value: number, node: Node): void {
  if (isViewOp(node)) {
    state.views[value] = lookThrough(state, value, node);
    return;
  }
  state.views[value] = wholeView(value, state.types[value]!.shape);
  const request = chainRequest(node, { value, types: state.types, operands: node.in.map((o) => viewOf(state, o)) });
  if (request !== undefined) join(state, request);
  else if (node.op === "oneHot") {
    const index = stored(state, viewOf(state, node.in[0]!), isContiguous);
    state.oneHots.set(value, { index, size: node.size });
  } else pushNode(state, value, node);
  settle(state, value, node);
}

/** Every value by itself, stored whole. */
function scheduleWhole(state: Fusing, value: number, node: Node): void {
  const operands = node.in.map((operand) => viewOf(state, operand));
  state.views[value] = wholeView(value, state.types[value]!.shape);
  const seen = isViewOp(node) ? applied(node, operands[0]!) : undefined;
  const request = chainRequest(node, { value, types: state.types, operands });
  if (seen !== undefined) state.steps.push({ kind: "copy", value, from: seen });
  else if (request !== undefined) {
    const chain = openChain(state, request);
    close(state, chain, [value]);
  } else pushNode(state, value, node);
}

/** The operand of a view operator under the operator's view; undefined for a reshape that no strides give. */
function applied(node: Node, view: View): View | undefined {
  if (node.op === "reshape") return reshaped(view, node.shape);
  if (node.op === "transpose") return transposed(view, node.axes);
  if (node.op === "expand") return broadcast(view, node.shape);
  return node.op === "slice" ? sliced(view, node) : undefined;
}

function lookThrough(state: Fusing, value: number, node: Node): View {
  const view = viewOf(state, node.in[0]!);
  return applied(node, view) ?? reshaped(stored(state, view, isContiguous), state.types[value]!.shape)!;
}

const FORMS: Partial<Record<Node["op"], (view: View) => boolean>> = {
  matmul: isMatrices,
  matmulInt8: hasRows,
  concat: () => true,
};

/** A single operator, its operands stored in a form that its kernel reads. */
function pushNode(state: Fusing, value: number, node: Node): void {
  const fits = FORMS[node.op] ?? isContiguous;
  const operands = node.in.map((operand) => stored(state, viewOf(state, operand), fits));
  state.steps.push({ kind: "node", value, node, operands } satisfies NodeStep);
}

/** The view over a value that is computed by then; a copy of it when the kernel cannot read it as it lies. */
function stored(state: Fusing, view: View, fits: (view: View) => boolean): View {
  storeRoot(state, view.root);
  if (fits(view)) return view;
  const key = JSON.stringify([view.root, view.offset, view.shape, view.strides]);
  const known = state.copies.get(key);
  if (known !== undefined) return known;
  const value = state.types.length;
  state.types.push({ dtype: state.types[view.root]!.dtype, shape: view.shape });
  state.steps.push({ kind: "copy", value, from: view });
  const copy = wholeView(value, view.shape);
  state.copies.set(key, copy);
  return copy;
}

function storeRoot(state: Fusing, root: number): void {
  const chain = state.waiting.get(root);
  if (chain !== undefined) close(state, chain);
  const waiting = state.oneHots.get(root);
  if (waiting === undefined) return;
  state.oneHots.delete(root);
  const node = state.graph.nodes[root - firstNodeValue(state.graph)]!;
  state.steps.push({ kind: "node", value: root, node, operands: [waiting.index] });
}

/** Puts an operator into the chain that waits for it, or a new one. */
function join(state: Fusing, request: ChainRequest): void {
  const chains = new Set(request.operands.flatMap(({ root }) => state.waiting.get(root) ?? []));
  const merged = merge(state, chains);
  for (const chain of Array.from(merged).sort((a, b) => b.rows * b.columns - a.rows * a.columns)) {
    if (chain.members.size >= MOST_MEMBERS) continue;
    const member = asMember(state, chain, request);
    if (member === undefined) continue;
    for (const other of merged) if (other !== chain) close(state, other);
    add(state, chain, member);
    return;
  }
  for (const chain of merged) close(state, chain);
  for (const chain of state.open) {
    const member = chain.members.size < MOST_MEMBERS && shares(chain, request) && asMember(state, chain, request);
    if (!member) continue;
    add(state, chain, member);
    return;
  }
  openChain(state, request);
}

/** Chains of one space become one. */
function merge(state: Fusing, chains: ReadonlySet<OpenChain>): Set<OpenChain> {
  const kept: OpenChain[] = [];
  for (const chain of chains) {
    const into = kept.find(
      ({ rows, columns, members }) =>
        rows === chain.rows && columns === chain.columns && members.size + chain.members.size < MOST_MEMBERS,
    );
    if (into === undefined) {
      kept.push(chain);
      continue;
    }
    state.open.delete(chain);
    for (const [value, member] of chain.members) add(state, into, { ...member, value });
  }
  return new Set(kept);
}

/** True when a whole operand of the request is read by the chain anyway. */
function shares(chain: OpenChain, { rows, columns, operands }: ChainRequest): boolean {
  if (chain.rows !== rows || chain.columns !== columns) return false;
  const roots = new Set(operands.map(({ root }) => root));
  for (const { operands: own } of chain.members.values())
    if (own.some((operand) => operand.kind === "stored" && !operand.perRow && roots.has(operand.root))) return true;
  return false;
}

/** The request as a member of a chain, with all other chains' values taken as stored; undefined when it doesn't fit. */
function asMember(state: Fusing, chain: OpenChain, request: ChainRequest): ChainMember | undefined {
  const count = elementCount(state.types[request.value]!.shape);
  const fitsWhole = request.rows === chain.rows && request.columns === chain.columns;
  const folds = request.op === "reduceSum" || request.op === "reduceMax";
  if (folds ? !fitsWhole : count !== chain.rows * chain.columns && count !== chain.rows) return undefined;
  const perRow = folds || count !== chain.rows * chain.columns;
  const readPerRow = perRow && !folds;
  if (perRow && !hasWholeRows(chain)) return undefined;
  if (request.op === "swapPairs" && (readPerRow || chain.columns % 2 !== 0)) return undefined;
  const operands = request.operands.map((view) =>
    chainOperand(view, { chain, perRow: readPerRow, oneHot: state.oneHots.get(view.root) }),
  );
  if (operands.some((operand) => operand === undefined)) return undefined;
  const member = { value: request.value, op: request.op, perRow, operands: operands as ChainMember["operands"] };
  const all = [...chain.members.values(), member].flatMap((one) => one.operands);
  return rowShape(chain.rows, all) === undefined ? undefined : member;
}

function hasWholeRows({ columns }: OpenChain): boolean {
  return columns <= LONGEST_ROW;
}

/** A chain of its own; operands that it cannot read in place are copied first. */
function openChain(state: Fusing, request: ChainRequest): OpenChain {
  const { rows, columns } = request;
  const chain: OpenChain = { rows, columns, members: new Map() };
  const readable = (view: View) => chainOperand(view, { chain, perRow: false, oneHot: undefined }) !== undefined;
  const operands = request.operands.map((view) => {
    if (state.oneHots.has(view.root) && asMember(state, chain, { ...request, operands: [view] })) return view;
    return stored(state, view, readable);
  });
  const member = asMember(state, chain, { ...request, operands });
  if (member === undefined) throw new Error(`value ${request.value} fits no chain`);
  state.open.add(chain);
  add(state, chain, member);
  return chain;
}

function add(state: Fusing, chain: OpenChain, member: ChainMember): void {
  chain.members.set(member.value, member);
  state.waiting.set(member.value, chain);
}

/** Fixes a chain's place in the order: after everything scheduled so far. */
function close(state: Fusing, chain: OpenChain, stored?: readonly number[]): void {
  state.open.delete(chain);
  const members = Array.from(chain.members.values());
  for (const { value } of members) state.waiting.delete(value);
  const { readers, isOutput } = state.uses;
  const outside = members.filter(
    ({ value }) => isOutput[value] || readers[value]!.some((reader) => !chain.members.has(reader)),
  );
  state.steps.push({
    kind: "chain",
    rows: chain.rows,
    columns: chain.columns,
    members,
    stored: stored ?? outside.map(({ value }) => value),
  });
}

/** Counts a reader off, and closes chains that nothing more can join. */
function settle(state: Fusing, value: number, node: Node): void {
  const touched = new Set<OpenChain>();
  for (const root of new Set(node.in.map((operand) => state.uses.source[operand]!))) {
    state.left[root]!--;
    const chain = state.waiting.get(root);
    if (chain !== undefined) touched.add(chain);
  }
  const own = state.waiting.get(value);
  if (own !== undefined) touched.add(own);
  for (const chain of touched)
    if (Array.from(chain.members.keys()).every((member) => state.left[member] === 0)) close(state, chain);
}
