// A generation as its reader sees it: tokens in order, at most so many drawn ahead of the reader, then an end or a failure.
import { TensorError } from "../TensorError.ts";
import type { EngineConnection } from "./connectEngine.ts";
import type { DrawnFor } from "./engineMessages.ts";
import type { EndReason, SequenceRequest } from "./Scheduler.ts";

export type Ending = {
  readonly reason: EndReason;
  /** The stop token that was drawn. */
  readonly stopToken?: number;
  readonly promptTokens: number;
  /** Tokens drawn, the stop token not counted; of a generation that was left, those that were read. */
  readonly tokens: number;
};

/**
 * Tokens as they are drawn; read once. Leaving a loop over it ends the sequence. Throws TensorError `nan` naming the position
 * when the logits hold a NaN, `worker-failed`, `closed`, or the signal's reason.
 */
export interface Generation extends AsyncIterableIterator<number> {
  /** Settles when the last token was read or the generation failed; an unread failure is not an unhandled rejection. */
  readonly ending: Promise<Ending>;
}

type Reader = { resolve(result: IteratorResult<number>): void; reject(reason: unknown): void };
type Over = { readonly ending: Ending } | { readonly failure: unknown };

type Stream = {
  readonly connection: EngineConnection;
  readonly request: SequenceRequest;
  /** Tokens taken after which the worker may draw as many more. */
  readonly refill: number;
  readonly tokens: number[];
  /** Calls of next() that wait for a token. */
  readonly readers: Reader[];
  readonly ending: PromiseWithResolvers<Ending>;
  readonly onOver: () => void;
  /** Tokens that the reader has taken, and how many of them the worker knows of. */
  taken: number;
  refilled: number;
  /** What follows the tokens that are there. */
  over: Over | undefined;
};

export type GenerationSetup = {
  readonly request: SequenceRequest;
  readonly ahead: number;
  readonly signal: AbortSignal | undefined;
};

/** The ending is known to the caller once nothing is left to read. */
function settle({ over, tokens, ending }: Stream): void {
  if (over === undefined || tokens.length > 0) return;
  if ("failure" in over) ending.reject(over.failure);
  else ending.resolve(over.ending);
}

function finish(stream: Stream, over: Over): void {
  if (stream.over !== undefined) return;
  stream.over = over;
  stream.onOver();
  for (const reader of stream.readers.splice(0)) answer(stream, reader);
  settle(stream);
}

/** Ends the sequence from here; what is drawn and not read is dropped. */
function leave(stream: Stream, over: Over): void {
  const { connection, request } = stream;
  stream.tokens.length = 0;
  if (stream.over === undefined) {
    connection.forget(request.id);
    connection.send({ kind: "cancel", id: request.id });
  }
  finish(stream, over);
  settle(stream);
}

/** Answers a reader if there is something to say. */
function answer(stream: Stream, reader: Reader): boolean {
  const token = stream.tokens.shift();
  if (token !== undefined) {
    reader.resolve({ value: token, done: false });
    stream.taken += 1;
    refill(stream);
    settle(stream);
  } else if (stream.over === undefined) return false;
  else if ("failure" in stream.over) reader.reject(stream.over.failure);
  else reader.resolve({ value: undefined, done: true });
  return true;
}

function refill(stream: Stream): void {
  const count = stream.taken - stream.refilled;
  if (stream.over !== undefined || count < stream.refill) return;
  stream.connection.send({ kind: "credit", id: stream.request.id, count });
  stream.refilled = stream.taken;
}

function hear(stream: Stream, { token, ended, stopToken, failed }: DrawnFor): void {
  if (token !== undefined) {
    stream.tokens.push(token);
    const reader = stream.readers.shift();
    if (reader !== undefined) answer(stream, reader);
  }
  if (failed !== undefined) finish(stream, { failure: new TensorError(failed.code, failed.message, failed.remedy) });
  if (ended === undefined) return;
  const stop = stopToken === undefined ? {} : { stopToken };
  const promptTokens = stream.request.prompt.length;
  const tokens = stream.taken + stream.tokens.length;
  finish(stream, { ending: { reason: ended, ...stop, promptTokens, tokens } });
}

/** Starts it in the worker. Throws the signal's reason, or why the engine ended. */
export function createGeneration(connection: EngineConnection, setup: GenerationSetup): Generation {
  const { request, ahead, signal } = setup;
  signal?.throwIfAborted();
  const onAbort = () => leave(stream, { failure: signal!.reason });
  const stream: Stream = {
    connection,
    request,
    refill: Math.ceil(ahead / 2),
    tokens: [],
    readers: [],
    ending: Promise.withResolvers(),
    onOver: () => signal?.removeEventListener("abort", onAbort),
    taken: 0,
    refilled: 0,
    over: undefined,
  };
  // Who reads the tokens hears of a failure there.
  stream.ending.promise.catch(() => {});
  connection.send({ kind: "generate", request });
  connection.listen(request.id, {
    drawn: (drawn) => hear(stream, drawn),
    failed: (failure) => finish(stream, { failure }),
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  const generation: Generation = {
    ending: stream.ending.promise,
    next: () =>
      new Promise((resolve, reject) => {
        const reader = { resolve, reject };
        if (!answer(stream, reader)) stream.readers.push(reader);
      }),
    return: async () => {
      const ending = { reason: "left", promptTokens: request.prompt.length, tokens: stream.taken } as const;
      leave(stream, { ending });
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]: () => generation,
  };
  return generation;
}
