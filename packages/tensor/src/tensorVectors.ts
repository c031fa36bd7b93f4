// Builds the shared vectors of spec/vectors/tensor from the slow reference, so that WASM, Solidity and other
// implementations can be checked against one set. Tensors are hex words of fp32 bits. Written by the vectors test.
import { encodeCheckpoint } from "./Checkpoint.ts";
import { batchPositions, fillBatch } from "./dataOrder.ts";
import {
  dataRoot,
  historyRoot,
  leafBytes,
  leafCount,
  proveStep,
  stateRoot,
  stepRoot,
  type Tensor,
  tensorRoot,
} from "./HashLayout.ts";
import { hashLeaf } from "./Merkle.ts";
import { allocateWorkspace, mlpStep } from "./mlpStep.ts";
import { encodeProgram, programHash } from "./Program.ts";
import {
  bitsOf,
  EXP_COEFFICIENTS,
  EXP_CONSTANTS,
  expRecipe,
  fromBits,
  LOG_COEFFICIENTS,
  LOG_CONSTANTS,
  logRecipe,
  TANH_COEFFICIENTS,
  tanhRecipe,
} from "./recipes.ts";
import { referenceOperators } from "./referenceOperators.ts";
import { allocateState, stateTensors, writeStartState } from "./State.ts";
import { seedWords } from "./seedStream.ts";
import { sha256, toHex } from "./sha256.ts";
import { tinyCorpus, tinyProgram } from "./tinyProgram.ts";
import { tokenise } from "./tokenise.ts";

/** Eight hex digits of 32 bits. */
export const hexWord = (bits: number): string => bits.toString(16).padStart(8, "0");
const hexFloats = (values: Iterable<number>): string[] => Array.from(values, (value) => hexWord(bitsOf(value)));
const hexRecord = (record: Record<string, number>) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, hexWord(bitsOf(value))]));

const EDGE_BITS = [
  0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x33800000, 0x3f1fffff, 0x3f200000,
  0x3f3504f2, 0x3f3504f3, 0x3f800000, 0xbf800000, 0x40490fdb, 0xc0490fdb, 0x41102cb3, 0x42b17217, 0x42b17218,
  0xc2aeac50, 0xc2cff1b4, 0xc2cff1b6, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001,
];

function testBits(label: string, count: number): Uint32Array {
  return seedWords(new Uint8Array(32).fill(42), `vectors/${label}`, 0, count);
}

/** Elements in [-2, 2) as fp32. */
function ordinary(label: string, rows: number, columns: number): Tensor {
  const data = Float32Array.from(testBits(label, rows * columns), (word) => ((word >>> 8) * 2 ** -23 - 1) * 2);
  return { rows, columns, data };
}

/** Elements below 2^-120 in magnitude, most of their products subnormal or zero. */
function tiny(label: string, rows: number, columns: number): Tensor {
  const data = Float32Array.from(testBits(label, rows * columns), (word) => fromBits((word & 0x83ffffff) >>> 0));
  return { rows, columns, data };
}

function recipes() {
  const inputs = [...EDGE_BITS, ...testBits("recipes", 32), ...Array.from(ordinary("recipes", 1, 32).data, bitsOf)];
  return {
    exp: { coefficients: hexFloats(EXP_COEFFICIENTS), ...hexRecord(EXP_CONSTANTS) },
    log: { coefficients: hexFloats(LOG_COEFFICIENTS), ...hexRecord(LOG_CONSTANTS) },
    tanh: { coefficients: hexFloats(TANH_COEFFICIENTS) },
    columns: ["input", "exp", "log", "tanh"],
    rows: inputs.map((bits) => {
      const x = fromBits(bits);
      return [hexWord(bits), ...hexFloats([expRecipe(x), logRecipe(x), tanhRecipe(x)])];
    }),
  };
}

function matmulCase(name: string, a: Tensor, b: Tensor) {
  const out = { rows: a.rows, columns: b.rows, data: new Float32Array(a.rows * b.rows) };
  referenceOperators.matmulNT(a, b, out);
  const [M, K, N] = [a.rows, a.columns, b.rows];
  return { name, M, K, N, a: hexFloats(a.data), b: hexFloats(b.data), out: hexFloats(out.data) };
}

function matmul() {
  const special = {
    rows: 2,
    columns: 3,
    data: Float32Array.of(Number.POSITIVE_INFINITY, 0, 1, Number.NaN, -0, 2 ** 127),
  };
  return [
    matmulCase("ordinary", ordinary("a", 5, 7), ordinary("b", 9, 7)),
    matmulCase("tiny times ordinary", tiny("c", 3, 11), ordinary("d", 4, 11)),
    matmulCase("infinities, NaN, signed zeros, overflow", special, ordinary("e", 2, 3)),
  ];
}

function layout() {
  const named = [
    { name: "w", ...ordinary("w", 3, 65) },
    { name: "bias", ...tiny("bias", 1, 7) },
  ];
  const history = Array.from({ length: 11 }, (_, i) => hashLeaf(Uint8Array.of(i)));
  return {
    tensors: named.map((tensor) => ({
      name: tensor.name,
      rows: tensor.rows,
      columns: tensor.columns,
      bits: hexFloats(tensor.data),
      leafHashes: Array.from({ length: leafCount(tensor) }, (_, i) => toHex(hashLeaf(leafBytes(tensor, i)))),
      tensorRoot: toHex(tensorRoot(tensor)),
    })),
    nextStep: 5,
    stateRoot: toHex(stateRoot(5, named)),
    stepRoot: {
      program: toHex(sha256()),
      step: 4,
      loss: hexFloats([1.5])[0],
      root: toHex(stepRoot(sha256(), 4, 1.5, stateRoot(5, named))),
    },
    history: {
      stepRoots: history.map(toHex),
      roots: history.map((_, i) => toHex(historyRoot(history.slice(0, i + 1)))),
      paths: history.map((_, i) => proveStep(history, i).map(toHex)),
    },
    data: [1, 128, 129, 1000].map((length) => ({
      length,
      byte: 97,
      dataRoot: toHex(dataRoot(new Uint8Array(length).fill(97))),
    })),
  };
}

/** Three steps of the tiny program, by the reference alone. */
function training() {
  const program = tinyProgram();
  const hash = programHash(program);
  const allocate = (rows: number, columns: number) => new Float32Array(rows * columns);
  const state = allocateState(program, allocate);
  writeStartState(program, state);
  const start = stateRoot(0, stateTensors(state));
  const workspace = allocateWorkspace(program, program.batch, allocate);
  const tokens = tokenise(program, tinyCorpus);
  const steps = [0, 1, 2].map((step) => {
    fillBatch(program.model.context, tokens, batchPositions(program, step), workspace);
    mlpStep(referenceOperators, program, step, state, workspace);
    const loss = workspace.loss.data[0]!;
    const after = stateRoot(step + 1, stateTensors(state));
    return { positions: batchPositions(program, step), loss, after, root: stepRoot(hash, step, loss, after) };
  });
  const checkpoint = encodeCheckpoint(program, 3, state);
  const roots = steps.map(({ root }) => root);
  return {
    corpus: new TextDecoder().decode(tinyCorpus),
    program: encodeProgram(program),
    programHash: toHex(hash),
    startRoot: toHex(start),
    steps: steps.map(({ positions, loss, after, root }) => ({
      positions: Array.from(positions),
      loss: hexFloats([loss])[0],
      stateRoot: toHex(after),
      stepRoot: toHex(root),
    })),
    historyRoot: toHex(historyRoot(roots)),
    checkpointBytes: checkpoint.length,
    checkpointId: toHex(sha256(checkpoint)),
  };
}

/** File name (without .json) to content. */
export function tensorVectors(): Record<string, unknown> {
  return { recipes: recipes(), matmul: matmul(), layout: layout(), training: training() };
}
