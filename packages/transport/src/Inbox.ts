/** Received messages waiting for their reader, and readers waiting for a message. Bounded by the channel's window. */

import type { Clock } from "@weft/protocol/Clock";
import { schedule } from "./Clock.ts";
import type { ReceiveOptions } from "./Transport.ts";
import { WireError } from "./WireError.ts";

/** A message with the credit it gives back once it is read. */
export interface InboxItem {
  bytes: Uint8Array;
  cost: number;
}

interface Reader {
  settle(outcome: InboxItem | undefined | WireError): void;
}

const MAX_READERS = 64;

export class Inbox {
  readonly #clock: Clock;
  #items: InboxItem[] = [];
  #head = 0;
  #readers: Reader[] = [];
  #finished: { error?: WireError } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  push(item: InboxItem): void {
    const reader = this.#readers.shift();
    if (reader) reader.settle(item);
    else this.#items.push(item);
  }

  /** No more messages: readers get what is queued, then `undefined` or the error. The first call decides. */
  finish(error?: WireError): void {
    if (this.#finished) return;
    this.#finished = error ? { error } : {};
    for (const reader of this.#readers.splice(0)) reader.settle(error);
  }

  /** Drops what is queued. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  async take(options: ReceiveOptions = {}): Promise<InboxItem | undefined> {
    options.signal?.throwIfAborted();
    const item = this.#shift();
    if (item) return item;
    if (this.#finished?.error) throw this.#finished.error;
    if (this.#finished) return undefined;
    if (this.#readers.length >= MAX_READERS) throw new WireError("limit", `more than ${MAX_READERS} readers`);
    return await this.#wait(options);
  }

  #shift(): InboxItem | undefined {
    const item = this.#items[this.#head];
    if (!item) return undefined;
    this.#head += 1;
    // Array.shift is linear; instead the read part is cut off once it is half of the array.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  #wait(options: ReceiveOptions): Promise<InboxItem | undefined> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        const index = this.#readers.indexOf(reader);
        if (index >= 0) this.#readers.splice(index, 1);
        cancelTimer?.();
        options.signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        finish();
        reject(options.signal?.reason);
      };
      const onTimeout = (): void => {
        finish();
        reject(new WireError("timeout", `no message for ${options.timeoutMs} ms`));
      };
      const reader: Reader = {
        settle(outcome) {
          finish();
          if (outcome instanceof WireError) reject(outcome);
          else resolve(outcome);
        },
      };
      this.#readers.push(reader);
      const cancelTimer =
        options.timeoutMs === undefined ? undefined : schedule(this.#clock, options.timeoutMs, onTimeout);
      options.signal?.addEventListener("abort", onAbort, { once: true });
    });
  }
}
