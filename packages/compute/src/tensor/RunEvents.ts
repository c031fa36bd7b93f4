// The queue between a worker and the one reader of a run. Segments wait in order and are never dropped: the worker gets
// a new credit only when the reader has taken one, so at most `credits` live ones wait. Progress keeps the latest only.
import { WeftError } from "@weft/protocol/Errors";
import type { DoneEvent, FailedEvent, ProgressEvent, RunEvent, SegmentEvent } from "../Runtime.ts";

export class RunEvents {
  /** Segments from before a restart, handed out first, without credits. */
  readonly #past: SegmentEvent[];
  readonly #live: SegmentEvent[] = [];
  #progress: ProgressEvent | undefined;
  #last: DoneEvent | FailedEvent | undefined;
  #wake: (() => void) | undefined;
  #read = false;
  readonly #onTaken: () => void;

  constructor(past: readonly SegmentEvent[], onTaken: () => void) {
    this.#past = [...past];
    this.#onTaken = onTaken;
  }

  push(event: RunEvent): void {
    if (this.#last !== undefined) return;
    if (event.type === "progress") this.#progress = event;
    else if (event.type === "segment") this.#live.push(event);
    else this.#last = event;
    this.#wake?.();
  }

  #next(): RunEvent | undefined {
    const past = this.#past.shift();
    if (past !== undefined) return past;
    const live = this.#live.shift();
    if (live !== undefined) {
      this.#onTaken();
      return live;
    }
    const progress = this.#progress;
    this.#progress = undefined;
    return progress;
  }

  /** @throws WeftError `runtime.reader` on a second call. */
  async *read(): AsyncGenerator<RunEvent, void> {
    if (this.#read)
      throw new WeftError("the run's events are being read already", { code: "runtime.reader", fault: "us" });
    this.#read = true;
    while (true) {
      for (let event = this.#next(); event !== undefined; event = this.#next()) yield event;
      if (this.#last !== undefined) return yield this.#last;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
