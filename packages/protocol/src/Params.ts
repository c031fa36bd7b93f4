// Protocol parameters of a deployment, and the hash a lease pins.
import type { Hex } from "viem";
import { hashUints } from "./Domain.ts";
import { type PresetName, type ProtocolParams, paramFields, presets } from "./generated/params.ts";

export type { PresetName, ProtocolParams };
export { paramFields, presets };

/** keccak256(abi.encode(struct ProtocolParams)); every field is a uint256. */
export const paramsHash = (params: ProtocolParams): Hex => hashUints(paramFields.map((field) => params[field]));

/**
 * WEFT that a node should stake: what admits it, and what the beacon may take from it for reveals that came late before
 * it lets the node go. With the least only, the first missed reveal would end the node's work.
 */
export const wantedStake = (params: ProtocolParams): bigint =>
  params.minStake + params.maxMisses * params.revealPenalty;
