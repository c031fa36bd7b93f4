// A node's stable identity: the first 20 bytes of keccak256(abi.encode(owner, salt)). Operators rotate; this does not.
import { type Address, encodeAbiParameters, type Hex, keccak256, slice } from "viem";

export type NodeId = Hex;

export function nodeIdOf(owner: Address, salt: Hex): NodeId {
  return slice(keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [owner, salt])), 0, 20);
}
