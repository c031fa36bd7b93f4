// The histories behind this node's moves (Histories.ts) with what failed of them: each failure makes the next try wait twice as
// long, and a worker isn't asked for ever for what it can't do. That costs a move at most: whose turn it is, and that a clock is
// over, the chain knows without any replay.
import { WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import type { Held, Histories, Wish } from "./Histories.ts";

interface Failed {
  count: number;
  /** Unix seconds. */
  nextAt: number;
  code: string;
  message: string;
  remedy: string | undefined;
}

/** From so many failures of a worker in a row on it is worth telling the owner; what nobody gives is told at once. */
const saidFrom = 3;
/** A worker that failed so often, after a quarter of an hour of tries, isn't started again. What others have is asked for on. */
const mostTries = 12;
const longestWaitSeconds = 600;
/** More than the disputes that a node looks after. */
const mostKept = 512;

export class Replays {
  readonly #histories: Histories;
  /** Chain time, Unix seconds. */
  readonly #now: () => number;
  readonly #failed = new Map<string, Failed>();

  constructor(histories: Histories, now: () => number) {
    this.#histories = histories;
    this.#now = now;
  }

  /**
   * As Histories.acquire.
   * @throws WeftError `court.replay` when it failed before and isn't to be tried now, with the cause
   */
  async acquire(key: string, wish: Wish): Promise<Held> {
    const failed = this.#failed.get(key);
    if (failed !== undefined && (isGivenUp(failed) || this.#now() < failed.nextAt)) throw this.#refusal(failed);
    try {
      return await this.#histories.acquire(key, wish);
    } catch (error) {
      return await this.broke(key, error);
    }
  }

  /**
   * What came of asking a history: a worker that has ended, or has the history of something else, is closed.
   * @throws WeftError `court.replay`; a worker's first failures as they are
   */
  async broke(key: string, error: unknown): Promise<never> {
    if (!(error instanceof WeftError) || !failures.test(error.code)) throw error;
    if (error.code === "game.other") this.#histories.forget(key);
    await this.#histories.close(key);
    if (error.code === "runtime.stopped") throw error;
    const count = (this.#failed.get(key)?.count ?? 0) + 1;
    if (this.#failed.size >= mostKept) this.#failed.clear();
    const failed: Failed = {
      ...{ count, code: error.code, remedy: error.remedy, message: messageOf(error) },
      nextAt: this.#now() + Math.min(longestWaitSeconds, 2 ** Math.min(count - 1, 10)),
    };
    this.#failed.set(key, failed);
    throw isWorkers(failed) && count < saidFrom ? error : this.#refusal(failed, error);
  }

  /** As Histories.teach. */
  teach(key: string, stepRoots: readonly Hex[]): void {
    this.#histories.teach(key, stepRoots);
  }

  /** A move was made with it. */
  worked(key: string): void {
    this.#failed.delete(key);
  }

  async close(key: string): Promise<void> {
    await this.#histories.close(key);
  }

  /** Nothing is left to replay: what failed of it is forgotten as well. */
  async forget(key: string): Promise<void> {
    this.#failed.delete(key);
    this.#histories.forget(key);
    await this.#histories.close(key);
  }

  /** Disputes whose last replay failed. */
  get failing(): number {
    return this.#failed.size;
  }

  #refusal(failed: Failed, cause?: unknown): WeftError {
    const { count, code, message, nextAt } = failed;
    const next = isGivenUp(failed) ? "not tried again" : `tried again in ${Math.max(0, nextAt - this.#now())} s`;
    return new WeftError(`the replay failed ${count} times, ${next}: ${message}`, {
      code: "court.replay",
      fault: "us",
      retryable: !isGivenUp(failed),
      details: { cause: code, count },
      remedy: failed.remedy ?? "allow the node more memory, or fewer workers with --court-workers",
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

const isWorkers = ({ code }: Failed): boolean => code.startsWith("runtime.");
const isGivenUp = (failed: Failed): boolean => isWorkers(failed) && failed.count >= mostTries;

/** With who was asked, where somebody was. */
const messageOf = ({ message, details: { asked } }: WeftError): string =>
  `${message}${asked === undefined ? "" : ` (asked: ${asked})`}`.slice(0, 300);

/** Of the replay itself: its inputs, the worker, its answers. Not of the chain, of the queue, or the node's own end. */
const failures = /^(runtime\.(?!busy$)|content\.|blob\.|audit\.|tensor\.|job\.|game\.other$)/;
