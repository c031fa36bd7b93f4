/** Time for the wire: the network's `Clock` port, timers on top of it, and a clock that tests turn by hand. */

import type { Clock } from "@weft/protocol/Clock";

/** Monotonic whole milliseconds from the machine's Unix time. Its timers never keep the process alive. */
export const systemClock: Clock = machineClock({ keepsAlive: false });

/** The same time, for a command that has nothing but this wait to live for: its timers keep the process alive. */
export const foregroundClock: Clock = machineClock({ keepsAlive: true });

function machineClock({ keepsAlive }: { keepsAlive: boolean }): Clock {
  return {
    now: () => Math.floor(performance.timeOrigin + performance.now()),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = (): void => {
          clearTimeout(timer);
          reject(signal?.reason);
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        }, ms);
        if (!keepsAlive) timer.unref();
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
  };
}

/** Runs `task` once after `delayMs`; returns the function that cancels it. */
export function schedule(clock: Clock, delayMs: number, task: () => void): () => void {
  const controller = new AbortController();
  let cancelled = false;
  clock.sleep(delayMs, controller.signal).then(
    () => {
      if (!cancelled) task();
    },
    // Cancelled: the only reason a sleep is rejected for.
    () => {},
  );
  return () => {
    cancelled = true;
    controller.abort();
  };
}

export interface ManualClock extends Clock {
  /** Moves time on, waking sleepers in the order of their due times and letting promises settle between them. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  atMs: number;
  wake: () => void;
}

/** A clock that stands still until `advance`. Sleepers due at the same instant wake in the order they fell asleep. */
export function createManualClock(startMs = 0): ManualClock {
  let nowMs = startMs;
  const sleepers = new Set<Sleeper>();
  const next = (untilMs: number): Sleeper | undefined => {
    let first: Sleeper | undefined;
    // A Set keeps insertion order, and the comparison is strict: equal times stay in order.
    for (const item of sleepers) if (item.atMs <= untilMs && (!first || item.atMs < first.atMs)) first = item;
    return first;
  };
  return {
    now: () => nowMs,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper = { atMs: nowMs + Math.max(0, ms), wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", () => sleepers.delete(sleeper) && reject(signal.reason), { once: true });
      });
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let item = next(untilMs); item; item = next(untilMs)) {
        sleepers.delete(item);
        nowMs = item.atMs;
        item.wake();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}

/** One turn of the event loop: every promise chain that needs no timer has run afterwards. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
