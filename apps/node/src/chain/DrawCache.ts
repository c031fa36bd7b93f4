// Draws read from the chain once per commitment. A draw never changes once it is ready, unless the chain goes back; those of
// settled leases are still asked for, by auditors of the leases that built on them.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Hex } from "viem";
import type { DrawFacts, NodeChain } from "./NodeChain.ts";

interface Kept {
  /** Undefined for a settled lease: no other commitment can come. */
  commitmentHash: Hex | undefined;
  draw: DrawFacts;
}

const mostKept = 8192;

export class DrawCache {
  readonly #chain: NodeChain;
  readonly #kept = new Map<string, Kept>();
  readonly #reading = new Map<string, Promise<DrawFacts | undefined>>();
  #rewinds: number;

  constructor(chain: NodeChain) {
    this.#chain = chain;
    this.#rewinds = chain.rewinds();
  }

  /** The draw when it is known; never asks. */
  peek(leaseId: Hex, segment: bigint): DrawFacts | undefined {
    this.#forgetRewound();
    const known = this.#chain.segments(leaseId).find((one) => one.segment === segment);
    const kept = this.#kept.get(`${leaseId}/${segment}`);
    if (kept === undefined) return undefined;
    const holds = known === undefined ? this.#isSettled(leaseId) : kept.commitmentHash === known.commitmentHash;
    return holds ? kept.draw : undefined;
  }

  #isSettled(leaseId: Hex): boolean {
    return this.#chain.lease(leaseId)?.state === "settled";
  }

  /** The draw, asking the chain when its beacon round is over; undefined while it is not ready. */
  async get(leaseId: Hex, segment: bigint): Promise<DrawFacts | undefined> {
    const kept = this.peek(leaseId, segment);
    if (kept !== undefined) return kept;
    const known = this.#chain.segments(leaseId).find((one) => one.segment === segment);
    if (known === undefined ? !this.#isSettled(leaseId) : !this.isDue(known.beaconRound)) return undefined;
    const key = `${leaseId}/${segment}`;
    const reading = this.#reading.get(key) ?? this.#read(leaseId, { segment, commitmentHash: known?.commitmentHash });
    this.#reading.set(key, reading);
    return await reading.finally(() => this.#reading.delete(key));
  }

  /** True once the round is over: before that nobody knows the draw. */
  isDue(round: bigint): boolean {
    const { genesis, roundSeconds } = this.#chain.beacon();
    return this.#chain.now() >= genesis + (round + 1n) * roundSeconds;
  }

  /**
   * Was this node drawn for any segment of the lease, as holder or auditor? Asks for draws it does not know. `unsampled`: also as
   * an auditor of what is not sampled.
   */
  async involves(leaseId: Hex, nodeId: NodeId, { unsampled = false } = {}): Promise<boolean> {
    for (const { segment } of this.#chain.segments(leaseId)) {
      const draw = await this.get(leaseId, segment).catch(() => undefined);
      if (draw?.holders.includes(nodeId) === true) return true;
      if (draw !== undefined && (draw.sampled || unsampled) && draw.auditors.includes(nodeId)) return true;
    }
    return false;
  }

  async #read(
    leaseId: Hex,
    which: { segment: bigint; commitmentHash: Hex | undefined },
  ): Promise<DrawFacts | undefined> {
    const draw = await this.#chain.draw(leaseId, which.segment);
    if (!draw.ready) return undefined;
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size >= mostKept && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(`${leaseId}/${which.segment}`, { commitmentHash: which.commitmentHash, draw });
    return draw;
  }

  #forgetRewound(): void {
    if (this.#rewinds === this.#chain.rewinds()) return;
    this.#rewinds = this.#chain.rewinds();
    this.#kept.clear();
  }
}
