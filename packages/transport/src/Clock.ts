/** Time as a port: the wire reads it here, so that tests and the in-memory network can turn it by hand. */

export interface Clock {
  /** Milliseconds; only differences matter. */
  now(): number;
  /** Runs `task` once after `delayMs`; returns the function that cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** The machine's clock. Its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface ManualClock extends Clock {
  /** Moves time on, running due tasks in the order of their due times and letting promises settle between them. */
  advance(ms: number): Promise<void>;
}

interface Due {
  atMs: number;
  order: number;
  task: () => void;
}

/** A clock that stands still until `advance`. Tasks due at the same instant run in the order they were scheduled. */
export function createManualClock(startMs = 0): ManualClock {
  let nowMs = startMs;
  let order = 0;
  const due = new Set<Due>();
  const next = (untilMs: number): Due | undefined => {
    let first: Due | undefined;
    for (const item of due) {
      if (item.atMs > untilMs) continue;
      if (!first || item.atMs < first.atMs || (item.atMs === first.atMs && item.order < first.order)) first = item;
    }
    return first;
  };
  return {
    now: () => nowMs,
    schedule(delayMs, task) {
      const item = { atMs: nowMs + Math.max(0, delayMs), order: order++, task };
      due.add(item);
      return () => due.delete(item);
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let item = next(untilMs); item; item = next(untilMs)) {
        due.delete(item);
        nowMs = item.atMs;
        item.task();
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
