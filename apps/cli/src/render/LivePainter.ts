// Repaints a block of lines in place on a terminal, at most ten times a second; everything above it scrolls as usual.
import type { WriteStream } from "node:tty";
import { widthOf } from "./terminalText.ts";

export interface Painter {
  /** Shows these lines in place of the last ones, now or when the next frame is due. */
  show(lines: () => string[]): void;
  /** Shows the last asked-for lines for good; what is written next goes below them. */
  finish(): void;
}

/** What a painter needs of a terminal. */
export type Screen = Pick<WriteStream, "write" | "rows" | "columns">;

const frameMs = 100;

/** Rows that lines take once the terminal has broken them anew for its width: a narrower window makes more of them. */
export const rowsOf = (lines: readonly string[], columns: number): number =>
  lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(widthOf(line) / Math.max(1, columns))), 0);

/** The bytes that replace `previous` rows above the cursor by `lines`. */
export function repaint(previous: number, lines: readonly string[]): string {
  const up = previous > 0 ? `\u001b[${previous}A` : "";
  return `\u001b[?2026h${up}\r\u001b[J${lines.map((line) => `${line}\n`).join("")}\u001b[?2026l`;
}

export function livePainter(stream: Screen): Painter {
  let shown: readonly string[] = [];
  let wanted: (() => string[]) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const paintNow = () => {
    timer = undefined;
    if (wanted === undefined) return;
    // More lines than rows could not be taken back: the terminal keeps what scrolled off.
    const lines = wanted().slice(-Math.max(1, (stream.rows || 24) - 1));
    wanted = undefined;
    stream.write(repaint(rowsOf(shown, stream.columns || Number.MAX_SAFE_INTEGER), lines));
    shown = lines;
  };
  return {
    show(lines) {
      wanted = lines;
      timer ??= setTimeout(paintNow, shown.length === 0 ? 0 : frameMs);
    },
    finish() {
      clearTimeout(timer);
      paintNow();
      shown = [];
    },
  };
}
