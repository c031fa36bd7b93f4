/**
 * Fetches content by its SHA-256 from one peer, hashing as it arrives, and continues where it stopped when the
 * connection breaks. Tells apart: not stored there (`blob-unknown`), not for us (`blob-refused`), announced and then not
 * sent (`blob-withheld`), wrong bytes (`blob-corrupt`), too long (`oversize`), and a network that failed.
 */

import { createHash, type Hash } from "node:crypto";
import type { Clock } from "@weft/protocol/Clock";
import { BLOB_CHUNK_BYTES, blobAnswers, blobRequests, type ContentId } from "./BlobMessages.ts";
import { systemClock } from "./Clock.ts";
import { decodeAnswer } from "./Request.ts";
import type { Channel, PeerAddress, Transport } from "./Transport.ts";
import { encodeMessage } from "./Wire.ts";
import { toWireError, WireError } from "./WireError.ts";

export interface FetchBlobOptions {
  /** Content longer than this is refused before it is transferred. */
  maxBytes: number;
  /** Default `blob/1`. */
  protocol?: string;
  signal?: AbortSignal;
  onProgress?: (receivedBytes: number, size: number) => void;
  /** A peer that sends nothing for this long is given up. Default 15 s. */
  stallTimeoutMs?: number;
  /** New attempts after a failure of the network, each from where the last one stopped. Default 3. */
  retries?: number;
  /** Wait before the first retry; doubles. Default 200 ms. */
  retryDelayMs?: number;
  /** What that wait goes by; the machine's by default. */
  clock?: Clock;
}

/**
 * How far a download is. Kept by the caller it survives a failed call and can be continued from another peer; if the
 * content then turns out corrupt, either of them may have sent it.
 */
export interface BlobProgress {
  offset: number;
  /** As announced by the first peer; the others must agree. */
  size: number | undefined;
  hash: Hash;
}

function startBlobProgress(): BlobProgress {
  return { offset: 0, size: undefined, hash: createHash("sha256") };
}

/** The verified content in memory. Rejects with `WireError`, or with the reason of `signal`. */
export async function fetchBlob(
  transport: Transport,
  peer: PeerAddress | string,
  contentId: ContentId,
  options: FetchBlobOptions,
): Promise<Uint8Array> {
  let content: Buffer | undefined;
  const progress = startBlobProgress();
  await streamBlob(transport, peer, contentId, {
    ...options,
    progress,
    sink: (chunk, offset) => {
      // Large buffers take memory only as they are written to, so a peer that lies about the size gains nothing.
      content ??= Buffer.allocUnsafeSlow(progress.size ?? chunk.length);
      content.set(chunk, offset);
    },
  });
  return content ?? new Uint8Array(0);
}

export interface StreamBlobOptions extends FetchBlobOptions {
  /** Gets the chunks in order. They are proven only once `streamBlob` has resolved. */
  sink(chunk: Uint8Array, offset: number): Promise<void> | void;
  progress?: BlobProgress;
}

/** Streams content into `sink` and verifies it; returns its size. */
export async function streamBlob(
  transport: Transport,
  peer: PeerAddress | string,
  contentId: ContentId,
  options: StreamBlobOptions,
): Promise<number> {
  const progress = options.progress ?? startBlobProgress();
  const { retries = 3, retryDelayMs = 200, clock = systemClock, signal } = options;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetchRest(transport, peer, { contentId, progress, options });
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt >= retries || !isWorthRetrying(error)) throw error;
    }
    await clock.sleep(retryDelayMs * 2 ** attempt, signal);
  }
}

interface Download {
  contentId: ContentId;
  progress: BlobProgress;
  options: StreamBlobOptions;
}

/** Whether the network failed; what the peer decided does not change by asking it again at once. */
function isWorthRetrying(error: unknown): boolean {
  return error instanceof WireError && error.fault === "network" && error.retryable;
}

async function fetchRest(transport: Transport, peer: PeerAddress | string, download: Download): Promise<number> {
  const { options, progress, contentId } = download;
  const { protocol = "blob/1", signal } = options;
  const channel = await transport.open(peer, protocol, signal ? { signal } : {});
  try {
    await channel.send(encodeMessage(blobRequests, "blob.get", { contentId, offset: progress.offset }));
    const size = await receiveHead(channel, download);
    while (progress.offset < size) await receiveChunk(channel, download, size);
    verify(download);
    await channel.close();
    return size;
  } catch (error) {
    channel.abort(toWireError(error, "aborted"));
    throw error;
  }
}

async function receiveHead(channel: Channel, { progress, options }: Download): Promise<number> {
  const bytes = await channel.receive(receiveOptions(options));
  if (!bytes) throw new WireError("closed", "the peer ended without an answer");
  const { size, offset } = decodeAnswer(blobAnswers, bytes).body;
  if (offset !== progress.offset) throw new WireError("protocol", "the peer starts at another offset");
  if (size > options.maxBytes) throw new WireError("oversize", `${size} bytes, at most ${options.maxBytes}`);
  if (size < offset || (progress.size !== undefined && progress.size !== size)) {
    throw new WireError("blob-corrupt", "the peer announces another size than before");
  }
  progress.size = size;
  return size;
}

async function receiveChunk(channel: Channel, { progress, options }: Download, size: number): Promise<void> {
  const chunk = await channel.receive(receiveOptions(options)).catch((error: unknown) => {
    const stalled = error instanceof WireError && error.code === "timeout" && error.origin === "local";
    if (!stalled) throw error;
    throw new WireError("blob-withheld", `nothing more after ${progress.offset} of ${size} bytes`, { cause: error });
  });
  if (!chunk) throw new WireError("blob-withheld", `the peer ended after ${progress.offset} of ${size} bytes`);
  if (chunk.length === 0 || chunk.length > BLOB_CHUNK_BYTES || progress.offset + chunk.length > size) {
    throw new WireError("blob-corrupt", `a chunk of ${chunk.length} bytes at ${progress.offset} of ${size}`);
  }
  progress.hash.update(chunk);
  await options.sink(chunk, progress.offset);
  progress.offset += chunk.length;
  options.onProgress?.(progress.offset, size);
}

/** A copy is digested: the progress stays usable for whoever holds it. */
function verify({ progress, contentId }: Download): void {
  const digest = `0x${progress.hash.copy().digest("hex")}`;
  if (digest !== contentId) throw new WireError("blob-corrupt", `the content hashes to ${digest}`);
}

function receiveOptions({ signal, stallTimeoutMs = 15_000 }: FetchBlobOptions) {
  return signal ? { signal, timeoutMs: stallTimeoutMs } : { timeoutMs: stallTimeoutMs };
}
