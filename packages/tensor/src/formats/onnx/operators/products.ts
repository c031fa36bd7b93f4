// Matrix products. Ours take the second operand with the summed axis last, so a weight that is known is turned when the
// graph is made.
import { broadcastShapes } from "../../../graph/broadcast.ts";
import type { Value } from "../../../graph/Emitter.ts";
import { add, matmul, mul, reshape, transposeLast } from "../../../graph/ops.ts";
import { scalar } from "../../../graph/scalar.ts";
import { type Imported, live } from "../Imported.ts";
import { graphValue, moved, needReal, type OnnxOperator, type Scope } from "../OnnxOperator.ts";
import { refuseOnnx } from "../refuseOnnx.ts";

/** An operand of rank 1 is a row on the left, a column on the right; its axis is gone from the result. */
const matMul: OnnxOperator = {
  inputs: [2, 2],
  folds: false,
  build(scope, inputs) {
    const { g } = scope;
    const [left, right] = inputs.map((input, i) => needReal(input, `input ${i}`)) as [Imported, Imported];
    const [rankA, rankB] = [left.dims.length, right.dims.length];
    if (rankA === 0 || rankB === 0) refuseOnnx("an operand has no axes", "use vectors, matrices or stacks of matrices");
    const rows = graphValue(scope, left);
    const a = rankA === 1 ? reshape(g, rows, [1, left.dims[0]!]) : rows;
    const b = moved(scope, right, (h, x) => (rankB === 1 ? reshape(h, x, [1, right.dims[0]!]) : transposeLast(h, x)));
    const product = matmul(g, a, b);
    const lead = product.shape.slice(0, -2);
    const dims = [
      ...lead,
      ...(rankA === 1 ? [] : [product.shape.at(-2)!]),
      ...(rankB === 1 ? [] : [product.shape.at(-1)!]),
    ];
    return [live(reshape(g, product, dims.length === 0 ? [1] : dims), dims)];
  },
};

function scaled(scope: Scope, value: Value, factor: number): Value {
  return factor === 1 ? value : mul(scope.g, value, scalar(scope.g, factor));
}

/** alpha · A · B + beta · C, A and B turned if asked. */
const gemm: OnnxOperator = {
  inputs: [2, 3],
  folds: false,
  build(scope, [a, b, c]) {
    const { g, attributes } = scope;
    const matrix = (input: Imported | undefined, what: string, turn: boolean) => {
      const given = needReal(input, what);
      if (given.dims.length !== 2) refuseOnnx(`${what} is [${given.dims}]`, "use a matrix");
      return turn ? moved(scope, given, transposeLast) : graphValue(scope, given);
    };
    const left = matrix(a, "A", attributes.integer("transA", 0) !== 0);
    const right = matrix(b, "B", attributes.integer("transB", 0) === 0);
    const product = scaled(scope, matmul(g, left, right), attributes.real("alpha", 1));
    const factor = attributes.real("beta", 1);
    if (c === undefined) return [live(product)];
    if (String(broadcastShapes(product.shape, c.dims)) !== String(product.shape))
      refuseOnnx(`C is [${c.dims}] for a product [${product.shape}]`, "use a C that broadcasts to the product");
    return [live(add(g, product, scaled(scope, graphValue(scope, c), factor)))];
  },
};

export const productOperators: Readonly<Record<string, OnnxOperator>> = { MatMul: matMul, Gemm: gemm };
