/**
 * The way in for gossip, the same for every carrier: size and rate first, then the topic's handlers. Whatever a handler
 * throws becomes a verdict. Rejections are counted against the neighbour that relayed the message: every honest relay
 * has judged it too, and only the neighbour is there to be punished.
 */

import type { Clock } from "@weft/protocol/Clock";
import { schedule } from "./Clock.ts";
import type { TransportLimits } from "./Limits.ts";
import type { PeerLedger } from "./PeerLedger.ts";
import type { GossipHandler, GossipVerdict } from "./Transport.ts";
import { toWireError, WireError } from "./WireError.ts";

export interface InboundGossip {
  topic: string;
  payload: Uint8Array;
  /** Signed author. */
  author: string;
  /** Neighbour it came from. */
  relay: string;
}

const MAX_HANDLERS_PER_TOPIC = 32;

export class GossipGate {
  readonly #limits: TransportLimits;
  readonly #ledger: PeerLedger;
  readonly #clock: Clock;
  readonly #handlers = new Map<string, Set<GossipHandler>>();
  #inFlight = 0;

  constructor(limits: TransportLimits, ledger: PeerLedger, clock: Clock) {
    this.#limits = limits;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  topics(): string[] {
    return [...this.#handlers.keys()];
  }

  /** Adds a handler; true when it is the topic's first. Throws `limit`. */
  add(topic: string, handler: GossipHandler): boolean {
    let handlers = this.#handlers.get(topic);
    const first = handlers === undefined;
    if (!handlers) {
      if (this.#handlers.size >= this.#limits.maxTopics) throw new WireError("limit", "too many topics");
      handlers = new Set();
      this.#handlers.set(topic, handlers);
    }
    if (handlers.size >= MAX_HANDLERS_PER_TOPIC) throw new WireError("limit", `too many handlers of ${topic}`);
    handlers.add(handler);
    return first;
  }

  /** Removes a handler; true when the topic has none left. */
  remove(topic: string, handler: GossipHandler): boolean {
    const handlers = this.#handlers.get(topic);
    if (!handlers?.delete(handler) || handlers.size > 0) return false;
    this.#handlers.delete(topic);
    return true;
  }

  /** Checks an own payload. Throws `oversize`. */
  checkOutbound(payload: Uint8Array): void {
    if (payload.length > this.#limits.maxGossipBytes) {
      throw new WireError("oversize", `gossip of ${payload.length} bytes, at most ${this.#limits.maxGossipBytes}`);
    }
    this.#ledger.countOut(undefined, payload.length);
  }

  /** The verdict; never rejects. */
  async judge(message: InboundGossip): Promise<GossipVerdict> {
    const { relay, author, payload } = message;
    this.#ledger.countIn(relay, payload.length);
    if (payload.length > this.#limits.maxGossipBytes) {
      this.#ledger.reject(relay, "oversize");
      return "reject";
    }
    // Flooding is ignored, not rejected: an honest relay may pass on one message more than we would have.
    if (!this.#ledger.admit(relay, "gossipRelay")) return this.#ignore(relay, "rate");
    if (!this.#ledger.admit(author, "gossipAuthor")) return this.#ignore(author, "rate");
    if (this.#inFlight >= this.#limits.maxGossipInFlight) return this.#ignore(relay, "limit");
    this.#inFlight += 1;
    try {
      return await this.#runHandlers(message);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #runHandlers({ topic, payload, author, relay }: InboundGossip): Promise<GossipVerdict> {
    const handlers = [...(this.#handlers.get(topic) ?? [])];
    const verdicts = await Promise.all(handlers.map((handler) => this.#runHandler(handler, payload, author, relay)));
    if (verdicts.includes("reject")) return "reject";
    if (verdicts.includes("ignore")) return "ignore";
    return "accept";
  }

  async #runHandler(
    handler: GossipHandler,
    payload: Uint8Array,
    author: string,
    relay: string,
  ): Promise<GossipVerdict> {
    let cancel = (): void => {};
    const late = new Promise<never>((_, reject) => {
      cancel = schedule(this.#clock, this.#limits.gossipHandlerTimeoutMs, () =>
        reject(new WireError("timeout", "the gossip handler took too long", { fault: "us" })),
      );
    });
    try {
      const verdict = await Promise.race([(async () => handler(payload, author))(), late]);
      if (verdict === "reject") this.#ledger.reject(relay, "rejected");
      if (verdict === "ignore") this.#ledger.reject(relay, "ignored");
      return verdict;
    } catch (error) {
      const wireError = toWireError(error, "handler");
      this.#ledger.rejectError(relay, wireError);
      // Only a message that broke a rule is rejected; our own fault must not cost the relay its score.
      return wireError.fault === "caller" && !wireError.retryable ? "reject" : "ignore";
    } finally {
      cancel();
    }
  }

  #ignore(peerId: string, code: "rate" | "limit"): GossipVerdict {
    this.#ledger.reject(peerId, code);
    return "ignore";
  }
}
