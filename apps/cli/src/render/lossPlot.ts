// The loss over the steps as a picture of dots (braille: two dots wide, four high per character), and as one line of
// blocks. Pure; the points are the provider's word until a segment is audited.
import { grouped } from "./figures.ts";

export interface LossPoint {
  step: number;
  bitsPerByte: number;
}

/** Mean of the points in each of `columns` equal parts of the steps; empty parts are drawn through. */
function resample(points: readonly LossPoint[], columns: number): number[] {
  const [from, to] = [points[0]?.step ?? 0, points.at(-1)?.step ?? 0];
  return Array.from({ length: columns }, (_, column) => {
    const at = from + ((to - from) * column) / Math.max(1, columns - 1);
    const half = (to - from) / Math.max(1, columns - 1) / 2;
    const near = points.filter(({ step }) => Math.abs(step - at) <= half);
    if (near.length > 0) return near.reduce((sum, { bitsPerByte }) => sum + bitsPerByte, 0) / near.length;
    return between(points, at);
  });
}

function between(points: readonly LossPoint[], at: number): number {
  const after = points.find(({ step }) => step >= at) ?? points.at(-1);
  const before = points.findLast(({ step }) => step <= at) ?? points[0];
  if (after === undefined || before === undefined) return 0;
  if (after.step === before.step) return after.bitsPerByte;
  const part = (at - before.step) / (after.step - before.step);
  return before.bitsPerByte + part * (after.bitsPerByte - before.bitsPerByte);
}

const blocks = "▁▂▃▄▅▆▇█";

/** "█▅▃▂▁▁", highest loss highest; empty before there are two points. */
export function lossLine(points: readonly LossPoint[], columns: number): string {
  if (points.length < 2 || columns < 2) return "";
  const values = resample(points, Math.min(columns, points.length));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const level = (value: number) => (high === low ? 0 : Math.round(((value - low) / (high - low)) * 7));
  return values.map((value) => blocks[level(value)]).join("");
}

/** Bits of a braille character, by row and column of its dots. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** `rows` lines of picture with the scale at their left, and one with the steps below; none before two points. */
export function lossPlot(points: readonly LossPoint[], size: { columns: number; rows: number }): string[] {
  if (points.length < 2 || size.columns < 4 || size.rows < 2) return [];
  const height = size.rows * 4;
  const values = resample(points, size.columns * 2);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rowOf = (value: number) =>
    high === low ? height - 1 : Math.round(((high - value) / (high - low)) * (height - 1));
  const cells = Array.from({ length: size.rows }, () => new Array<number>(size.columns).fill(0));
  let last = rowOf(values[0] as number);
  for (const [x, value] of values.entries()) {
    const row = rowOf(value);
    // The way from the last dot is filled, so that a steep fall is a line and not two dots.
    const [first, end] = row > last ? [last + 1, row] : row < last ? [row, last - 1] : [row, row];
    for (let y = first; y <= end; y++) mark(cells, x, y);
    last = row;
  }
  return withScale(cells, { points, low, high, columns: size.columns });
}

function mark(cells: number[][], x: number, y: number): void {
  const line = cells[y >> 2];
  const bit = dots[y & 3]?.[x & 1];
  if (line === undefined || bit === undefined) return;
  line[x >> 1] = (line[x >> 1] ?? 0) | bit;
}

function withScale(
  cells: readonly number[][],
  scale: { points: readonly LossPoint[]; low: number; high: number; columns: number },
): string[] {
  const [top, bottom] = [scale.high.toFixed(2), scale.low.toFixed(2)];
  const width = Math.max(top.length, bottom.length);
  const picture = cells.map((line, row) => {
    const label = row === 0 ? top : row === cells.length - 1 ? bottom : "";
    const text = line.map((bits) => (bits === 0 ? " " : String.fromCodePoint(0x2800 + bits))).join("");
    return `${label.padStart(width)} ${label === "" ? "│" : "┤"}${text}`.trimEnd();
  });
  const [from, to] = [`step ${grouped(scale.points[0]?.step ?? 0)}`, grouped(scale.points.at(-1)?.step ?? 0)];
  const gap = Math.max(1, scale.columns - from.length - to.length);
  return [...picture, `${" ".repeat(width + 2)}${from}${" ".repeat(gap)}${to}`];
}
