// Cheats as a provider would try them, each on the real chain against one honest auditor. What a cheat says it computed, it did
// compute: its own way, from a program that everybody has.
import type { Cheat } from "@weft/tensor/commit/Cheat";
import * as cheats from "@weft/tensor/commit/cheats";
import { stateBefore } from "@weft/tensor/commit/SegmentRun";
import { segmentTrees } from "@weft/tensor/commit/segmentTrees";
import { fromHex32 } from "@weft/tensor/sha256";
import { startState } from "@weft/tensor/train/startState";
import { trainingTokens } from "@weft/tensor/train/Trainer";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { infiniteStage, signedNan } from "@weft/verification/court/nanFixture";
import { type Stage, stageOf, stateRootAt } from "@weft/verification/court/playFixture";
import { oracleOf, type TraceOracle } from "@weft/verification/court/TraceOracle";
import { bytesToHex, type Hex } from "viem";

/** A false segment of the order's work: what it says, and how its owner behaves in court. */
export type Lie = {
  readonly name: string;
  readonly how: string;
  readonly stage: Stage;
  readonly history: TraceOracle;
  /** The state that the segment says it starts from; the order's start when absent. */
  readonly startRoot?: Hex;
  readonly firstStep?: number;
  /** In the place of what follows from the history. */
  readonly said?: { readonly endRoot?: Hex; readonly program?: Hex };
  /** In court: answers while it can (default), says nothing, answers too late, forges a path. */
  readonly manner?: "silent" | "late" | "forges";
  /** The same again by the same node, under another lease: the second time is what counts. */
  readonly repeats?: true;
  /** The call that must decide, so that a cheat that is caught elsewhere is noticed. */
  readonly end: string;
};

const model = { model: tinyMlpModel } as const;
const from = (first: number) => (step: number) => step >= first;
const only = (one: number) => (step: number) => step === one;
const otherSeed: Hex = `0x${"5e".repeat(32)}`;

/** Segment 1 run from a state that is older than segment 0's end. */
async function fromStaleState({ open }: Stage, staleStep: number) {
  const tokens = trainingTokens(open, tinyCorpus);
  const begin = { step: 0, state: startState(fromHex32(open.program.seed, "seed"), open.step.state) };
  const state = await stateBefore(open, { tokens, start: begin }, staleStep);
  const firstStep = open.program.stepsPerSegment;
  const start = { step: firstStep, state };
  const startRoot = stateRootAt(open, firstStep, state);
  const courtStart = { step: firstStep, stateRoot: startRoot };
  const trees = segmentTrees(open, { tokens, start, lastStep: 2 * firstStep - 1, courtStart });
  return { firstStep, startRoot: bytesToHex(startRoot), history: oracleOf(trees) };
}

export async function lies(): Promise<Lie[]> {
  const stage = await stageOf(tinyTrainProgram(model));
  const { open } = stage;
  const tokens = trainingTokens(open, tinyCorpus);
  const run = (cheat?: Cheat) => oracleOf(stage.side(cheat));
  const lie = (name: string, how: string, end: string, cheat: Cheat): Lie => ({
    ...{ name, how, end, stage, history: run(cheat) },
  });
  const skipped = cheats.skipSteps(only(3));
  const weight = { name: "hidden.weight", element: 100, bit: 0 };
  const otherTokens = tokens.map((token) => token ^ 1);
  return [
    lie("one bit of one weight", "after step 3", "proveEntry", cheats.flipWeight(only(3), weight)),
    lie("a skipped step", "step 3 isn't taken", "proveEntry", skipped),
    lie("stopped early", "no step after the third", "proveEntry", cheats.skipSteps(from(3))),
    lie("other data", "another text", "proveToken", cheats.changeBatch(from(0), open, { tokens: otherTokens })),
    lie(
      "other order",
      "examples in another order",
      "proveToken",
      cheats.changeBatch(from(1), open, { tokens, seed: otherSeed }),
    ),
    lie("another learning rate", "twice the schedule's", "proveRate", cheats.changeRate(from(2), 2)),
    lie(
      "an approximate operator",
      "division as a product with a reciprocal",
      "proveWord",
      cheats.reciprocalDivision(from(0), open),
    ),
    lie("fused multiply-add", "no rounding between product and sum", "proveFold", cheats.fusedProducts(from(0), open)),
    lie(
      "other summation order",
      "products from the last term to the first",
      "proveFold",
      cheats.reversedProducts(from(0), open),
    ),
    lie("wrong exp", "the library's instead of the recipe", "proveWord", cheats.libraryExp(from(0), open)),
    await nanSign(),
    ...(await nanPassed()),
    await otherStart(stage),
    await staleCheckpoint(stage),
    await staleEnd(stage),
    await otherJob(stage),
    {
      ...lie("another program", "the work of another order, named as such", "proveFields", skipped),
      said: { program: otherSeed },
    },
    { ...lie("silence", "a skipped step, and no answer in court", "timeout", skipped), manner: "silent" },
    { ...lie("a late answer", "a true opening, one second after its clock", "timeout", skipped), manner: "late" },
    { ...lie("a forged Merkle path", "another state before the step", "timeout", skipped), manner: "forges" },
    {
      ...lie("a pattern", "a skipped step again, by the same node under another lease", "proveEntry", skipped),
      repeats: true,
    },
  ];
}

async function nanSign(): Promise<Lie> {
  const stage = await infiniteStage(["output.bias"]);
  const how = "a NaN as a processor writes it";
  return { name: "NaN sign", how, end: "proveWord", stage, history: await signedNan(stage) };
}

/** The history is true, but the run had ended at its first NaN: in the loss, or in the state alone. */
async function nanPassed(): Promise<Lie[]> {
  const [loss, state] = [
    await infiniteStage(["output.bias"]),
    await infiniteStage(["adam.mean.hidden.bias", "adam.square.hidden.bias"]),
  ];
  const lie = (stage: Stage, how: string, end: string): Lie => ({
    ...{ name: `a NaN passed over, in the ${how}`, how: "goes on as if nothing were", end, stage },
    history: oracleOf(stage.side()),
  });
  return [lie(loss, "loss", "proveNanLoss"), lie(state, "state", "proveNanState")];
}

async function otherStart(stage: Stage): Promise<Lie> {
  const other = await stageOf(tinyTrainProgram(model, 2));
  const { startRoot } = other.program;
  const how = "begins in another seed's start";
  return { name: "other seed", how, end: "timeout", stage, history: oracleOf(other.side()), startRoot };
}

async function staleCheckpoint(stage: Stage): Promise<Lie> {
  const stale = await fromStaleState(stage, 3);
  return { name: "stale checkpoint", how: "goes on from the state of step 3", end: "timeout", stage, ...stale };
}

/** The history is true, the state handed over is an older one. */
async function staleEnd(stage: Stage): Promise<Lie> {
  const history = oracleOf(stage.side());
  const { state: endRoot } = await history.after(2);
  const how = "hands over an older state than the last step's";
  return { name: "stale end", how, end: "proveFields", stage, history, said: { endRoot } };
}

/** Its own order's fields, another job's history. */
async function otherJob(stage: Stage): Promise<Lie> {
  const other = await stageOf(tinyTrainProgram({ ...model, batch: 2 }));
  const history = oracleOf(other.side());
  const { state: endRoot } = await history.after(other.steps - 1);
  const how = "another job's history under this order's fields";
  return { name: "a history of another job", how, end: "timeout", stage, history, said: { endRoot } };
}
