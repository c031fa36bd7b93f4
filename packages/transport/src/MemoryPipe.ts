/** Two connected byte pipes in one process. What one end writes reaches the other in order, after the link's delay. */

import type { Clock } from "@weft/protocol/Clock";
import { schedule } from "./Clock.ts";
import type { Pipe, PipeSink } from "./Pipe.ts";
import { WireError } from "./WireError.ts";

export interface MemoryWire {
  clock: Clock;
  /** Delay of the next delivery in milliseconds. */
  delayMs(): number;
}

type Event = { type: "data"; bytes: Uint8Array } | { type: "ended" } | { type: "closed"; error?: Error };

interface InFlight {
  event: Event;
  dueMs: number;
}

/** One end. */
export class MemoryPipe implements Pipe {
  readonly #wire: MemoryWire;
  /** Set by `pair` before anyone sees either end. */
  #other!: MemoryPipe;
  #sink: PipeSink | undefined;
  /** On their way to this end, by due time. */
  #inbound: InFlight[] = [];
  /** Arrived before anyone listened. */
  #early: Event[] = [];
  #lastDueMs = 0;
  #writeEnded = false;
  #closed = false;

  private constructor(wire: MemoryWire) {
    this.#wire = wire;
  }

  static pair(wire: MemoryWire): [MemoryPipe, MemoryPipe] {
    const ends: [MemoryPipe, MemoryPipe] = [new MemoryPipe(wire), new MemoryPipe(wire)];
    ends[0].#other = ends[1];
    ends[1].#other = ends[0];
    return ends;
  }

  write(bytes: Uint8Array): undefined {
    if (this.#closed || this.#writeEnded) throw new WireError("closed", "write on an ended pipe");
    this.#other.#carry({ type: "data", bytes });
  }

  async closeWrite(): Promise<void> {
    if (this.#closed || this.#writeEnded) return;
    this.#writeEnded = true;
    this.#other.#carry({ type: "ended" });
  }

  abort(reason: Error): void {
    if (this.#closed) return;
    this.#arrive({ type: "closed", error: reason });
    this.#other.#carry({ type: "closed", error: new WireError("closed", "the other side reset the stream") });
  }

  listen(sink: PipeSink): void {
    this.#sink = sink;
    for (const event of this.#early.splice(0)) this.#arrive(event);
  }

  /** Keeps order although delays vary: nothing is due before what was sent ahead of it. */
  #carry(event: Event): void {
    const nowMs = this.#wire.clock.now();
    const dueMs = Math.max(this.#lastDueMs, nowMs + this.#wire.delayMs());
    this.#lastDueMs = dueMs;
    this.#inbound.push({ event, dueMs });
    if (dueMs <= nowMs) queueMicrotask(() => this.#deliverDue());
    else schedule(this.#wire.clock, dueMs - nowMs, () => this.#deliverDue());
  }

  #deliverDue(): void {
    const nowMs = this.#wire.clock.now();
    for (let next = this.#inbound[0]; next && next.dueMs <= nowMs; next = this.#inbound[0]) {
      this.#inbound.shift();
      this.#arrive(next.event);
    }
  }

  #arrive(event: Event): void {
    if (this.#closed) return;
    if (!this.#sink) {
      this.#early.push(event);
      return;
    }
    if (event.type === "data") this.#sink.data(event.bytes);
    else if (event.type === "ended") this.#sink.ended();
    else {
      this.#closed = true;
      this.#inbound = [];
      this.#sink.closed(event.error);
    }
  }
}
