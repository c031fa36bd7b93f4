// Matrix products and the conversions around the integer one (§3.1, §3.2).
import { broadcastShapes } from "../broadcast.ts";
import { type Dtype, describeType, type ValueType } from "../Graph.ts";
import { matmul, transposeLast } from "../ops.ts";
import { refuse } from "../refuse.ts";
import { needDtype, type OperatorDefinition } from "./Operator.ts";

/** a[…,M,K], b[…,N,K] → […,M,N]; leading axes broadcast. */
function inferProduct(place: string, [a, b]: readonly ValueType[], dtypes: readonly [Dtype, Dtype]): ValueType {
  for (const [number, operand] of [a!, b!].entries()) {
    needDtype(place, operand, { dtype: dtypes[0], number });
    if (operand.shape.length < 2)
      refuse(place, `operand ${number} is ${describeType(operand)}`, "use at least two axes: rows and k");
  }
  const [depthA, depthB] = [a!.shape.at(-1)!, b!.shape.at(-1)!];
  if (depthA !== depthB)
    refuse(
      place,
      `the last axes of ${describeType(a!)} and ${describeType(b!)} differ`,
      "make the last axes equal: both operands run over k there",
    );
  const [leadA, leadB] = [a!.shape.slice(0, -2), b!.shape.slice(0, -2)];
  const lead = leadA.length + leadB.length === 0 ? [] : broadcastShapes(leadA, leadB);
  if (lead === undefined)
    refuse(
      place,
      `leading axes [${leadA}] and [${leadB}] do not broadcast`,
      "make the sizes equal or one of them 1, axis by axis",
    );
  return { dtype: dtypes[1], shape: [...lead, a!.shape.at(-2)!, b!.shape.at(-2)!] };
}

export const productOperators = {
  matmul: {
    operands: [2, 2],
    attributes: {},
    infer: (place, operands) => inferProduct(place, operands, ["f32", "f32"]),
    gradient: ({ g, upstream, operands: [a, b] }, i) =>
      i === 0 ? matmul(g, upstream, transposeLast(g, b!)) : matmul(g, transposeLast(g, upstream), transposeLast(g, a!)),
  } satisfies OperatorDefinition<"matmul">,

  matmulInt8: {
    operands: [2, 2],
    attributes: {},
    infer: (place, operands) => inferProduct(place, operands, ["i8", "i32"]),
  } satisfies OperatorDefinition<"matmulInt8">,

  toFloat: {
    operands: [1, 1],
    attributes: {},
    infer(place, operands) {
      needDtype(place, operands[0]!, { dtype: "i32", number: 0 });
      return { dtype: "f32", shape: operands[0]!.shape };
    },
  } satisfies OperatorDefinition<"toFloat">,

  toInt8: {
    operands: [1, 1],
    attributes: {},
    infer(place, operands) {
      needDtype(place, operands[0]!, { dtype: "f32", number: 0 });
      return { dtype: "i8", shape: operands[0]!.shape };
    },
  } satisfies OperatorDefinition<"toInt8">,
};
