// Operators that take rows by an i32 index (§3.6). Index -1 means no row; the range is checked when values are known.
import { describeType, type ValueType } from "../Graph.ts";
import { gather, scatterAdd } from "../ops.ts";
import { refuse } from "../refuse.ts";
import { needDtype, type OperatorDefinition } from "./Operator.ts";

/** Lowest and highest fill per dtype of the table. */
const FILL_RANGE = { f32: [0, 2 ** 32 - 1], i32: [-(2 ** 31), 2 ** 31 - 1], i8: [-128, 127] } as const;

function needFill(place: string, { dtype }: ValueType, fill: number): void {
  const [low, high] = FILL_RANGE[dtype];
  if (fill < low || fill > high)
    refuse(place, `fill is ${fill} and the table is ${dtype}`, `use an integer from ${low} to ${high}`);
}

const gatherOperator: OperatorDefinition<"gather"> = {
  operands: [2, 2],
  attributes: { fill: "element" },
  infer(place, [table, index], { fill }) {
    needDtype(place, index!, { dtype: "i32", number: 1 });
    if (table!.shape.length !== 2)
      refuse(place, `operand 0 is ${describeType(table!)}`, "use a table of two axes: rows and their elements");
    needFill(place, table!, fill);
    return { dtype: table!.dtype, shape: [...index!.shape, table!.shape[1]!] };
  },
  gradient: ({ g, upstream, operands: [table, index] }, i) =>
    i === 0 ? scatterAdd(g, upstream, { index: index!, rows: table!.shape[0]! }) : undefined,
};

const oneHotOperator: OperatorDefinition<"oneHot"> = {
  operands: [1, 1],
  attributes: { size: "natural" },
  infer(place, [index], { size }) {
    needDtype(place, index!, { dtype: "i32", number: 0 });
    return { dtype: "f32", shape: [...index!.shape, size] };
  },
};

const scatterAddOperator: OperatorDefinition<"scatterAdd"> = {
  operands: [2, 2],
  attributes: { rows: "natural" },
  infer(place, [x, index], { rows }) {
    needDtype(place, x!, { dtype: "f32", number: 0 });
    needDtype(place, index!, { dtype: "i32", number: 1 });
    const lead = x!.shape.slice(0, -1);
    if (lead.length !== index!.shape.length || lead.some((size, axis) => size !== index!.shape[axis]))
      refuse(
        place,
        `operand 0 is ${describeType(x!)} and operand 1 is ${describeType(index!)}`,
        "use one index per row: the index has the axes of operand 0 but the last",
      );
    return { dtype: "f32", shape: [rows, x!.shape.at(-1)!] };
  },
  gradient: ({ g, upstream, operands }, i) => (i === 0 ? gather(g, upstream, { index: operands[1]! }) : undefined),
};

export const indexedOperators = { gather: gatherOperator, oneHot: oneHotOperator, scatterAdd: scatterAddOperator };
