// Matrix products as three loops (spec/tensor.md §3.1, §3.2).
import { broadcastSource } from "../graph/broadcast.ts";
import type { TensorOf, TensorValue } from "../graph/TensorValue.ts";

const f = Math.fround;

/** out[…,i,j] = +0, then acc + a[…,i,k]·b[…,j,k] for k = 0, 1, …, product and sum rounded. */
export function matmul(a: TensorOf<"f32">, b: TensorOf<"f32">, out: TensorOf<"f32">): void {
  product(a, b, { out, term: (acc, x, y) => f(acc + f(x * y)) });
}

/** The same in int32 with wrap-around. */
export function matmulInt8(a: TensorOf<"i8">, b: TensorOf<"i8">, out: TensorOf<"i32">): void {
  product(a, b, { out, term: (acc, x, y) => (acc + Math.imul(x, y)) | 0 });
}

type Product = { readonly out: TensorValue; readonly term: (acc: number, x: number, y: number) => number };

function product(a: TensorValue, b: TensorValue, { out, term }: Product): void {
  const [M, N, K] = [out.shape.at(-2)!, out.shape.at(-1)!, a.shape.at(-1)!];
  const lead = out.shape.slice(0, -2);
  for (let matrix = 0; matrix < out.data.length / (M * N); matrix++) {
    const fromA = broadcastSource(lead, a.shape.slice(0, -2), matrix) * M * K;
    const fromB = broadcastSource(lead, b.shape.slice(0, -2), matrix) * N * K;
    for (let i = 0; i < M; i++)
      for (let j = 0; j < N; j++) {
        let acc = 0;
        for (let k = 0; k < K; k++) acc = term(acc, a.data[fromA + i * K + k]!, b.data[fromB + j * K + k]!);
        out.data[(matrix * M + i) * N + j] = acc;
      }
  }
}
