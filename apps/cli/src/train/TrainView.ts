// The state of a training on this machine as a person sees it: how far, how fast, how much longer, the loss so far.
// Pure: times are handed in.
import type { LossPoint } from "../render/lossPlot.ts";
import type { Saved } from "./TrainFolder.ts";

export interface TrainView {
  name: string;
  /** Steps that are done, and in all. */
  step: number;
  totalSteps: number;
  /** Of the last steps' mean loss; undefined before the first. */
  bitsPerByte?: number;
  tokensPerSecond?: number;
  secondsLeft?: number;
  losses: readonly LossPoint[];
  saved?: Saved;
}

/** What turns losses and steps of a program into bits per byte and tokens. */
export interface Measure {
  tokensPerStep: number;
  bytesPerToken: number;
}

export type Results = readonly { step: number; loss: number }[];

const mostPoints = 512;
/** Time over which the pace is measured, so that it follows what else the machine does. */
const paceMs = 15_000;

/** Nats per token, as bits per byte of the text. */
export const bitsOf = (loss: number, { bytesPerToken }: Measure): number => loss / Math.LN2 / bytesPerToken;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Points of a curve with those of `results` behind them; neighbours become one when there are too many. */
export function lossesWith(known: readonly LossPoint[], results: Results, measure: Measure): readonly LossPoint[] {
  let points = [...known, ...results.map(({ step, loss }) => ({ step: step + 1, bitsPerByte: bitsOf(loss, measure) }))];
  while (points.length > mostPoints)
    points = points.flatMap((point, i) => {
      const next = points[i + 1];
      if (i % 2 === 1) return [];
      return [next === undefined ? point : { ...next, bitsPerByte: (point.bitsPerByte + next.bitsPerByte) / 2 }];
    });
  return points;
}

/** Steps done at a time, the oldest first. */
export type Pace = readonly { step: number; atMs: number }[];

/** The last stretch of a pace with one more report. */
export function paceWith(pace: Pace, report: { step: number; atMs: number }): Pace {
  const reports = [...pace, report];
  const first = reports.findLastIndex(({ atMs }) => report.atMs - atMs >= paceMs);
  return reports.slice(Math.max(0, first));
}

/** The view after more steps. */
export function viewAfter(
  view: TrainView,
  results: Results,
  { pace, measure }: { pace: Pace; measure: Measure },
): TrainView {
  const step = (results.at(-1)?.step ?? view.step - 1) + 1;
  const next: TrainView = {
    ...view,
    step,
    bitsPerByte: bitsOf(mean(results.map(({ loss }) => loss)), measure),
    losses: lossesWith(view.losses, results, measure),
  };
  const [first, last] = [pace[0], pace.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs || last.step <= first.step) return next;
  const stepsPerSecond = ((last.step - first.step) * 1000) / (last.atMs - first.atMs);
  return {
    ...next,
    tokensPerSecond: stepsPerSecond * measure.tokensPerStep,
    secondsLeft: (view.totalSteps - step) / stepsPerSecond,
  };
}
