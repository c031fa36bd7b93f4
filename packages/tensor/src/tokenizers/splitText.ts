// Where a text is cut before pairs are merged (spec/tensor-files.md §2): words keep one space before them, digits stand
// alone, white space keeps together but for the space of the next word. On ASCII it is the rule of llama.cpp's `smollm`
// pre-tokenizer; a byte from 0x80 on counts as a letter, so that no table of Unicode is part of the rule.

const LETTER = 1;
const DIGIT = 2;
const SPACE = 3;
const OTHER = 4;
/** The end of the text, or a digit: both end what is before them. */
const EDGE = 0;

const APOSTROPHE = 0x27;
const BLANK = 0x20;

const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const lower = byte | 0x20;
  if (byte >= 0x80 || (lower >= 0x61 && lower <= 0x7a)) return LETTER;
  if (byte >= 0x30 && byte <= 0x39) return DIGIT;
  return byte === BLANK || (byte >= 0x09 && byte <= 0x0d) ? SPACE : OTHER;
});

function classAt(text: Uint8Array, at: number): number {
  const own = at < text.length ? CLASSES[text[at]!]! : EDGE;
  return own === DIGIT ? EDGE : own;
}

/** Length of `'s 't 'm 'd 're 've 'll` at a place, or 0. */
function contraction(text: Uint8Array, at: number): number {
  if (text[at] !== APOSTROPHE) return 0;
  const pair = String.fromCharCode(text[at + 1] ?? 0, text[at + 2] ?? 0);
  if ("stmd".includes(pair[0]!)) return 2;
  return pair === "re" || pair === "ve" || pair === "ll" ? 3 : 0;
}

function runEnd(text: Uint8Array, from: number, wanted: number): number {
  let end = from;
  while (classAt(text, end) === wanted) end++;
  return end;
}

/** End of the piece that begins at `at`, which is inside the text. */
export function pieceEnd(text: Uint8Array, at: number): number {
  const short = contraction(text, at);
  if (short > 0) return at + short;
  const start = text[at] === BLANK ? at + 1 : at;
  const wanted = classAt(text, start);
  if (wanted === LETTER || wanted === OTHER) return runEnd(text, start, wanted);
  const end = runEnd(text, at, SPACE);
  if (end === at) return at + 1;
  return end - at > 1 && classAt(text, end) !== EDGE ? end - 1 : end;
}
