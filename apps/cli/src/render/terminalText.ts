// Text for a terminal: colour, width in columns, cutting and padding. Text that came from others (models, nodes,
// gateways) passes through `harmless` first, so that it cannot move the cursor or retitle the window.
import { stripVTControlCharacters, styleText } from "node:util";

export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

export interface Look {
  colour: boolean;
  /** Columns of the terminal. */
  width: number;
  /** No terminal: what is printed as a table goes to a file or another program, and nothing of it is left away. */
  piped?: boolean;
}

/** Nothing is cut: for what stays on the screen and is copied from it. A terminal breaks its lines. */
export const uncut = (look: Look): Look => ({ colour: look.colour, width: Number.MAX_SAFE_INTEGER });

/** Colour only on a terminal that has it and whose user did not ask for none (no-color.org). */
export function wantsColour(environment: Record<string, string | undefined>, isTerminal: boolean): boolean {
  if (environment["NO_COLOR"]) return false;
  if (environment["FORCE_COLOR"] && environment["FORCE_COLOR"] !== "0") return true;
  return isTerminal && environment["TERM"] !== "dumb";
}

export const paint = (look: Look, style: Style, text: string): string =>
  look.colour && text !== "" ? styleText(style, text, { validateStream: false }) : text;

/** Control characters removed or made visible; line feeds and tabs become a space unless `lines` keeps line feeds. */
export function harmless(text: string, options: { lines?: boolean } = {}): string {
  const plain = stripVTControlCharacters(text).replace(/\r\n?/g, "\n").replace(/\t/g, "  ");
  return (
    plain
      .replace(/\n/g, options.lines ? "\n" : " ")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, "·")
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with escape
const colourCode = /(\u001b\[[0-9;]*m)/;

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const mark = /\p{Mark}/u;

const columnsOf = (character: string): number => (mark.test(character) ? 0 : wide.test(character) ? 2 : 1);

/** Columns that a text takes; colour codes take none. */
export function widthOf(text: string): number {
  let columns = 0;
  for (const character of stripVTControlCharacters(text)) columns += columnsOf(character);
  return columns;
}

/** The text cut to `width` columns with an ellipsis; colour codes are kept whole and closed. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  let columns = 0;
  let kept = "";
  let coloured = false;
  for (const piece of text.split(colourCode)) {
    if (piece.startsWith("\u001b[")) {
      kept += piece;
      coloured = true;
      continue;
    }
    for (const character of piece) {
      if (columns + columnsOf(character) > width - 1) return `${kept}…${coloured ? "\u001b[0m" : ""}`;
      kept += character;
      columns += columnsOf(character);
    }
  }
  return kept;
}

/** A path or an argument as one word of a shell's line. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

export const padEnd = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));
export const padStart = (text: string, width: number): string => " ".repeat(Math.max(0, width - widthOf(text))) + text;

/** Breaks a paragraph at spaces into lines of at most `width` columns; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthOf(longer) <= width || line === "") line = fit(longer, width);
    else {
      lines.push(line);
      line = fit(word, width);
    }
  }
  return line === "" ? lines : [...lines, line];
}

/** A longer word than a line is broken where the line ends: nothing is lost. */
function broken(word: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const part of word.split(colourCode)) {
    if (part.startsWith("\u001b[")) {
      piece += part;
      continue;
    }
    for (const character of part) {
      if (widthOf(piece) + columnsOf(character) > width) {
        pieces.push(piece);
        piece = "";
      }
      piece += character;
    }
  }
  return [...pieces, piece];
}

/**
 * A line that is wider than `width` goes on below, further in than it began; nothing is cut. Colours go on over the break. Where there is
 * little room the indentation gives way first.
 */
export function hang(line: string, width: number): string[] {
  if (widthOf(line) <= width) return [line];
  const lead = /^ */.exec(line)?.[0].length ?? 0;
  const first = Math.min(lead, Math.floor(width / 4));
  const rest = Math.min(lead + 4, Math.floor(width / 4) + 2);
  const lines: string[] = [];
  let current = " ".repeat(first);
  let isEmpty = true;
  const words = line.slice(lead).split(/ +/);
  for (const word of words.flatMap((one) => broken(one, Math.max(1, width - rest)))) {
    const longer = isEmpty ? `${current}${word}` : `${current} ${word}`;
    if (isEmpty || widthOf(longer) <= width) current = longer;
    else {
      lines.push(current);
      current = `${" ".repeat(rest)}${word}`;
    }
    isEmpty = false;
  }
  return [...lines, current];
}
