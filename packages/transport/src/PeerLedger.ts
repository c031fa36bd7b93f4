/**
 * What each peer has cost us: counters, token buckets, penalty points, bans. Bounded: the least recently seen peer is
 * forgotten first, a banned one only when its ban has ended.
 */

import type { Clock } from "@weft/protocol/Clock";
import type { TransportLimits } from "./Limits.ts";
import { createTokenBucket, type TokenBucket, type TokenRate, takeToken } from "./TokenBucket.ts";
import type { PeerCounters, TransportStats } from "./Transport.ts";
import { penaltyOf, type WireError, type WireErrorCode } from "./WireError.ts";

/** The rates a ledger keeps per peer. */
export type RateName = "opens" | "messages" | "gossipAuthor" | "gossipRelay";

interface PeerRecord {
  counters: PeerCounters;
  buckets: Partial<Record<RateName, TokenBucket>>;
  penalty: number;
  penaltyAtMs: number;
  bannedUntilMs: number;
}

export class PeerLedger {
  readonly #limits: TransportLimits;
  readonly #clock: Clock;
  readonly #rates: Record<RateName, TokenRate>;
  readonly #peers = new Map<string, PeerRecord>();
  readonly #total = emptyCounters();
  /** Errors already counted, so that one fault seen by the channel and rethrown by its handler counts once. */
  readonly #counted = new WeakSet<WireError>();
  /** Called when a peer's penalty reaches the ban line. */
  onBan: (peerId: string) => void = () => {};

  constructor(limits: TransportLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#rates = {
      opens: { perSecond: limits.opensPerSecond, burst: limits.opensBurst },
      messages: { perSecond: limits.messagesPerSecond, burst: limits.messagesBurst },
      gossipAuthor: { perSecond: limits.gossipPerAuthorPerSecond, burst: limits.gossipPerAuthorBurst },
      gossipRelay: { perSecond: limits.gossipPerRelayPerSecond, burst: limits.gossipPerRelayBurst },
    };
  }

  /** Takes one token of the peer's `rate`. */
  admit(peerId: string, rate: RateName): boolean {
    const record = this.#record(peerId);
    const bucket = (record.buckets[rate] ??= createTokenBucket(this.#rates[rate], this.#clock.now()));
    return takeToken(bucket, this.#rates[rate], this.#clock.now());
  }

  countIn(peerId: string, bytes: number): void {
    for (const counters of [this.#total, this.#record(peerId).counters]) {
      counters.messagesIn += 1;
      counters.bytesIn += bytes;
    }
  }

  /** Without a peer id (gossip) only the total moves. */
  countOut(peerId: string | undefined, bytes: number): void {
    for (const counters of peerId === undefined ? [this.#total] : [this.#total, this.#record(peerId).counters]) {
      counters.messagesOut += 1;
      counters.bytesOut += bytes;
    }
  }

  /** Counts a rejection against its sender and adds the code's penalty. */
  reject(peerId: string, code: WireErrorCode): void {
    const record = this.#record(peerId);
    for (const counters of [this.#total, record.counters]) {
      counters.rejected[code] = (counters.rejected[code] ?? 0) + 1;
    }
    this.#penalise(peerId, record, penaltyOf(code));
  }

  /** As `reject`, once per error; what the other side merely reported costs it nothing. */
  rejectError(peerId: string, error: WireError): void {
    if (this.#counted.has(error)) return;
    this.#counted.add(error);
    this.reject(peerId, error.origin === "remote" ? "aborted" : error.code);
  }

  /** Decayed penalty points. */
  penalty(peerId: string): number {
    const record = this.#peers.get(peerId);
    return record ? this.#decayed(record) : 0;
  }

  isBanned(peerId: string): boolean {
    const record = this.#peers.get(peerId);
    return record !== undefined && record.bannedUntilMs > this.#clock.now();
  }

  /** A copy. */
  stats(): TransportStats {
    const peers: Record<string, PeerCounters> = {};
    for (const [peerId, record] of this.#peers) peers[peerId] = copyCounters(record.counters);
    return { total: copyCounters(this.#total), peers };
  }

  #decayed(record: PeerRecord): number {
    const halves = (this.#clock.now() - record.penaltyAtMs) / this.#limits.penaltyHalfLifeMs;
    return record.penalty * 2 ** -Math.max(0, halves);
  }

  #penalise(peerId: string, record: PeerRecord, points: number): void {
    if (points === 0) return;
    record.penalty = this.#decayed(record) + points;
    record.penaltyAtMs = this.#clock.now();
    if (record.penalty < this.#limits.banPenalty || this.isBanned(peerId)) return;
    record.bannedUntilMs = this.#clock.now() + this.#limits.banMs;
    this.onBan(peerId);
  }

  #record(peerId: string): PeerRecord {
    let record = this.#peers.get(peerId);
    // Re-inserting keeps the map in order of last use, which is what eviction reads.
    if (record) this.#peers.delete(peerId);
    else {
      this.#evict();
      record = { counters: emptyCounters(), buckets: {}, penalty: 0, penaltyAtMs: 0, bannedUntilMs: 0 };
    }
    this.#peers.set(peerId, record);
    return record;
  }

  #evict(): void {
    if (this.#peers.size < this.#limits.maxTrackedPeers) return;
    for (const peerId of this.#peers.keys()) {
      if (this.isBanned(peerId)) continue;
      this.#peers.delete(peerId);
      return;
    }
    // All banned: the bound on memory comes first, and the oldest ban is the nearest to its end.
    for (const peerId of this.#peers.keys()) {
      this.#peers.delete(peerId);
      return;
    }
  }
}

function emptyCounters(): PeerCounters {
  return { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, rejected: {} };
}

function copyCounters(counters: PeerCounters): PeerCounters {
  return { ...counters, rejected: { ...counters.rejected } };
}
