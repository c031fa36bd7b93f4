/**
 * `Transport` over libp2p. The operator's secp256k1 key is the libp2p key, so that the encrypted connection itself
 * proves who the other operator is. Gossip is signed by its author (Gossipsub `StrictSign`).
 */

import { TopicValidatorResult } from "@libp2p/gossipsub";
import type { Clock } from "@weft/protocol/Clock";
import { ChannelGate, qualify } from "./ChannelGate.ts";
import { systemClock } from "./Clock.ts";
import { GossipGate } from "./GossipGate.ts";
import { type Encryption, type Libp2pNode, startLibp2pNode } from "./Libp2pNode.ts";
import { createLibp2pPipe } from "./Libp2pPipe.ts";
import { resolveLimits, type TransportLimits } from "./Limits.ts";
import { identityOf, type PeerIdentity } from "./PeerIdentity.ts";
import { PeerLedger } from "./PeerLedger.ts";
import { parsePeerTarget } from "./PeerTarget.ts";
import { Redialer } from "./Redialer.ts";
import type {
  Channel,
  ChannelHandler,
  ConnectOptions,
  GossipHandler,
  GossipVerdict,
  PeerAddress,
  Transport,
  TransportStats,
} from "./Transport.ts";
import { WireError } from "./WireError.ts";

export interface Libp2pTransportOptions {
  /** 32-byte secp256k1 operator key. */
  privateKey: Uint8Array;
  /** Multiaddrs to listen on, for example `/ip4/127.0.0.1/tcp/0`; none for a node that only dials. */
  listen: string[];
  /** Keeps networks apart: part of every protocol and topic name. */
  networkId: string;
  /** Addresses to tell others instead of the ones listened on. */
  announce?: string[];
  /** Static peers, redialled whenever they are lost. At most 64. */
  bootstrap?: (PeerAddress | string)[];
  /** Offered in this order. Default TLS alone; Noise is slower here and costs another 9 MB, but all of libp2p speaks it. */
  encryption?: readonly Encryption[];
  limits?: Partial<TransportLimits>;
  clock?: Clock;
}

const MAX_BOOTSTRAP_PEERS = 64;

/** Starts a node; resolves once it listens and each bootstrap peer was tried once. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Transport> {
  const limits = resolveLimits(options.limits);
  const clock = options.clock ?? systemClock;
  const identity = identityOf(options.privateKey);
  qualify(options.networkId, "check");
  const bootstrap = (options.bootstrap ?? [])
    .slice(0, MAX_BOOTSTRAP_PEERS)
    .map((peer) => ({ peer, ...parsePeerTarget(peer) }));
  const ledger = new PeerLedger(limits, clock);
  const { listen, announce = [], encryption = ["tls"] } = options;
  const node = await startLibp2pNode({ key: identity.privateKey, listen, announce, encryption, limits, ledger });
  const transport = new Libp2pTransport({ node, identity, limits, ledger, clock, networkId: options.networkId });
  await transport.keepConnected(new Map(bootstrap.map(({ peerId, peer }) => [peerId, peer])), clock);
  return transport;
}

interface Parts {
  node: Libp2pNode;
  identity: PeerIdentity;
  limits: TransportLimits;
  ledger: PeerLedger;
  clock: Clock;
  networkId: string;
}

class Libp2pTransport implements Transport {
  readonly peerId: string;
  readonly operator: `0x${string}`;
  readonly #node: Libp2pNode;
  readonly #limits: TransportLimits;
  readonly #ledger: PeerLedger;
  readonly #networkId: string;
  readonly #channels: ChannelGate;
  readonly #gossip: GossipGate;
  readonly #protocols = new Set<string>();
  #redialer: Redialer | undefined;

  constructor({ node, identity, limits, ledger, clock, networkId }: Parts) {
    this.peerId = identity.peerId;
    this.operator = identity.operator;
    this.#node = node;
    this.#limits = limits;
    this.#ledger = ledger;
    this.#networkId = networkId;
    this.#channels = new ChannelGate(limits, ledger, clock);
    this.#gossip = new GossipGate(limits, ledger, clock);
    ledger.onBan = (peerId) => this.#disconnect(peerId);
    node.addEventListener("peer:disconnect", (event) => {
      const peerId = event.detail.toString();
      this.#channels.abortAll(new WireError("closed", "the connection was lost"), peerId);
      this.#redialer?.lost(peerId);
    });
  }

  /** Dials the static peers and goes on doing so. */
  async keepConnected(peers: Map<string, PeerAddress | string>, clock: Clock): Promise<void> {
    this.#redialer = new Redialer([...peers.keys()], {
      clock,
      isConnected: (peerId) => this.peers().includes(peerId),
      dial: async (peerId) => {
        await this.connect(peers.get(peerId) ?? peerId);
      },
    });
    await this.#redialer.start();
  }

  addresses(): string[] {
    return this.#node.getMultiaddrs().map(String);
  }

  peers(): string[] {
    // Not the node's own getPeers, which decompresses every peer's public key again at each call.
    return [...new Set(this.#node.getConnections().map(({ remotePeer }) => remotePeer.toString()))];
  }

  async connect(peer: PeerAddress | string, options: ConnectOptions = {}): Promise<string> {
    const { target } = parsePeerTarget(peer);
    const connection = await this.#attempt(options.signal, (signal) => this.#node.dial(target, { signal }));
    return connection.remotePeer.toString();
  }

  async publish(topic: string, payload: Uint8Array): Promise<void> {
    this.#gossip.checkOutbound(payload);
    await this.#node.services.gossip.publish(qualify(this.#networkId, topic), payload);
  }

  subscribe(topic: string, handler: GossipHandler): () => void {
    const { gossip } = this.#node.services;
    const name = qualify(this.#networkId, topic);
    if (this.#gossip.add(name, handler)) {
      gossip.topicValidators.set(name, async (relay, message) => {
        // StrictSign refuses unsigned messages before this, so the type is all that is narrowed here.
        if (message.type !== "signed") return TopicValidatorResult.Reject;
        const verdict = await this.#gossip.judge({
          topic: name,
          payload: message.data,
          author: message.from.toString(),
          relay: relay.toString(),
        });
        return VERDICTS[verdict];
      });
      gossip.subscribe(name);
    }
    return () => {
      if (!this.#gossip.remove(name, handler)) return;
      gossip.unsubscribe(name);
      gossip.topicValidators.delete(name);
    };
  }

  handle(protocol: string, handler: ChannelHandler): void {
    const name = qualify(this.#networkId, protocol);
    if (this.#protocols.has(name)) throw new WireError("limit", `${protocol} already has a handler`);
    this.#protocols.add(name);
    const limits = {
      maxInboundStreams: this.#limits.maxChannelsPerPeer,
      maxOutboundStreams: this.#limits.maxChannelsPerPeer,
    };
    // Registered before the first await inside; what is awaited only tells others about it.
    void this.#node
      .handle(
        name,
        (stream, connection) =>
          this.#channels.accept(
            createLibp2pPipe(stream, this.#limits.stallTimeoutMs),
            connection.remotePeer.toString(),
            handler,
          ),
        limits,
      )
      .catch(() => this.#protocols.delete(name));
  }

  async open(peer: PeerAddress | string, protocol: string, options: ConnectOptions = {}): Promise<Channel> {
    const name = qualify(this.#networkId, protocol);
    const { target, peerId } = parsePeerTarget(peer);
    const stream = await this.#attempt(options.signal, (signal) =>
      this.#node.dialProtocol(target, name, { signal, maxOutboundStreams: this.#limits.maxChannelsPerPeer }),
    );
    return this.#channels.wrap(createLibp2pPipe(stream, this.#limits.stallTimeoutMs), peerId);
  }

  stats(): TransportStats {
    return this.#ledger.stats();
  }

  async stop(): Promise<void> {
    this.#redialer?.stop();
    this.#channels.abortAll(new WireError("closed", "this node is stopping"));
    await this.#node.stop();
  }

  #disconnect(peerId: string): void {
    this.#channels.abortAll(new WireError("banned", "too many violations"), peerId);
    for (const connection of this.#node.getConnections()) {
      if (connection.remotePeer.toString() === peerId) connection.abort(new WireError("banned", "too many violations"));
    }
  }

  async #attempt<Result>(
    signal: AbortSignal | undefined,
    dial: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const deadline = AbortSignal.timeout(this.#limits.openTimeoutMs);
    try {
      return await dial(signal ? AbortSignal.any([signal, deadline]) : deadline);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw dialError(error, deadline.aborted);
    }
  }
}

const VERDICTS: Record<GossipVerdict, TopicValidatorResult> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

function dialError(error: unknown, late: boolean): WireError {
  const name = error instanceof Error ? error.name : "";
  const detail = error instanceof Error ? error.message : String(error);
  if (name === "UnsupportedProtocolError") return new WireError("protocol", detail, { cause: error });
  if (name === "TooManyOutboundProtocolStreamsError")
    return new WireError("rate", detail, { cause: error, fault: "us" });
  if (late || name === "TimeoutError") return new WireError("timeout", detail, { cause: error });
  return new WireError("unreachable", detail, { cause: error });
}
