// A model as a court judges its runs (spec/court.md §11): each is a run of one step, without a loss. Every input of the graph,
// weights and what a buyer gives alike, is an entry of the state before it; every output one of the state after it. A pure
// function of graph and weights.
import { NUMERICS_IDS } from "../graph/Graph.ts";
import { stateEntry, stateRootFrom } from "../HashLayout.ts";
import { hashLeaf } from "../Merkle.ts";
import type { CommittedInference } from "./commitInference.ts";
import { type CourtEntry, courtProgramHash, encodeEntry, type OpenCourt } from "./courtProgram.ts";
import type { InferenceModel } from "./InferenceModel.ts";
import { merkleTree } from "./MerkleTree.ts";
import { type TypedGraph, typedGraph } from "./OperatorsCommitment.ts";
import { recordOf } from "./records.ts";

/** A court program with what lies under its roots; there are no rates and no tokens. */
export type InferenceCourt = Omit<OpenCourt, "rates" | "tokens">;

const NONE = new Uint8Array(32);

/** The graph with every input in the state. */
function statedGraph({ graph }: TypedGraph): TypedGraph {
  return typedGraph({ ...graph, inputs: graph.inputs.map((input) => ({ ...input, role: "state" })) });
}

/** Names a model: `startRoot` is the state root of step 0 over its weights alone. Throws TensorError `bad-option`. */
export function openInferenceCourt({ step, graphHash, fixedRoots }: InferenceModel): InferenceCourt {
  const { graph } = step;
  const stated = statedGraph(step);
  const records = stated.types.map((_, value) => recordOf(stated, value, fixedRoots.get(value)));
  const entries: CourtEntry[] = graph.outputs.map(({ name, value }) => ({ name, value }));
  const recordsTree = merkleTree(records.map(hashLeaf));
  const entriesTree = merkleTree(entries.map((entry) => hashLeaf(encodeEntry(entry))));
  const program = {
    ...{ programHash: graphHash, dataRoot: NONE, numericsId: NUMERICS_IDS.indexOf(graph.numericsId) },
    ...{ totalSteps: 1, stepsPerSegment: 1, startStep: 0, startRoot: weightsRoot(step, fixedRoots) },
    ...{ values: records.length, recordsRoot: recordsTree.root, inputs: graph.inputs.length },
    ...{ entries: entries.length, entriesRoot: entriesTree.root, lossValue: 0, ratesRoot: NONE },
    ...{ tokens: 0, tokensRoot: NONE, context: 0, rows: 0, targets: 0, seed: NONE },
  };
  return { program, hash: courtProgramHash(program), records, recordsTree, entries, entriesTree };
}

function weightsRoot({ graph }: TypedGraph, fixedRoots: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const weights = graph.inputs.flatMap(({ role, name }, value) =>
    role === "state" ? [{ name, root: fixedRoots.get(value)! }] : [],
  );
  return stateRootFrom(
    0,
    weights.map(({ name }) => name),
    weights.map(({ root }) => root),
  );
}

type Run = Pick<CommittedInference, "step" | "tensorRoots">;

/** What the leaves of the state before the run hold: an entry for every input. */
export function inputEntries({ step: { graph }, tensorRoots }: Run): Uint8Array[] {
  return graph.inputs.map(({ name }, value) => stateEntry(name, tensorRoots[value]!));
}

/** What the leaves of the state after it hold: an entry for every output. */
export function outputEntries({ step: { graph }, tensorRoots }: Run): Uint8Array[] {
  return graph.outputs.map(({ name, value }) => stateEntry(name, tensorRoots[value]!));
}

/** State root of step 0 over all inputs: what a buyer's request names. Who has the tensor roots of the weights needs no weights. */
export function startRootOf({ step: { graph }, tensorRoots }: Run): Uint8Array {
  const names = graph.inputs.map(({ name }) => name);
  return stateRootFrom(0, names, tensorRoots.slice(0, names.length));
}

/** State root of step 1 over all outputs: what an epoch commits to. Who has the outputs can compute it. */
export function endRootOf({ step: { graph }, tensorRoots }: Run): Uint8Array {
  const names = graph.outputs.map(({ name }) => name);
  return stateRootFrom(
    1,
    names,
    graph.outputs.map(({ value }) => tensorRoots[value]!),
  );
}
