// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A drand network of the scheme bls-bn254-unchained-on-g1: its first round is published at `genesis` (Unix
/// seconds), one more every `period` seconds. `publicKey` is the group key as drand prints it, 128 bytes: x and y in Fp2,
/// each with its imaginary part first. `dst` separates its hash to the curve, at most 63 bytes.
struct DrandChain {
    uint64 genesis;
    uint64 period;
    bytes publicKey;
    bytes dst;
}
