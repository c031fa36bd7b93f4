// Who holds and who audits a segment, and whether it is audited at all: contracts/src/libraries/Draw.sol,
// Registry.drawMany and Audits.sol, hash for hash, so that a node knows the draw from its own copy of the chain.
//
// Weighted by stake up to a cap, from the seated nodes as they stood strictly before the commitment; never a node of
// the provider's owner or of the buyer, never one owner twice. Bounded: 64 attempts, then a scan over at most 64 nodes.
import { WeftError } from "@weft/protocol/Errors";
import type { NodeId } from "@weft/protocol/NodeId";
import type { ProtocolParams } from "@weft/protocol/Params";
import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";

export interface StakedNode {
  nodeId: NodeId;
  /** Owner at the snapshot. */
  owner: Address;
  /** Stake at the snapshot, WEFT units of 1e-18. */
  stake: bigint;
}

/** The nodes that were seated at the snapshot, by seat: the order decides the draw. */
export interface RegistrySnapshot {
  nodes: readonly StakedNode[];
  /** Of every node, seated or not: a provider that lost its seat still has an owner. */
  owners: ReadonlyMap<NodeId, Address>;
  drawStakeCap: bigint;
}

/** One fact of the registry's log: from `time` (Unix seconds) on a node has this owner, or this stake. */
export type RegistryFact = { time: bigint; nodeId: NodeId } & ({ owner: Address } | { stake: bigint });

const attempts = 64;
const scan = 64;
const maxDrawn = 8;
const million = 1_000_000n;

/**
 * The registry as it stood at `time`, for a segment committed at time + 1. A node takes a seat when its stake reaches
 * the minimum and gives it up below that; the last one moves into it.
 * @param log in the order of the chain
 */
export function snapshotAt(log: readonly RegistryFact[], time: bigint, params: ProtocolParams): RegistrySnapshot {
  const owners = new Map<NodeId, Address>();
  const stakes = new Map<NodeId, bigint>();
  const seats: NodeId[] = [];
  for (const fact of log) {
    if (fact.time > time) break;
    if ("owner" in fact) owners.set(fact.nodeId, fact.owner);
    else {
      stakes.set(fact.nodeId, fact.stake);
      seat(seats, fact.nodeId, fact.stake >= params.minStake);
    }
  }
  const nodes = seats.map((nodeId) => ({
    nodeId,
    owner: owners.get(nodeId) ?? zeroAddress,
    stake: stakes.get(nodeId) ?? 0n,
  }));
  return { nodes, owners, drawStakeCap: params.drawStakeCap };
}

function seat(seats: NodeId[], nodeId: NodeId, staked: boolean): void {
  const at = seats.indexOf(nodeId);
  if (staked && at < 0) seats.push(nodeId);
  if (staked || at < 0) return;
  const last = seats.pop() as NodeId;
  if (at < seats.length) seats[at] = last;
}

const zeroAddress: Address = `0x${"00".repeat(20)}`;

/** Seed of a segment's draws: H(randomness of its round, hash of its commitment). */
export const seedOf = (randomness: Hex, commitmentHash: Hex): Hex =>
  hashWords(["bytes32", "bytes32"], [randomness, commitmentHash]);

/** Whether the beacon picked this segment for an audit. */
export const sampled = (seed: Hex, auditRatePpm: bigint): boolean =>
  BigInt(hashWords(["bytes32", "string"], [seed, "sample"])) % million < auditRatePpm;

/** The step whose unpublished root this auditor must open; firstStep..lastStep inclusive. */
export function auditStep(seed: Hex, auditor: NodeId, steps: { firstStep: bigint; lastStep: bigint }): bigint {
  const count = steps.lastStep - steps.firstStep + 1n;
  return steps.firstStep + (BigInt(hashWords(["bytes32", "bytes20"], [seed, auditor])) % count);
}

export interface SegmentDraw {
  sampled: boolean;
  holders: readonly NodeId[];
  auditors: readonly NodeId[];
}

/** Everything the beacon decides about a segment of an exact lease. */
export function drawSegment(
  snapshot: RegistrySnapshot,
  segment: { seed: Hex; provider: NodeId; buyer: Address },
  params: ProtocolParams,
): SegmentDraw {
  const draw = (role: string, count: bigint) =>
    drawMany(snapshot, {
      seed: hashWords(["bytes32", "string"], [segment.seed, role]),
      count: Number(count),
      provider: segment.provider,
      buyer: segment.buyer,
    });
  return {
    sampled: sampled(segment.seed, params.auditRatePpm),
    holders: draw("holder", params.holdersDrawn),
    auditors: draw("auditor", params.maxAuditors),
  };
}

/** Up to `count` nodes of different owners, none the provider's or the buyer's; fewer when nobody else fits. @throws WeftError `draw.tooMany` */
export function drawMany(
  snapshot: RegistrySnapshot,
  query: { seed: Hex; count: number; provider: NodeId; buyer: Address },
): NodeId[] {
  if (query.count > maxDrawn)
    throw new WeftError(`${query.count} nodes asked of one draw`, {
      code: "draw.tooMany",
      fault: "us",
      remedy: `draw at most ${maxDrawn}`,
    });
  const barred = new Set([snapshot.owners.get(query.provider) ?? zeroAddress, query.buyer]);
  const drawn: NodeId[] = [];
  for (let index = 0; index < query.count; index++) {
    const picked = pick(snapshot, hashWords(["bytes32", "uint256"], [query.seed, BigInt(index)]), barred);
    if (picked === undefined) break;
    drawn.push(picked.nodeId);
    barred.add(picked.owner);
  }
  return drawn;
}

function pick(snapshot: RegistrySnapshot, seed: Hex, barred: ReadonlySet<Address>): StakedNode | undefined {
  const { nodes, drawStakeCap } = snapshot;
  const count = BigInt(nodes.length);
  if (count === 0n) return undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const word = wordOf(seed, attempt);
    const node = nodes[Number(word % count)] as StakedNode;
    if ((word >> 128n) % drawStakeCap < node.stake && !barred.has(node.owner)) return node;
  }
  const first = wordOf(seed, attempts) % count;
  for (let turn = 0; turn < Math.min(nodes.length, scan); turn++) {
    const node = nodes[Number((first + BigInt(turn)) % count)] as StakedNode;
    if (!barred.has(node.owner)) return node;
  }
  return undefined;
}

const wordOf = (seed: Hex, index: number): bigint => BigInt(hashWords(["bytes32", "uint256"], [seed, BigInt(index)]));

/** keccak256(abi.encode(values…)). */
function hashWords(types: readonly string[], values: readonly unknown[]): Hex {
  const parameters = types.map((type) => ({ type }));
  return keccak256(encodeAbiParameters(parameters, values as never));
}
