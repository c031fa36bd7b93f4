// Hash to G1 of BN254 (y² = x³ + 3 over Fp): RFC 9380 with expand_message_xmd over keccak256 (§5.3.1), the
// Shallue-van de Woestijne map with Z = 1 (§6.6.1), sum of two mapped points (§3). The group has cofactor 1.
// contracts/src/libraries/Bn254Bls.sol is the other implementation; both read spec/vectors/verification/drand.json.
import { createHasher } from "@noble/curves/abstract/hash-to-curve";
import type { CHash } from "@noble/curves/abstract/utils";
import { bn254 } from "@noble/curves/bn254";
import { keccak_256 } from "@noble/hashes/sha3";

const { Fp } = bn254.fields;
const G1 = bn254.G1.ProjectivePoint;

export type G1Point = InstanceType<typeof G1>;

const curve = (x: bigint): bigint => Fp.add(Fp.mul(Fp.sqr(x), x), 3n);

const z = 1n;
const gz = curve(z);
const threeZ2 = Fp.mul(3n, Fp.sqr(z));
const c2 = Fp.neg(Fp.div(z, 2n));
const c3 = evenOf(Fp.sqrt(Fp.neg(Fp.mul(gz, threeZ2))));
const c4 = Fp.neg(Fp.div(Fp.mul(4n, gz), threeZ2));

function evenOf(root: bigint): bigint {
  return (root & 1n) === 0n ? root : Fp.neg(root);
}

/** Euler's criterion; 0 counts as a square. */
const isSquare = (value: bigint): boolean => Fp.is0(value) || Fp.eql(Fp.pow(value, (Fp.ORDER - 1n) / 2n), Fp.ONE);

/** @param u below the field's order */
export function mapToG1(u: bigint): { x: bigint; y: bigint } {
  const gu2 = Fp.mul(Fp.sqr(u), gz);
  const [plus, minus] = [Fp.add(Fp.ONE, gu2), Fp.sub(Fp.ONE, gu2)];
  const product = Fp.mul(minus, plus);
  const inverse = Fp.is0(product) ? Fp.ZERO : Fp.inv(product);
  const offset = Fp.mul(Fp.mul(u, minus), Fp.mul(inverse, c3));
  const third = Fp.add(z, Fp.mul(c4, Fp.sqr(Fp.mul(Fp.sqr(plus), inverse))));
  const x = [Fp.sub(c2, offset), Fp.add(c2, offset)].find((one) => isSquare(curve(one))) ?? third;
  const y = Fp.sqrt(curve(x));
  return { x, y: (u & 1n) === (y & 1n) ? y : Fp.neg(y) };
}

/** The same under another hash, for vectors that were made with one. */
export function hashToG1With(hash: CHash, dst: Uint8Array, message: Uint8Array): G1Point {
  const suite = { DST: dst, p: Fp.ORDER, m: 1, k: 128, expand: "xmd", hash } as const;
  const hasher = createHasher(G1, ([u]) => mapToG1(u as bigint), suite);
  return hasher.hashToCurve(message) as G1Point;
}

/** @param dst at most 255 bytes */
export const hashToG1 = (dst: Uint8Array, message: Uint8Array): G1Point => hashToG1With(keccak_256, dst, message);
