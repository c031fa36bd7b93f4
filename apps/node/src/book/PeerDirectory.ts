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
