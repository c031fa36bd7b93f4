/** Keeps connections to static peers: dials at the start and again after a loss, with exponential back-off. */

import type { Clock } from "./Clock.ts";

export interface RedialOptions {
  clock: Clock;
  /** Rejects when the peer can't be reached. */
  dial(peerId: string): Promise<void>;
  isConnected(peerId: string): boolean;
  /** First wait; doubles up to `maxDelayMs`. */
  minDelayMs?: number;
  maxDelayMs?: number;
  /** In [0, 1); spreads the dials of many nodes that lost the same peer. */
  random?(): number;
}

interface Schedule {
  failures: number;
  cancel: (() => void) | undefined;
  dialing: boolean;
}

export class Redialer {
  readonly #options: Required<RedialOptions>;
  readonly #peers = new Map<string, Schedule>();
  #stopped = false;

  constructor(peerIds: string[], options: RedialOptions) {
    this.#options = { minDelayMs: 250, maxDelayMs: 60_000, random: Math.random, ...options };
    for (const peerId of peerIds) this.#peers.set(peerId, { failures: 0, cancel: undefined, dialing: false });
  }

  /** Dials all that are not connected. Never rejects: an absent peer is tried again later. */
  async start(): Promise<void> {
    await Promise.all([...this.#peers.keys()].map((peerId) => this.#attempt(peerId)));
  }

  /** A connection was lost; peers that are not static are none of our business. */
  lost(peerId: string): void {
    const schedule = this.#peers.get(peerId);
    if (schedule && !schedule.cancel && !schedule.dialing) this.#later(peerId, schedule);
  }

  stop(): void {
    this.#stopped = true;
    for (const schedule of this.#peers.values()) schedule.cancel?.();
  }

  async #attempt(peerId: string): Promise<void> {
    const schedule = this.#peers.get(peerId);
    if (this.#stopped || !schedule) return;
    schedule.cancel = undefined;
    schedule.dialing = true;
    try {
      if (!this.#options.isConnected(peerId)) await this.#options.dial(peerId);
      schedule.failures = 0;
    } catch {
      schedule.failures += 1;
    }
    schedule.dialing = false;
    if (!this.#options.isConnected(peerId)) this.#later(peerId, schedule);
  }

  #later(peerId: string, schedule: Schedule): void {
    if (this.#stopped) return;
    const { minDelayMs, maxDelayMs, clock, random } = this.#options;
    const ceilingMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(schedule.failures, 16));
    const delayMs = ceilingMs * (0.5 + random() / 2);
    schedule.cancel = clock.schedule(delayMs, () => void this.#attempt(peerId));
  }
}
