/**
 * The network in one process: who is linked with whom, and what goes wrong on the way. Everything random comes from the
 * seed and all waiting from the clock, so that with a manual clock a run can be repeated exactly.
 *
 * Gossip can be delayed, dropped and doubled per hop. Channels are reliable streams: they are delayed or cut, never
 * thinned, because a lost packet on a real stream only shows as delay.
 */

import type { Clock } from "@weft/protocol/Clock";
import { schedule, systemClock } from "./Clock.ts";
import { MemoryPipe } from "./MemoryPipe.ts";
import { WireError } from "./WireError.ts";

export interface MemoryFaults {
  /** Each hop takes this long, or a uniform time between the two. */
  delayMs?: number | readonly [number, number];
  /** Share of gossip hops that are lost, 0 to 1. */
  drop?: number;
  /** Share of gossip hops that arrive twice, 0 to 1. */
  duplicate?: number;
}

export interface MemoryHubOptions {
  seed: number;
  clock?: Clock;
  faults?: MemoryFaults;
}

/** What a node shows its hub. */
export interface MemoryNode {
  readonly peerId: string;
  /** Whether it lets `peerId` in. */
  admits(peerId: string): boolean;
  /** A link was cut: its channels are lost. */
  unlinked(peerId: string): void;
}

export class MemoryHub {
  readonly seed: number;
  readonly clock: Clock;
  faults: MemoryFaults;
  readonly #nodes = new Map<string, MemoryNode>();
  readonly #links = new Map<string, Set<string>>();
  /** Links a partition has cut, to be restored when it heals. */
  #severed: [string, string][] = [];
  #groups: Set<string>[] = [];
  #random: number;

  constructor({ seed, clock = systemClock, faults = {} }: MemoryHubOptions) {
    this.seed = seed;
    this.clock = clock;
    this.faults = faults;
    this.#random = seed | 0;
  }

  join(node: MemoryNode): void {
    if (this.#nodes.has(node.peerId)) throw new WireError("limit", "this key has already joined the hub");
    this.#nodes.set(node.peerId, node);
    this.#links.set(node.peerId, new Set());
  }

  /** Cuts the peer off for good; its neighbours see a lost connection. */
  kill(peerId: string): void {
    for (const other of this.linksOf(peerId)) this.unlink(peerId, other);
    this.#nodes.delete(peerId);
    this.#links.delete(peerId);
  }

  /** Only peers of one set reach each other; who is in no set reaches nobody. Cuts the links across. */
  partition(...groups: string[][]): void {
    this.#groups = groups.map((group) => new Set(group));
    for (const [peerId, others] of this.#links) {
      for (const other of [...others]) {
        if (peerId > other || this.reachable(peerId, other)) continue;
        this.#severed.push([peerId, other]);
        this.unlink(peerId, other);
      }
    }
  }

  /** Ends the partition and restores the links it cut. */
  heal(): void {
    this.#groups = [];
    for (const [one, other] of this.#severed.splice(0)) if (this.reachable(one, other)) this.link(one, other);
  }

  reachable(one: string, other: string): boolean {
    if (!this.#nodes.has(one) || !this.#nodes.has(other)) return false;
    return this.#groups.length === 0 || this.#groups.some((group) => group.has(one) && group.has(other));
  }

  /** Links two peers. Throws `unreachable`. */
  link(one: string, other: string): void {
    const admitted = this.#nodes.get(other)?.admits(one) && this.#nodes.get(one)?.admits(other);
    if (!this.reachable(one, other) || !admitted) throw new WireError("unreachable", `no way to ${other}`);
    this.#links.get(one)?.add(other);
    this.#links.get(other)?.add(one);
  }

  unlink(one: string, other: string): void {
    this.#links.get(one)?.delete(other);
    this.#links.get(other)?.delete(one);
    this.#nodes.get(one)?.unlinked(other);
    this.#nodes.get(other)?.unlinked(one);
  }

  linksOf(peerId: string): string[] {
    return [...(this.#links.get(peerId) ?? [])];
  }

  /** The two ends of a stream with the delays of the moment. */
  stream(): [MemoryPipe, MemoryPipe] {
    return MemoryPipe.pair({ clock: this.clock, delayMs: () => this.#delayMs() });
  }

  /** One gossip hop with the faults of the moment. */
  hop(from: string, to: string, deliver: () => void): void {
    const { drop = 0, duplicate = 0 } = this.faults;
    if (drop > 0 && this.random() < drop) return;
    const copies = duplicate > 0 && this.random() < duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      schedule(this.clock, this.#delayMs(), () => {
        if (this.linksOf(from).includes(to)) deliver();
      });
    }
  }

  node(peerId: string): MemoryNode | undefined {
    return this.#nodes.get(peerId);
  }

  /** In [0, 1), from the seed (mulberry32). */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  #delayMs(): number {
    const { delayMs = 0 } = this.faults;
    if (typeof delayMs === "number") return delayMs;
    return delayMs[0] + this.random() * (delayMs[1] - delayMs[0]);
  }
}

/** A hub without nodes. */
export function createMemoryHub(options: MemoryHubOptions): MemoryHub {
  return new MemoryHub(options);
}
