/** Keeps connections to static peers: dials at the start and again after a loss, with exponential back-off. */

import type { Clock } from "@weft/protocol/Clock";
import { schedule } from "./Clock.ts";

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

interface StaticPeer {
  failures: number;
  cancel: (() => void) | undefined;
  dialing: boolean;
}

export class Redialer {
  readonly #options: Required<RedialOptions>;
  readonly #peers = new Map<string, StaticPeer>();
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
    const staticPeer = this.#peers.get(peerId);
    if (staticPeer && !staticPeer.cancel && !staticPeer.dialing) this.#later(peerId, staticPeer);
  }

  stop(): void {
    this.#stopped = true;
    for (const staticPeer of this.#peers.values()) staticPeer.cancel?.();
  }

  async #attempt(peerId: string): Promise<void> {
    const staticPeer = this.#peers.get(peerId);
    if (this.#stopped || !staticPeer) return;
    staticPeer.cancel = undefined;
    staticPeer.dialing = true;
    try {
      if (!this.#options.isConnected(peerId)) await this.#options.dial(peerId);
      staticPeer.failures = 0;
    } catch {
      staticPeer.failures += 1;
    }
    staticPeer.dialing = false;
    if (!this.#options.isConnected(peerId)) this.#later(peerId, staticPeer);
  }

  #later(peerId: string, staticPeer: StaticPeer): void {
    if (this.#stopped) return;
    const { minDelayMs, maxDelayMs, clock, random } = this.#options;
    const ceilingMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(staticPeer.failures, 16));
    const delayMs = ceilingMs * (0.5 + random() / 2);
    staticPeer.cancel = schedule(clock, delayMs, () => void this.#attempt(peerId));
  }
}
