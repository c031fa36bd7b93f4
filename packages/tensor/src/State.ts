// The training state of the MLP: which tensors, in which committed order, and the start state (spec/tensor.md §6).
import type { NamedTensor, Tensor } from "./HashLayout.ts";
import type { Program } from "./Program.ts";
import { seedWords } from "./seedStream.ts";
import { fromHex32 } from "./sha256.ts";

/** Gives zeroed room for a tensor; the kernels' host gives views of shared memory. */
export type Allocate = (rows: number, columns: number) => Float32Array;

export type Parameters = {
  embedding: Tensor;
  hiddenWeight: Tensor;
  hiddenBias: Tensor;
  outputWeight: Tensor;
  outputBias: Tensor;
};

/** Parameters, Adam's first and second moments of each, and the running powers [β1^t, β2^t]. */
export type State = { parameters: Parameters; mean: Parameters; square: Parameters; power: Tensor };

/** Committed names, in committed order. */
const PARAMETER_NAMES = {
  embedding: "embedding.weight",
  hiddenWeight: "hidden.weight",
  hiddenBias: "hidden.bias",
  outputWeight: "output.weight",
  outputBias: "output.bias",
} as const satisfies Record<keyof Parameters, string>;

export const PARAMETER_KEYS = Object.keys(PARAMETER_NAMES) as (keyof Parameters)[];

/** [rows, columns] of each parameter. Weights are [out, in]: contiguous in k for matmul NT. */
export function parameterShapes(program: Program): Record<keyof Parameters, [number, number]> {
  const { context, embedding, hidden } = program.model;
  const vocab = program.vocab.length;
  return {
    embedding: [vocab, embedding],
    hiddenWeight: [hidden, context * embedding],
    hiddenBias: [1, hidden],
    outputWeight: [vocab, hidden],
    outputBias: [1, vocab],
  };
}

function allocateParameters(program: Program, allocate: Allocate): Parameters {
  const shapes = parameterShapes(program);
  const entries = PARAMETER_KEYS.map((key) => {
    const [rows, columns] = shapes[key];
    return [key, { rows, columns, data: allocate(rows, columns) }] as const;
  });
  return Object.fromEntries(entries) as Parameters;
}

/** A zeroed state. */
export function allocateState(program: Program, allocate: Allocate): State {
  return {
    parameters: allocateParameters(program, allocate),
    mean: allocateParameters(program, allocate),
    square: allocateParameters(program, allocate),
    power: { rows: 1, columns: 2, data: allocate(1, 2) },
  };
}

/** The state's tensors in committed order: parameters, adam.mean.*, adam.square.*, adam.power. */
export function stateTensors(state: State): NamedTensor[] {
  const group = (prefix: string, of: Parameters) =>
    PARAMETER_KEYS.map((key) => ({ name: prefix + PARAMETER_NAMES[key], ...of[key] }));
  return [
    ...group("", state.parameters),
    ...group("adam.mean.", state.mean),
    ...group("adam.square.", state.square),
    { name: "adam.power", ...state.power },
  ];
}

/** Start bound per parameter: uniform in [-bound, bound); biases start at +0. All fp32: sqrt and division are exact. */
function startBound(key: keyof Parameters, columns: number): number {
  if (key === "embedding") return 1;
  const fanIn = Math.fround(columns);
  if (key === "hiddenWeight") return Math.fround(Math.sqrt(Math.fround(3 / fanIn)));
  if (key === "outputWeight") return Math.fround(1 / Math.fround(Math.sqrt(fanIn)));
  return 0;
}

/**
 * Writes the start state, a pure function of the program (its seed included). Element i of parameter number n is
 * ((w >>> 8) * 2^-23 - 1) * bound with w word i of the stream (seed, "weft/start-state/1", n); moments are +0, powers 1.
 */
export function writeStartState(program: Program, state: State): void {
  const seed = fromHex32(program.seed, "seed");
  PARAMETER_KEYS.forEach((key, n) => {
    const { data, columns } = state.parameters[key];
    const bound = startBound(key, columns);
    state.mean[key].data.fill(0);
    state.square[key].data.fill(0);
    data.fill(0);
    if (bound === 0) return;
    const words = seedWords(seed, "weft/start-state/1", n, data.length);
    // The bracket is exact in fp32 (24 bits), so the product is the only rounding.
    for (let i = 0; i < data.length; i++) data[i] = ((words[i]! >>> 8) * 2 ** -23 - 1) * bound;
  });
  state.power.data.fill(1);
}
