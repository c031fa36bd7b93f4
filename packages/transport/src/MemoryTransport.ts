/**
 * `Transport` inside one process, for simulations and tests. Channels, rates, rejections and gossip verdicts run through
 * the same code as over libp2p; only the carrier differs: pipes instead of sockets, and flooding with a memory of what
 * was seen instead of Gossipsub.
 */

import { ChannelGate, qualify } from "./ChannelGate.ts";
import { GossipGate } from "./GossipGate.ts";
import { resolveLimits, type TransportLimits } from "./Limits.ts";
import type { MemoryHub, MemoryNode } from "./MemoryHub.ts";
import { identityOf } from "./PeerIdentity.ts";
import { PeerLedger } from "./PeerLedger.ts";
import type {
  Channel,
  ChannelHandler,
  ConnectOptions,
  GossipHandler,
  PeerAddress,
  Transport,
  TransportStats,
} from "./Transport.ts";
import { WireError } from "./WireError.ts";

export interface MemoryTransportOptions {
  /** 32-byte secp256k1 operator key. */
  privateKey: Uint8Array;
  /** Default `memory`. */
  networkId?: string;
  limits?: Partial<TransportLimits>;
}

interface Gossip {
  id: string;
  topic: string;
  payload: Uint8Array;
  author: string;
}

/** Message ids remembered per node; the oldest are forgotten. */
const MAX_SEEN = 16_384;

/** A node on `hub`. It has no links until it connects. */
export function createMemoryTransport(hub: MemoryHub, options: MemoryTransportOptions): Transport {
  return new MemoryTransport(hub, options);
}

class MemoryTransport implements Transport, MemoryNode {
  readonly peerId: string;
  readonly operator: `0x${string}`;
  readonly #hub: MemoryHub;
  readonly #networkId: string;
  readonly #ledger: PeerLedger;
  readonly #channels: ChannelGate;
  readonly #gossip: GossipGate;
  readonly #handlers = new Map<string, ChannelHandler>();
  readonly #seen = new Set<string>();
  #published = 0;

  constructor(hub: MemoryHub, { privateKey, networkId = "memory", limits: overrides }: MemoryTransportOptions) {
    const limits = resolveLimits(overrides);
    const identity = identityOf(privateKey);
    qualify(networkId, "check");
    this.peerId = identity.peerId;
    this.operator = identity.operator;
    this.#hub = hub;
    this.#networkId = networkId;
    this.#ledger = new PeerLedger(limits, hub.clock);
    this.#channels = new ChannelGate(limits, this.#ledger, hub.clock);
    this.#gossip = new GossipGate(limits, this.#ledger, hub.clock);
    this.#ledger.onBan = (peerId) => hub.unlink(this.peerId, peerId);
    hub.join(this);
  }

  addresses(): string[] {
    return [`/memory/${this.peerId}/p2p/${this.peerId}`];
  }

  peers(): string[] {
    return this.#hub.linksOf(this.peerId);
  }

  async connect(peer: PeerAddress | string, options: ConnectOptions = {}): Promise<string> {
    options.signal?.throwIfAborted();
    const peerId = typeof peer === "string" ? (peer.split("/p2p/").at(-1) ?? peer) : peer.peerId;
    if (!this.peers().includes(peerId)) this.#hub.link(this.peerId, peerId);
    return peerId;
  }

  async publish(topic: string, payload: Uint8Array): Promise<void> {
    this.#gossip.checkOutbound(payload);
    this.#published += 1;
    const id = `${this.peerId}:${this.#published}`;
    const message = { id, topic: qualify(this.#networkId, topic), payload: payload.slice(), author: this.peerId };
    this.#remember(id);
    this.#forward(message, this.peerId);
  }

  subscribe(topic: string, handler: GossipHandler): () => void {
    const name = qualify(this.#networkId, topic);
    this.#gossip.add(name, handler);
    return () => {
      this.#gossip.remove(name, handler);
    };
  }

  handle(protocol: string, handler: ChannelHandler): void {
    const name = qualify(this.#networkId, protocol);
    if (this.#handlers.has(name)) throw new WireError("limit", `${protocol} already has a handler`);
    this.#handlers.set(name, handler);
  }

  async open(peer: PeerAddress | string, protocol: string, options: ConnectOptions = {}): Promise<Channel> {
    const name = qualify(this.#networkId, protocol);
    const peerId = await this.connect(peer, options);
    const other = this.#hub.node(peerId);
    const handler = other instanceof MemoryTransport ? other.#handlers.get(name) : undefined;
    if (!(other instanceof MemoryTransport) || !handler) {
      throw new WireError("protocol", `${peerId} does not serve ${name}`);
    }
    const [ours, theirs] = this.#hub.stream();
    void other.#channels.accept(theirs, this.peerId, handler);
    return this.#channels.wrap(ours, peerId);
  }

  stats(): TransportStats {
    return this.#ledger.stats();
  }

  async stop(): Promise<void> {
    this.#channels.abortAll(new WireError("closed", "this node is stopping"));
    this.#hub.kill(this.peerId);
  }

  admits(peerId: string): boolean {
    return !this.#ledger.isBanned(peerId);
  }

  unlinked(peerId: string): void {
    this.#channels.abortAll(new WireError("closed", "the connection was lost"), peerId);
  }

  #forward(message: Gossip, relay: string): void {
    for (const peerId of this.peers()) {
      const other = this.#hub.node(peerId);
      if (peerId === relay || peerId === message.author || !(other instanceof MemoryTransport)) continue;
      this.#hub.hop(this.peerId, peerId, () => void other.#arrived(message, this.peerId));
    }
  }

  async #arrived(message: Gossip, relay: string): Promise<void> {
    if (this.#seen.has(message.id) || !this.#gossip.topics().includes(message.topic)) return;
    this.#remember(message.id);
    // A copy per node, because the bytes are the handler's to keep.
    const payload = message.payload.slice();
    const { topic, author } = message;
    const verdict = await this.#gossip.judge({ topic, payload, author, relay });
    if (verdict === "accept") this.#forward(message, relay);
  }

  #remember(id: string): void {
    if (this.#seen.size >= MAX_SEEN) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    }
    this.#seen.add(id);
  }
}
