/**
 * Request and response over channels: `request` for raw messages, `call` and `serveCalls` for enveloped ones. A server
 * answers what it will not do with a `refused` message, so that the caller learns the code and the channel lives on.
 */

import { z } from "zod";
import type { Channel, PeerAddress, Remote, Transport } from "./Transport.ts";
import { decodeMessage, encodeMessage, type MessageSchemas, type WireMessage } from "./Wire.ts";
import { isWireErrorCode, WireError } from "./WireError.ts";

export interface RequestOptions {
  /** For the whole exchange, opening included. Default 10 s. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;

/** What a server sends instead of an answer; the same shape as `refused` of `@weft/protocol/messages`. */
export const refusal = {
  refused: z.strictObject({
    code: z.string().regex(/^[a-z][a-zA-Z0-9.-]{0,63}$/),
    message: z.string().max(512),
    retryable: z.boolean(),
  }),
} as const;

/**
 * Sends one message on an open channel and waits for the next one. Rejects with `timeout`, or `closed` where the other
 * side ends without an answer. Requests on one channel must not overlap.
 */
export async function request(
  channel: Channel,
  message: Uint8Array,
  options: RequestOptions = {},
): Promise<Uint8Array> {
  return await withDeadline(options, (signal) => exchange(channel, message, signal));
}

/** Opens a channel to `peer`, makes one request and ends the channel. */
export async function requestPeer(
  transport: Transport,
  peer: PeerAddress | string,
  options: RequestOptions & { protocol: string; message: Uint8Array },
): Promise<Uint8Array> {
  return await withDeadline(options, async (signal) => {
    const channel = await transport.open(peer, options.protocol, { signal });
    try {
      const answer = await exchange(channel, options.message, signal);
      await channel.close();
      return answer;
    } catch (error) {
      channel.abort(new WireError("aborted", "the request was given up", { cause: error }));
      throw error;
    }
  });
}

export interface Call<
  Requests extends MessageSchemas,
  Kind extends keyof Requests & string,
  Answers extends MessageSchemas,
> extends RequestOptions {
  protocol: string;
  requests: Requests;
  kind: Kind;
  body: z.output<Requests[Kind]>;
  answers: Answers;
}

/** An enveloped request. Rejects with the server's own code (`origin: 'remote'`) when it refuses. */
export async function call<
  Requests extends MessageSchemas,
  Kind extends keyof Requests & string,
  Answers extends MessageSchemas,
>(
  transport: Transport,
  peer: PeerAddress | string,
  options: Call<Requests, Kind, Answers>,
): Promise<WireMessage<Answers>> {
  const message = encodeMessage(options.requests, options.kind, options.body);
  return decodeAnswer(options.answers, await requestPeer(transport, peer, { ...options, message }));
}

/** Decodes an answer; a refusal becomes the `WireError` it names, a code that is not the wire's own `refused`. */
export function decodeAnswer<Answers extends MessageSchemas>(
  answers: Answers,
  bytes: Uint8Array,
): WireMessage<Answers> {
  const message = decodeMessage<MessageSchemas>({ ...answers, ...refusal }, bytes);
  if (message.kind !== "refused") return message as WireMessage<Answers>;
  const { code, message: text } = message.body as z.output<typeof refusal.refused>;
  const known = isWireErrorCode(code);
  throw new WireError(known ? code : "refused", known ? text : `${code}: ${text}`, { origin: "remote" });
}

export interface Service<Requests extends MessageSchemas, Answers extends MessageSchemas> {
  requests: Requests;
  answers: Answers;
  respond(message: WireMessage<Requests>, from: Remote): Promise<WireMessage<Answers>>;
}

/**
 * Serves enveloped requests, one at a time per channel, until the caller ends it. A message that can't be decoded is
 * counted against the sender and ends the channel with its code. A `WireError` thrown by `respond` is told to the
 * caller; of anything else it learns only `handler`, because the text may hold what others must not read.
 */
export function serveCalls<Requests extends MessageSchemas, Answers extends MessageSchemas>(
  transport: Transport,
  protocol: string,
  service: Service<Requests, Answers>,
): void {
  transport.handle(protocol, async (channel, from) => {
    for (let bytes = await channel.receive(); bytes; bytes = await channel.receive()) {
      await channel.send(await respond(service, decodeMessage(service.requests, bytes), from));
    }
  });
}

/** An error as the message that tells it to the other side. */
export function encodeRefusal(error: unknown): Uint8Array {
  const known = error instanceof WireError ? error : new WireError("handler", "the request failed here");
  const { code, retryable, message } = known;
  return encodeMessage(refusal, "refused", { code, message: message.slice(0, 512), retryable });
}

async function respond<Requests extends MessageSchemas, Answers extends MessageSchemas>(
  service: Service<Requests, Answers>,
  message: WireMessage<Requests>,
  from: Remote,
): Promise<Uint8Array> {
  try {
    const { kind, body } = await service.respond(message, from);
    return encodeMessage(service.answers, kind, body);
  } catch (error) {
    return encodeRefusal(error);
  }
}

async function exchange(channel: Channel, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  await Promise.race([channel.send(message), rejectOn(signal)]);
  const answer = await channel.receive({ signal });
  if (!answer) throw new WireError("closed", "the other side ended without an answer", { fault: "provider" });
  return answer;
}

/** Runs `task` under the caller's signal and a deadline, whose passing becomes `timeout`. */
async function withDeadline<Result>(
  options: RequestOptions,
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    return await task(signal);
  } catch (error) {
    if (!deadline.aborted || options.signal?.aborted) throw error;
    throw new WireError("timeout", `no answer for ${timeoutMs} ms`, { cause: error });
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
