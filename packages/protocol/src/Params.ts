// Protocol parameters of a deployment, and the hash a lease pins.
import type { Hex } from "viem";
import { hashUints } from "./Domain.ts";
import { type PresetName, type ProtocolParams, paramFields, presets } from "./generated/params.ts";

export type { PresetName, ProtocolParams };
export { paramFields, presets };

/** keccak256(abi.encode(struct ProtocolParams)); every field is a uint256. */
export const paramsHash = (params: ProtocolParams): Hex => hashUints(paramFields.map((field) => params[field]));
