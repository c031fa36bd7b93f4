// Worker processes that have a segment's history for a dispute: as many as the owner allows. Whoever needs one more waits, the
// earliest clock first, until one is idle and gives way; one that is replaying, or in the middle of a move, never does. Opening
// one again costs a replay, which a clock of the court has room for.
import type { Dispute, DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";

/** Opens a history; `openDispute` of packages/compute, or a test's own. */
export type DisputePort = (options: DisputeOptions) => Dispute;

export interface History {
  program: CourtStruct;
  oracle: TraceOracle;
}

export interface Held {
  history: History;
  release(): void;
}

export interface Wish {
  /** Asked for where the history isn't open; before a worker is. */
  options(): Promise<DisputeOptions>;
  /** The last second, Unix time, in which it is of use. */
  until: number;
}

interface Opened {
  dispute: Dispute;
  history: Promise<History>;
  /** Looks that use it now. */
  users: number;
  /** The worker has answered. */
  isReady: boolean;
}

interface Waiter {
  key: string;
  until: number;
  resolve(): void;
  reject(error: WeftError): void;
}

/** More than the disputes that a node looks after. */
const mostWaiting = 256;

export class Histories {
  readonly #open: DisputePort;
  readonly #limit: number;
  /** Least recently used first. */
  readonly #opened = new Map<string, Opened>();
  /** Earliest clock first. */
  #waiting: Waiter[] = [];
  /** Workers that were given to a waiter and aren't open yet. */
  #taken = 0;
  #ending = 0;
  #closed = false;

  constructor(open: DisputePort, limit: number) {
    this.#open = open;
    this.#limit = limit;
  }

  get size(): number {
    return this.#opened.size;
  }

  /** Disputes that wait for a worker. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** What a dispute is waiting for, if it is; `replaying` until the worker answers for the first time. */
  stateOf(key: string): "awaitsWorker" | "replaying" | undefined {
    if (this.#waiting.some((waiter) => waiter.key === key)) return "awaitsWorker";
    return this.#opened.get(key)?.isReady === false ? "replaying" : undefined;
  }

  /**
   * The history under `key`, opened where it isn't; in use until `release`, and open for the next time after it.
   * @throws WeftError `court.workers` when no worker was free in time, or too many wait; of `options`; the worker's
   */
  async acquire(key: string, wish: Wish): Promise<Held> {
    const opened = this.#take(key) ?? (await this.#make(key, wish));
    let isHeld = true;
    const release = () => {
      if (isHeld) opened.users--;
      isHeld = false;
      this.#serve();
    };
    try {
      return { history: await opened.history, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Those that waited too long, or that nobody needs any more, wait no longer. */
  letGo(isOver: (waiter: { key: string; until: number }) => boolean): void {
    const over = this.#waiting.filter(isOver);
    this.#waiting = this.#waiting.filter((waiter) => !over.includes(waiter));
    for (const waiter of over) waiter.reject(this.#noWorker());
  }

  async close(key: string): Promise<void> {
    const there = this.#opened.get(key);
    if (there === undefined) return;
    this.#opened.delete(key);
    this.#ending++;
    try {
      await there.dispute.close();
    } finally {
      this.#ending--;
      this.#serve();
    }
  }

  async stop(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stopping());
    await Promise.all([...this.#opened.keys()].map((key) => this.close(key)));
  }

  #take(key: string): Opened | undefined {
    const there = this.#opened.get(key);
    if (there === undefined) return undefined;
    this.#opened.delete(key);
    this.#opened.set(key, there);
    there.users++;
    return there;
  }

  async #make(key: string, { options, until }: Wish): Promise<Opened> {
    const wanted = await options();
    await this.#slot(key, until);
    this.#taken--;
    if (this.#closed) throw stopping();
    // Somebody else may have opened it; from here on nothing waits.
    const meanwhile = this.#take(key);
    if (meanwhile !== undefined) {
      this.#serve();
      return meanwhile;
    }
    const dispute = this.#open(wanted);
    const history = dispute.program().then((program) => {
      opened.isReady = true;
      return { program, oracle: dispute.oracle };
    });
    // Whoever uses it is told; a worker that nobody waits for must not end the process.
    history.catch(() => {});
    const opened: Opened = { dispute, history, users: 1, isReady: false };
    this.#opened.set(key, opened);
    return opened;
  }

  /** Resolves once a worker may be opened, which `#taken` counts from then on. */
  #slot(key: string, until: number): Promise<void> {
    if (this.#closed) return Promise.reject(stopping());
    if (this.#waiting.length >= mostWaiting) return Promise.reject(this.#noWorker());
    return new Promise((resolve, reject) => {
      const after = this.#waiting.findIndex((other) => other.until > until);
      const waiter = { key, until, resolve, reject };
      this.#waiting.splice(after < 0 ? this.#waiting.length : after, 0, waiter);
      this.#serve();
    });
  }

  /** Gives what is free to whoever waits; where nothing is, idle ones end for it. */
  #serve(): void {
    while (this.#waiting.length > 0 && this.#opened.size + this.#taken + this.#ending < this.#limit) {
      this.#taken++;
      (this.#waiting.shift() as Waiter).resolve();
    }
    const idle = [...this.#opened].filter(([, { users }]) => users === 0);
    // The end of each serves the next.
    for (const [key] of idle.slice(0, Math.max(0, this.#waiting.length - this.#ending)))
      void this.close(key).catch(() => {});
  }

  #noWorker(): WeftError {
    return new WeftError(`${this.#limit} workers have histories of other disputes`, {
      code: "court.workers",
      fault: "us",
      retryable: true,
      remedy: "allow more with --court-workers",
    });
  }
}

const stopping = (): WeftError => new WeftError("the node is stopping", { code: "node.stopping", fault: "us" });
