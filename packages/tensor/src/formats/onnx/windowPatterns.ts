// Finds convolutions and max poolings in a graph, where they are chains of gathers by a window table (spec/tensor.md
// §3.7), so that an exported model has ONNX's own Conv and MaxPool. What is not found stays a chain, which means the same.
import {
  type ConstantOf,
  type Graph,
  type Node,
  type NodeOf,
  type Op,
  type Shape,
  sameShape,
  type ValueType,
} from "../../graph/Graph.ts";
import { firstNodeValue } from "../../graph/inferTypes.ts";

type Window = ConstantOf<"window">;

/** Replaces the node it is found for. `pixels` is the value [B·H·W, C] that the window looks at. */
export type WindowPattern = { readonly window: Window; readonly pixels: number } & (
  | { readonly kind: "conv" | "depthwise"; readonly weight: number }
  | { readonly kind: "maxPool" }
);

const MINUS_INFINITY = 0xff800000;

/** Patterns by number of the node whose value they give; `types` are those of all values. */
export function findWindowPatterns(graph: Graph, types: readonly ValueType[]): ReadonlyMap<number, WindowPattern> {
  const found = new Map<number, WindowPattern>();
  const typed = { ...graph, types };
  graph.nodes.forEach((node, i) => {
    const pattern = convolution(typed, node) ?? depthwise(typed, node) ?? maxPooling(typed, node);
    if (pattern !== undefined) found.set(i, pattern);
  });
  return found;
}

type Typed = Graph & { readonly types: readonly ValueType[] };

/** True when a value has that shape. */
function hasShape({ types }: Typed, value: number, shape: Shape): boolean {
  return sameShape(types[value]!.shape, shape);
}

/** The node behind a value, if it is of that operator. */
function producer<K extends Op>(graph: Graph, value: number | undefined, op: K): NodeOf<K> | undefined {
  const node = value === undefined ? undefined : graph.nodes[value - firstNodeValue(graph)];
  return node?.op === op ? (node as NodeOf<K>) : undefined;
}

function windowOf(graph: Graph, value: number): Window | undefined {
  const constant = graph.constants[value - graph.inputs.length];
  return constant?.kind === "window" ? constant : undefined;
}

/** All taps of a window at once, nothing (+0) outside the image. */
function taps(graph: Typed, value: number): Taps | undefined {
  const rows = producer(graph, value, "gather");
  const window = rows?.fill === 0 ? windowOf(graph, rows.in[1]!) : undefined;
  if (window === undefined || rows === undefined) return undefined;
  const [positions, count, channels] = graph.types[value]!.shape as [number, number, number];
  return { window, pixels: rows.in[0]!, positions, count, channels };
}
type Taps = { window: Window; pixels: number; positions: number; count: number; channels: number };

/** matmul(reshape(taps), weight [out, taps · C]). */
function convolution(graph: Typed, node: Node): WindowPattern | undefined {
  if (node.op !== "matmul") return undefined;
  const [flat, weight] = node.in as [number, number];
  const rows = taps(graph, producer(graph, flat, "reshape")?.in[0] ?? -1);
  if (rows === undefined || graph.types[weight]!.shape.length !== 2) return undefined;
  if (!hasShape(graph, flat, [rows.positions, rows.count * rows.channels])) return undefined;
  return { kind: "conv", window: rows.window, pixels: rows.pixels, weight };
}

/** reduceSum(taps · weight [taps, C], 1). */
function depthwise(graph: Typed, node: Node): WindowPattern | undefined {
  if (node.op !== "reduceSum" || node.axis !== 1) return undefined;
  const [left, weight] = (producer(graph, node.in[0], "mul")?.in ?? [-1, -1]) as [number, number];
  const rows = taps(graph, left);
  if (rows === undefined || !hasShape(graph, weight, [rows.count, rows.channels])) return undefined;
  return { kind: "depthwise", window: rows.window, pixels: rows.pixels, weight };
}

/** max(… max(tap 0, tap 1) …, last tap). */
function maxPooling(graph: Typed, node: Node): WindowPattern | undefined {
  if (node.op !== "max") return undefined;
  const last = tap(graph, node.in[1]!);
  if (last === undefined) return undefined;
  const count = last.window.kernel[0] * last.window.kernel[1];
  let chain: NodeOf<"max"> | undefined = node as NodeOf<"max">;
  for (let number = count - 1; number >= 1; number--) {
    const own: Tap | undefined = chain === undefined ? undefined : tap(graph, chain.in[1]!);
    if (own?.number !== number || own.window !== last.window || own.pixels !== last.pixels) return undefined;
    const rest: number = chain!.in[0]!;
    if (number === 1) {
      const first = tap(graph, rest);
      if (first?.number !== 0 || first.window !== last.window || first.pixels !== last.pixels) return undefined;
    }
    chain = producer(graph, rest, "max");
  }
  return { kind: "maxPool", window: last.window, pixels: last.pixels };
}

type Tap = { readonly window: Window; readonly pixels: number; readonly number: number };

/** One tap of a window, -inf outside the image: gather(pixels, reshape(slice(window, 1, number, 1))). */
function tap(graph: Typed, value: number): Tap | undefined {
  const row = producer(graph, value, "gather");
  const index = row?.fill === MINUS_INFINITY ? producer(graph, row.in[1], "reshape") : undefined;
  const column = producer(graph, index?.in[0], "slice");
  if (column?.axis !== 1 || column.length !== 1 || index!.shape.length !== 1) return undefined;
  const window = windowOf(graph, column.in[0]!);
  return window === undefined ? undefined : { window, pixels: row!.in[0]!, number: column.start };
}
