// Reductions along one axis, which stays with size 1 (§3.4).
import { TensorError } from "../../TensorError.ts";
import type { ValueType } from "../Graph.ts";
import { expand } from "../ops.ts";
import { needAxis, needDtype, type OperatorDefinition, withAxis } from "./Operator.ts";

function inferReduction(place: string, [x]: readonly ValueType[], { axis }: { readonly axis: number }): ValueType {
  needDtype(place, x!, { dtype: "f32", number: 0 });
  needAxis(place, x!, axis);
  return { dtype: "f32", shape: withAxis(x!.shape, axis, 1) };
}

export const reductionOperators = {
  reduceSum: {
    operands: [1, 1],
    attributes: { axis: "natural" },
    infer: inferReduction,
    gradient: ({ g, upstream, operands }) => expand(g, upstream, operands[0]!.shape),
  } satisfies OperatorDefinition<"reduceSum">,

  reduceMax: {
    operands: [1, 1],
    attributes: { axis: "natural" },
    infer: inferReduction,
    gradient() {
      throw new TensorError(
        "no-gradient",
        "reduceMax has no gradient rule",
        "stop the gradient at its result, as softmax does, or write the maximum as a chain of max",
      );
    },
  } satisfies OperatorDefinition<"reduceMax">,
};
