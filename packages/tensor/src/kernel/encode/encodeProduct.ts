// matmul, matmulInt8 and pack as commands (kernels/assembly/productCommands.ts): storage of the operands, leading axes merged,
// the innermost one made rows of A where B is the same for all of it, and what a team shares.
import { DTYPE_BYTES, elementCount } from "../../graph/Graph.ts";
import { type Storage, storageOf } from "../check/product.ts";
import type { Touched } from "../check/Touched.ts";
import type { CallOf, PackedView } from "../KernelCall.ts";
import { isPacked, PANEL, packedMatrixBytes } from "../packedBytes.ts";
import { type Axis, axesOf, broadcastStrides, mergeAxes, stridesOf, type View } from "../View.ts";
import { type Command, command, type Encoding, OP } from "./Command.ts";

const FLAGS = { aColumns: 1, bColumns: 2, bPacked: 4, shareColumns: 8, pairs: 16 } as const;

type Product = CallOf<"matmul"> | CallOf<"matmulInt8">;
/** Bytes from one matrix to the next along the leading axes of the result. */
function leadStrides(view: View | PackedView, lead: readonly number[]): number[] {
  const own = { ...view, shape: view.shape.slice(0, -2) };
  if (isPacked(view)) {
    const bytes = packedMatrixBytes(view.dtype, view.shape.at(-2)!, view.shape.at(-1)!);
    const { strides: _, ...matrices } = own;
    return broadcastStrides(matrices, lead).map((stride) => stride * bytes);
  }
  const strides = stridesOf(view).slice(0, -2);
  return broadcastStrides({ ...own, strides }, lead).map((stride) => stride * DTYPE_BYTES[view.dtype]);
}

type Shape = { M: number; a: Storage; outStride: number; axes: Axis[] };

/** The innermost leading axis as more rows of A, where B stays the same and the rows follow on. */
function foldRows({ M, a, outStride, axes }: Shape): Shape {
  const [lead, b, out] = axes.at(-1)?.strides ?? [];
  if (b !== 0 || a.columns) return { M, a, outStride, axes };
  const follows = M === 1 || (lead === M * a.stride && out === M * outStride);
  if (!follows) return { M, a, outStride, axes };
  const rows = { M: M * axes.at(-1)!.size, axes: axes.slice(0, -1) };
  return M === 1 ? { ...rows, a: { columns: false, stride: lead! }, outStride: out! } : { ...rows, a, outStride };
}

/** A single matrix is shared by columns when it has more of them, or too few rows to go round. */
function sharesColumns(matrices: number, M: number, N: number, threads: number): boolean {
  if (matrices > 1 || threads === 1 || N < 2 * PANEL) return false;
  return N >= M || M < 8 * threads;
}

export function encodeProduct(call: Product, touched: Touched, { threads, wide, scratch }: Encoding): Command {
  const { a, b, out } = call;
  const [N, K] = [out.shape.at(-1)!, a.shape.at(-1)!];
  const lead = out.shape.slice(0, -2);
  const plainB = isPacked(b) ? { columns: false, stride: 0 } : storageOf("b", b);
  const rowsOut = stridesOf(out).slice(-2)[0]! * 4;
  const axes = mergeAxes(axesOf(lead, [leadStrides(a, lead), leadStrides(b, lead), leadStrides(out, lead)]));
  const shape = foldRows({ M: out.shape.at(-2)!, a: storageOf("a", a), outStride: rowsOut, axes });
  const matrices = shape.axes.reduce((count, { size }) => count * size, 1);
  const flags =
    (shape.a.columns ? FLAGS.aColumns : 0) |
    (plainB.columns ? FLAGS.bColumns : 0) |
    (isPacked(b) ? FLAGS.bPacked : 0) |
    (sharesColumns(matrices, shape.M, N, threads) ? FLAGS.shareColumns : 0) |
    (wide ? FLAGS.pairs : 0);
  const operands = [a.at, b.at, out.at, shape.M, N, K, flags, matrices, shape.axes.length];
  const strides = [shape.a.stride, plainB.stride, shape.outStride];
  const nest = [...shape.axes].reverse().flatMap(({ size, strides: own }) => [size, ...own]);
  const words = [...operands, ...strides, ...nest];
  return call.call === "matmulInt8"
    ? command(OP.matmulInt8, words, touched, scratch.productInt8)
    : command(OP.matmul, words, touched, scratch.product);
}

export function encodePack({ b, out }: CallOf<"pack">, touched: Touched): Command {
  const [N, K] = b.shape.slice(-2) as [number, number];
  const { columns, stride } = storageOf("b", b);
  const matrices = elementCount(b.shape.slice(0, -2));
  const operands = [b.at, out.at, N, K, columns ? FLAGS.bColumns : 0, matrices, stride];
  return command(b.dtype === "i8" ? OP.packInt8 : OP.pack, operands, touched);
}
