// matmul, matmulInt8 and pack: shapes and dtypes of the operands, and that each lies by rows or by columns.
import { DTYPE_BYTES, elementCount } from "../../graph/Graph.ts";
import type { CallOf } from "../KernelCall.ts";
import { isPacked, packedRange } from "../packedBytes.ts";
import { broadcastStrides, needPlain, rangeOf, refuseCall, stridesOf, type View } from "../View.ts";
import type { Touched } from "./Touched.ts";

type Product = CallOf<"matmul"> | CallOf<"matmulInt8">;

/** How a matrix lies: rows with `stride` bytes between them, or columns with `stride` bytes between the k's. */
export type Storage = { readonly columns: boolean; readonly stride: number };

/** Throws for a matrix that lies neither way. */
export function storageOf(name: string, view: View): Storage {
  const bytes = DTYPE_BYTES[view.dtype];
  const [rowStride, termStride] = stridesOf(view).slice(-2) as [number, number];
  const [rows, terms] = view.shape.slice(-2) as [number, number];
  if (termStride === 1 || terms === 1) return { columns: false, stride: rowStride * bytes };
  if (view.dtype !== "i8" && (rowStride === 1 || rows === 1)) return { columns: true, stride: termStride * bytes };
  return refuseCall(`${name} of a product has strides ${stridesOf(view)}`);
}

function needLeadingAxes({ a, b, out }: Product): void {
  const lead = out.shape.slice(0, -2);
  for (const { at, dtype, shape } of [a, b]) broadcastStrides({ at, dtype, shape: shape.slice(0, -2) }, lead);
}

export function checkProduct(product: Product): Touched {
  const { call, a, b, out } = product;
  const dtype = call === "matmul" ? "f32" : "i8";
  const [M, N, K] = [out.shape.at(-2), out.shape.at(-1), a.shape.at(-1)];
  if (a.dtype !== dtype || b.dtype !== dtype || out.dtype !== (call === "matmul" ? "f32" : "i32"))
    refuseCall(`${call} of ${a.dtype} and ${b.dtype} into ${out.dtype}`);
  if (a.shape.at(-2) !== M || b.shape.at(-2) !== N || b.shape.at(-1) !== K || M === undefined || K === undefined)
    refuseCall(`${call} of [${a.shape}] and [${b.shape}] into [${out.shape}]`);
  if (stridesOf(out).at(-1) !== 1 && N !== 1) refuseCall(`${call} into rows that are not contiguous`);
  if (!isPacked(b)) storageOf("b", b);
  needLeadingAxes(product);
  storageOf("a", a);
  return { reads: [rangeOf(a), isPacked(b) ? packedRange(b) : rangeOf(b)], writes: [rangeOf(out)] };
}

export function checkPack({ b, out }: CallOf<"pack">): Touched {
  if (b.dtype !== out.dtype || b.dtype === "i32" || `${b.shape}` !== `${out.shape}`)
    refuseCall(`pack of ${b.dtype} [${b.shape}] as ${out.dtype} [${out.shape}]`);
  const [N, K] = b.shape.slice(-2) as [number, number];
  const { columns, stride } = storageOf("b", b);
  const lead = b.shape.slice(0, -2);
  const strides = stridesOf(b).slice(0, -2);
  needPlain("leading axes of a packed operand", { ...b, shape: lead, strides: strides.map((own) => own / (N * K)) });
  if (stride !== (columns ? N : K) * DTYPE_BYTES[b.dtype] && elementCount(lead) > 1)
    refuseCall("pack of matrices with gaps");
  return { reads: [rangeOf(b)], writes: [packedRange(out)] };
}
