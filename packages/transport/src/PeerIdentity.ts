/**
 * One secp256k1 key, two names: the libp2p peer id (identity multihash of the protobuf-wrapped compressed key) and the
 * EVM address (last 20 bytes of Keccak-256 over the uncompressed point). Whoever holds a peer id can compute the
 * operator address without asking anybody; the way back needs the public key.
 * Sources: libp2p peer-ids specification; Ethereum yellow paper, appendix F.
 */

import { ECDH } from "node:crypto";
import { privateKeyFromRaw, publicKeyFromRaw } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { peerIdFromPublicKey, peerIdFromString } from "@libp2p/peer-id";
import { keccak_256 } from "@noble/hashes/sha3";
import { WireError } from "./WireError.ts";

export interface PeerIdentity {
  privateKey: PrivateKey;
  peerId: string;
  operator: `0x${string}`;
}

/** Peer id of a compressed (33-byte) or uncompressed (65-byte) secp256k1 public key. Throws `WireError` `malformed`. */
export function peerIdOf(operatorPublicKey: Uint8Array): string {
  try {
    return peerIdFromPublicKey(publicKeyFromRaw(convertPoint(operatorPublicKey, "compressed"))).toString();
  } catch (cause) {
    throw new WireError("malformed", "not a secp256k1 public key", { cause });
  }
}

/** EVM address (lower case) of a peer. Throws `WireError` `malformed` where the id is not of a secp256k1 key. */
export function operatorOf(peerId: string): `0x${string}` {
  let point: Uint8Array;
  try {
    const { publicKey, type } = peerIdFromString(peerId);
    if (type !== "secp256k1" || !publicKey) throw new TypeError(`key type ${type}`);
    point = convertPoint(publicKey.raw, "uncompressed");
  } catch (cause) {
    throw new WireError("malformed", "not the peer id of a secp256k1 key", { cause });
  }
  return `0x${Buffer.from(keccak_256(point.subarray(1)).subarray(12)).toString("hex")}`;
}

/** Identity of a 32-byte operator key. Throws `WireError` `malformed`; never shows the key. */
export function identityOf(operatorKey: Uint8Array): PeerIdentity {
  if (operatorKey.length !== 32) throw new WireError("malformed", "the operator key must have 32 bytes");
  let privateKey: PrivateKey;
  try {
    privateKey = privateKeyFromRaw(operatorKey);
  } catch {
    throw new WireError("malformed", "the operator key is not a secp256k1 scalar");
  }
  const peerId = peerIdFromPublicKey(privateKey.publicKey).toString();
  return { privateKey, peerId, operator: operatorOf(peerId) };
}

/** node:crypto, because it is native; rejects points that are not on the curve. */
function convertPoint(point: Uint8Array, form: "compressed" | "uncompressed"): Uint8Array {
  return new Uint8Array(ECDH.convertKey(point, "secp256k1", undefined, undefined, form) as Buffer);
}
