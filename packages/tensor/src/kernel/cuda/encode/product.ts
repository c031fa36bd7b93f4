// matmul, matmulInt8 and pack for kernels/cuda/products.cuh. A packed operand is its matrices' rows without gaps: tiles go through
// shared memory, so any other order would gain nothing. Whole panels of rows begin where they do in the WebAssembly kernels' order, so that a
// matrix can be packed piece by piece.
import type { CallOf, PackedView } from "../../KernelCall.ts";
import { type Axis, axesOf, broadcastStrides, mergeAxes, stridesOf, type View } from "../../View.ts";
import { address, type DeviceShape, type Launch, launch, stride } from "./Launch.ts";
import { encodeCopy } from "./simple.ts";

type Product = CallOf<"matmul"> | CallOf<"matmulInt8">;

/** Edges of the tiles of kernels/cuda/products.cuh. */
const TILE = { wide: 128, plain: 32, int8: 64 } as const;

function plain(view: View | PackedView): View {
  return { at: view.at, dtype: view.dtype, shape: view.shape, ...(view.strides ? { strides: view.strides } : {}) };
}

type Shape = { readonly M: number; readonly aRow: number; readonly outRow: number; readonly axes: readonly Axis[] };

/** The innermost leading axis as more rows of A, where B stays the same and the rows follow on. */
function foldRows(shape: Shape): Shape {
  const inner = shape.axes.at(-1);
  if (inner === undefined) return shape;
  const [a, b, out] = inner.strides as [number, number, number];
  const { M } = shape;
  if (b !== 0 || (M > 1 && (a !== M * shape.aRow || out !== M * shape.outRow))) return shape;
  const rows = M === 1 ? { aRow: a, outRow: out } : { aRow: shape.aRow, outRow: shape.outRow };
  return { ...rows, M: M * inner.size, axes: shape.axes.slice(0, -1) };
}

function leadStrides(view: View, lead: readonly number[]): number[] {
  return broadcastStrides({ ...view, shape: view.shape.slice(0, -2), strides: stridesOf(view).slice(0, -2) }, lead);
}

/** Wide tiles use the device better once there are enough of them for every multiprocessor. */
function tileOf(call: Product, { M, matrices, N }: { M: number; matrices: number; N: number }, device: DeviceShape) {
  if (call.call === "matmulInt8") return { kernel: "weftMatmulInt8", edge: TILE.int8 } as const;
  const wide = Math.ceil(M / TILE.wide) * Math.ceil(N / TILE.wide) * matrices;
  const fills = wide >= device.multiprocessors && M > TILE.plain && N > TILE.plain;
  return fills
    ? ({ kernel: "weftMatmulWide", edge: TILE.wide } as const)
    : ({ kernel: "weftMatmul", edge: TILE.plain } as const);
}

export function encodeProduct(call: Product, device: DeviceShape): Launch {
  const { a, out } = call;
  const b = plain(call.b);
  const [N, K] = [out.shape.at(-1)!, a.shape.at(-1)!];
  const lead = out.shape.slice(0, -2);
  const [aRow, aTerm] = stridesOf(a).slice(-2) as [number, number];
  const [bRow, bTerm] = stridesOf(b).slice(-2) as [number, number];
  const outRow = stridesOf(out).at(-2)!;
  const nest = mergeAxes(axesOf(lead, [leadStrides(a, lead), leadStrides(b, lead), leadStrides(out, lead)]));
  const { M, axes, ...rows } = foldRows({ M: out.shape.at(-2)!, aRow, outRow, axes: nest });
  const matrices = axes.reduce((count, { size }) => count * size, 1);
  const { kernel, edge } = tileOf(call, { M, N, matrices }, device);
  const strides = [rows.aRow, aTerm, bRow, bTerm, rows.outRow].map(stride);
  const words = [...address(a.at), ...address(b.at), ...address(out.at), M, N, K, ...strides, axes.length];
  for (const axis of [...axes].reverse()) words.push(axis.size, ...axis.strides.map(stride));
  return launch(kernel, words, { blocks: Math.ceil(M / edge) * Math.ceil(N / edge) * matrices });
}

export function encodePack({ b, out }: CallOf<"pack">): Launch {
  return encodeCopy({ call: "copy", x: b, out: { at: out.at, dtype: out.dtype, shape: out.shape } });
}
