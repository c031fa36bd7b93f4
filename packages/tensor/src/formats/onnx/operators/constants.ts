// Operators whose results are known when the graph is made: constants, shapes, conversions of known numbers.
import { toFloat } from "../../../graph/ops.ts";
import { type Imported, type Known, knownInts, live, needKnown, spend } from "../Imported.ts";
import { DATA_TYPES } from "../messages.ts";
import { graphValue, needInput, type OnnxOperator, type Scope } from "../OnnxOperator.ts";
import { refuseOnnx, unsupportedOnnx } from "../refuseOnnx.ts";

function reals(values: readonly number[], dims: readonly number[] = [values.length]): Known {
  return { kind: "known", dtype: "f32", dims, values: Float32Array.from(values) };
}

const constant: OnnxOperator = {
  inputs: [0, 0],
  folds: false,
  build({ attributes }) {
    const tensor = attributes.tensor("value");
    if (tensor !== undefined) return [tensor];
    if (attributes.has("value_float")) return [reals([attributes.real("value_float", 0)], [])];
    if (attributes.has("value_int")) return [knownInts([attributes.integer("value_int", 0)], [])];
    if (attributes.has("value_floats")) return [reals(attributes.reals("value_floats") ?? [])];
    if (attributes.has("value_ints")) return [knownInts(attributes.integers("value_ints") ?? [])];
    return unsupportedOnnx(
      "a constant that is no tensor of numbers",
      "use value, value_float, value_int or lists of them",
    );
  },
};

const constantOfShape: OnnxOperator = {
  inputs: [1, 1],
  folds: false,
  build(scope, [shape]) {
    const dims = needKnown(shape, "the shape");
    const one = scope.attributes.tensor("value") ?? reals([0]);
    const count = dims.reduce((product, size) => product * size, 1);
    if (dims.some((size) => !Number.isInteger(size) || size < 0) || one.values.length !== 1)
      refuseOnnx(`a constant of [${dims.slice(0, 16)}]`, "use sizes from 0 on and one value");
    spend(scope, count);
    const values = Array(count).fill(one.values[0]);
    return [one.dtype === "f32" ? reals(values, dims) : knownInts(values, dims)];
  },
};

const shape: OnnxOperator = {
  inputs: [1, 1],
  folds: false,
  build({ attributes }, [x]) {
    const { dims } = needInput(x, "the value");
    const bring = (place: number) => Math.min(Math.max(place < 0 ? place + dims.length : place, 0), dims.length);
    const end = bring(attributes.integer("end", dims.length));
    return [knownInts(dims.slice(bring(attributes.integer("start", 0)), end))];
  },
};

const size: OnnxOperator = {
  inputs: [1, 1],
  folds: false,
  build: (_, [x]) => [knownInts([needInput(x, "the value").dims.reduce((count, own) => count * own, 1)], [])],
};

const INTEGERS: readonly number[] = [DATA_TYPES.INT32, DATA_TYPES.INT64, DATA_TYPES.BOOL];

const cast: OnnxOperator = {
  inputs: [1, 1],
  folds: false,
  build(scope, [input]) {
    const to = scope.attributes.integer("to", 0);
    scope.attributes.integer("saturate", 1);
    const x = needInput(input, "the value");
    if (to !== DATA_TYPES.FLOAT && !INTEGERS.includes(to))
      unsupportedOnnx(`a conversion to data type ${to}`, "use float, int32, int64 or bool");
    if (x.kind === "live") return [castLive(scope, x, to)];
    spend(scope, x.values.length);
    return [castKnown(x, to)];
  },
};

function castKnown(x: Known, to: number): Known {
  if (to === DATA_TYPES.FLOAT) return reals(Array.from(x.values), x.dims);
  const whole = to === DATA_TYPES.BOOL ? (value: number) => Number(value !== 0) : Math.trunc;
  return knownInts(Array.from(x.values, whole), x.dims);
}

function castLive(scope: Scope, x: Imported, to: number): Imported {
  const value = graphValue(scope, x);
  const wanted = to === DATA_TYPES.FLOAT ? "f32" : "i32";
  if (value.dtype === wanted && to !== DATA_TYPES.BOOL) return x;
  if (value.dtype === "i32" && wanted === "f32") return live(toFloat(scope.g, value), x.dims);
  return unsupportedOnnx("a conversion of computed values to integers", "keep computed values as float");
}

export const constantOperators: Readonly<Record<string, OnnxOperator>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Size: size,
  Cast: cast,
};
