// A node's endpoint in the Registry: the text that says where it can be reached.
import type { Peer } from "./messages.ts";

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
