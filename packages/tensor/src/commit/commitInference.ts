// One run of an inference graph with a commitment to every value of it that a court can judge by (spec/tensor.md §6): whoever
// serves a model makes it, whoever checks makes it again from the same weights and inputs and compares one root. Values
// hash as they pass; openings run again and keep only what they need.
import { checkTensor, createTensor, type TensorValue } from "../graph/TensorValue.ts";
import { hashLeaf } from "../Merkle.ts";
import { TensorError } from "../TensorError.ts";
import { type InferenceModel, type Stage, stageRoot } from "./InferenceModel.ts";
import { merkleTree } from "./MerkleTree.ts";
import {
  type OperatorsCommitment,
  operatorsRoot,
  scopeOf,
  type TypedGraph,
  type ValueOpening,
} from "./OperatorsCommitment.ts";
import type { Change } from "./Trace.ts";

export type InferenceOptions = {
  /** Values of the inputs that are no weights, by name. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Its number among those that are committed together. Default 0. */
  readonly number?: number;
  /** What is changed at a value that the run makes, for attack galleries. */
  readonly changeOf?: (value: number) => Change | undefined;
};

export type CommittedInference = {
  readonly step: TypedGraph;
  readonly commitment: OperatorsCommitment;
  /** Of the commitment: what is published. */
  readonly operatorsRoot: Uint8Array;
  /** Per value of the graph. */
  readonly tensorRoots: readonly Uint8Array[];
  readonly outputs: Readonly<Record<string, TensorValue>>;
  openValue(value: number): ValueOpening;
  /** Runs again and gives these values, in the order asked; at most 128. The model must still be open. */
  read(values: readonly number[]): Promise<TensorValue[]>;
};

const MOST_READ = 128;

/** Blocks the caller for the run. Throws TensorError `bad-tensor` for a missing or wrong input, `bad-index`, `bad-option`. */
export function commitInference(model: InferenceModel, options: InferenceOptions): CommittedInference {
  const { step, stages, kernels } = model;
  const number = options.number ?? 0;
  if (!Number.isSafeInteger(number) || number < 0)
    throw new TensorError("bad-option", `number is ${number}`, "use an integer from 0 on");
  const kept = { ...options, inputs: copiesOf(step, options) };
  const tensorRoots = stages.map((_, value) => model.fixedRoots.get(value)!);
  runModel(model, kept, (stage, value) => {
    tensorRoots[value] = stageRoot(kernels, stage);
  });
  const { outputs } = step.graph;
  const tree = merkleTree(tensorRoots.map(hashLeaf));
  const { graphHash } = model;
  const commitment = { step: number, graphHash, values: stages.length, valuesRoot: tree.root };
  return {
    step,
    commitment,
    operatorsRoot: operatorsRoot(commitment),
    tensorRoots,
    outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, valueAt(model, value)])),
    openValue: (value) => ({ value, tensorRoot: tensorRoots[value]!, valuePath: tree.path(value) }),
    read: async (wanted) => readValues(model, kept, wanted),
  };
}

/** True when the run of these inputs, under this number, has that operators root. Throws as commitInference. */
export function checkInference(
  model: InferenceModel,
  claim: InferenceOptions & { operatorsRoot: Uint8Array },
): boolean {
  const { operatorsRoot: own } = commitInference(model, claim);
  return claim.operatorsRoot.length === own.length && own.every((byte, i) => byte === claim.operatorsRoot[i]);
}

/** The caller may use its arrays again; a later opening needs what they were. */
function copiesOf({ graph }: TypedGraph, { inputs }: InferenceOptions): Record<string, TensorValue> {
  return Object.fromEntries(
    graph.inputs.flatMap((input) => {
      if (input.role === "state") return [];
      const given = Object.hasOwn(inputs, input.name) ? inputs[input.name] : undefined;
      const { data } = checkTensor(`input ${input.name}`, given, input);
      return [[input.name, { dtype: input.dtype, shape: input.shape, data: data.slice() } as TensorValue]];
    }),
  );
}

/** Makes every value that is not fixed, in number order. */
function runModel(
  model: InferenceModel,
  { inputs, changeOf }: InferenceOptions,
  visit: (stage: Stage, value: number) => void,
): void {
  const { step, kernels } = model;
  model.stages.forEach((stage, value) => {
    if (model.fixedRoots.has(value)) return;
    if (stage.compute === undefined) kernels.write(stage.view, inputs[step.graph.inputs[value]!.name]!.data);
    else kernels.run(stage.compute);
    const change = changeOf?.(value);
    if (change !== undefined) {
      const own = valueAt(model, value);
      const operands = scopeOf(step, value)?.node.in ?? [];
      change(
        own,
        operands.map((operand) => valueAt(model, operand)),
      );
      kernels.write(stage.view, own.data);
    }
    visit(stage, value);
  });
}

/** Elements of a value that is in memory. */
function valueAt({ stages, kernels, step }: InferenceModel, value: number): TensorValue {
  const own = createTensor(step.types[value]!);
  kernels.read(stages[value]!.view, own.data);
  return own;
}

function readValues(model: InferenceModel, options: InferenceOptions, wanted: readonly number[]): TensorValue[] {
  if (wanted.length > MOST_READ)
    throw new TensorError("bad-option", `${wanted.length} values`, `read at most ${MOST_READ} at a time`);
  const end = model.stages.length;
  for (const value of wanted)
    if (!Number.isInteger(value) || value < 0 || value >= end)
      throw new TensorError("bad-option", `value is ${value}`, `use 0..${end - 1}`);
  const missing = new Set(wanted);
  const found = new Map<number, TensorValue>();
  runModel(model, options, (_, value) => {
    if (missing.has(value)) found.set(value, valueAt(model, value));
  });
  return wanted.map((value) => found.get(value) ?? valueAt(model, value));
}
