// matmul, matmulInt8 and pack as commands (kernels/assembly/productCommands.ts): storage of the operands, leading axes merged,
// the innermost one made rows of A where B is the same for all of it, and what a team shares.
import { DTYPE_BYTES, elementCount } from "../../graph/Graph.ts";
import type { CallOf, PackedView } from "../KernelCall.ts";
import {
  type Axis,
  axesOf,
  broadcastStrides,
  mergeAxes,
  needPlain,
  type Range,
  rangeOf,
  refuseCall,
  stridesOf,
  type View,
} from "../View.ts";
import { type Command, command, type Encoding, OP } from "./Command.ts";

const FLAGS = { aColumns: 1, bColumns: 2, bPacked: 4, shareColumns: 8, pairs: 16 } as const;
/** Rows of B in a packed panel. */
const PANEL = 8;

type Product = CallOf<"matmul"> | CallOf<"matmulInt8">;
/** How a matrix lies: rows with `stride` bytes between them, or columns with `stride` bytes between the k's. */
type Storage = { readonly columns: boolean; readonly stride: number };

export function isPacked(view: View | PackedView): view is PackedView {
  return (view as PackedView).packed === true;
}

/** Bytes of B packed: per matrix whole panels, int8 as pairs of i16. */
export function packedBytes({ dtype, shape }: Pick<View, "dtype" | "shape">): number {
  return elementCount(shape.slice(0, -2)) * packedMatrixBytes(dtype, shape.at(-2)!, shape.at(-1)!);
}

function packedMatrixBytes(dtype: View["dtype"], N: number, K: number): number {
  return Math.ceil(N / PANEL) * PANEL * 4 * (dtype === "i8" ? Math.ceil(K / 2) : K);
}

export function packedRange(view: PackedView): Range {
  return [view.at, view.at + packedBytes(view)];
}

function storageOf(name: string, view: View): Storage {
  const bytes = DTYPE_BYTES[view.dtype];
  const [rowStride, termStride] = stridesOf(view).slice(-2) as [number, number];
  const [rows, terms] = view.shape.slice(-2) as [number, number];
  if (termStride === 1 || terms === 1) return { columns: false, stride: rowStride * bytes };
  if (view.dtype !== "i8" && (rowStride === 1 || rows === 1)) return { columns: true, stride: termStride * bytes };
  return refuseCall(`${name} of a product has strides ${stridesOf(view)}`);
}

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

function checkProduct({ call, a, b, out }: Product): void {
  const dtype = call === "matmul" ? "f32" : "i8";
  const [M, N, K] = [out.shape.at(-2), out.shape.at(-1), a.shape.at(-1)];
  if (a.dtype !== dtype || b.dtype !== dtype || out.dtype !== (call === "matmul" ? "f32" : "i32"))
    refuseCall(`${call} of ${a.dtype} and ${b.dtype} into ${out.dtype}`);
  if (a.shape.at(-2) !== M || b.shape.at(-2) !== N || b.shape.at(-1) !== K || M === undefined || K === undefined)
    refuseCall(`${call} of [${a.shape}] and [${b.shape}] into [${out.shape}]`);
  if (stridesOf(out).at(-1) !== 1 && N !== 1) refuseCall(`${call} into rows that are not contiguous`);
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

export function encodeProduct(call: Product, { threads, wide, scratch }: Encoding): Command {
  checkProduct(call);
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
  const int8 = call.call === "matmulInt8";
  return command(int8 ? OP.matmulInt8 : OP.matmul, [...operands, ...strides, ...nest], {
    reads: [rangeOf(a), isPacked(b) ? packedRange(b) : rangeOf(b)],
    writes: [rangeOf(out)],
    scratch: int8 ? scratch.productInt8 : scratch.product,
  });
}

export function encodePack({ b, out }: CallOf<"pack">): Command {
  if (b.dtype !== out.dtype || b.dtype === "i32" || `${b.shape}` !== `${out.shape}`)
    refuseCall(`pack of ${b.dtype} [${b.shape}] as ${out.dtype} [${out.shape}]`);
  const [N, K] = b.shape.slice(-2) as [number, number];
  const { columns, stride } = storageOf("b", b);
  const matrices = elementCount(b.shape.slice(0, -2));
  const strides = stridesOf(b).slice(0, -2);
  needPlain("leading axes of a packed operand", {
    ...b,
    shape: b.shape.slice(0, -2),
    strides: strides.map((own) => own / (N * K)),
  });
  if (stride !== (columns ? N : K) * DTYPE_BYTES[b.dtype] && matrices > 1) refuseCall("pack of matrices with gaps");
  const flags = columns ? FLAGS.bColumns : 0;
  return command(b.dtype === "i8" ? OP.packInt8 : OP.pack, [b.at, out.at, N, K, flags, matrices, stride], {
    reads: [rangeOf(b)],
    writes: [packedRange(out)],
    scratch: 0,
  });
}
