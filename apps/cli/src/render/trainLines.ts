// A training on this machine on the screen: live, a line per event in a pipe, and the report at its end. Pure.
import type { Saved } from "../train/TrainFolder.ts";
import type { TrainView } from "../train/TrainView.ts";
import { bytesOf, clockOf, compact, grouped } from "./figures.ts";
import { type Evaluated, evaluationLines, lossLines, sampleBlock } from "./learntLines.ts";
import { progressBar } from "./liveLines.ts";
import { lossPlot } from "./lossPlot.ts";
import { fit, type Look, paint, shellWord } from "./terminalText.ts";

const livePlot = { columns: 60, rows: 5 };

const figures = ({ step, totalSteps, bitsPerByte, tokensPerSecond, secondsLeft }: TrainView): string[] => [
  `step ${grouped(step)}/${grouped(totalSteps)}`,
  ...(bitsPerByte === undefined ? [] : [`${bitsPerByte.toFixed(3)} bits/byte`]),
  ...(tokensPerSecond === undefined ? [] : [`${compact(tokensPerSecond)} tokens/s`]),
  ...(secondsLeft === undefined || step === totalSteps ? [] : [`${clockOf(secondsLeft)} left`]),
];

export function trainLiveLines(view: TrainView, { look, seconds }: { look: Look; seconds: number }): string[] {
  const plot = lossPlot(view.losses, { ...livePlot, columns: Math.min(livePlot.columns, look.width - 10) });
  return [
    `${paint(look, "bold", "weft")}  ${view.name}  training here  ${clockOf(seconds)}`,
    progressBar(view.step / view.totalSteps, look),
    `  ${figures(view).join("  ")}`,
    ...plot.map((line) => `  ${line}`),
    ...(view.saved === undefined ? [] : [paint(look, "dim", `  ${savedText(view.saved)}`)]),
  ].map((line) => fit(line, look.width));
}

export const savedText = ({ step, path, bytes }: Saved): string =>
  `checkpoint of step ${grouped(step)}: ${path} (${bytesOf(bytes)})`;

/** The line of a pipe, one per tenth of the way, and one when the last is `overdue`. */
export function trainPlainLine(before: TrainView, after: TrainView, overdue = false): string | undefined {
  const tenth = ({ step, totalSteps }: TrainView) => Math.floor((10 * step) / totalSteps);
  return tenth(before) === tenth(after) && !overdue ? undefined : figures(after).join(", ");
}

export interface TrainReport {
  view: TrainView;
  seconds: number;
  programHash: string;
  evaluated?: Evaluated;
  sample?: string;
}

/** What stays: nothing of it is cut, so that paths and hashes can be copied from any terminal. */
export function trainReportLines({ view, seconds, programHash, ...learnt }: TrainReport, look: Look): string[] {
  const sections = [
    [
      paint(
        look,
        "green",
        `done: ${view.name}, ${grouped(view.totalSteps)} steps${seconds > 0 ? ` in ${clockOf(seconds)}` : ", trained before"}`,
      ),
    ],
    lossLines(view.losses, look),
    evaluationLines(learnt.evaluated, look),
    sampleBlock(learnt.sample, look),
    view.saved === undefined ? [] : modelLines(view.saved, programHash, look),
  ].filter((lines) => lines.length > 0);
  return sections.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

function modelLines({ path, bytes, contentId }: Saved, programHash: string, look: Look): string[] {
  return [
    paint(look, "bold", "model (safetensors)"),
    `  ${path}  ${bytesOf(bytes)}`,
    `  sha-256  ${contentId}`,
    `  program  ${programHash}`,
    `  go on with: weft generate ${shellWord(path)} --prompt "…"`,
  ];
}
