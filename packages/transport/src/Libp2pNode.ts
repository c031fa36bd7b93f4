/**
 * The libp2p node behind `Libp2pTransport`: TCP, TLS or Noise, Yamux, Gossipsub, identify, ping and nothing that talks
 * to a public network by itself (no DHT, no mDNS, no AutoNAT, no UPnP, no DNS-over-HTTPS resolver).
 */

import { type GossipSub, gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import type { ConnectionGater, Libp2p, PeerId, PrivateKey } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import type { TransportLimits } from "./Limits.ts";
import type { PeerLedger } from "./PeerLedger.ts";

export type Encryption = "tls" | "noise";

/** Loaded on demand: each brings 9 to 15 MB of code that a node which does not offer it need not hold. */
const ENCRYPTERS = {
  tls: async () => (await import("@libp2p/tls")).tls(),
  noise: async () => (await import("@chainsafe/libp2p-noise")).noise(),
};

/** The module that speaks it, and what that needs. */
export const loadEncryption = (name: Encryption) => ENCRYPTERS[name]();

export interface Libp2pNodeOptions {
  key: PrivateKey;
  listen: string[];
  announce: string[];
  encryption: readonly Encryption[];
  limits: TransportLimits;
  ledger: PeerLedger;
}

export type Libp2pNode = Libp2p<{ gossip: GossipSub }>;

/** Starts the node and its listeners. */
export async function startLibp2pNode(options: Libp2pNodeOptions): Promise<Libp2pNode> {
  const { limits } = options;
  return await createLibp2p({
    privateKey: options.key,
    addresses: { listen: options.listen, announce: options.announce },
    transports: [tcp({ maxConnections: limits.maxConnections })],
    connectionEncrypters: await Promise.all(options.encryption.map(loadEncryption)),
    streamMuxers: [yamux(streamLimits(limits))],
    connectionGater: gater(options.ledger),
    connectionManager: {
      maxConnections: limits.maxConnections,
      // Per host and second; the default of 5 resets honest connections wherever many nodes share an address.
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 50,
      maxParallelDials: 20,
      maxDialQueueLength: 200,
      dialTimeout: limits.openTimeoutMs,
      resolvers: {},
    },
    services: { identify: identify(), ping: ping(), gossip: gossip(options) },
  });
}

function streamLimits(limits: TransportLimits) {
  // Our credit is what bounds a stream. These are the second line, in case somebody ignores it.
  const bufferBytes = 2 * limits.windowBytes;
  return {
    maxInboundStreams: 1_024,
    maxOutboundStreams: 1_024,
    streamOptions: {
      maxReadBufferLength: bufferBytes,
      maxWriteBufferLength: bufferBytes,
      inactivityTimeout: 2 * limits.idleTimeoutMs,
    },
  };
}

/** Keeps out banned peers, and peers whose key is no EVM key and who therefore have no operator address. */
function gater(ledger: PeerLedger): ConnectionGater {
  const deny = (peerId: PeerId): boolean => peerId.type !== "secp256k1" || ledger.isBanned(peerId.toString());
  return { denyDialPeer: deny, denyInboundEncryptedConnection: deny, denyOutboundEncryptedConnection: deny };
}

function gossip({ limits, ledger }: Libp2pNodeOptions) {
  return gossipsub({
    fallbackToFloodsub: false,
    // Own messages go to every subscribed neighbour at once instead of waiting for the mesh to form.
    floodPublish: true,
    allowPublishToZeroTopicPeers: true,
    heartbeatInterval: 400,
    // History in heartbeats: 4.8 s kept, 2.4 s advertised, as long as the protocol's defaults at one-second beats.
    mcacheLength: 12,
    mcacheGossip: 6,
    // The validator below judges the size itself so that it is counted; this only bounds what is decoded at all.
    maxInboundDataLength: 2 * limits.maxGossipBytes,
    maxTopicBytesPerPeer: 256 << 10,
    scoreParams: {
      // Many honest nodes share one address (a rack, a NAT, this test); with the default weight the mesh empties.
      IPColocationFactorWeight: 0,
      // Penalty points come from our ledger, so that misbehaviour on channels also costs gossip standing.
      appSpecificScore: (peerId) => -ledger.penalty(peerId),
      appSpecificWeight: 1,
      behaviourPenaltyThreshold: 6,
    },
    scoreThresholds: { gossipThreshold: -20, publishThreshold: -60, graylistThreshold: -100 },
  });
}
