// Training steps: how much of the matmul kernel's speed a whole GPT step keeps, what commitments cost, how much memory a
// step takes, an MLP against tfjs. Rounds are interleaved; values are medians. Speeds of one thread are per second of its
// CPU time, so that a busy machine changes them little; the cost of commitments is wall clock and needs a free core.
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { createWasmKernels } from "../packages/tensor/src/kernel/wasmKernels.ts";
import { createTrainProgram } from "../packages/tensor/src/train/Program.ts";
import { trainPresets } from "../packages/tensor/src/train/presets.ts";
import { openTrainer } from "../packages/tensor/src/train/Trainer.ts";
import { type Bench, type Figure, figure, mustHold, quantile, ratioFigure } from "./report.ts";
import { tfjsMlp } from "./trainPeers.ts";
import { benchCorpus, gptSubject, large, mlpStart, mlpSubject, type Subject } from "./trainSubjects.ts";

const ROUNDS = 9;
const SIZE = 512;
const PRODUCTS = 8;
/** Steps of a round: some tenths of a second each. */
const SMALL_STEPS = 4;
/** As a job asks for them: segments of the preset, the next one asked for while one runs, so that only the last waits for its roots. */
const COMMITTED_SEGMENTS = 3;
/** Rounds of either order, seconds each: a neighbour's load drifts by more than what is measured. */
const COMMITTED_ROUNDS = 10;
const MLP_STEPS = 20;

export const bench: Bench = {
  name: "train",
  about:
    "GPT training steps against the matmul kernel's rate, the cost of commitments, memory, an MLP against tfjs-wasm",
  run: measure,
};

const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Milliseconds of this thread's CPU. */
function cpuMs(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

const times = (count: number, run: () => void) => () => {
  for (let i = 0; i < count; i++) run();
};

/** The kernel alone: products of two 512 x 512 matrices. */
async function matmulSubject() {
  const kernels = await createWasmKernels(4 * SIZE * SIZE * 4, { threads: 1 });
  const matrix = () => ({ at: kernels.reserve(SIZE * SIZE * 4), dtype: "f32" as const, shape: [SIZE, SIZE] });
  const plan = kernels.compile([{ call: "matmul", a: matrix(), b: matrix(), out: matrix() }]);
  return { operations: 2 * SIZE ** 3, run: () => kernels.run(plan), close: () => kernels.close() };
}

async function* efficiency(): AsyncGenerator<Figure> {
  const product = await matmulSubject();
  const [small, big] = [await gptSubject({ ...trainPresets.main }), await gptSubject(large)];
  const losses = [small, big].map(({ run }) => run());
  const rates: Record<"product" | "small" | "big", number[]> = { product: [], small: [], big: [] };
  for (let round = -1; round < ROUNDS; round++) {
    const measured = {
      product: (PRODUCTS * product.operations) / cpuMs(times(PRODUCTS, product.run)),
      small: (SMALL_STEPS * small.operations) / cpuMs(times(SMALL_STEPS, () => small.run())),
      big: big.operations / cpuMs(() => big.run()),
    };
    // The first round warms caches and compilers up.
    if (round >= 0) for (const name of ["product", "small", "big"] as const) rates[name].push(measured[name] / 1e6);
  }
  [small, big].forEach(({ run }, i) => {
    mustHold(run() < losses[i]!, "the loss of a batch that is trained again and again falls");
  });
  const share = (name: "small" | "big") => median(rates[name].map((rate, i) => rate / rates.product[i]!));
  const peer = { peer: `matmul kernel, ${SIZE} x ${SIZE} x ${SIZE}, GFLOP/s`, peerValue: median(rates.product) };
  yield ratioFigure("train.efficiency", share("big"), { ...peer, atLeast: 0.5 });
  yield ratioFigure("train.efficiency_small", share("small"), { ...peer, atLeast: 0.35 });
  yield* speeds({ small, big }, { small: median(rates.small), big: median(rates.big) });
  await Promise.all([product, small, big].map(({ close }) => close()));
}

type Pair<T> = { readonly small: T; readonly big: T };

function* speeds(subjects: Pair<Subject>, gflops: Pair<number>): Generator<Figure> {
  const tokens = (name: keyof Pair<Subject>) =>
    (subjects[name].tokens * gflops[name] * 1e9) / subjects[name].operations;
  yield figure("train.parameters", { value: subjects.big.parameters, unit: "parameters" });
  yield figure("train.tokens_per_second", { value: tokens("big"), unit: "tokens/s" });
  yield figure("train.parameters_small", { value: subjects.small.parameters, unit: "parameters" });
  yield figure("train.tokens_per_second_small", { value: tokens("small"), unit: "tokens/s" });
  const step = subjects.small.tokens / tokens("small");
  const seconds = step * trainPresets.main.stepsPerSegment;
  yield figure("train.segment_seconds", { value: seconds, unit: "s" }, { atMost: 30 });
}

/** Wall clock of the same steps with and without a root of every state. */
async function* commitOverhead(): AsyncGenerator<Figure> {
  const corpus = benchCorpus(200_000);
  const preset = { ...trainPresets.main, totalSteps: 100_000 };
  const program = createTrainProgram(preset, { corpus, seed: new Uint8Array(32) });
  const trainer = await openTrainer(program, corpus);
  const bare = await gptSubject(preset);
  const wall = async (run: () => unknown) => {
    const started = process.hrtime.bigint();
    await run();
    return Number(process.hrtime.bigint() - started) / 1e6;
  };
  const ratios: number[] = [];
  const stepMs: number[] = [];
  const steps = preset.stepsPerSegment * COMMITTED_SEGMENTS;
  const runBare = times(steps, () => bare.run());
  const runCommitted = () =>
    Promise.all(Array.from({ length: COMMITTED_SEGMENTS }, () => trainer.steps(preset.stepsPerSegment)));
  for (let round = -2; round < COMMITTED_ROUNDS; round++) {
    const bareFirst = round % 2 === 0;
    const first = await wall(bareFirst ? runBare : runCommitted);
    const second = await wall(bareFirst ? runCommitted : runBare);
    if (round < 0) continue;
    const [without, committed] = bareFirst ? [first, second] : [second, first];
    ratios.push(committed / without - 1);
    stepMs.push(without / steps);
  }
  const root = await trainer.stateRoot();
  mustHold(root.length === 32, "the state has a root");
  await Promise.all([trainer.close(), bare.close()]);
  yield figure("train.commit_overhead", { value: median(ratios), unit: "of a step's time" }, { atMost: 0.05 });
  yield figure("train.step_ms_small", { value: median(stepMs), unit: "ms" });
}

async function* againstTfjs(): AsyncGenerator<Figure> {
  const start = mlpStart();
  const own = await mlpSubject(start);
  const peer = await tfjsMlp(start);
  for (let step = 0; step < 5; step++) {
    const [ours, theirs] = [own.run(), peer()];
    mustHold(Math.abs(ours - theirs) < 1e-4, `both train the same MLP (loss ${ours} and ${theirs} at step ${step})`);
  }
  const rates = { own: [] as number[], peer: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    rates.own.push((1000 * MLP_STEPS) / cpuMs(times(MLP_STEPS, () => own.run())));
    rates.peer.push((1000 * MLP_STEPS) / cpuMs(times(MLP_STEPS, () => peer())));
  }
  await own.close();
  const ratio = median(rates.own.map((rate, i) => rate / rates.peer[i]!));
  yield ratioFigure("train.vs_tfjs", ratio, {
    peer: "tfjs-wasm 4.22, steps/s of the same MLP",
    peerValue: median(rates.peer),
    atLeast: 1,
  });
}

async function* measure(): AsyncGenerator<Figure> {
  yield* efficiency();
  if (availableParallelism() > 1) yield* commitOverhead();
  const script = fileURLToPath(new URL("./trainPeak.ts", import.meta.url));
  const peak = Number(execFileSync(process.execPath, [script], { encoding: "utf8" }));
  yield figure("train.peak_mb", { value: peak, unit: "MiB" }, { atMost: 1000 });
  yield* againstTfjs();
}
