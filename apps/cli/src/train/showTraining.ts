// Follows a training on this machine: the live screen, a line per tenth or minute in a pipe, or JSON lines.
import type { Context } from "../Context.ts";
import { livePainter } from "../render/LivePainter.ts";
import { savedText, trainLiveLines, trainPlainLine } from "../render/trainLines.ts";
import type { Saved } from "./TrainFolder.ts";
import { type Measure, type Pace, paceWith, type Results, type TrainView, viewAfter } from "./TrainView.ts";

export interface TrainingScreen {
  readonly view: TrainView;
  /** The trainer stands at the view's step: from here on the pace is measured. */
  started(): void;
  steps(results: Results): void;
  saved(saved: Saved): void;
  /** Leaves the last picture on the screen. */
  finish(): void;
}

const clockMs = 1000;
const reportMs = 1000;
/** A pipe hears at least as often, however long a tenth of the steps takes. */
const plainMs = 60_000;

export function showTraining(context: Context, first: TrainView, measure: Measure): TrainingScreen {
  let view = first;
  let pace: Pace = [];
  const startedAt = performance.now();
  const painter = context.live ? livePainter(process.stdout) : undefined;
  const paint = () =>
    painter?.show(() => trainLiveLines(view, { look: context.look, seconds: (performance.now() - startedAt) / 1000 }));
  // The elapsed time goes on between steps.
  const timer = painter === undefined ? undefined : setInterval(paint, clockMs);
  let reportedAt = Number.NEGATIVE_INFINITY;
  let saidAt = startedAt;
  const report = () => {
    const now = performance.now();
    if (now - reportedAt < reportMs && view.step < view.totalSteps) return;
    reportedAt = now;
    const { step, totalSteps, bitsPerByte, tokensPerSecond, secondsLeft } = view;
    context.emit({ kind: "progress", step, totalSteps, bitsPerByte, tokensPerSecond, secondsLeft });
  };
  const say = (before: TrainView) => {
    const now = performance.now();
    const line = trainPlainLine(before, view, now - saidAt >= plainMs);
    if (line === undefined) return;
    saidAt = now;
    context.say(line);
  };
  return {
    get view() {
      return view;
    },
    started() {
      pace = paceWith([], { step: view.step, atMs: performance.now() });
      paint();
    },
    steps(results) {
      const before = view;
      pace = paceWith(pace, { step: results.at(-1)!.step + 1, atMs: performance.now() });
      view = viewAfter(view, results, { pace, measure });
      report();
      if (painter === undefined) say(before);
      paint();
    },
    saved(saved) {
      view = { ...view, saved };
      context.emit({ kind: "checkpoint", ...saved });
      if (painter === undefined) context.say(savedText(saved));
      paint();
    },
    finish() {
      clearInterval(timer);
      painter?.finish();
    },
  };
}
