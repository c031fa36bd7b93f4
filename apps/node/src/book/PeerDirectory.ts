// Where a node can be reached, by node id: from its own signed gossip, and from the Registry's endpoint where it never
// gossiped. The peer id in an offer must be the offer's signer, so that nobody can send others to a wrong place.
import type { Peer } from "@weft/protocol/messages";
import type { NodeId } from "@weft/protocol/NodeId";

export interface PeerDirectory {
  readonly limit: number;
  /** Oldest first. */
  readonly peers: Map<NodeId, Peer>;
}

/** Most nodes remembered; the longest unheard are forgotten first. */
const defaultLimit = 8192;

export const createDirectory = (limit: number = defaultLimit): PeerDirectory => ({ limit, peers: new Map() });

/** Notes where a node was last heard to be. */
export function notePeer(directory: PeerDirectory, nodeId: NodeId, peer: Peer): void {
  directory.peers.delete(nodeId);
  directory.peers.set(nodeId, peer);
  if (directory.peers.size <= directory.limit) return;
  const oldest = directory.peers.keys().next().value;
  if (oldest !== undefined) directory.peers.delete(oldest);
}

/** Most characters of an endpoint on chain. */
const endpointChars = 256;

/** A Registry endpoint: multiaddrs that end in /p2p/<peerId>, separated by blanks, as many as fit. */
export function endpointOf(addresses: readonly string[]): string {
  let text = "";
  for (const address of addresses) {
    const longer = text === "" ? address : `${text} ${address}`;
    if (longer.length <= endpointChars) text = longer;
  }
  return text;
}

/** The peer behind a Registry endpoint, or undefined when it names none. Foreign text: nothing is taken on trust. */
export function peerOfEndpoint(endpoint: string): Peer | undefined {
  const addresses = endpoint
    .slice(0, endpointChars)
    .split(/\s+/)
    .filter((part) => part.startsWith("/"))
    .slice(0, 8);
  const ids = new Set(addresses.map((address) => /\/p2p\/([1-9A-HJ-NP-Za-km-z]{8,128})$/.exec(address)?.[1]));
  const [peerId] = ids;
  return ids.size === 1 && peerId !== undefined ? { peerId, addresses } : undefined;
}
