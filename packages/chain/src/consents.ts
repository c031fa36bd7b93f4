// Small things that are signed for one contract call: an operator's consent, a provider's start, a buyer's session grant, a
// root that a side of a court game claims.
import { type Network, type Schema, type Signer, signNoun } from "@weft/protocol/Domain";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address, Hex } from "viem";

export const operatorConsentSchema = {
  primaryType: "OperatorConsent",
  verifier: "registry",
  fields: [
    { name: "nodeId", type: "bytes20" },
    { name: "operator", type: "address" },
    { name: "nonce", type: "uint64" },
  ],
} as const satisfies Schema;

export const startSchema = {
  primaryType: "Start",
  verifier: "market",
  fields: [{ name: "leaseId", type: "bytes32" }],
} as const satisfies Schema;

export const sessionGrantSchema = {
  primaryType: "SessionGrant",
  verifier: "channels",
  fields: [
    { name: "buyer", type: "address" },
    { name: "key", type: "address" },
    { name: "dailyCap", type: "uint96" },
    { name: "expiresAt", type: "uint64" },
    { name: "sessionEpoch", type: "uint64" },
    { name: "anyPayee", type: "bool" },
    { name: "allowRoot", type: "bytes32" },
    { name: "nonce", type: "uint64" },
  ],
} as const satisfies Schema;

export const deepClaimSchema = {
  primaryType: "DeepClaim",
  verifier: "games",
  fields: [
    { name: "game", type: "bytes20" },
    { name: "level", type: "uint8" },
    { name: "root", type: "bytes32" },
  ],
} as const satisfies Schema;

export interface SessionGrant {
  buyer: Address;
  key: Address;
  dailyCap: bigint;
  expiresAt: bigint;
  sessionEpoch: bigint;
  anyPayee: boolean;
  /** keccak256(abi.encode(nodeIds)), zero with anyPayee. */
  allowRoot: Hex;
  nonce: bigint;
}

/** `nonce`: operators the node has had so far; 0 at registration. */
export const signOperatorConsent = (
  network: Network,
  consent: { nodeId: NodeId; operator: Signer; nonce: bigint },
): Promise<Hex> =>
  signNoun(network, operatorConsentSchema, { ...consent, operator: consent.operator.address }, consent.operator);

/** A provider's word that it takes a lease, for whoever pays the gas. */
export const signStart = (network: Network, start: { leaseId: Hex; operator: Signer }): Promise<Hex> =>
  signNoun(network, startSchema, { leaseId: start.leaseId }, start.operator);

/** A side's word for a root that nothing so far determines, for whoever sends its move. `level`: 1 values, 4 accs. */
export const signDeepClaim = (
  network: Network,
  { signer, ...claim }: { game: Hex; level: number; root: Hex; signer: Signer },
): Promise<Hex> => signNoun(network, deepClaimSchema, claim, signer);
