// The steps of one segment once more, for a dispute: loss and state root after each, and the state before any of them. On
// past a NaN: what a step computes is defined all the same. Steps are run as a training runs them; a step that a cheat
// meddles with is walked value by value.

import { type GraphRunner, openRunner } from "../execute/GraphRunner.ts";
import { checkMemory, estimateBytes, type Threads } from "../execute/openGraph.ts";
import { createTensor, type TensorValue, tensorFrom } from "../graph/TensorValue.ts";
import { stateRootFrom } from "../HashLayout.ts";
import { hashRoomBytes } from "../kernel/hashRoom.ts";
import type { KernelSet } from "../kernel/KernelSet.ts";
import { readValueRoots } from "../kernel/valueRoots.ts";
import { createWasmKernels } from "../kernel/wasmKernels.ts";
import { planGraph } from "../plan/planGraph.ts";
import { batchFiller } from "../train/batchFiller.ts";
import { hashBytes } from "../train/hashBytes.ts";
import type { OpenProgram } from "../train/Program.ts";
import { rateOf } from "../train/schedule.ts";
import type { Cheat, Meddling } from "./Cheat.ts";
import { wordOf } from "./TensorLayout.ts";
import { traceStep } from "./Trace.ts";
import type { NanPlace, StepAfter } from "./TreeSource.ts";

export type State = Readonly<Record<string, TensorValue>>;

/** Where a run begins: the state before `step`. */
export type RunStart = { readonly step: number; readonly state: State };

export type RunOptions = {
  /** Of the training part. */
  readonly tokens: Int32Array;
  readonly start: RunStart;
  readonly cheat?: Cheat | undefined;
  readonly threads?: Threads | undefined;
  readonly memoryLimit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after every step. */
  readonly onStep?: (() => void) | undefined;
};

type Running = {
  readonly open: OpenProgram;
  readonly options: RunOptions;
  readonly kernels: KernelSet;
  readonly runner: GraphRunner;
  /** Writes the batch of a step. */
  readonly fill: (step: number) => void;
  /** Where digests go. */
  readonly room: number;
};

/** Opens a runner at the start, hands it over, and closes it. */
async function running<T>(open: OpenProgram, options: RunOptions, use: (run: Running) => Promise<T>): Promise<T> {
  const plan = planGraph(open.step.graph);
  const threads = options.threads ?? 1;
  const { state } = open.step;
  const bytes = estimateBytes(plan, threads) + hashBytes(state) + 8192;
  checkMemory(bytes, options.memoryLimit);
  const kernels = await createWasmKernels(bytes, { threads });
  try {
    const runner = openRunner(kernels, plan);
    const room = kernels.reserve(hashRoomBytes(state));
    const fill = batchFiller(open, options.tokens, runner);
    writeState(runner, options.start.state);
    return await use({ open, options, kernels, runner, fill, room });
  } finally {
    await kernels.close();
  }
}

function writeState(runner: GraphRunner, state: State): void {
  for (const [name, value] of Object.entries(state)) runner.write(name, value);
}

function stateIn({ open, kernels, runner }: Running): State {
  const entries = open.step.state.map(({ name, shape }) => {
    const value = createTensor({ dtype: "f32", shape });
    kernels.read(runner.inputView(name), value.data);
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

const rateAt = ({ program }: OpenProgram, step: number): number => rateOf(program.schedule, program.totalSteps, step);

const CANONICAL_NAN = 0x7fc00000;

function nanIn(run: Running, step: number): NanPlace | undefined {
  const state = stateIn(run);
  for (const [entry, { name }] of run.open.step.state.entries()) {
    const { data } = state[name]!;
    for (let element = 0; element < data.length; element++)
      if (Number.isNaN(data[element])) return { step, entry, element };
  }
  return undefined;
}

/** Runs a step; the word of its loss. The loop turns once, so that a signal is seen. */
async function runStep(run: Running, step: number): Promise<number> {
  const { open, options, runner, fill } = run;
  options.signal?.throwIfAborted();
  const meddling = options.cheat?.(step);
  if (meddling !== undefined) return meddle(run, step, meddling);
  options.onStep?.();
  fill(step);
  runner.write("rate", { data: Float32Array.of(rateAt(open, step)) });
  runner.run();
  await new Promise((wake) => setImmediate(wake));
  return wordOf(runner.read("loss"), 0);
}

async function meddle(run: Running, step: number, meddling: Meddling): Promise<number> {
  const { open, options } = run;
  const before = stateIn(run);
  const given = inputsFrom(open, { tokens: options.tokens, state: before, step });
  const { memoryLimit, signal } = options;
  const inputs = meddling.inputs?.(given) ?? given;
  const trace = await traceStep(open, { step, inputs, changeOf: meddling.changeOf, memoryLimit, signal });
  const { graph } = open.step;
  const outputs = await trace.read(graph.outputs.map(({ value }) => value));
  const found = new Map(graph.outputs.map(({ name }, i) => [name, outputs[i]!]));
  const after = Object.fromEntries(open.step.state.map(({ name }) => [name, found.get(name) ?? inputs[name]!]));
  writeState(run.runner, meddling.state?.(before, after) ?? after);
  const word = wordOf(found.get("loss")!, 0);
  return meddling.lossWord?.(word) ?? word;
}

/** Root of what lies in the half that the next run reads, hashed where it lies. */
function stateRootIn({ open, kernels, runner, room }: Running, nextStep: number): Uint8Array {
  const call = { call: "hash", values: open.step.state.map(({ name }) => runner.inputView(name)), room } as const;
  const plan = kernels.compile([call]);
  kernels.run(plan);
  plan.release();
  const names = open.step.state.map(({ name }) => name);
  return stateRootFrom(nextStep, names, readValueRoots(kernels, call));
}

/** Loss and state root after each step, and the first NaN in one of them. */
export type StepsRun = { readonly after: readonly StepAfter[]; readonly nan: NanPlace | undefined };

/** Runs from the start to `lastStep`. Throws TensorError `over-memory`, `bad-index`. */
export async function runSteps(open: OpenProgram, options: RunOptions, lastStep: number): Promise<StepsRun> {
  return running(open, options, async (run) => {
    const after: StepAfter[] = [];
    let nan: NanPlace | undefined;
    for (let step = options.start.step; step <= lastStep; step++) {
      const lossWord = await runStep(run, step);
      after.push({ lossWord, stateRoot: stateRootIn(run, step + 1) });
      nan ??= lossWord === CANONICAL_NAN ? { step } : nanIn(run, step);
    }
    return { after, nan };
  });
}

/** The state before a step at or after the start. Throws TensorError `over-memory`, `bad-index`. */
export async function stateBefore(open: OpenProgram, options: RunOptions, step: number): Promise<State> {
  if (step === options.start.step) return options.start.state;
  return running(open, options, async (run) => {
    for (let at = options.start.step; at < step; at++) await runStep(run, at);
    return stateIn(run);
  });
}

/** The inputs of a step by name: state, batch and rate. */
export function inputsFrom(
  open: OpenProgram,
  { tokens, state, step }: { readonly tokens: Int32Array; readonly state: State; readonly step: number },
): State {
  const batch: Record<string, TensorValue> = {};
  const types = new Map([open.step.batch.data, open.step.batch.targets].map((input) => [input.name, input]));
  const keep = (name: string, { data }: Pick<TensorValue, "data">) => {
    batch[name] = tensorFrom("i32", types.get(name)!.shape, data);
  };
  batchFiller(open, tokens, { write: keep })(step);
  return { ...state, ...batch, rate: tensorFrom("f32", [1], [rateAt(open, step)]) };
}
