// Worker processes that have a segment's history for a dispute: as many as the owner allows. Whoever needs one more waits until
// a game is over or gives way (shareWorkers.ts); one that is replaying, or in the middle of a move, never does.
import type { Dispute, DisputeOptions } from "@weft/compute/tensor/openDispute";
import { WeftError } from "@weft/protocol/Errors";
import type { CourtStruct } from "@weft/verification/court/Move";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import type { Hex } from "viem";
import { emptyRecall, learn, type Recall, recallingOracle } from "./recall.ts";
import { firstServed, givesWay, type Idle, type Waiting } from "./shareWorkers.ts";

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
  /** Of the last look. */
  wish: Pick<Wish, "until">;
  /** When the last look ended. */
  since: number;
}

interface Waiter {
  key: string;
  until: number;
  resolve(): void;
  reject(error: WeftError): void;
}

interface Measured {
  /** Of the longest look: a replay and what follows from it. */
  seconds: number;
  /** When the last look ended, and what lay between the one before it and it. */
  since: number;
  pause: number;
}

export interface HistoriesOptions {
  /** Workers at once. */
  limit: number;
  /** Unix seconds, of the clock that deadlines are given in. */
  now(): number;
  /** Kept for a move's way into a block, seconds. */
  margin: number;
}

/** More than the disputes that a node looks after. */
const mostWaiting = 256;
/** Disputes whose replays' times are remembered. */
const mostMeasured = 512;
/** Disputes whose answers are: some hundred KiB each. */
const mostRecalled = 128;

export class Histories {
  readonly #open: DisputePort;
  readonly #options: HistoriesOptions;
  readonly #opened = new Map<string, Opened>();
  #waiting: Waiter[] = [];
  /** Of disputes that were looked at. */
  readonly #measured = new Map<string, Measured>();
  /** The one used last last. */
  readonly #recalled = new Map<string, Recall>();
  /** Workers that were given to a waiter and aren't open yet. */
  #taken = 0;
  #ending = 0;
  #closed = false;

  constructor(open: DisputePort, options: HistoriesOptions) {
    this.#open = open;
    this.#options = options;
  }

  /** Seconds of the longest replay with its move so far; 0 before the first. */
  get replaySeconds(): number {
    return Math.max(0, ...[...this.#measured.values()].map(({ seconds }) => seconds));
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
   * The history under `key`, opened where it isn't; in use until `release`, and open for the next time after it. One that has
   * answered before waits for a worker only once something else is asked: then its oracle rejects as this does.
   * @throws WeftError `court.workers` when no worker was free in time, or too many wait; of `options`; the worker's
   */
  async acquire(key: string, wish: Wish): Promise<Held> {
    const recall = this.#recallOf(key);
    let using: Promise<Held> | undefined;
    let used: Held | undefined;
    const use = async () => {
      using ??= this.#use(key, wish);
      used = await using;
      return used.history;
    };
    const program = recall.program === undefined || this.#opened.has(key) ? (await use()).program : recall.program;
    const oracle = recallingOracle(recall, async () => (await use()).oracle);
    return { history: { program, oracle }, release: () => used?.release() };
  }

  /** Step roots of the segment that were made elsewhere on this node. */
  teach(key: string, stepRoots: readonly Hex[]): void {
    learn(this.#recallOf(key), { of: "steps" }, stepRoots);
  }

  /** Nothing that it answered is true of the dispute any more, or needed. */
  forget(key: string): void {
    this.#recalled.delete(key);
  }

  #recallOf(key: string): Recall {
    const recall = this.#recalled.get(key) ?? emptyRecall();
    this.#recalled.delete(key);
    this.#recalled.set(key, recall);
    const [oldest] = this.#recalled.keys();
    if (this.#recalled.size > mostRecalled && oldest !== undefined) this.#recalled.delete(oldest);
    return recall;
  }

  async #use(key: string, wish: Wish): Promise<Held> {
    const known = this.#measured.get(key);
    if (known !== undefined) known.pause = this.#options.now() - known.since;
    const opened = this.#take(key, wish) ?? (await this.#make(key, wish));
    const begun = this.#options.now();
    let isHeld = true;
    const release = () => {
      if (isHeld) this.#ended(key, opened, begun);
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

  /** To be called as time goes by: those that waited too long, or that nobody needs any more, wait no longer; others may be due. */
  letGo(isOver: (waiter: { key: string; until: number }) => boolean): void {
    const over = this.#waiting.filter(isOver);
    this.#waiting = this.#waiting.filter((waiter) => !over.includes(waiter));
    for (const waiter of over) waiter.reject(this.#noWorker());
    this.#serve();
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

  #take(key: string, wish: Opened["wish"]): Opened | undefined {
    const there = this.#opened.get(key);
    if (there === undefined) return undefined;
    there.users++;
    there.wish = wish;
    return there;
  }

  #ended(key: string, opened: Opened, begun: number): void {
    opened.users--;
    opened.since = this.#options.now();
    if (!opened.isReady) return;
    if (this.#measured.size >= mostMeasured && !this.#measured.has(key)) this.#measured.clear();
    const { seconds, pause } = this.#measured.get(key) ?? { seconds: 0, pause: 0 };
    this.#measured.set(key, { seconds: Math.max(opened.since - begun, seconds), since: opened.since, pause });
  }

  async #make(key: string, wish: Wish): Promise<Opened> {
    const wanted = await wish.options();
    await this.#slot(key, wish.until);
    this.#taken--;
    if (this.#closed) throw stopping();
    // Somebody else may have opened it; from here on nothing waits.
    const meanwhile = this.#take(key, wish);
    if (meanwhile !== undefined) {
      this.#serve();
      return meanwhile;
    }
    const dispute = this.#open(wanted);
    const recall = this.#recallOf(key);
    const history = dispute.program().then((program) => {
      opened.isReady = true;
      recall.program = program;
      const { stepsPerSegment } = wanted.program ?? {};
      recall.firstStep = stepsPerSegment === undefined ? undefined : wanted.segment * stepsPerSegment;
      return { program, oracle: dispute.oracle };
    });
    // Whoever uses it is told; a worker that nobody waits for must not end the process.
    history.catch(() => {});
    const opened: Opened = { dispute, history, users: 1, isReady: false, wish, since: this.#options.now() };
    this.#opened.set(key, opened);
    return opened;
  }

  /** Resolves once a worker may be opened, which `#taken` counts from then on. */
  #slot(key: string, until: number): Promise<void> {
    if (this.#closed) return Promise.reject(stopping());
    if (this.#waiting.length >= mostWaiting) return Promise.reject(this.#noWorker());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, until, resolve, reject });
      this.#serve();
    });
  }

  /** Gives what is free to whoever waits; where nothing is, games that can give way for it. */
  #serve(): void {
    const { now, limit: workers, margin } = this.#options;
    while (this.#waiting.length > 0 && this.#opened.size + this.#taken + this.#ending < workers) {
      this.#taken++;
      const first = firstServed(this.#waits(), now())?.waiter as Waiter;
      this.#waiting = this.#waiting.filter((one) => one !== first);
      first.resolve();
    }
    // The end of each serves the next.
    while (this.#waiting.length > this.#ending) {
      const key = givesWay({ now: now(), margin, workers, waiting: this.#waits(), idle: this.#idle() });
      if (key === undefined) return;
      void this.close(key).catch(() => {});
    }
  }

  #waits(): (Waiting & { waiter: Waiter })[] {
    const longest = this.replaySeconds;
    return this.#waiting.map((waiter) => {
      const { key, until } = waiter;
      return { key, until, seconds: this.#measured.get(key)?.seconds ?? longest, waiter };
    });
  }

  #idle(): Idle[] {
    const idle = [...this.#opened].filter(([, { users }]) => users === 0);
    return idle.map(([key, { wish, since }]) => {
      const { seconds = 0, pause = 0 } = this.#measured.get(key) ?? {};
      return { key, left: wish.until - since, since, seconds, pause };
    });
  }

  #noWorker(): WeftError {
    return new WeftError(`${this.#options.limit} workers have histories of other disputes`, {
      code: "court.workers",
      fault: "us",
      retryable: true,
      remedy: "allow more with --court-workers",
    });
  }
}

const stopping = (): WeftError => new WeftError("the node is stopping", { code: "node.stopping", fault: "us" });
