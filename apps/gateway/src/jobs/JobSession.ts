// The buyer's end of one job session with a provider: opens the job, hands on what the provider streams, answers
// segments with a voucher or a reason. Knows nothing of money or chain; the caller decides.
//
// A provider that sends nothing for `silenceMs` counts as lost. A broken stream is the caller's to open again: the
// provider sends unpaid segments once more, and answers are idempotent.
import { WeftError } from "@weft/protocol/Errors";
import { type Peer, protocols, type StreamMessage, streams } from "@weft/protocol/messages";
import type { Channel, Transport } from "@weft/transport/Transport";
import { decodeMessage, encodeMessage } from "@weft/transport/Wire";

export type SegmentAnswer =
  | { paid: true; voucher: StreamMessage<"job.voucher"> }
  | { paid: false; unpaid: StreamMessage<"job.unpaid"> };

export interface SessionHandlers {
  onAccepted(): void;
  onProgress(progress: StreamMessage<"job.progress">): void;
  onSegment(report: StreamMessage<"job.segment">): Promise<SegmentAnswer>;
}

export interface SessionOptions {
  provider: Peer;
  open: StreamMessage<"job.open">;
  handlers: SessionHandlers;
  silenceMs: number;
  signal: AbortSignal;
}

export type SessionEnd =
  | { kind: "done"; segments: number; checkpoint: string }
  | { kind: "failed"; code: string; message: string; retryable: boolean }
  | { kind: "refused"; code: string; message: string; retryable: boolean }
  | { kind: "lost"; reason: string }
  | { kind: "stopped" };

const incoming = {
  "job.accepted": streams["job.accepted"],
  "job.progress": streams["job.progress"],
  "job.segment": streams["job.segment"],
  "job.done": streams["job.done"],
  "job.failed": streams["job.failed"],
  refused: streams.refused,
} as const;

/** Runs until the provider ends the job, goes silent, or the signal fires (then the provider is told to stop). */
export async function runSession(transport: Transport, options: SessionOptions): Promise<SessionEnd> {
  let channel: Channel | undefined;
  try {
    channel = await transport.open(options.provider, protocols.job, { signal: options.signal });
    await channel.send(encodeMessage(streams, "job.open", options.open));
    return await converse(channel, options);
  } catch (error) {
    if (options.signal.aborted) {
      await sayStop(channel, options.signal.reason);
      return { kind: "stopped" };
    }
    channel?.abort(error instanceof Error ? error : new Error(String(error)));
    return { kind: "lost", reason: error instanceof Error ? error.message : String(error) };
  }
}

async function converse(channel: Channel, options: SessionOptions): Promise<SessionEnd> {
  const { handlers, silenceMs, signal } = options;
  for (;;) {
    const bytes = await channel.receive({ signal, timeoutMs: silenceMs });
    if (bytes === undefined) return { kind: "lost", reason: "the provider ended the session" };
    const message = decodeMessage(incoming, bytes);
    if (message.kind === "job.accepted") handlers.onAccepted();
    else if (message.kind === "job.progress") handlers.onProgress(message.body);
    else if (message.kind === "job.segment") await answer(channel, await handlers.onSegment(message.body));
    else return await end(channel, message);
  }
}

async function answer(channel: Channel, decision: SegmentAnswer): Promise<void> {
  const message = decision.paid
    ? encodeMessage(streams, "job.voucher", decision.voucher)
    : encodeMessage(streams, "job.unpaid", decision.unpaid);
  await channel.send(message);
}

type Ending =
  | { kind: "job.done"; body: StreamMessage<"job.done"> }
  | { kind: "job.failed"; body: StreamMessage<"job.failed"> }
  | { kind: "refused"; body: StreamMessage<"refused"> };

async function end(channel: Channel, message: Ending): Promise<SessionEnd> {
  await channel.close();
  if (message.kind === "job.done") return { ...message.body, kind: "done" };
  return { ...message.body, kind: message.kind === "refused" ? "refused" : "failed" };
}

/** Best effort: the provider also learns it from the chain. */
async function sayStop(channel: Channel | undefined, reason: unknown): Promise<void> {
  if (channel === undefined) return;
  const code = reason instanceof WeftError ? reason.code : "job.stopped";
  const message = reason instanceof Error ? reason.message.slice(0, 512) : "the buyer stopped the job";
  try {
    await channel.send(encodeMessage(streams, "job.stop", { code, message }));
    await channel.close();
  } catch {
    channel.abort(new WeftError(message, { code }));
  }
}
