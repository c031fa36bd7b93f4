/**
 * The port between nodes: gossip, message channels and counters. Types only; `Libp2pTransport.ts` and
 * `MemoryTransport.ts` implement it and both run `transportCompliance.ts`.
 *
 * A peer is named by its libp2p peer id, which inlines the secp256k1 key of the node's operator, so that a peer id and an
 * EVM address are two spellings of one identity (`PeerIdentity.ts`).
 */

/** Where a peer can be reached. `addresses` are multiaddrs; a missing `/p2p/<peerId>` suffix is added. */
export interface PeerAddress {
  peerId: string;
  addresses: string[];
}

/**
 * `accept`: deliver and forward. `ignore`: drop, nobody's fault (stale, duplicate, not relevant). `reject`: drop and
 * lower the relaying peer's score.
 */
export type GossipVerdict = "accept" | "ignore" | "reject";

/** Called once per gossip message with its author's peer id. The bytes are the handler's to keep. */
export type GossipHandler = (payload: Uint8Array, from: string) => Promise<GossipVerdict> | GossipVerdict;

/** The authenticated other end of a channel. */
export interface Remote {
  peerId: string;
  operator: `0x${string}`;
}

/** Serves one inbound channel. The channel is closed when the promise resolves and aborted when it rejects. */
export type ChannelHandler = (channel: Channel, from: Remote) => Promise<void>;

export interface ConnectOptions {
  signal?: AbortSignal;
}

export interface ReceiveOptions {
  signal?: AbortSignal;
  /** Give up after this long with a retryable `WireError` of code `timeout`; the channel stays usable. */
  timeoutMs?: number;
}

/** Ordered and message-framed, with credit-based flow control in both directions. */
export interface Channel {
  /**
   * Resolves once the receiver's credit allowed the whole message onto the wire. The bytes must not change before that.
   * Rejects with `WireError`: `oversize`, `backpressure` (too much already waiting), `timeout` (no credit came),
   * `closed`, or the code the other side gave.
   */
  send(message: Uint8Array): Promise<void>;
  /** The next message, `undefined` after the sender's clean end. Rejects with `WireError`. */
  receive(options?: ReceiveOptions): Promise<Uint8Array | undefined>;
  /** Ends this side after what was sent; receiving goes on until the other side ends too. */
  close(): Promise<void>;
  /** Ends both sides at once and tells the other side the code of `reason` when it is a `WireError`. */
  abort(reason: Error): void;
}

/** Counters of one peer, or of all. Rejections are counted against whoever sent the bytes. */
export interface PeerCounters {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Rejected messages, channels and gossip by `WireErrorCode`, or `rejected` / `ignored` for a handler's verdict. */
  rejected: Record<string, number>;
}

export interface TransportStats {
  total: PeerCounters;
  /** By peer id; gossip sent has many receivers and is in `total` only. Oldest peers are forgotten first. */
  peers: Record<string, PeerCounters>;
}

export interface Transport {
  readonly peerId: string;
  /** EVM address of the operator key. */
  readonly operator: `0x${string}`;
  /** Own dialable multiaddrs with `/p2p/<peerId>`. */
  addresses(): string[];
  /** Peer ids connected now. */
  peers(): string[];
  /** Connects to an address, a multiaddr string, or the peer id of a peer already known; returns the peer id. */
  connect(peer: PeerAddress | string, options?: ConnectOptions): Promise<string>;
  /** Gossips to the topic's subscribers, not to oneself. Having no neighbour is no error. */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  /** Adds a handler; returns the function that removes it. Of several handlers the strictest verdict counts. */
  subscribe(topic: string, handler: GossipHandler): () => void;
  /** Serves a protocol, for example `blob/1`. One handler per protocol. */
  handle(protocol: string, handler: ChannelHandler): void;
  /** Opens a channel, connecting first where needed. Rejects with `unreachable`, `protocol`, `timeout` or `rate`. */
  open(peer: PeerAddress | string, protocol: string, options?: ConnectOptions): Promise<Channel>;
  stats(): TransportStats;
  stop(): Promise<void>;
}
