// An answer's choices read to their end: into one object, or as server-sent events in the order in which pieces come.
import type { StreamingApi } from "hono/utils/stream";
import { errorBody, problemOf } from "./ApiError.ts";
import type { AnswerForm, Head } from "./answers.ts";
import type { CompletionRequest } from "./completionRequest.ts";
import { type Choice, finishReason, type Usage } from "./startChoices.ts";

export interface Answer {
  form: AnswerForm;
  request: CompletionRequest;
  head: Head;
  choices: readonly Choice[];
  /** Ends what still computes. */
  leave(): void;
  /** Counts, once all choices have ended. */
  usage(): Promise<Usage>;
}

export async function wholeAnswer({ form, request, head, choices, leave, usage }: Answer): Promise<object> {
  try {
    const texts = await Promise.all(
      choices.map(async ({ index, prompt, text }) => {
        let whole = request.echo ? prompt : "";
        for await (const piece of text) whole += piece;
        return { index, text: whole, finish: finishReason(await text.ending) };
      }),
    );
    return form.whole(head, texts, await usage());
  } catch (error) {
    leave();
    throw error;
  }
}

type Send = (event: object | string) => Promise<void>;

/** A reader that takes nothing for `stallMs` is left, so that it holds no place that others wait for. */
export async function streamAnswer(out: StreamingApi, answer: Answer, stallMs: number): Promise<void> {
  const send: Send = async (event) => {
    const data = typeof event === "string" ? event : JSON.stringify(event);
    await within(out.write(`data: ${data}\n\n`), stallMs);
  };
  try {
    await sendAll(send, answer);
  } catch (error) {
    answer.leave();
    // The status is long sent: the error comes as an event, as it does there.
    if (!out.aborted) await send(errorBody(problemOf(error))).catch(() => undefined);
  }
}

async function sendAll(send: Send, { form, request, head, choices, usage }: Answer): Promise<void> {
  // One write at a time, whichever choice it comes from.
  let last = Promise.resolve();
  const inTurn: Send = (event) => (last = last.then(() => send(event)));
  for (const event of form.opening(head, choices)) await inTurn(event);
  await Promise.all(
    choices.map(async ({ index, prompt, text }) => {
      if (request.echo && prompt !== "") await inTurn(form.piece(head, index, prompt));
      for await (const piece of text) await inTurn(form.piece(head, index, piece));
      await inTurn(form.end(head, index, finishReason(await text.ending)));
    }),
  );
  const counted = await usage();
  if (request.includeUsage) await send(form.usage(head, counted));
  await send("[DONE]");
}

function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the reader stalled")), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
