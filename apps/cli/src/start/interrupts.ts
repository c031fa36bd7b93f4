// Ctrl-C and its relatives, as an abort signal. npm and the bootstrap pass on a signal that the terminal has sent to
// everyone already, so what arrives within a moment of the first counts as the same.
import type { EventEmitter } from "node:events";

const sameMomentMs = 1500;
const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interrupts {
  /** Aborted at the first signal. */
  signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

const parentCheckMs = 1000;

/** Aborts as well when the bootstrap that started us is gone, even by kill -9: then nobody could stop us any more. */
function onParentGone(environment: Record<string, string | undefined>, gone: () => void): () => void {
  const parent = Number(environment["WEFT_BOOTSTRAP"]);
  if (!Number.isInteger(parent) || parent !== process.ppid) return () => {};
  const timer = setInterval(() => {
    if (process.ppid !== parent) gone();
  }, parentCheckMs).unref();
  return () => clearInterval(timer);
}

/**
 * @param again called for a later, impatient signal
 * @param output aborts as well when this can't be written any more: for work that is worth more than what it says
 */
export function onInterrupt(again: () => void, { output }: { output?: EventEmitter } = {}): Interrupts {
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
  const unheard = () => first.abort();
  output?.on("error", unheard);
  const forgetParent = onParentGone(process.env, () => first.abort());
  return {
    signal: first.signal,
    release: () => {
      forgetParent();
      output?.removeListener("error", unheard);
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
