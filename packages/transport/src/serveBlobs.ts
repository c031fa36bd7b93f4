/** Serves content by its SHA-256, read in chunks, so that a blob of any size costs one chunk of memory per reader. */

import { BLOB_CHUNK_BYTES, blobAnswers, blobRequests, type ContentId } from "./BlobMessages.ts";
import { encodeRefusal } from "./Request.ts";
import type { Channel, Remote, Transport } from "./Transport.ts";
import { decodeMessage, encodeMessage } from "./Wire.ts";
import { WireError } from "./WireError.ts";

export interface BlobSource {
  /** Bytes of the whole content. */
  size: number;
  /** Exactly `length` bytes from `offset`. */
  read(offset: number, length: number): Promise<Uint8Array> | Uint8Array;
}

export type BlobLookup = (contentId: ContentId, from: Remote) => Promise<BlobSource | undefined>;
export type BlobAuthorise = (contentId: ContentId, from: Remote) => Promise<boolean> | boolean;

/**
 * Answers every request of `protocol`. Who is not authorised is told `blob-refused` before anything is looked up, so
 * that it does not learn what is stored here; what is not stored is `blob-unknown`.
 */
export function serveBlobs(
  transport: Transport,
  protocol: string,
  lookup: BlobLookup,
  authorise: BlobAuthorise = () => true,
): void {
  transport.handle(protocol, async (channel, from) => {
    const bytes = await channel.receive();
    if (!bytes) return;
    const { body } = decodeMessage(blobRequests, bytes);
    const contentId = body.contentId as ContentId;
    let source: BlobSource;
    try {
      if (!(await authorise(contentId, from))) throw new WireError("blob-refused", "not authorised for this content");
      source = await find(lookup, contentId, from);
      if (body.offset > source.size) throw new WireError("schema", "the offset is behind the end");
    } catch (error) {
      await channel.send(encodeRefusal(error));
      return;
    }
    await sendFrom(channel, source, body.offset);
  });
}

async function find(lookup: BlobLookup, contentId: ContentId, from: Remote): Promise<BlobSource> {
  const source = await lookup(contentId, from);
  if (!source) throw new WireError("blob-unknown", "this content is not stored here");
  return source;
}

async function sendFrom(channel: Channel, source: BlobSource, start: number): Promise<void> {
  await channel.send(encodeMessage(blobAnswers, "blob.head", { size: source.size, offset: start }));
  for (let offset = start; offset < source.size; ) {
    const length = Math.min(BLOB_CHUNK_BYTES, source.size - offset);
    const chunk = await source.read(offset, length);
    if (chunk.length !== length) throw new WireError("handler", `read ${chunk.length} of ${length} bytes`);
    await channel.send(chunk);
    offset += length;
  }
}
