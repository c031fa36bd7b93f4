// Signatures of a drand network of the scheme bls-bn254-unchained-on-g1 (drand's `evmnet`): whether one is a round's, and
// the randomness that follows from it. contracts/src/verification/DrandBeacon.sol checks the same.
//
// Signed is keccak256 of the round number as 8 big-endian bytes, hashed to G1; the signature is that point times the
// group's secret, x ‖ y in 64 bytes; the group's key is in G2, x ‖ y in 128 bytes, each coordinate imaginary part first.
import { bn254 } from "@noble/curves/bn254";
import { type Hex, hexToBytes, keccak256, numberToHex, sha256, slice } from "viem";
import { type G1Point, hashToG1 } from "./bn254Hash.ts";
import type { DrandChain, DrandRound } from "./drandRounds.ts";

const G1 = bn254.G1.ProjectivePoint;
const G2 = bn254.G2.ProjectivePoint;
const { Fp12 } = bn254.fields;

/** The point that a round's signature signs. */
export function messageOf({ dst }: Pick<DrandChain, "dst">, round: bigint): G1Point {
  return hashToG1(hexToBytes(dst), hexToBytes(keccak256(numberToHex(round, { size: 8 }))));
}

/** What drand publishes as the round's randomness. */
export const randomnessOf = (signature: Hex): Hex => sha256(signature);

/**
 * False for whatever is no signature of this round by this group.
 * @throws Error when the group's key is no point of G2: nobody could have deployed a beacon for it
 */
export function isSigned(chain: DrandChain, { round, signature }: DrandRound): boolean {
  const point = pointOf(signature);
  if (point === undefined) return false;
  const ratio = bn254.pairingBatch([
    { g1: point.negate(), g2: G2.BASE },
    { g1: messageOf(chain, round), g2: keyOf(chain.publicKey) },
  ]);
  return Fp12.eql(ratio, Fp12.ONE);
}

/** undefined unless it is the one encoding of a point of G1 other than zero. */
function pointOf(signature: Hex): G1Point | undefined {
  if (!/^0x[0-9a-fA-F]{128}$/.test(signature)) return undefined;
  const [x, y] = [BigInt(slice(signature, 0, 32)), BigInt(slice(signature, 32, 64))];
  // noble reads (0, 0) as the point zero, which would be a signature of everything under no key.
  if (x === 0n && y === 0n) return undefined;
  try {
    const point = G1.fromAffine({ x, y });
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

function keyOf(publicKey: Hex): InstanceType<typeof G2> {
  const [xIm, xRe, yIm, yRe] = [0, 32, 64, 96].map((from) => BigInt(slice(publicKey, from, from + 32)));
  // The pairing itself refuses what is no point of the right order.
  return G2.fromAffine({
    x: { c0: xRe as bigint, c1: xIm as bigint },
    y: { c0: yRe as bigint, c1: yIm as bigint },
  });
}
