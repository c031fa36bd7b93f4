// spec/vectors/tensor/program.json: whole programs from text to checkpoint, as the reference trains them: what a second
// implementation must agree with to take part.
import { typedGraph } from "../commit/OperatorsCommitment.ts";
import { operatorsRoot } from "../commit/OperatorsCommitment.ts";
import { tensorRoot } from "../commit/TensorLayout.ts";
import { type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { historyRoot, stateRootFrom, stepRoot } from "../HashLayout.ts";
import { hashLeaf, merkleRoot } from "../Merkle.ts";
import { type Evaluation, evaluateGraph } from "../reference/evaluateGraph.ts";
import { bitsOf } from "../recipes.ts";
import { fromHex32, sha256, toHex } from "../sha256.ts";
import { trainBpe } from "../tokenizers/trainBpe.ts";
import { batchFiller } from "../train/batchFiller.ts";
import { encodeCheckpoint } from "../train/Checkpoint.ts";
import { createTrainProgram, encodeTrainProgram, type OpenProgram, openProgram } from "../train/Program.ts";
import type { TrainPreset } from "../train/Program.ts";
import { rateOf } from "../train/schedule.ts";
import { startState } from "../train/startState.ts";
import { trainingTokens } from "../train/Trainer.ts";
import { hexWord } from "./vectorText.ts";

const STEPS = 3;
const CORPUS = "the shuttle goes over, the shuttle goes under; check, do not trust.\n".repeat(9);

const common = { totalSteps: 12, stepsPerSegment: 4, split: { heldOutPpm: 100_001 } };

const PRESETS: Record<string, TrainPreset> = {
  gpt: {
    ...common,
    model: {
      ...({ kind: "gpt", context: 5, dim: 12, layers: 2, heads: 6, kvHeads: 2, hidden: 10 } as const),
      ...{ tiedHead: true, normEpsilonNano: 10_000, ropeTheta: 10_000 },
    },
    ...{ batch: 2, accumulate: 2, clipMilli: 700 },
    optimiser: { kind: "adamw", beta1Ppm: 900_000, beta2Ppm: 990_000, epsilonNano: 10, weightDecayPpm: 30_000 },
    schedule: { kind: "cosine", rateNano: 5_000_000, finalRateNano: 500_000, warmupSteps: 2 },
  },
  mlp: {
    ...common,
    model: { kind: "mlp", context: 3, embedding: 5, hidden: 33 },
    ...{ batch: 5, accumulate: 1, clipMilli: 0 },
    optimiser: { kind: "sgd", momentumPpm: 850_000 },
    schedule: { kind: "linear", rateNano: 9_999_999, finalRateNano: 7, warmupSteps: 0 },
  },
};

function openNamed(name: string): OpenProgram {
  const corpus = new TextEncoder().encode(CORPUS);
  const seed = new Uint8Array(32).map((_, i) => 7 * i);
  // Its end mark is the last of 26 tokens: the vocabulary counts it.
  const tokenizer = name === "gpt" ? trainBpe(corpus, { vocab: 26, alphabet: "corpus" }) : undefined;
  return openProgram(createTrainProgram(PRESETS[name]!, { corpus, seed, ...(tokenizer && { tokenizer }) }));
}

const namesOf = ({ step }: OpenProgram) => step.state.map(({ name }) => name);

function stateRootOf(open: OpenProgram, nextStep: number, state: Readonly<Record<string, TensorValue>>): Uint8Array {
  const names = namesOf(open);
  return stateRootFrom(
    nextStep,
    names,
    names.map((name) => tensorRoot(state[name]!)),
  );
}

/** Root of tag 06 over every value of a step. */
function deepRoot({ program, step: { graph } }: OpenProgram, step: number, { values }: Evaluation): Uint8Array {
  const valuesRoot = merkleRoot(values.map((value) => hashLeaf(tensorRoot(value))));
  const hash = fromHex32(program.stepGraph, "stepGraph");
  return operatorsRoot({ step, graphHash: hash, values: typedGraph(graph).types.length, valuesRoot });
}

function run(name: string) {
  const open = openNamed(name);
  const { program, step, hash } = open;
  let state: Record<string, TensorValue> = startState(fromHex32(program.seed, "seed"), step.state);
  const tokens = trainingTokens(open, new TextEncoder().encode(CORPUS));
  const batch: Record<string, TensorValue> = {};
  const types = new Map([step.batch.data, step.batch.targets].map((input) => [input.name, input]));
  const fill = batchFiller(open, tokens, {
    write: (input, { data }) => (batch[input] = tensorFrom("i32", types.get(input)!.shape, Array.from(data))),
  });
  const startRoot = toHex(stateRootOf(open, 0, state));
  const roots: Uint8Array[] = [];
  const steps = Array.from({ length: STEPS }, (_, t) => {
    fill(t);
    const rate = rateOf(program.schedule, program.totalSteps, t);
    const found = evaluateGraph(step.graph, { ...state, ...batch, rate: tensorFrom("f32", [1], [rate]) });
    state = Object.fromEntries(namesOf(open).map((one) => [one, found.outputs[one]!]));
    const after = stateRootOf(open, t + 1, state);
    const loss = found.outputs["loss"]!.data[0]!;
    roots.push(stepRoot(hash, t, loss, after));
    return {
      ...{ rate: hexWord(bitsOf(rate)), loss: hexWord(bitsOf(loss)), stateRoot: toHex(after) },
      stepRoot: toHex(roots[t]!),
      ...(t === 0 && { operatorsRoot: toHex(deepRoot(open, t, found)) }),
    };
  });
  const checkpoint = encodeCheckpoint(open, { nextStep: STEPS, state });
  return {
    ...{ name, program: encodeTrainProgram(program), programHash: toHex(hash) },
    ...{ trainingTokens: tokens.length, startRoot, steps, historyRoot: toHex(historyRoot(roots)) },
    checkpoint: { nextStep: STEPS, bytes: checkpoint.length, sha256: toHex(sha256(checkpoint)) },
  };
}

/** The corpus, and one run per program. */
export function programVectors() {
  return { corpus: CORPUS, runs: Object.keys(PRESETS).map(run) };
}
