// Background work by key: the same key never runs twice at once, failures wait longer each time, success forgets them.
// A loop's step decides what it wants and calls `run`; wanting it again while it runs or waits costs nothing.
import type { Clock } from "@weft/protocol/Clock";
import { WeftError } from "@weft/protocol/Errors";
import type { Logger } from "pino";

export interface TasksOptions {
  clock: Clock;
  log: Logger;
  /** Told when a task ends, so that a loop can look again. */
  onEnd: () => void;
  /** Tasks at once; what comes above waits for the next step. */
  limit?: number;
  firstRetryMs?: number;
  longestRetryMs?: number;
  /** Failures are everyday here (peers that are away): not worth a warning. */
  quiet?: boolean;
}

interface Failure {
  count: number;
  retryAt: number;
}

const mostFailures = 4096;
const stopGraceMs = 3000;

export class Tasks {
  readonly #options: TasksOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, Failure>();
  readonly #stopping = new AbortController();

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  /**
   * Starts `work` unless its key runs, waits after a failure, or the limit is reached.
   * `warnFrom`: the failure in a row that is worth a warning; 1 by default, later where the first ones are everyday.
   */
  run(key: string, work: (signal: AbortSignal) => Promise<void>, { warnFrom = 1 } = {}): void {
    const { signal } = this.#stopping;
    if (signal.aborted || this.#running.has(key) || this.#running.size >= (this.#options.limit ?? 32)) return;
    const failure = this.#failures.get(key);
    if (failure !== undefined && this.#options.clock.now() < failure.retryAt) return;
    const task = (async () => work(signal))()
      .then(
        () => void this.#failures.delete(key),
        (error: unknown) => this.#failed(key, { error, warnFrom }),
      )
      .finally(() => {
        this.#running.delete(key);
        if (!signal.aborted) this.#options.onEnd();
      });
    this.#running.set(key, task);
  }

  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** Times a key failed in a row. */
  failures(key: string): number {
    return this.#failures.get(key)?.count ?? 0;
  }

  /** Lets everything run again at once, because the world changed (a chain rewind, a new session). */
  forgive(): void {
    this.#failures.clear();
  }

  /** Waits for what runs, but not long for what can't be aborted: a transaction on its way is resumed by its record. */
  async stop(): Promise<void> {
    this.#stopping.abort(new WeftError("the node is stopping", { code: "node.stopping", fault: "us" }));
    const late = new AbortController();
    const { clock } = this.#options;
    await Promise.race([Promise.all(this.#running.values()), clock.sleep(stopGraceMs, late.signal).catch(() => {})]);
    late.abort();
  }

  #failed(key: string, { error, warnFrom }: { error: unknown; warnFrom: number }): void {
    if (this.#stopping.signal.aborted) return;
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    const first = this.#options.firstRetryMs ?? 250;
    const waitMs = Math.min(this.#options.longestRetryMs ?? 10_000, first * 2 ** Math.min(10, count - 1));
    if (this.#failures.size >= mostFailures) this.#failures.clear();
    this.#failures.set(key, { count, retryAt: this.#options.clock.now() + waitMs });
    const level = this.#options.quiet !== true && (count === warnFrom || count === 8 * warnFrom) ? "warn" : "debug";
    this.#options.log[level]({ task: key, count, err: error }, "task failed, will be tried again");
    void this.#options.clock.sleep(waitMs, this.#stopping.signal).then(this.#options.onEnd, () => {});
  }
}
