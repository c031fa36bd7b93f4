// How much a Sender takes on and how long it waits.
import type { ChainProfile } from "./ChainClient.ts";

export interface SenderLimits {
  /** Intents accepted and not settled. */
  maxQueued: number;
  /** Transactions broadcast and not settled. */
  maxInFlight: number;
  /** Until an intent without a receipt is given up (its record stays, to be resumed). */
  timeoutMs: number;
  /** Until a transaction that waits is replaced with a higher fee. */
  replaceAfterMs: number;
  /** Settled transactions remembered to be broadcast again after a rewind. */
  maxRemembered: number;
}

/** What fits the chain's pace, changed by what is asked for. */
export function limitsFor(profile: ChainProfile, changes: Partial<SenderLimits> = {}): SenderLimits {
  const block = profile.blockSeconds * 1000;
  return {
    maxQueued: 256,
    maxInFlight: 32,
    timeoutMs: Math.max(60_000, 40 * block),
    replaceAfterMs: Math.max(10_000, 10 * block),
    maxRemembered: 1024,
    ...changes,
  };
}
