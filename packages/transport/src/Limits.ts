/** Every bound of the wire with its default. A transport takes a partial override; `spec/transport.md` lists the reasons. */

export interface TransportLimits {
  /** Longest channel message in bytes, both ways. */
  maxMessageBytes: number;
  /** Bytes (frame charges included) a receiver lets a sender have outstanding on one channel. */
  windowBytes: number;
  /** A channel on which nothing, not even a keep-alive, arrives for this long is aborted. */
  idleTimeoutMs: number;
  /** A send that gets no credit for this long fails: the consumer is stuck. */
  stallTimeoutMs: number;
  /** After a handler returned, how long the other side may take to end. */
  lingerMs: number;
  /** Dial, negotiation and open together. */
  openTimeoutMs: number;
  /** Channels one peer may hold open here, per protocol and connection. */
  maxChannelsPerPeer: number;
  maxConnections: number;
  /** Longest gossip payload in bytes. */
  maxGossipBytes: number;
  /** A gossip handler that takes longer counts as `ignore`. */
  gossipHandlerTimeoutMs: number;
  /** Gossip messages being judged at once; what comes above it is ignored. */
  maxGossipInFlight: number;
  /** Topics a node can subscribe to. */
  maxTopics: number;
  /** Channels a peer may open: sustained per second, and burst. */
  opensPerSecond: number;
  opensBurst: number;
  /** Channel messages and control frames from a peer, over all its channels. */
  messagesPerSecond: number;
  messagesBurst: number;
  /** Gossip messages by one author. */
  gossipPerAuthorPerSecond: number;
  gossipPerAuthorBurst: number;
  /** Gossip messages relayed by one neighbour. */
  gossipPerRelayPerSecond: number;
  gossipPerRelayBurst: number;
  /** Penalty points (halved every `penaltyHalfLifeMs`) at which a peer is disconnected and refused for `banMs`. */
  banPenalty: number;
  penaltyHalfLifeMs: number;
  banMs: number;
  /** Peers whose counters are kept. */
  maxTrackedPeers: number;
}

export const defaultLimits: TransportLimits = {
  maxMessageBytes: 1 << 20,
  windowBytes: 4 << 20,
  idleTimeoutMs: 60_000,
  stallTimeoutMs: 60_000,
  lingerMs: 5_000,
  openTimeoutMs: 10_000,
  maxChannelsPerPeer: 128,
  maxConnections: 300,
  maxGossipBytes: 128 << 10,
  gossipHandlerTimeoutMs: 5_000,
  maxGossipInFlight: 1_024,
  maxTopics: 256,
  opensPerSecond: 500,
  opensBurst: 1_000,
  messagesPerSecond: 20_000,
  messagesBurst: 40_000,
  gossipPerAuthorPerSecond: 500,
  gossipPerAuthorBurst: 1_000,
  gossipPerRelayPerSecond: 4_000,
  gossipPerRelayBurst: 8_000,
  banPenalty: 200,
  penaltyHalfLifeMs: 60_000,
  banMs: 300_000,
  maxTrackedPeers: 4_096,
};

/** Defaults with overrides. Throws `RangeError` where a window could not carry the longest message. */
export function resolveLimits(overrides: Partial<TransportLimits> = {}): TransportLimits {
  const limits = { ...defaultLimits, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`limits.${name} must be positive, got ${value}`);
  }
  // Half the window may be tied up in a message that is still incomplete, so twice the message always makes progress.
  if (limits.windowBytes < 2 * limits.maxMessageBytes) {
    throw new RangeError("limits.windowBytes must be at least twice limits.maxMessageBytes");
  }
  return limits;
}
