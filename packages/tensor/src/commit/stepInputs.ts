// The inputs of one step of a training: state, batch, rate, from a checkpoint at or before it.
import { openPlan } from "../execute/openGraph.ts";
import { createTensor, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { planGraph } from "../plan/planGraph.ts";
import { fromHex32 } from "../sha256.ts";
import { TensorError } from "../TensorError.ts";
import { batchFiller } from "../train/batchFiller.ts";
import { decodeCheckpoint } from "../train/Checkpoint.ts";
import type { OpenProgram } from "../train/Program.ts";
import { rateOf } from "../train/schedule.ts";
import { startState } from "../train/startState.ts";
import { trainingTokens } from "../train/Trainer.ts";

export type StepAt = {
  readonly corpus: Uint8Array;
  readonly step: number;
  /** State to start from; default is the program's start state. */
  readonly checkpoint?: Uint8Array | undefined;
  readonly memoryLimit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

type Inputs = Record<string, TensorValue>;

/**
 * Inputs by name. Steps between the checkpoint and this one are run first, without commitments. Throws TensorError
 * `bad-corpus`, `bad-checkpoint`, `bad-option` (a step before the checkpoint or past the end), `over-memory`.
 */
export async function stepInputs(open: OpenProgram, at: StepAt): Promise<Inputs> {
  const { program, step: graph } = open;
  const tokens = trainingTokens(open, at.corpus);
  const saved = at.checkpoint && decodeCheckpoint(open, at.checkpoint);
  const first = saved?.nextStep ?? 0;
  if (!Number.isInteger(at.step) || at.step < first || at.step >= program.totalSteps)
    throw new TensorError(
      "bad-option",
      `step is ${at.step}, the state is that before step ${first}`,
      `use ${first}..${program.totalSteps - 1}, or an earlier checkpoint`,
    );
  const state = saved?.state ?? startState(fromHex32(program.seed, "seed"), graph.state);
  const batch: Inputs = {};
  const types = new Map([graph.batch.data, graph.batch.targets].map((input) => [input.name, input]));
  const keep = (name: string, { data }: Pick<TensorValue, "data">) => {
    batch[name] = tensorFrom("i32", types.get(name)!.shape, data);
  };
  batchFiller(open, tokens, { write: keep })(at.step);
  const rate = tensorFrom("f32", [1], [rateOf(program.schedule, program.totalSteps, at.step)]);
  const before = at.step === first ? state : await runTo(open, tokens, { ...at, state, first });
  return { ...before, ...batch, rate };
}

type Running = StepAt & { readonly state: Readonly<Inputs>; readonly first: number };

/** The state before a step. */
async function runTo({ program, step }: OpenProgram, tokens: Int32Array, running: Running): Promise<Inputs> {
  const { memoryLimit } = running;
  const options = memoryLimit === undefined ? {} : { memoryLimit };
  const { runner, close } = await openPlan(planGraph(step.graph), options);
  try {
    for (const [name, value] of Object.entries(running.state)) runner.write(name, value);
    const fill = batchFiller({ program, step }, tokens, runner);
    for (let t = running.first; t < running.step; t++) {
      running.signal?.throwIfAborted();
      fill(t);
      runner.write("rate", { data: Float32Array.of(rateOf(program.schedule, program.totalSteps, t)) });
      runner.run();
      await new Promise((wake) => setImmediate(wake));
    }
    return Object.fromEntries(step.state.map(({ name }) => [name, runner.read(name)]));
  } finally {
    await close();
  }
}

/** Zeros of the types of a step's inputs, for estimates and tests. */
export function emptyInputs({ step }: OpenProgram): Inputs {
  return Object.fromEntries(step.graph.inputs.map((input) => [input.name, createTensor(input)]));
}
