// Placement rules of a buyer: one-line functions from an offer to a refusal or nothing. They compose by being listed.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address } from "viem";
import type { OfferEntry } from "./Book.ts";
import type { MarketView } from "./MarketView.ts";
import type { Reason } from "./reasons.ts";

/** undefined = accepted. */
export type Strategy = (view: MarketView, entry: OfferEntry) => Reason | undefined;

const refuse = (rule: string, detail: string): Reason => ({ code: "placement", rule, detail });

export const allowNodes =
  (nodes: ReadonlySet<NodeId>): Strategy =>
  (_, { offer }) =>
    nodes.has(offer.nodeId) ? undefined : refuse("allow", `node ${offer.nodeId} is not on the list`);

export const denyNodes =
  (nodes: ReadonlySet<NodeId>): Strategy =>
  (_, { offer }) =>
    nodes.has(offer.nodeId) ? refuse("deny", `node ${offer.nodeId} is on the list`) : undefined;

export const excludeOwners =
  (owners: ReadonlySet<Address>): Strategy =>
  (view, { offer }) => {
    const owner = view.nodes.get(offer.nodeId)?.owner;
    return owner !== undefined && owners.has(owner) ? refuse("owners", `owner ${owner} is excluded`) : undefined;
  };

/** Keeps offers of the H3 cell `region` and the cells inside it. */
export const inRegion =
  (region: bigint): Strategy =>
  (_, { offer }) =>
    cellWithin(offer.region, region)
      ? undefined
      : refuse("region", `cell ${offer.region.toString(16)} is not in ${region.toString(16)}`);

/**
 * True when H3 cell `cell` is `parent` or lies inside it. H3 index: 4 mode bits at 59, resolution at 52, base cell at
 * 45, then 3 bits per resolution downwards (h3geo.org, "H3Index").
 */
export function cellWithin(cell: bigint, parent: bigint): boolean {
  const resolution = (index: bigint) => (index >> 52n) & 15n;
  if (cell >> 56n !== parent >> 56n || resolution(cell) < resolution(parent)) return false;
  const cellBits = (1n << 52n) - 1n;
  return ((cell ^ parent) & cellBits) >> (45n - 3n * resolution(parent)) === 0n;
}
