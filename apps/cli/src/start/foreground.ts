// A process of this home in the foreground: its record is there while it is up, Ctrl-C ends it.
import type { Context } from "../Context.ts";
import type { Child } from "../process/Child.ts";
import { removeRecord, writeRecord } from "../process/RunFolder.ts";
import { interrupted, onInterrupt } from "./interrupts.ts";

const readyTimeoutMs = 60_000;
const graceMs = 10_000;

export interface Foreground {
  /** Name of its record. */
  role: string;
  /** Says that it is up, with what it said itself. */
  onReady(ready: Record<string, unknown>): void;
  /** When it was up and has ended. */
  onEnd?: () => void;
}

/** Exit code: 0 when it was interrupted, 1 when it ended by itself. */
export async function runForeground(context: Context, child: Child, options: Foreground): Promise<number> {
  const { role, onReady, onEnd } = options;
  const interrupts = onInterrupt(() => void child.stop(0));
  let up = false;
  try {
    const ready = await child.ready(readyTimeoutMs);
    up = true;
    writeRecord(context.home, role, child.pid);
    onReady(ready);
    const end = await Promise.race([interrupted(interrupts.signal), child.exited]);
    context.emit({ kind: "summary", ok: end === "interrupted" });
    return end === "interrupted" ? 0 : 1;
  } finally {
    await child.stop(graceMs);
    interrupts.release();
    if (up) onEnd?.();
    removeRecord(context.home, role, child.pid);
  }
}
