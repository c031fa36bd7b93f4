// Which rows of which sequences run in the next step, and what becomes of a sequence when a token is drawn. Sequences that
// only need their next token come first, so that a long prompt never holds them up by more than its share of a step; the
// rest of the step is filled with prompts, oldest first. Pure: no memory, no clock, no messages.
import type { StepRow } from "./GptStepper.ts";
import { createWords, type Draw } from "./Sampling.ts";

/** Why a generation ended: a stop token was drawn; maxTokens are; the context is full; its reader left. */
export type EndReason = "stop" | "length" | "context" | "left";

export type Sequence = {
  readonly id: number;
  readonly slot: number;
  readonly draw: Draw;
  readonly stopTokens: ReadonlySet<number>;
  readonly maxTokens: number;
  readonly slides: boolean;
  readonly promptTokens: number;
  readonly word: (token: number) => number;
  /** What the slot holds from position 0 on, and what is to follow. */
  tokens: number[];
  /** Positions that are cached. */
  done: number;
  drawn: number;
  /** Tokens that may still be drawn before the reader takes some. */
  credit: number;
};

/** A generation as the worker is asked for it. */
export type SequenceRequest = {
  readonly id: number;
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  readonly slides: boolean;
  readonly draw: Draw;
};

export function startSequence(request: SequenceRequest, slot: number, credit: number): Sequence {
  const { id, prompt, maxTokens, stopTokens, slides, draw } = request;
  return {
    id,
    slot,
    draw,
    stopTokens: new Set(stopTokens),
    maxTokens,
    slides,
    promptTokens: prompt.length,
    word: draw.seed === undefined ? () => 0 : createWords(draw.seed),
    tokens: [...prompt],
    done: 0,
    drawn: 0,
    credit,
  };
}

/** Rows of the next step, and the sequences whose last row it runs: those draw. */
export type Step = {
  readonly rows: readonly StepRow[];
  readonly drawing: readonly { readonly sequence: Sequence; readonly row: number }[];
};

/** Takes rows from sequences, oldest first; marks them as done. No rows when everybody waits for a reader. */
export function nextStep(sequences: readonly Sequence[], most: number): Step {
  const rows: StepRow[] = [];
  const drawing: { sequence: Sequence; row: number }[] = [];
  const open = sequences.filter(({ credit }) => credit > 0);
  const left = ({ tokens, done }: Sequence) => tokens.length - done;
  const ordered = [...open.filter((one) => left(one) === 1), ...open.filter((one) => left(one) > 1)];
  for (const sequence of ordered) {
    const count = Math.min(left(sequence), most - rows.length);
    for (let i = 0; i < count; i++) {
      const position = sequence.done++;
      rows.push({ token: sequence.tokens[position]!, slot: sequence.slot, position });
    }
    if (count > 0 && left(sequence) === 0) drawing.push({ sequence, row: rows.length - 1 });
  }
  return { rows, drawing };
}

/** The last tokens that a repetition limit looks at. */
export function recentTokens({ tokens, draw }: Sequence): readonly number[] {
  return tokens.slice(-draw.repetitionWindow);
}

export type Drawn = { readonly token?: number; readonly ended?: EndReason; readonly stopToken?: number };

/** A token was drawn after all that the sequence holds; what its reader gets. */
export function takeToken(sequence: Sequence, token: number, context: number): Drawn {
  if (sequence.stopTokens.has(token)) return { ended: "stop", stopToken: token };
  sequence.tokens.push(token);
  sequence.drawn += 1;
  sequence.credit -= 1;
  if (sequence.drawn >= sequence.maxTokens) return { token, ended: "length" };
  if (sequence.tokens.length <= context) return { token };
  if (!sequence.slides) return { token, ended: "context" };
  // The last half, computed anew from position 0 on: its keys were turned by the positions they had.
  sequence.tokens = sequence.tokens.slice(-Math.max(1, Math.floor(context / 2)));
  sequence.done = 0;
  return { token };
}
