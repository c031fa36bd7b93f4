// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Builds what MerkleSha256 verifies, level by level.
library MerkleTree {
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        while (leaves.length > 1) leaves = parents(leaves);
        return leaves[0];
    }

    function path(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](64);
        uint256 used = 0;
        while (leaves.length > 1) {
            if (index ^ 1 < leaves.length) siblings[used++] = leaves[index ^ 1];
            leaves = parents(leaves);
            index >>= 1;
        }
        assembly ("memory-safe") {
            mstore(siblings, used)
        }
    }

    function parents(bytes32[] memory level) internal pure returns (bytes32[] memory above) {
        above = new bytes32[]((level.length + 1) / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            bool lone = 2 * i + 1 == level.length;
            above[i] = lone ? level[2 * i] : sha256(abi.encodePacked(hex"01", level[2 * i], level[2 * i + 1]));
        }
    }

    /// @notice Leaf hashes of `count` step roots made from `salt`.
    function stepRoots(bytes32 salt, uint256 count) internal pure returns (bytes32[] memory roots) {
        roots = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            roots[i] = keccak256(abi.encode(salt, i));
        }
    }

    function leavesOf(bytes32[] memory data) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            leaves[i] = sha256(abi.encodePacked(hex"00", data[i]));
        }
    }
}
