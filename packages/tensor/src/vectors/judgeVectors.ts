// spec/vectors/court/records.json and leaves.json: records of values of every kind and operator, and single words and
// chunks as a judge is asked for them (words as unsigned numbers). contracts/test reads both.
import { OPERATOR_RECORDS } from "../commit/operatorRecords.ts";
import { typedGraph } from "../commit/OperatorsCommitment.ts";
import { recordOf } from "../commit/records.ts";
import { DTYPE_NUMBERS, tensorRoot } from "../commit/TensorLayout.ts";
import { constantValue } from "../graph/constants.ts";
import { elementCount, type Node, type Op, type ValueType } from "../graph/Graph.ts";
import { tinyAdamw, tinyGpt } from "../graph/graphFixture.ts";
import { bitsView, createTensor, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { seedWords } from "../seedStream.ts";
import { toHex } from "../sha256.ts";
import { buildStepGraph } from "../train/stepGraph.ts";
import { judgedOperator, judgementsOf, type OperatorOn } from "./judgements.ts";
import { operatorVectors, readOperatorCase } from "./operatorVectors.ts";

const typeNumbers = ({ dtype, shape }: ValueType) => ({ dtype: DTYPE_NUMBERS[dtype], shape });

/** Inputs and constants of a step graph, with what their records have to say. */
function givenRecords() {
  const step = typedGraph(buildStepGraph(tinyGpt, tinyAdamw).graph);
  const { inputs, constants } = step.graph;
  const states = inputs.filter(({ role }) => role === "state").length;
  const input = (value: number, kind: number, source: number) => ({ value, kind, source, root: new Uint8Array(32) });
  const constant = (i: number) => {
    const root = tensorRoot(constantValue(constants[i]!));
    return { value: inputs.length + i, kind: 3, source: 0, root };
  };
  const values = [
    ...[input(0, 0, 0), input(1, 0, 1), input(states - 1, 0, states - 1)],
    ...[input(states, 1, 0), input(states + 1, 1, 1), input(states + 2, 2, 0)],
    ...[constant(0), constant(constants.length - 1)],
  ];
  return values.map(({ value, kind, source, root }) => ({
    ...{ kind, type: typeNumbers(step.types[value]!), source, tensorRoot: toHex(root) },
    record: toHex(recordOf(step, value, root)),
  }));
}

/** The first and the last case of every operator in the shared vectors, and what they leave out. */
function operatorsOn(): OperatorOn[] {
  const cases = operatorVectors().map(readOperatorCase);
  const ops = Object.keys(OPERATOR_RECORDS) as Op[];
  const shared = ops.flatMap((op) => {
    const own = cases.filter(({ node }) => node.op === op);
    return [...new Set([own[0]!, own.at(-1)!])].map(({ node, operands }) => ({ node, operands }));
  });
  return [...shared, ...HARD];
}

const words = (label: string, count: number) => seedWords(new Uint8Array(32).fill(42), `vectors/court/${label}`, 0, count);

function fp32(label: string, shape: readonly number[], change: (word: number) => number): TensorValue {
  const tensor = createTensor({ dtype: "f32", shape });
  bitsView(tensor).set(words(label, tensor.data.length).map(change));
  return tensor;
}

/** In 1 … 4, any sign. */
const ordinary = (word: number) => (word & 0x80ffffff) | 0x3f800000;
const subnormal = (word: number) => word & 0x807fffff;
/** About 2^126, which makes normal numbers of subnormal ones. */
const huge = (word: number) => (word & 0x80ffffff) | 0x7e000000;

const node = (fields: object): Node => ({ in: [], ...fields }) as unknown as Node;
const deep = fp32("deep", [2, 1, 2, 1, 3, 70], ordinary);
const square = fp32("square", [33, 65], ordinary);

/** All ranks and leaves, the dearest terms, one tensor as both operands, a fill that is a NaN. */
const HARD: readonly OperatorOn[] = [
  { node: node({ op: "matmul" }), operands: [deep, fp32("few", [2, 1, 4, 70], ordinary)] },
  { node: node({ op: "matmul" }), operands: [square, square] },
  {
    node: node({ op: "matmul" }),
    operands: [fp32("low", [2, 64], subnormal), fp32("high", [2, 64], huge)],
  },
  // The dearest arguments: a subnormal result, a subnormal argument, beyond the polynomial.
  { node: node({ op: "exp" }), operands: [fp32("exp", [1], () => 0xc2c80001)] },
  { node: node({ op: "log" }), operands: [fp32("log", [1], () => 0x00000003)] },
  { node: node({ op: "tanh" }), operands: [fp32("tanh", [1], () => 0x3fc00001)] },
  { node: node({ op: "mul" }), operands: [deep, fp32("part", [3, 1], ordinary)] },
  { node: node({ op: "transpose", axes: [5, 3, 1, 0, 2, 4] }), operands: [deep] },
  { node: node({ op: "concat", axis: 5 }), operands: [deep, deep, fp32("more", [2, 1, 2, 1, 3, 31], ordinary)] },
  { node: node({ op: "reduceSum", axis: 5 }), operands: [deep] },
  { node: node({ op: "reduceMax", axis: 2 }), operands: [deep] },
  {
    node: node({ op: "gather", fill: 0xffc00001 }),
    operands: [square, tensorFrom("i32", [2, 2], [32, 0, -1, 7])],
  },
  { node: node({ op: "gather", fill: -3 }), operands: [tensorFrom("i8", [2, 1], [5, 6]), tensorFrom("i32", [1], [-1])] },
  { node: node({ op: "oneHot", size: 3 }), operands: [tensorFrom("i32", [2], [0, -1])] },
  // Leading axes on both sides; a sum of -0 alone is +0; an argument of log below the root of a half.
  { node: node({ op: "matmul" }), operands: [fp32("left", [1, 4, 2, 33], ordinary), fp32("right", [4, 4, 3, 33], ordinary)] },
  { node: node({ op: "reduceSum", axis: 0 }), operands: [fp32("zero", [1], () => 0x80000000)] },
  { node: node({ op: "reduceSum", axis: 0 }), operands: [fp32("zeros", [1, 1], () => 0x80000000)] },
  { node: node({ op: "log" }), operands: [fp32("below", [1], () => 0x3f19999a)] },
];

/** Indices that define nothing. */
const OUTSIDE: readonly OperatorOn[] = [
  { node: node({ op: "gather", fill: 0 }), operands: [square, tensorFrom("i32", [2], [33, -2])] },
  { node: node({ op: "oneHot", size: 3 }), operands: [tensorFrom("i32", [2], [3, -2])] },
  {
    node: node({ op: "scatterAdd", rows: 2 }),
    operands: [fp32("rows", [3, 2], ordinary), tensorFrom("i32", [3], [1, 2, 0])],
  },
];

/** What a judge is asked for one element in the middle: the word, or the first and the last chunk. */
function asked(operator: OperatorOn) {
  const judged = judgedOperator(operator);
  const all = judgementsOf(operator, judged, Math.floor((elementCount(judged.scope.type.shape) * 5) / 8));
  return [...new Set([all[0]!, all.at(-1)!])].map((judgement) => ({ ...judged, ...judgement }));
}

/** spec/vectors/court/leaves.json: columns, so that Solidity reads each in one call; of the openings one entry each. */
export function leafVectors() {
  const cases = [...operatorsOn(), ...OUTSIDE].flatMap(asked);
  const column = <T>(of: (one: (typeof cases)[number]) => T) => cases.map(of);
  const opened = cases.flatMap((one) => one.opened);
  return {
    op: column(({ scope }) => scope.node.op),
    record: column(({ record }) => toHex(record)),
    element: column(({ element }) => element),
    chunks: column(({ chunks }) => chunks),
    /** 0 for an operator that isn't a fold, as is `before` then and at chunk 0. */
    chunk: column(({ fold }) => fold?.chunk ?? 0),
    before: column(({ fold }) => fold?.before ?? 0),
    defined: column(({ word }) => (word === undefined ? 0 : 1)),
    word: column(({ word }) => word ?? 0),
    openings: column((one) => one.opened.length),
    operand: opened.map(({ operand }) => operand),
    leaf: opened.map(({ leaf }) => leaf),
    data: opened.map(({ bytes }) => toHex(bytes)),
  };
}

function operatorRecord(operator: OperatorOn) {
  const { scope, record } = judgedOperator(operator);
  const { code, attributes } = OPERATOR_RECORDS[scope.node.op];
  return {
    ...{ op: scope.node.op, code, attributes: attributes(scope.node as never), type: typeNumbers(scope.type) },
    values: scope.node.in,
    types: scope.operands.map(typeNumbers),
    record: toHex(record),
  };
}

/** spec/vectors/court/records.json */
export function recordVectors() {
  return { given: givenRecords(), operators: operatorsOn().map(operatorRecord) };
}
