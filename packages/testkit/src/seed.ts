// Everything random of a test network, from one seed: keys, node randomness, faults. SHA-256 in counter mode.
import { createHash } from "node:crypto";
import { type AccountSigner, signerOf } from "@weft/chain/Keys";

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();

/** A stream of bytes that depends on seed and name only. */
export function randomOf(seed: number, name: string): (bytes: number) => Uint8Array {
  let counter = 0;
  return (bytes) => {
    const blocks: Uint8Array[] = [];
    for (let have = 0; have < bytes; have += 32) blocks.push(digest(`weft/testkit/${seed}/${name}/${counter++}`));
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, bytes));
  };
}

export interface SeededKey {
  secret: Uint8Array;
  signer: AccountSigner;
}

/** The key of `role`, such as "node-1 owner". */
export function keyOf(seed: number, role: string): SeededKey {
  const secret = Uint8Array.from(digest(`weft/testkit/${seed}/key/${role}`));
  return { secret, signer: signerOf(secret) };
}

/** An integer in [0, below). */
export function drawBelow(random: (bytes: number) => Uint8Array, below: number): number {
  return Number(Buffer.from(random(6)).readUIntBE(0, 6) % below);
}
