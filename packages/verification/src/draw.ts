// Who holds and who audits a segment, and whether it is audited at all: contracts/src/libraries/Draw.sol,
// Registry.drawMany and Audits.sol, hash for hash, so that a node knows the draw from its own copy of the chain.
//
// Weighted by stake up to a cap, from the nodes and stakes as they stood strictly before the commitment; never a node of
// the provider's owner or of the buyer, never one owner twice. Bounded: 64 attempts, then a scan over at most 64 nodes.
import { least } from "@weft/protocol/Amount";
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

/** Every node registered at or before the snapshot, in order of registration: the order decides the draw. */
export interface RegistrySnapshot {
  nodes: readonly StakedNode[];
  minStake: bigint;
  drawStakeCap: bigint;
}

/** One value of a node's history and the time (Unix seconds) from which it held. */
export type Since<T> = readonly [time: bigint, value: T];

export interface NodeHistory {
  nodeId: NodeId;
  registeredAt: bigint;
  owners: readonly Since<Address>[];
  stakes: readonly Since<bigint>[];
}

const attempts = 64;
const scan = 64;
const maxDrawn = 8;
const million = 1_000_000n;

/** The registry as it stood at `time`, for a segment committed at time + 1. Histories are in order of registration. */
export function snapshotAt(histories: readonly NodeHistory[], time: bigint, params: ProtocolParams): RegistrySnapshot {
  const nodes = histories
    .filter(({ registeredAt }) => registeredAt <= time)
    .map(({ nodeId, owners, stakes }) => ({
      nodeId,
      owner: lastUntil(owners, time) ?? zeroAddress,
      stake: lastUntil(stakes, time) ?? 0n,
    }));
  return { nodes, minStake: params.minStake, drawStakeCap: params.drawStakeCap };
}

const zeroAddress: Address = `0x${"00".repeat(20)}`;

/** Later entries of one second replace earlier ones, as in the contract's checkpoints. */
const lastUntil = <T>(history: readonly Since<T>[], time: bigint): T | undefined =>
  history.findLast(([since]) => since <= time)?.[1];

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
  const provider = snapshot.nodes.find(({ nodeId }) => nodeId === query.provider)?.owner ?? zeroAddress;
  const barred = new Set([provider, query.buyer]);
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
    const weight = weightOf(snapshot, node);
    if (weight !== 0n && (word >> 128n) % drawStakeCap < weight && !barred.has(node.owner)) return node;
  }
  const first = wordOf(seed, attempts) % count;
  for (let turn = 0; turn < Math.min(nodes.length, scan); turn++) {
    const node = nodes[Number((first + BigInt(turn)) % count)] as StakedNode;
    if (weightOf(snapshot, node) !== 0n && !barred.has(node.owner)) return node;
  }
  return undefined;
}

const wordOf = (seed: Hex, index: number): bigint => BigInt(hashWords(["bytes32", "uint256"], [seed, BigInt(index)]));

function weightOf(snapshot: RegistrySnapshot, node: StakedNode): bigint {
  if (node.stake < snapshot.minStake) return 0n;
  return least(node.stake, snapshot.drawStakeCap);
}

/** keccak256(abi.encode(values…)). */
function hashWords(types: readonly string[], values: readonly unknown[]): Hex {
  const parameters = types.map((type) => ({ type }));
  return keccak256(encodeAbiParameters(parameters, values as never));
}
