/** Who to dial: the ways to name a peer, as multiaddrs or a peer id. */

import type { PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { PeerAddress } from "./Transport.ts";
import { WireError } from "./WireError.ts";

const MAX_ADDRESSES = 16;

/** What libp2p dials, with the peer id where the name holds one. Throws `WireError` `malformed`. */
export function parsePeerTarget(peer: PeerAddress | string): { target: PeerId | Multiaddr[]; peerId: string } {
  try {
    if (typeof peer !== "string") return fromAddress(peer);
    if (!peer.startsWith("/")) return { target: peerIdFromString(peer), peerId: peer };
    const peerId = peerIdInside(peer);
    if (!peerId) throw new TypeError("the address ends without /p2p/<peerId>");
    return { target: [multiaddr(peer)], peerId };
  } catch (cause) {
    throw new WireError("malformed", `not a peer: ${JSON.stringify(peer)?.slice(0, 120)}`, { cause, fault: "us" });
  }
}

/** An address without the peer id could be answered by anyone, so the id is always part of what is dialled. */
function fromAddress({ peerId, addresses }: PeerAddress): { target: PeerId | Multiaddr[]; peerId: string } {
  const id = peerIdFromString(peerId);
  if (addresses.length === 0) return { target: id, peerId };
  const target = addresses.slice(0, MAX_ADDRESSES).map((address) => {
    const inside = peerIdInside(address);
    if (inside !== undefined && inside !== peerId) throw new TypeError("the address names another peer");
    return multiaddr(inside === undefined ? `${address}/p2p/${peerId}` : address);
  });
  return { target, peerId };
}

/** Last `/p2p/` component of a multiaddr. */
function peerIdInside(address: string): string | undefined {
  return multiaddr(address)
    .getComponents()
    .findLast(({ name }) => name === "p2p")?.value;
}
