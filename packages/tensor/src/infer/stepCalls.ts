// One step of a model with cached keys and values as calls of a kernel set: the forward graph of spec/tensor.md §7.1, row by
// row, with attention over what each row's sequence has cached. How many rows is all that a plan depends on: tokens, slots
// and positions are data. Chains are written in the order of the composites (§3.7), so that no bit differs.
import type { Shape } from "../graph/Graph.ts";
import type { ChainOp, ChainSource, ChainStep, KernelCall } from "../kernel/KernelCall.ts";
import type { View } from "../kernel/View.ts";
import type { GptConfig } from "../models/gpt.ts";
import { firstRows, type LayerViews, type ModelViews, qkvColumns, wholePanels } from "./modelViews.ts";

/** Columns from `start` on of the rows of a matrix, as [rows, heads, depth]. */
function headColumns(view: View, start: number, [heads, depth]: readonly [number, number]): View {
  const [rows, columns] = view.shape as [number, number];
  return { at: view.at + 4 * start, dtype: view.dtype, shape: [rows, heads, depth], strides: [columns, depth, 1] };
}

function columnsFrom(view: View, start: number, count: number): View {
  const [rows, columns] = view.shape as [number, number];
  return { at: view.at + 4 * start, dtype: view.dtype, shape: [rows, count], strides: [columns, 1] };
}

type NamedChain = {
  readonly sources: Readonly<Record<string, ChainSource>>;
  readonly steps: readonly (readonly [name: string, op: ChainOp, ...of: string[]])[];
  readonly outputs: Readonly<Record<string, View>>;
};

/** A chain in which steps name what they read; sources come first. */
function chain(shape: Shape, { sources, steps, outputs }: NamedChain): KernelCall {
  const numbers = new Map(Object.keys(sources).map((name, i) => [name, i]));
  const written = steps.map(([name, op, ...of]): ChainStep => {
    const step = { op, in: of.map((operand) => numbers.get(operand)!) };
    numbers.set(name, numbers.size);
    return step;
  });
  return {
    call: "chain",
    shape,
    sources: Object.values(sources),
    steps: written,
    outputs: Object.entries(outputs).map(([name, out]) => ({ value: numbers.get(name)!, out })),
  };
}

/** (x · (1 / sqrt(Σ x·x · 1/D + ε))) · w of x, or of x + update, which then replaces x. */
function normCall(
  views: ModelViews,
  weight: View,
  { x, update, out }: { x: View; update?: View; out: View },
): KernelCall {
  const { one, inverseDim, epsilon } = views.scalars;
  const sources = { x, ...(update === undefined ? {} : { update }), one, inverseDim, epsilon, weight };
  const own = update === undefined ? "x" : "sum";
  return chain(x.shape, {
    sources,
    steps: [
      ...(update === undefined ? [] : ([["sum", "add", "x", "update"]] as const)),
      ["squares", "mul", own, own],
      ["total", "reduceSum", "squares"],
      ["mean", "mul", "total", "inverseDim"],
      ["raised", "add", "mean", "epsilon"],
      ["root", "sqrt", "raised"],
      ["inverse", "div", "one", "root"],
      ["scaled", "mul", own, "inverse"],
      ["normed", "mul", "scaled", "weight"],
    ],
    outputs: { ...(update === undefined ? {} : { sum: x }), normed: out },
  });
}

/** x·cos + swapPairs(x)·sin, and for queries · fl(1/sqrt(depth)). */
function ropeCall(
  views: ModelViews,
  rows: number,
  { x, out, scaled }: { x: View; out: View; scaled: boolean },
): KernelCall {
  const depth = x.shape[2]!;
  const table = (view: View): View => ({ ...view, shape: [rows, 1, depth] });
  const sources = { x, cos: table(views.work.cos), sin: table(views.work.sin) };
  return chain(x.shape, {
    sources: scaled ? { ...sources, scale: views.scalars.scale } : sources,
    steps: [
      ["straight", "mul", "x", "cos"],
      ["swapped", "swapPairs", "x"],
      ["crossed", "mul", "swapped", "sin"],
      ["turned", "add", "straight", "crossed"],
      ...(scaled ? ([["scaled", "mul", "turned", "scale"]] as const) : []),
    ],
    outputs: { [scaled ? "scaled" : "turned"]: out },
  });
}

/** silu(gate) · up. */
function gateCall(views: ModelViews, { gate, up, out }: { gate: View; up: View; out: View }): KernelCall {
  const { one, sigmoidLimit } = views.scalars;
  return chain(out.shape, {
    sources: { gate, up, one, sigmoidLimit },
    steps: [
      ["negative", "neg", "gate"],
      ["bounded", "min", "negative", "sigmoidLimit"],
      ["power", "exp", "bounded"],
      ["raised", "add", "one", "power"],
      ["sigmoid", "div", "one", "raised"],
      ["silu", "mul", "gate", "sigmoid"],
      ["gated", "mul", "silu", "up"],
    ],
    outputs: { gated: out },
  });
}

type Step = { readonly config: GptConfig; readonly views: ModelViews; readonly rows: number };

function attentionCalls({ config, views, rows }: Step, { qkv, output, cache }: LayerViews): KernelCall[] {
  const { dim, heads, kvHeads } = config;
  const depth = dim / heads;
  const [all, normed, q, k, mixed, update] = [
    firstRows(views.work.qkv, rows),
    firstRows(views.work.normed, rows),
    firstRows(views.work.q, rows),
    firstRows(views.work.k, rows),
    firstRows(views.work.mixed, rows),
    firstRows(views.work.update, rows),
  ];
  const columns = qkvColumns(config);
  const places = { slots: firstRows(views.work.slots, rows), positions: firstRows(views.work.positions, rows) };
  return [
    { call: "matmul", a: normed, b: qkv, out: all },
    ropeCall(views, rows, { x: headColumns(all, 0, [heads, depth]), out: q, scaled: true }),
    ropeCall(views, rows, { x: headColumns(all, columns.k, [kvHeads, depth]), out: k, scaled: false }),
    { call: "cacheRows", k, v: headColumns(all, columns.v, [kvHeads, depth]), places, cache },
    { call: "attend", q, places, cache, out: mixed },
    { call: "matmul", a: { ...mixed, shape: [rows, dim] }, b: output, out: update },
  ];
}

function mlpCalls({ config: { hidden }, views, rows }: Step, { gateUp, down }: LayerViews): KernelCall[] {
  const both = firstRows(views.work.gateUp, rows);
  const gated = firstRows(views.work.gated, rows);
  const [gate, up] = [columnsFrom(both, 0, hidden), columnsFrom(both, wholePanels(hidden), hidden)];
  return [
    { call: "matmul", a: firstRows(views.work.normed, rows), b: gateUp, out: both },
    gateCall(views, { gate, up, out: gated }),
    { call: "matmul", a: gated, b: down, out: firstRows(views.work.update, rows) },
  ];
}

/** From the tokens to the last layer: x holds the rows before the last update, which the head adds. */
export function bodyCalls(step: Step): KernelCall[] {
  const { views, rows } = step;
  const { work } = views;
  const [x, out, update] = [firstRows(work.x, rows), firstRows(work.normed, rows), firstRows(work.update, rows)];
  const index = firstRows(work.positions, rows);
  const table = (of: View, into: View): KernelCall => {
    return { call: "gather", table: of, index, fill: 0, out: firstRows(into, rows) };
  };
  const layers = views.layers.flatMap((layer, n) => [
    normCall(views, layer.inputNorm, n === 0 ? { x, out } : { x, update, out }),
    ...attentionCalls(step, layer),
    normCall(views, layer.postNorm, { x, update, out }),
    ...mlpCalls(step, layer),
  ]);
  return [
    { call: "gatherPacked", table: views.embed, index: firstRows(work.tokens, rows), out: x, place: "tokens" },
    table(views.cos, work.cos),
    table(views.sin, work.sin),
    ...layers,
    chain(x.shape, { sources: { x, update }, steps: [["sum", "add", "x", "update"]], outputs: { sum: x } }),
  ];
}

/** Logits of the wanted rows of the last body. */
export function headCalls(views: ModelViews, bodyRows: number, wanted: number): KernelCall[] {
  const { work } = views;
  const [x, normed] = [firstRows(work.wantedX, wanted), firstRows(work.wantedNormed, wanted)];
  return [
    { call: "gather", table: firstRows(work.x, bodyRows), index: firstRows(work.wanted, wanted), fill: 0, out: x },
    normCall(views, views.norm, { x, out: normed }),
    { call: "matmul", a: normed, b: views.head, out: firstRows(work.logits, wanted) },
  ];
}

/** exp((logits - shift) · factor) of the wanted rows. */
export function powerCalls({ work }: ModelViews, wanted: number): KernelCall[] {
  const logits = firstRows(work.logits, wanted);
  const [shift, factor] = [firstRows(work.shifts, wanted), firstRows(work.factors, wanted)];
  const powers = chain(logits.shape, {
    sources: { logits, shift, factor },
    steps: [
      ["difference", "sub", "logits", "shift"],
      ["scaled", "mul", "difference", "factor"],
      ["power", "exp", "scaled"],
    ],
    outputs: { power: firstRows(work.powers, wanted) },
  });
  return [powers];
}
