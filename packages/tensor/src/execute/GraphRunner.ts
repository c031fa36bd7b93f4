// A plan in the memory of a kernel set, ready to run any number of times: constants are written once, calls compiled
// once, a run allocates nothing. With double-buffered state a run reads one half and writes the other, and the halves
// change places.
import { type ConstantData, constantValue } from "../graph/constants.ts";
import type { ValueType } from "../graph/Graph.ts";
import { createTensor, type TensorValue } from "../graph/TensorValue.ts";
import type { KernelSet, Plan } from "../kernel/KernelSet.ts";
import type { View as KernelView } from "../kernel/View.ts";
import { callsOf, kernelView, type PlannedCall } from "../plan/callsOf.ts";
import type { GraphPlan, PlannedBuffer } from "../plan/GraphPlan.ts";
import { storedBy } from "../plan/planGraph.ts";
import { wholeView } from "../plan/View.ts";
import { TensorError } from "../TensorError.ts";
import { type Half, type Regions, reserveRegions } from "./regions.ts";

export type GraphRunner = {
  readonly plan: GraphPlan;
  /** Half of the state that the next run reads. */
  readonly half: Half;
  /** Where an input of the graph lies; state in the half that the next run reads unless another is named. */
  inputView(name: string, half?: Half): KernelView;
  /** Where an output of the graph lies after the last run. */
  outputView(name: string): KernelView;
  /** Copies a tensor in. State goes to the half that the next run reads, a state that no run writes to both. */
  write(name: string, value: Pick<TensorValue, "data">): void;
  /** Copies an output out. */
  read(name: string): TensorValue;
  /** The part of a run before the next state is written; does nothing for a graph without. */
  begin(): void;
  /** The rest of a run; the halves have changed places when it returns. */
  finish(): void;
  /** A whole run. Throws TensorError `bad-index` naming the node whose index is out of range. */
  run(): void;
};

export type RunnerOptions = {
  /** Bytes of the graph's `data` constants. */
  readonly data?: ConstantData;
};

/** Reserves memory for the plan, writes its constants and compiles its calls. Throws what the kernel set throws. */
export function openRunner(kernels: KernelSet, plan: GraphPlan, options: RunnerOptions = {}): GraphRunner {
  const regions = reserveRegions(kernels, plan);
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.value, buffer]));
  writeConstants(kernels, plan, { regions, buffers, data: options.data ?? new Map() });
  const halves = regions.map((bases) => compileHalf(kernels, plan, callsOf(plan, bases)));
  const inputs = new Map(plan.graph.inputs.map((input, i) => [input.name, { ...input, value: i }]));
  const outputs = new Map(plan.graph.outputs.map(({ name }, i) => [name, plan.outputs[i]!]));
  const updated = new Set(plan.graph.outputs.map(({ name }) => name));
  let half: Half = 0;
  const inputView = (name: string, of: Half = half): KernelView => {
    const { value, shape } = known(inputs, name);
    return kernelView({ bases: regions[of] ?? regions[0]!, buffers }, wholeView(value, shape));
  };
  const outputView = (name: string): KernelView => {
    const last = regions[regions.length === 1 ? 0 : 1 - half]!;
    return kernelView({ bases: last, buffers }, known(outputs, name));
  };
  const runner: GraphRunner = {
    plan,
    get half() {
      return half;
    },
    inputView,
    outputView,
    write(name, { data }) {
      kernels.write(inputView(name), data);
      const { role } = known(inputs, name);
      if (role === "state" && !updated.has(name) && regions.length > 1)
        kernels.write(inputView(name, half === 0 ? 1 : 0), data);
    },
    read(name) {
      const value = createTensor(outputType(plan, name));
      kernels.read(outputView(name), value.data);
      return value;
    },
    begin: () => kernels.run(halves[half]!.begin),
    finish() {
      kernels.run(halves[half]!.finish);
      if (regions.length > 1) half = half === 0 ? 1 : 0;
    },
    run() {
      runner.begin();
      runner.finish();
    },
  };
  return runner;
}

function known<T>(entries: ReadonlyMap<string, T>, name: string): T {
  const entry = entries.get(name);
  if (entry === undefined)
    throw new TensorError(
      "bad-option",
      `the graph has no ${name}`,
      `use one of ${Array.from(entries.keys()).slice(0, 20)}`,
    );
  return entry;
}

function outputType({ graph, outputs, buffers }: GraphPlan, name: string): ValueType {
  const { root, shape } = outputs[graph.outputs.findIndex((output) => output.name === name)]!;
  return { dtype: buffers.find(({ value }) => value === root)!.type.dtype, shape };
}

type Placing = {
  readonly regions: Regions;
  readonly buffers: ReadonlyMap<number, PlannedBuffer>;
  readonly data: ConstantData;
};

function writeConstants(kernels: KernelSet, { graph }: GraphPlan, { regions, buffers, data }: Placing): void {
  graph.constants.forEach((constant, i) => {
    const value = constantValue(constant, data);
    const view = kernelView({ bases: regions[0]!, buffers }, wholeView(graph.inputs.length + i, value.shape));
    kernels.write(view, value.data);
  });
}

type CompiledHalf = { readonly begin: Plan; readonly finish: Plan };

/** Cut before the first call that writes the next state. */
function compileHalf(kernels: KernelSet, plan: GraphPlan, calls: readonly PlannedCall[]): CompiledHalf {
  const next = new Set(plan.buffers.flatMap(({ region, value }) => (region === "next" ? [value] : [])));
  const first = calls.findIndex(({ step }) => storedBy(step).some((value) => next.has(value)));
  const cut = first < 0 ? calls.length : first;
  const compiled = (part: readonly PlannedCall[]) => kernels.compile(part.map(({ call }) => call));
  return { begin: compiled(calls.slice(0, cut)), finish: compiled(calls.slice(cut)) };
}
