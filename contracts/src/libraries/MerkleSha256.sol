// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The Merkle tree of the commitment layout (spec/tensor.md §6, RFC 6962 shape): leaf = SHA-256(0x00 ‖ data),
/// node = SHA-256(0x01 ‖ left ‖ right), a lone last node is carried up. packages/tensor/src/Merkle.ts mirrors this;
/// both read spec/vectors/tensor/layout.json.
library MerkleSha256 {
    function leaf(bytes32 data) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x00), data));
    }

    function parent(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }

    /// @notice Whether `leafHash` is leaf `index` of the `count`-leaf tree under `root`. A path that is too short or
    /// too long is false, never an error.
    function verify(bytes32 root, uint256 count, uint256 index, bytes32 leafHash, bytes32[] calldata path)
        internal
        pure
        returns (bool)
    {
        if (count == 0 || index >= count) return false;
        bytes32 node = leafHash;
        uint256 used = 0;
        // At most 64 turns: every count is a uint64 or smaller.
        for (uint256 width = count; width > 1; width = (width + 1) >> 1) {
            bool isLeft = index & 1 == 0;
            if (!(isLeft && index + 1 == width)) {
                if (used == path.length) return false;
                bytes32 sibling = path[used++];
                node = isLeft ? parent(node, sibling) : parent(sibling, node);
            }
            index >>= 1;
        }
        return used == path.length && node == root;
    }
}
