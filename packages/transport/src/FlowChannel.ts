/**
 * A `Channel` over any byte stream: frames, credit-based flow control both ways, keep-alive, coded ends.
 *
 * Why not the carrier's own back-pressure: a libp2p stream takes any amount into its write buffer and only then says
 * that it is full, and its reader delivers whether or not the consumer keeps up. Here the receiver grants bytes as its
 * consumer reads, so both sides hold at most `windowBytes` per channel.
 */

import type { Clock } from "@weft/protocol/Clock";
import { schedule } from "./Clock.ts";
import {
  encodeFrame,
  encodeGrant,
  FRAME_CHARGE_BYTES,
  FrameParser,
  FrameType,
  INITIAL_CREDIT_BYTES,
  MAX_CREDIT_BYTES,
  MAX_FRAGMENT_BYTES,
  MIN_FRAGMENT_BYTES,
} from "./Frame.ts";
import { Inbox } from "./Inbox.ts";
import type { TransportLimits } from "./Limits.ts";
import type { Pipe } from "./Pipe.ts";
import type { Channel, ReceiveOptions } from "./Transport.ts";
import { isWireErrorCode, penaltyOf, toWireError, WireError } from "./WireError.ts";

/** How long the other side has to react to a RESET frame before the carrier is reset under it. */
const RESET_GRACE_MS = 1_000;

/** What a channel reports to its transport. */
export interface ChannelHooks {
  /** A frame that costs the receiver work beyond its credit arrived; false refuses it for exceeding the rate. */
  admitFrame(): boolean;
  messageIn(bytes: number): void;
  messageOut(bytes: number): void;
  /** The other side broke a rule. */
  rejected(error: WireError): void;
  /** Called once, when both sides have ended or the channel failed. */
  finished(): void;
}

export class FlowChannel implements Channel {
  readonly #pipe: Pipe;
  readonly #limits: TransportLimits;
  readonly #hooks: ChannelHooks;
  readonly #clock: Clock;
  readonly #inbox: Inbox;
  readonly #parser = new FrameParser((type, payload) => this.#onFrame(type, payload));
  /** Bytes we may still send. */
  #credit = INITIAL_CREDIT_BYTES;
  #creditCame: { resolve(): void; reject(error: WireError): void } | undefined;
  #sendTail: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  /** Bytes the other side may still send. */
  #granted = INITIAL_CREDIT_BYTES;
  /** Bytes it has sent that nobody has read yet. */
  #unread = 0;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #partCost = 0;
  #closing: Promise<void> | undefined;
  #localEnded = false;
  #remoteEnded = false;
  #discarding = false;
  #failure: WireError | undefined;
  #done = false;
  #lastInMs: number;
  #lastOutMs: number;
  #cancelKeepAlive: () => void = () => {};

  constructor(pipe: Pipe, limits: TransportLimits, hooks: ChannelHooks, clock: Clock) {
    this.#pipe = pipe;
    this.#limits = limits;
    this.#hooks = hooks;
    this.#clock = clock;
    this.#inbox = new Inbox(clock);
    this.#lastInMs = this.#lastOutMs = clock.now();
    pipe.listen({
      data: (bytes) => this.#onData(bytes),
      ended: () => this.#onPipeEnd(),
      closed: (error) => this.#onPipeEnd(error),
    });
    this.#keepAlive();
  }

  /** Bytes given to `send` that no credit has covered yet; never more than the window. For tests and metrics. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes received that nobody has read yet; never more than the window. For tests and metrics. */
  get unreadBytes(): number {
    return this.#unread;
  }

  send(message: Uint8Array): Promise<void> {
    const refusal = this.#refuseSend(message.length);
    if (refusal) return Promise.reject(refusal);
    this.#waitingBytes += message.length;
    const turn = this.#sendTail
      .then(() => this.#transmit(message))
      .finally(() => {
        this.#waitingBytes -= message.length;
      });
    this.#sendTail = turn.catch(() => {});
    return turn;
  }

  async receive(options?: ReceiveOptions): Promise<Uint8Array | undefined> {
    const item = await this.#inbox.take(options);
    if (!item) return undefined;
    this.#unread -= item.cost;
    this.#grantMore();
    return item.bytes;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  abort(reason: Error): void {
    const error = toWireError(reason, "aborted");
    // What a caller found wrong with the content counts like what the channel found wrong with the frames.
    if (error.origin === "local" && penaltyOf(error.code) > 0) this.#hooks.rejected(error);
    this.#inbox.clear();
    this.#fail(error, true);
  }

  /** Closes, drops whatever still arrives and gives the other side `lingerMs` to end too. */
  async finish(): Promise<void> {
    this.#discarding = true;
    this.#inbox.clear();
    schedule(this.#clock, this.#limits.lingerMs, () => {
      if (!this.#done) this.#fail(new WireError("closed", "the handler has returned"), true);
    });
    await this.close();
  }

  #refuseSend(bytes: number): WireError | undefined {
    if (this.#failure) return this.#failure;
    if (this.#closing) return new WireError("closed", "send after close", { fault: "us" });
    if (bytes > this.#limits.maxMessageBytes) {
      return new WireError("oversize", `message of ${bytes} bytes, at most ${this.#limits.maxMessageBytes}`);
    }
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > this.#limits.windowBytes) {
      return new WireError("backpressure", `${this.#waitingBytes} bytes already wait to be sent`);
    }
    return undefined;
  }

  async #transmit(message: Uint8Array): Promise<void> {
    let offset = 0;
    do {
      const remaining = message.length - offset;
      const needed = Math.min(remaining, MIN_FRAGMENT_BYTES) + FRAME_CHARGE_BYTES;
      while (this.#credit < needed && !this.#failure) await this.#awaitCredit();
      if (this.#failure) throw this.#failure;
      const length = Math.min(remaining, MAX_FRAGMENT_BYTES, this.#credit - FRAME_CHARGE_BYTES);
      this.#credit -= length + FRAME_CHARGE_BYTES;
      const type = length === remaining ? FrameType.last : FrameType.part;
      await this.#write(encodeFrame(type, message.subarray(offset, offset + length)));
      offset += length;
    } while (offset < message.length);
    this.#hooks.messageOut(message.length);
  }

  #awaitCredit(): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = schedule(this.#clock, this.#limits.stallTimeoutMs, () => {
        this.#fail(new WireError("timeout", `no credit for ${this.#limits.stallTimeoutMs} ms`), true);
      });
      const settled = (): void => {
        cancel();
        this.#creditCame = undefined;
      };
      this.#creditCame = {
        resolve: () => {
          settled();
          resolve();
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
    });
  }

  /** Data frames wait for the carrier; every other frame is small and goes at once. */
  async #write(frame: Uint8Array): Promise<void> {
    this.#lastOutMs = this.#clock.now();
    try {
      await this.#pipe.write(frame);
    } catch (error) {
      this.#fail(toWireError(error, "closed"), false);
      throw this.#failure;
    }
  }

  #writeControl(frame: Uint8Array): void {
    if (this.#done) return;
    this.#write(frame).catch(() => {});
  }

  async #end(): Promise<void> {
    await this.#sendTail;
    if (this.#failure) return;
    try {
      await this.#write(encodeFrame(FrameType.end));
    } catch {
      return;
    }
    this.#localEnded = true;
    this.#finishIfBothEnded();
  }

  #onData(bytes: Uint8Array): void {
    if (this.#done) return;
    this.#lastInMs = this.#clock.now();
    try {
      this.#parser.push(bytes);
    } catch (error) {
      const wireError = toWireError(error, "protocol");
      if (wireError.origin === "local") this.#hooks.rejected(wireError);
      this.#fail(wireError, wireError.origin === "local");
    }
  }

  #onFrame(type: FrameType, payload: Uint8Array): void {
    if (this.#done) return;
    if (this.#remoteEnded && (type === FrameType.part || type === FrameType.last || type === FrameType.end)) {
      throw new WireError("protocol", "message after the end");
    }
    if (type !== FrameType.part && !this.#hooks.admitFrame()) throw new WireError("rate", "too many messages");
    if (type === FrameType.part || type === FrameType.last) this.#onFragment(type === FrameType.last, payload);
    else if (type === FrameType.grant) this.#onGrant(payload);
    else if (type === FrameType.end) this.#onRemoteEnd();
    else if (type === FrameType.reset) throw remoteReset(payload);
  }

  #onFragment(last: boolean, payload: Uint8Array): void {
    const cost = payload.length + FRAME_CHARGE_BYTES;
    this.#granted -= cost;
    if (this.#granted < 0) throw new WireError("window", "sent more than was granted");
    if (!last && payload.length === 0) throw new WireError("protocol", "empty part");
    if (this.#partBytes + payload.length > this.#limits.maxMessageBytes) {
      throw new WireError("oversize", `message of more than ${this.#limits.maxMessageBytes} bytes`);
    }
    this.#unread += cost;
    this.#parts.push(payload);
    this.#partBytes += payload.length;
    this.#partCost += cost;
    if (last) this.#deliver();
    this.#grantMore();
  }

  #deliver(): void {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#partBytes);
    const item = { bytes, cost: this.#partCost };
    this.#parts = [];
    this.#partBytes = 0;
    this.#partCost = 0;
    this.#hooks.messageIn(bytes.length);
    if (!this.#discarding) this.#inbox.push(item);
  }

  /** Tops the other side's credit up once half the window is free; then grants cost little and never starve it. */
  #grantMore(): void {
    if (this.#done || this.#remoteEnded || this.#discarding) return;
    const free = this.#limits.windowBytes - this.#unread - this.#granted;
    if (free < this.#limits.windowBytes / 2) return;
    this.#granted += free;
    this.#writeControl(encodeGrant(free));
  }

  #onGrant(payload: Uint8Array): void {
    if (payload.length !== 4) throw new WireError("protocol", "a grant has 4 bytes");
    this.#credit += Buffer.from(payload.buffer, payload.byteOffset, 4).readUInt32BE(0);
    if (this.#credit > MAX_CREDIT_BYTES) throw new WireError("protocol", "granted more than 2 GiB");
    this.#creditCame?.resolve();
  }

  #onRemoteEnd(): void {
    if (this.#parts.length > 0) throw new WireError("protocol", "ended inside a message");
    this.#remoteEnded = true;
    this.#inbox.finish();
    this.#finishIfBothEnded();
  }

  /** The carrier ended without our END frame: the messages may be cut short, which is never a clean end. */
  #onPipeEnd(error?: Error): void {
    if (this.#done || (this.#remoteEnded && !error)) return;
    this.#fail(error ? toWireError(error, "closed") : new WireError("closed", "the stream ended early"), false);
  }

  /** The carrier's own half-close waits for this: until both have ended, grants must still pass. */
  #finishIfBothEnded(): void {
    if (this.#done || !this.#localEnded || !this.#remoteEnded) return;
    this.#settle();
    this.#pipe.closeWrite().catch((error) => this.#pipe.abort(toWireError(error, "closed")));
  }

  #fail(error: WireError, tellRemote: boolean): void {
    if (this.#done) return;
    if (tellRemote) this.#writeControl(encodeFrame(FrameType.reset, Buffer.from(error.code, "ascii")));
    this.#failure = error;
    this.#settle();
    this.#inbox.finish(error);
    this.#creditCame?.reject(error);
    this.#parts = [];
    // A reset of the carrier overtakes what is still being read, our code among it and even the opening itself. So the
    // other side gets the time to answer our RESET with a reset of its own.
    if (tellRemote) schedule(this.#clock, RESET_GRACE_MS, () => this.#pipe.abort(error));
    else this.#pipe.abort(error);
  }

  #settle(): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelKeepAlive();
    this.#hooks.finished();
  }

  #keepAlive(): void {
    const { idleTimeoutMs } = this.#limits;
    this.#cancelKeepAlive = schedule(this.#clock, idleTimeoutMs / 4, () => {
      const nowMs = this.#clock.now();
      if (nowMs - this.#lastInMs >= idleTimeoutMs) {
        this.#fail(new WireError("timeout", `nothing received for ${idleTimeoutMs} ms`), true);
        return;
      }
      if (nowMs - this.#lastOutMs >= idleTimeoutMs / 4) this.#writeControl(encodeFrame(FrameType.ping));
      this.#keepAlive();
    });
  }
}

/** The other side's reason; a code we don't know is plain `aborted`. */
function remoteReset(payload: Uint8Array): WireError {
  const text = Buffer.from(payload).toString("ascii");
  const code = isWireErrorCode(text) ? text : "aborted";
  return new WireError(code, "reported by the other side", { origin: "remote" });
}
