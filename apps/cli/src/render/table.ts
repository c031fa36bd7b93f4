// A table in plain columns. In a pipe nothing of it is cut. On a terminal that is too narrow, columns that say least go first; where
// that isn't enough, rows go on below: words stay whole. A table that is repainted in place (`tableLines`) keeps one line a row instead.
import { fit, hang, type Look, padEnd, padStart, paint, uncut, widthOf } from "./terminalText.ts";

export interface Column {
  title: string;
  align?: "left" | "right";
  /** Left away on a narrow terminal, the highest first; absent: never. */
  spare?: number;
}

type Rows = readonly (readonly string[])[];

/** Lines of a table, each indented by two columns and within `look.width`. */
export const tableLines = (columns: readonly Column[], rows: Rows, look: Look): string[] =>
  allLines(columns, rows, look).map((line) => fit(line, look.width));

/** The same for what stays on the screen or goes into a pipe. */
export function wholeTable(columns: readonly Column[], rows: Rows, look: Look): string[] {
  if (look.piped === true) return tableLines(columns, rows, uncut(look));
  const kept = keptColumns(columns, rows, look.width);
  const pick = <T>(cells: readonly T[]) => kept.map((index) => cells[index] as T);
  return allLines(pick(columns), rows.map(pick), look).flatMap((line) => hang(line, look.width));
}

const widthsOf = (columns: readonly Column[], rows: Rows): number[] =>
  columns.map((column, index) => Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[index] ?? ""))));

/** Numbers of the columns that there is room for. */
function keptColumns(columns: readonly Column[], rows: Rows, width: number): number[] {
  const widths = widthsOf(columns, rows);
  let kept = columns.map((_, index) => index);
  const needed = () => kept.reduce((sum, index) => sum + 2 + (widths[index] ?? 0), 0);
  const spare = columns
    .flatMap((column, index) => (column.spare === undefined ? [] : [{ index, spare: column.spare }]))
    .sort((a, b) => b.spare - a.spare);
  for (const { index } of spare) {
    if (needed() <= width) break;
    kept = kept.filter((one) => one !== index);
  }
  return kept;
}

function allLines(columns: readonly Column[], rows: Rows, look: Look): string[] {
  const widths = widthsOf(columns, rows);
  const line = (cells: readonly string[]) => {
    const padded = columns.map((column, index) =>
      (column.align === "right" ? padStart : padEnd)(cells[index] ?? "", widths[index] ?? 0),
    );
    return `  ${padded.join("  ")}`.trimEnd();
  };
  const head = line(columns.map((column) => column.title));
  return [paint(look, "dim", head), ...rows.map(line)];
}
