// What it costs to check a segment, as a multiple of what it cost to make: a provider's worker process trains the main job's
// GPT segment by segment, and after each an auditor's worker process starts, replays it from its start checkpoint and gives
// its verdict. Everything that an auditor computes counts, from the start of its process to its end; what it fetches does
// not. A process, its code and the corpus cost the same for a segment of any length (`start_ms`): `cost` is that of segments
// of some ten seconds, `main_cost` that of the main job's own of one or two.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeroHash } from "@weft/protocol/fields";
import type { SegmentCommitment } from "@weft/protocol/Segment";
import type { SegmentEvent } from "../packages/compute/src/Runtime.ts";
import { replaySegment } from "../packages/compute/src/tensor/replaySegment.ts";
import { WorkerProcess } from "../packages/compute/src/tensor/WorkerProcess.ts";
import { toHex } from "../packages/tensor/src/sha256.ts";
import { createTrainProgram, type TrainProgram, trainProgramHash } from "../packages/tensor/src/train/Program.ts";
import { trainPresets } from "../packages/tensor/src/train/presets.ts";
import { verdictOf } from "../packages/verification/src/verdict.ts";
import { cpuSeconds } from "./processes.ts";
import { tinyShakespeare } from "./realInputs.ts";
import { type Bench, type Figure, figure, mustHold, quantile } from "./report.ts";

const ROUNDS = 9;
const LONG_STEPS = 200;
/** The same for both: an auditor's own niceness moves its work to when the machine is free, it doesn't make it less. */
const LIMITS = { threads: 1, memoryMiB: 1024, nice: 0 } as const;

export const bench: Bench = {
  name: "audit",
  about: "checking a segment of the main job's 0.8M GPT as a multiple of its own run time",
  run: measure,
};

type Spent = { readonly ms: number; readonly cpuMs: number };
type Round = {
  readonly made: Spent;
  readonly checked: Spent;
  /** Of the check: milliseconds that the segment's steps took again. */
  readonly rerunMs: number;
};

/** Wall clock, and CPU time of this process and all below it. */
async function spent<T>(run: () => Promise<T>): Promise<[Spent, T]> {
  const cpu = () => 1000 * (cpuSeconds(process.pid) ?? Number.NaN);
  const [before, started] = [cpu(), performance.now()];
  const result = await run();
  const ms = performance.now() - started;
  return [{ ms, cpuMs: cpu() - before }, result];
}

/** A provider's worker that computes a segment when it is told to. */
function startProvider(program: TrainProgram, { corpusPath, folder }: { corpusPath: string; folder: string }) {
  const ready: SegmentEvent[] = [];
  let taken = 0;
  let wake: (() => void) | undefined;
  const worker = new WorkerProcess({
    task: { kind: "train", program: { ...program }, corpusPath, ...LIMITS, folder, credits: 1 },
    writable: folder,
    onReport: (report) => {
      if (report.type === "segment") ready.push(report);
      wake?.();
    },
  });
  return {
    async nextSegment(): Promise<SegmentEvent> {
      // The first one is computed without being asked for.
      if (taken > 0) worker.send({ type: "credit" });
      while (ready.length === 0) {
        const event = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const failure = await Promise.race([event, worker.ended]);
        if (failure !== undefined) throw new Error(`the provider's worker ended: ${failure.message}`);
      }
      taken++;
      return ready.shift()!;
    },
    stop: () => worker.stop("the bench is over"),
  };
}

function commitmentOf(event: SegmentEvent, program: TrainProgram): SegmentCommitment {
  return {
    leaseId: zeroHash,
    orderHash: zeroHash,
    segment: BigInt(event.segment),
    firstStep: BigInt(event.firstStep),
    lastStep: BigInt(event.lastStep),
    program: toHex(trainProgramHash(program)),
    dataRoot: program.dataRoot as `0x${string}`,
    ...event.trace,
    checkpoint: event.checkpoint.contentId,
    meteredSeconds: BigInt(Math.ceil(event.meteredMs / 1000)),
    tokens: BigInt(event.tokens),
    beaconRound: 0n,
  };
}

type Checked = { readonly before: SegmentEvent; readonly event: SegmentEvent };

/** What an auditor does once it has corpus and checkpoint; milliseconds that the steps took. */
async function check(program: TrainProgram, corpusPath: string, { before, event }: Checked): Promise<number> {
  const { path: checkpointPath, contentId } = before.checkpoint;
  const { segment } = event;
  const start = { checkpointPath, contentId, segment };
  const replayed = await replaySegment({ program, corpusPath, segment, start, limits: LIMITS });
  const commitment = commitmentOf(event, program);
  const order = { index: 7, program: commitment.program, dataRoot: commitment.dataRoot };
  mustHold(verdictOf(commitment, replayed, order).ok, `segment ${segment} is found right`);
  const lie = { ...commitment, endRoot: zeroHash };
  mustHold(!verdictOf(lie, replayed, order).ok, `a lie about segment ${segment} is found`);
  return replayed.meteredMs;
}

/** Segments of that many steps, each made and then checked. */
async function rounds(stepsPerSegment: number, folder: string): Promise<Round[]> {
  const { path: corpusPath, corpus } = tinyShakespeare();
  const preset = { ...trainPresets.main, stepsPerSegment, totalSteps: stepsPerSegment * (ROUNDS + 1) };
  const program = createTrainProgram(preset, { corpus, seed: new Uint8Array(32).fill(3) });
  const provider = startProvider(program, { corpusPath, folder });
  try {
    const measured: Round[] = [];
    // The first one pays for the provider's own start.
    let before = await provider.nextSegment();
    for (let round = 0; round < ROUNDS; round++) {
      const [made, event] = await spent(() => provider.nextSegment());
      const segments = { before, event };
      const [checked, rerunMs] = await spent(() => check(program, corpusPath, segments));
      measured.push({ made, checked, rerunMs });
      before = event;
    }
    return measured;
  } finally {
    await provider.stop();
  }
}

async function* measure(): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "weft-audit-"));
  try {
    yield* figures(await rounds(trainPresets.main.stepsPerSegment, folder), "main_");
    yield* figures(await rounds(LONG_STEPS, folder), "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function* figures(measured: readonly Round[], prefix: "" | "main_"): Generator<Figure> {
  const median = (of: (round: Round) => number) => quantile(measured.map(of), 0.5);
  const limit = prefix === "" ? { atMost: 1.1 } : {};
  const cost = median(({ made, checked }) => checked.ms / made.ms);
  yield figure(`audit.${prefix}cost`, { value: cost, unit: "times the segment's run time" }, limit);
  const cpu = median(({ made, checked }) => checked.cpuMs / made.cpuMs);
  if (!Number.isNaN(cpu))
    yield figure(`audit.${prefix}cost_cpu`, { value: cpu, unit: "times the segment's CPU time" }, limit);
  yield figure(`audit.${prefix}segment_ms`, { value: median(({ made }) => made.ms), unit: "ms" });
  yield figure(`audit.${prefix}start_ms`, {
    value: median(({ checked, rerunMs }) => checked.ms - rerunMs),
    unit: "ms",
  });
}
