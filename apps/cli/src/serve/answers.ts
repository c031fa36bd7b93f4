// The two forms in which OpenAI's API words an answer, whole and in pieces: text completions and chat completions.
import type { Choice, Usage } from "./startChoices.ts";

export interface Head {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
  system_fingerprint: string;
}

type Finish = "stop" | "length";

export interface AnswerForm {
  /** Beginning of ids. */
  prefix: string;
  whole(head: Head, choices: readonly { index: number; text: string; finish: Finish }[], usage: Usage): object;
  /** Pieces before the first text. */
  opening(head: Head, choices: readonly Choice[]): object[];
  piece(head: Head, index: number, text: string): object;
  end(head: Head, index: number, finish: Finish): object;
  usage(head: Head, usage: Usage): object;
}

const named = (object: string, head: Head, rest: object) => ({ object, ...head, ...rest });

export const textForm: AnswerForm = {
  prefix: "cmpl",
  whole: (head, choices, usage) =>
    named("text_completion", head, {
      choices: choices.map(({ index, text, finish }) => ({ text, index, logprobs: null, finish_reason: finish })),
      usage,
    }),
  opening: () => [],
  piece: (head, index, text) =>
    named("text_completion", head, { choices: [{ text, index, logprobs: null, finish_reason: null }] }),
  end: (head, index, finish) =>
    named("text_completion", head, { choices: [{ text: "", index, logprobs: null, finish_reason: finish }] }),
  usage: (head, usage) => named("text_completion", head, { choices: [], usage }),
};

const chunk = "chat.completion.chunk";
const delta = (index: number, content: object, finish: Finish | null) => ({
  choices: [{ index, delta: content, logprobs: null, finish_reason: finish }],
});

export const chatForm: AnswerForm = {
  prefix: "chatcmpl",
  whole: (head, choices, usage) =>
    named("chat.completion", head, {
      choices: choices.map(({ index, text, finish }) => ({
        index,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: finish,
      })),
      usage,
    }),
  opening: (head, choices) =>
    choices.map(({ index }) => named(chunk, head, delta(index, { role: "assistant", content: "" }, null))),
  piece: (head, index, text) => named(chunk, head, delta(index, { content: text }, null)),
  end: (head, index, finish) => named(chunk, head, delta(index, {}, finish)),
  usage: (head, usage) => named(chunk, head, { choices: [], usage }),
};
