// Gets content by its id from the first of several peers that has it. The id proves the bytes, so it does not matter
// who sends them; a peer that withholds or corrupts costs one attempt.
import { WeftError } from "@weft/protocol/Errors";
import { type Peer, protocols } from "@weft/protocol/messages";
import { streamBlob } from "@weft/transport/fetchBlob";
import type { NodeContext } from "../NodeContext.ts";
import type { BlobRef } from "./LeaseBody.ts";

export interface FetchRequest {
  content: BlobRef;
  /** Asked one after another. */
  sources: readonly Peer[];
  /** Who keeps it. */
  pin: string;
  signal: AbortSignal;
}

/** Most peers asked for one content. */
const maxSources = 8;

/** @throws WeftError `content.unavailable` naming what each source answered; `blob.full` when the disk is full */
export async function fetchContent(context: NodeContext, request: FetchRequest): Promise<void> {
  const { content, pin, signal } = request;
  const answers: string[] = [];
  for (const source of [undefined, ...request.sources.slice(0, maxSources)]) {
    if (context.blobs.has(content.contentId)) {
      context.blobs.pin(content.contentId, pin);
      return;
    }
    if (source === undefined || source.peerId === context.transport.peerId) continue;
    try {
      await receiveFrom(context, source, request);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WeftError && error.fault === "us") throw error;
      answers.push(`${source.peerId.slice(-8)}: ${error instanceof Error ? error.message.slice(0, 80) : "failed"}`);
    }
  }
  if (context.blobs.has(content.contentId)) return context.blobs.pin(content.contentId, pin);
  throw new WeftError(`nobody sent ${content.contentId}`, {
    code: "content.unavailable",
    fault: "network",
    retryable: true,
    details: { bytes: content.bytes, asked: answers.join("; ").slice(0, 400) || "nobody to ask" },
  });
}

async function receiveFrom(context: NodeContext, source: Peer, request: FetchRequest): Promise<void> {
  const { content, signal } = request;
  await context.blobs.receive(content, async (sink) => {
    const size = await streamBlob(context.transport, source, content.contentId, {
      protocol: protocols.blob,
      maxBytes: content.bytes,
      retries: 1,
      clock: context.clock,
      signal,
      sink,
    });
    if (size !== content.bytes)
      throw new WeftError(`content has ${size} bytes instead of ${content.bytes}`, {
        code: "content.size",
        fault: "provider",
      });
  });
}
