// Ctrl-C and its relatives, as an abort signal. npm and the bootstrap pass on a signal that the terminal has sent to
// everyone already, so what arrives within a moment of the first counts as the same.
const sameMomentMs = 1500;
const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interrupts {
  /** Aborted at the first signal. */
  signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/** @param again called for a later, impatient signal */
export function onInterrupt(again: () => void): Interrupts {
  const first = new AbortController();
  let firstAt = 0;
  const handle = () => {
    const now = performance.now();
    if (!first.signal.aborted) {
      firstAt = now;
      first.abort();
    } else if (now - firstAt > sameMomentMs) again();
  };
  for (const name of names) process.on(name, handle);
  return {
    signal: first.signal,
    release: () => {
      for (const name of names) process.removeListener(name, handle);
    },
  };
}

/** Resolves at the first signal. */
export const interrupted = (signal: AbortSignal): Promise<"interrupted"> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve("interrupted");
    else signal.addEventListener("abort", () => resolve("interrupted"), { once: true });
  });
