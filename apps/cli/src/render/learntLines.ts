// What a training taught, as lines: the curve of the loss, held-out bits per character beside the n-grams, a sample.
// The same for a job of the network and for a training on this machine.
import { grouped } from "./figures.ts";
import { type LossPoint, lossPlot } from "./lossPlot.ts";
import { tableLines } from "./table.ts";
import { harmless, type Look, paint, uncut } from "./terminalText.ts";

export interface Evaluated {
  bitsPerByte: number;
  baselineOneChar: number;
  baselineTwoChar: number;
  heldOutBytes: number;
}

const plot = { columns: 60, rows: 6 };
const sampleLines = 12;

export function lossLines(losses: readonly LossPoint[], look: Look): string[] {
  const lines = lossPlot(losses, { ...plot, columns: Math.min(plot.columns, look.width - 10) });
  if (lines.length === 0) return [];
  return [paint(look, "bold", "loss while training, bits per byte"), ...lines.map((line) => `  ${line}`)];
}

export function evaluationLines(evaluated: Evaluated | undefined, look: Look): string[] {
  if (evaluated === undefined) return [];
  const against = (baseline: number) =>
    evaluated.bitsPerByte < baseline
      ? paint(look, "green", `beaten by ${(baseline - evaluated.bitsPerByte).toFixed(2)}`)
      : paint(look, "red", `not beaten, ${(evaluated.bitsPerByte - baseline).toFixed(2)} worse`);
  const rows = [
    ["this model", evaluated.bitsPerByte.toFixed(3), ""],
    ["n-gram, one character of context", evaluated.baselineOneChar.toFixed(3), against(evaluated.baselineOneChar)],
    ["n-gram, two characters of context", evaluated.baselineTwoChar.toFixed(3), against(evaluated.baselineTwoChar)],
  ];
  return [
    paint(look, "bold", `bits per character on ${grouped(evaluated.heldOutBytes)} held-out bytes, lower is better`),
    ...tableLines([{ title: "" }, { title: "bits", align: "right" }, { title: "" }], rows, uncut(look)).slice(1),
  ];
}

export function sampleBlock(sample: string | undefined, look: Look): string[] {
  if (sample === undefined) return [];
  const lines = harmless(sample, { lines: true }).split("\n").slice(0, sampleLines);
  return [paint(look, "bold", "text the model wrote"), ...lines.map((line) => `  ${paint(look, "dim", "│")} ${line}`)];
}
