// The operators of ONNX's own set that are imported, by name.
import type { OnnxOperator } from "./OnnxOperator.ts";
import { constantOperators } from "./operators/constants.ts";
import { elementwiseOperators } from "./operators/elementwise.ts";
import { moveOperators } from "./operators/moves.ts";
import { productOperators } from "./operators/products.ts";
import { reductionOperators } from "./operators/reductions.ts";
import { windowOperators } from "./operators/windows.ts";

export const ONNX_OPERATORS: Readonly<Record<string, OnnxOperator>> = {
  ...constantOperators,
  ...elementwiseOperators,
  ...moveOperators,
  ...productOperators,
  ...reductionOperators,
  ...windowOperators,
};
