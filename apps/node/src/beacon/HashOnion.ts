// A hash onion: a seed hashed again and again with keccak256; the tip is committed to, the layers are opened inwards.
//
//   layer 0 = the seed, layer i+1 = keccak256(layer i), tip = layer `depth`
//
// contracts/src/verification/CommitRevealBeacon.sol checks keccak256(abi.encode(preimage)) = tip; abi.encode of one
// bytes32 is the 32 bytes themselves. Opening a layer gives nothing away about the layers below.
import { type Hex, keccak256 } from "viem";

/** Layers of one onion: reveals before a new one is enrolled. */
const onionDepth = 4096;

export interface HashOnion {
  readonly tip: Hex;
  /** Value below `tip`; undefined when `tip` is no layer of this onion, or its innermost. */
  below(tip: Hex): Hex | undefined;
  /** Layers that can still be opened from `tip` on; 0 when it is none of this onion. */
  left(tip: Hex): number;
}

/** Computes all layers: about 4096 hashes. */
export function peel(seed: Hex, depth: number = onionDepth): HashOnion {
  const layers: Hex[] = [seed];
  for (let i = 0; i < depth; i++) layers.push(keccak256(layers[i] as Hex));
  const index = new Map(layers.map((layer, i) => [layer, i]));
  return {
    tip: layers[depth] as Hex,
    below: (tip) => layers[(index.get(tip) ?? 0) - 1],
    left: (tip) => index.get(tip) ?? 0,
  };
}
