/**
 * Frames of a channel on a byte stream: 4-byte big-endian payload length, 1-byte type, payload. The parser refuses a
 * length above its type's limit before it allocates anything for it. Layout and meaning: `spec/transport.md`.
 */

import { WireError } from "./WireError.ts";

export const FrameType = {
  /** Part of a message; more follows. */
  part: 0,
  /** Last (or only) part of a message. */
  last: 1,
  /** 4 bytes: credit granted, added to what the sender has. */
  grant: 2,
  /** The sender's clean end. */
  end: 3,
  /** The sender gave up; payload is an ASCII error code. */
  reset: 4,
  /** Keep-alive. */
  ping: 5,
} as const;

export type FrameType = (typeof FrameType)[keyof typeof FrameType];

const FRAME_HEADER_BYTES = 5;
/** Longest payload of a part or last frame. */
export const MAX_FRAGMENT_BYTES = 256 << 10;
/** Shortest fragment a sender starts with when credit is short, so that a message is not sent in crumbs. */
export const MIN_FRAGMENT_BYTES = 16 << 10;
/** Credit a data frame costs beyond its payload: bounds what many empty messages occupy at the receiver. */
export const FRAME_CHARGE_BYTES = 64;
/** Credit both sides have before any grant, so that a small request needs no extra round trip. */
export const INITIAL_CREDIT_BYTES = 256 << 10;
/** A peer whose grants add up to more than this is broken. */
export const MAX_CREDIT_BYTES = 2 ** 31;

const MAX_PAYLOAD_BYTES: Record<FrameType, number> = {
  0: MAX_FRAGMENT_BYTES,
  1: MAX_FRAGMENT_BYTES,
  2: 4,
  3: 0,
  4: 64,
  5: 0,
};

/** Header and payload in one fresh buffer, so that the caller's bytes are not held on to. */
export function encodeFrame(type: FrameType, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame[4] = type;
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

export function encodeGrant(bytes: number): Uint8Array {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(bytes, 0);
  return encodeFrame(FrameType.grant, payload);
}

/** Cuts a byte stream into frames. Holds at most one unfinished frame. */
export class FrameParser {
  readonly #onFrame: (type: FrameType, payload: Uint8Array) => void;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;

  constructor(onFrame: (type: FrameType, payload: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws `WireError` `protocol` or `oversize`; the stream is unusable afterwards. */
  push(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) {
      if (!this.#payload) offset += this.#readHeader(bytes, offset);
      if (!this.#payload) return;
      const taken = Math.min(bytes.length - offset, this.#payload.length - this.#payloadBytes);
      this.#payload.set(bytes.subarray(offset, offset + taken), this.#payloadBytes);
      this.#payloadBytes += taken;
      offset += taken;
      if (this.#payloadBytes === this.#payload.length) this.#emit(this.#payload);
    }
  }

  #readHeader(bytes: Uint8Array, offset: number): number {
    const taken = Math.min(bytes.length - offset, FRAME_HEADER_BYTES - this.#headerBytes);
    this.#header.set(bytes.subarray(offset, offset + taken), this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes < FRAME_HEADER_BYTES) return taken;
    const length = this.#header.readUInt32BE(0);
    const limit = MAX_PAYLOAD_BYTES[this.#header[4] as FrameType];
    if (limit === undefined) throw new WireError("protocol", `unknown frame type ${this.#header[4]}`);
    if (length > limit) throw new WireError("oversize", `frame of ${length} bytes, at most ${limit}`);
    // Filled completely before it is handed on, so zeroing it first would be wasted.
    this.#payload = Buffer.allocUnsafeSlow(length);
    this.#payloadBytes = 0;
    return taken;
  }

  #emit(payload: Uint8Array): void {
    this.#headerBytes = 0;
    this.#payload = undefined;
    this.#onFrame(this.#header[4] as FrameType, payload);
  }
}
