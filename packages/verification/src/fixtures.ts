// A registry of staked nodes with known owners, for this package's tests.
import { presets } from "@weft/protocol/Params";
import { type Address, type Hex, keccak256, numberToHex, toHex } from "viem";
import { type RegistryFact, type RegistrySnapshot, type StakedNode, snapshotAt } from "./draw.ts";

export const params = presets.local;
export const hash = (label: string): Hex => keccak256(toHex(label));
export const nodeId = (index: number): Hex => `0xc0de${numberToHex(index, { size: 18 }).slice(2)}`;
export const owner = (index: number): Address => `0x0a${numberToHex(index, { size: 19 }).slice(2)}`;

/** Node i belongs to owner i unless said otherwise, and stakes ten times the minimum. */
export const staked = (index: number, change: Partial<StakedNode> = {}): StakedNode => ({
  nodeId: nodeId(index),
  owner: owner(index),
  stake: params.minStake * 10n,
  ...change,
});

export const registryOf = (nodes: readonly StakedNode[]): RegistrySnapshot =>
  snapshotAt(
    nodes.flatMap(({ nodeId, owner, stake }): RegistryFact[] => [
      { time: 0n, nodeId, owner },
      { time: 0n, nodeId, stake },
    ]),
    0n,
    params,
  );

/** `count` nodes of as many owners. */
export const registry = (count: number): RegistrySnapshot =>
  registryOf(Array.from({ length: count }, (_, index) => staked(index)));
