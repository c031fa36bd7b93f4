// The trees of a dispute over one committed inference. Values were hashed as they passed and are gone: those that a question
// is about are made again by another run, and kept until another value is asked about.
import type { TensorValue } from "../graph/TensorValue.ts";
import { TensorError } from "../TensorError.ts";
import type { CommittedInference } from "./commitInference.ts";
import { encodeEntry } from "./courtProgram.ts";
import { isFold } from "./folds.ts";
import { endRootOf, type InferenceCourt, inputEntries, outputEntries, startRootOf } from "./inferenceCourt.ts";
import { accsTreeOf, listTree } from "./listTrees.ts";
import { scopeOf } from "./OperatorsCommitment.ts";
import { tensorTree } from "./TensorTree.ts";
import type { LeafTree, StepAfter, TreeName, TreeSource } from "./TreeSource.ts";

/** Steps of a run: it has one, number 0; what is before it is asked for under -1. */
const STEP = 0;

type Opened = { readonly value: number; readonly tensors: ReadonlyMap<number, TensorValue> };

type Made = {
  readonly inference: CommittedInference;
  readonly court: InferenceCourt;
  opened?: Opened | undefined;
};

function refuse(problem: string, remedy: string): never {
  throw new TensorError("bad-option", problem, remedy);
}

/** One side's run. The inference's model must still be open. */
export function inferenceTrees(inference: CommittedInference, court: InferenceCourt): TreeSource {
  const made: Made = { inference, court };
  return {
    after: async (step) => afterStep(made, step),
    tree: (name) => makeTree(made, name),
    // A result with a NaN in it is a result: nothing ends there.
    firstNan: async () => undefined,
  };
}

function afterStep({ inference }: Made, step: number): StepAfter {
  if (step !== STEP && step !== STEP - 1) refuse(`step is ${step}`, "a run has step 0");
  return { lossWord: 0, stateRoot: step === STEP ? endRootOf(inference) : startRootOf(inference) };
}

async function makeTree(made: Made, name: TreeName): Promise<LeafTree> {
  const { inference, court } = made;
  switch (name.of) {
    case "values":
      return listTree(inference.tensorRoots);
    case "entries":
      return listTree(name.step === STEP ? outputEntries(inference) : inputEntries(inference));
    case "leaves": {
      const { tensors } = await open(made, name.value);
      return tensorTree(tensors.get(name.value)!);
    }
    case "accs":
      return accsTree(made, name);
    case "records":
      return { tree: court.recordsTree, leaf: (index) => court.records[index]! };
    case "schema":
      return { tree: court.entriesTree, leaf: (index) => encodeEntry(court.entries[index]!) };
    default:
      return refuse(
        `there is no tree of ${name.of}`,
        "an inference has values, entries, leaves, accs, records and schema",
      );
  }
}

/** A value with its operands; what was asked about last stays, so that a dispute walks down one value. */
async function open(made: Made, value: number): Promise<Opened> {
  const { opened, inference } = made;
  if (opened?.tensors.has(value) === true) return opened;
  const operands = scopeOf(inference.step, value)?.node.in ?? [];
  const wanted = [...new Set([value, ...operands])];
  const read = await inference.read(wanted);
  made.opened = { value, tensors: new Map(wanted.map((one, i) => [one, read[i]!])) };
  return made.opened;
}

async function accsTree(made: Made, { value, element }: { value: number; element: number }): Promise<LeafTree> {
  const scope = scopeOf(made.inference.step, value);
  if (scope === undefined || !isFold(scope.node.op)) return refuse(`value ${value} is no sum`, "open its words");
  if (made.opened?.value !== value) made.opened = undefined;
  const { tensors } = await open(made, value);
  const own = tensors.get(value)!;
  if (!Number.isInteger(element) || element < 0 || element >= own.data.length)
    return refuse(`element is ${element}`, `use 0..${own.data.length - 1}`);
  return accsTreeOf(scope, element, { own, operands: scope.node.in.map((one) => tensors.get(one)!) });
}
