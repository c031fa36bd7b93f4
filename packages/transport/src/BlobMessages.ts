/** Messages of the blob protocol: one `blob.get` per channel, answered by `blob.head` and raw chunks, or `refused`. */

import { z } from "zod";
import { MAX_FRAGMENT_BYTES } from "./Frame.ts";

/** SHA-256 of the whole content, as lower-case 0x-hex. */
export type ContentId = `0x${string}`;

/** Bytes per raw message: one frame each. */
export const BLOB_CHUNK_BYTES = MAX_FRAGMENT_BYTES;

const offset = z.int().nonnegative();

export const blobRequests = {
  "blob.get": z.strictObject({
    contentId: z.string().regex(/^0x[0-9a-f]{64}$/, "must be a SHA-256 in 0x-hex"),
    offset,
  }),
} as const;

export const blobAnswers = {
  /** `size` of the whole content; chunks from `offset` to `size` follow. */
  "blob.head": z.strictObject({ size: offset, offset }),
} as const;
