// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TensorLayout} from "./TensorLayout.sol";
import {Tree} from "./Tree.sol";

/// @notice The words of a leaf: 32 of them, little-endian.
library Words {
    uint256 internal constant LEAF_BYTES = 128;
    uint256 internal constant LEAF_WORDS = 32;

    /// @notice The first word in which two leaves differ, which they must.
    function firstDifference(bytes calldata a, bytes calldata b) internal pure returns (uint256 i) {
        while (bytes4(a[4 * i:4 * i + 4]) == bytes4(b[4 * i:4 * i + 4])) ++i;
    }

    function wordOf(bytes calldata leaf, uint256 i) internal pure returns (uint32) {
        return uint32(Tree.reversed(uint32(bytes4(leaf[4 * i:4 * i + 4]))));
    }

    /// @notice The element of a tensor that a word of a leaf is; padding past the end of a row is none.
    function elementOf(uint32[] memory shape, uint256 leaf, uint256 i)
        internal
        pure
        returns (uint256 element, bool isPadding)
    {
        (uint256 columns, uint256 perRow) = (TensorLayout.columns(shape), TensorLayout.leavesPerRow(shape));
        uint256 column = (leaf % perRow) * LEAF_WORDS + i;
        return ((leaf / perRow) * columns + column, column >= columns);
    }
}
