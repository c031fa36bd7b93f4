// The clock of a network in one process. Virtual time stands still while real work is going on (a kernel that computes, a
// request to the chain, a file that is read or synced) and otherwise moves from one due sleeper to the next, no faster
// than `speed` times real time. So a slow or busy machine takes longer, and nobody in the network is late by it.
//
// What is not repeatable: how much time passes while promises follow each other differs from run to run, so two runs with
// one seed may interleave differently by some milliseconds. Amounts and draws do not depend on that; event order may.
import type { Clock } from "@weft/protocol/Clock";

export interface VirtualClockOptions {
  /** Unix milliseconds at the start. */
  startMs: number;
  /** Virtual milliseconds per real millisecond at most. */
  speed?: number;
  /** Told before time passes a multiple of `tickMs`; time waits for it. */
  onTick?: (nowMs: number) => Promise<void>;
  tickMs?: number;
}

interface Sleeper {
  atMs: number;
  wake: () => void;
}

/** Longest jump at once, so that promises that follow each other without a hold fall behind by little. */
const longestStepMs = 25;

export class VirtualClock implements Clock {
  readonly #speed: number;
  readonly #options: VirtualClockOptions;
  readonly #sleepers = new Set<Sleeper>();
  #nowMs: number;
  #nextTickMs: number;
  #holds = 0;
  #stopped = false;
  #ticking: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  /** What `onTick` threw; ends the drive. */
  fault: unknown;

  constructor(options: VirtualClockOptions) {
    this.#options = options;
    this.#speed = options.speed ?? 20;
    this.#nowMs = options.startMs;
    this.#nextTickMs = options.startMs + (options.tickMs ?? 250);
  }

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const sleeper = { atMs: this.#nowMs + Math.max(0, Math.ceil(ms)), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Time stands still until `work` has ended. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#holds += 1;
    try {
      return await work();
    } finally {
      this.#holds -= 1;
    }
  }

  /** As `hold`, once a tick that is under way has ended: nothing that ticks make (blocks) changes while `work` goes on. */
  standstill<T>(work: () => Promise<T>): Promise<T> {
    return this.hold(async () => {
      await this.#ticking;
      return await work();
    });
  }

  start(): void {
    this.#running ??= this.#drive().catch((error: unknown) => {
      this.fault = error;
    });
  }

  /** Time stops for good; who sleeps sleeps on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  get #isHeld(): boolean {
    return this.#holds > 0 || process.getActiveResourcesInfo().some((kind) => fileWork.has(kind));
  }

  async #drive(): Promise<void> {
    let lastReal = performance.now();
    while (!this.#stopped) {
      await turn();
      const real = performance.now();
      const allowedMs = Math.min(longestStepMs, (real - lastReal) * this.#speed);
      if (this.#isHeld) {
        lastReal = real;
        await pause();
      } else if (allowedMs < 1) await pause();
      else {
        lastReal = real;
        await this.#advance(allowedMs);
      }
    }
  }

  /** Moves on by at most `ms`, stopping early when somebody takes a hold. */
  async #advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + Math.floor(ms);
    while (!this.#isHeld && !this.#stopped) {
      const next = this.#nextDue(Math.min(untilMs, this.#nextTickMs));
      if (next !== undefined) await this.#wake(next);
      else if (this.#nextTickMs <= untilMs) await this.#tick();
      else {
        this.#nowMs = untilMs;
        return;
      }
    }
  }

  async #wake(sleeper: Sleeper): Promise<void> {
    this.#sleepers.delete(sleeper);
    this.#nowMs = Math.max(this.#nowMs, sleeper.atMs);
    sleeper.wake();
    await turn();
  }

  async #tick(): Promise<void> {
    this.#nowMs = this.#nextTickMs;
    this.#nextTickMs += this.#options.tickMs ?? 250;
    this.#ticking = this.#options.onTick?.(this.#nowMs);
    await this.#ticking;
  }

  #nextDue(untilMs: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    // Sets keep insertion order and the comparison is strict: equal times stay in order.
    for (const one of this.#sleepers) if (one.atMs <= untilMs && (!first || one.atMs < first.atMs)) first = one;
    return first;
  }
}

/**
 * Node's names of work on files that is under way. Stores sync what they write, and nobody else could hold the clock for
 * them: what they write comes in pieces from the network, which needs time to pass.
 */
const fileWork: ReadonlySet<string> = new Set(["FSReqPromise", "FSReqCallback", "CloseReq"]);

/** One turn of the event loop: every promise chain that needs no timer has run afterwards. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
