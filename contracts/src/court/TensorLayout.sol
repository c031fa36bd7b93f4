// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Records} from "./Records.sol";

/// @notice Where elements of a tensor are (spec/tensor.md §2, §6). packages/tensor/src/commit/TensorLayout.ts and
/// graph/broadcast.ts mirror this.
/// @dev Dimensions are at least 1 and at most 2^24 and a shape has at most 6, as Records demands: nothing overflows.
library TensorLayout {
    /// @notice Elements of a leaf.
    uint256 internal constant LEAF = 32;

    function elementCount(uint32[] memory shape) internal pure returns (uint256 count) {
        return product(shape, 0);
    }

    /// @notice Product of the dimensions from axis `from` on; 1 for none.
    function product(uint32[] memory shape, uint256 from) internal pure returns (uint256 count) {
        unchecked {
            count = 1;
            for (uint256 axis = from; axis < shape.length; ++axis) {
                count *= shape[axis];
            }
        }
    }

    /// @notice The last dimension.
    function columns(uint32[] memory shape) internal pure returns (uint256) {
        unchecked {
            return shape[shape.length - 1];
        }
    }

    function leavesPerRow(uint32[] memory shape) internal pure returns (uint256) {
        return leavesOf(columns(shape));
    }

    /// @notice Leaves of a row of `width` elements.
    function leavesOf(uint256 width) internal pure returns (uint256) {
        unchecked {
            return (width + LEAF - 1) / LEAF;
        }
    }

    function leafCount(uint32[] memory shape) internal pure returns (uint256) {
        unchecked {
            return (elementCount(shape) / columns(shape)) * leavesPerRow(shape);
        }
    }

    /// @notice The leaf that holds an element, and its place there.
    function leafOf(uint32[] memory shape, uint256 element) internal pure returns (uint256 leaf, uint256 place) {
        unchecked {
            uint256 width = columns(shape);
            uint256 column = element % width;
            leaf = (element / width) * leavesPerRow(shape) + column / LEAF;
            place = column % LEAF;
        }
    }

    /// @notice The element of an operand that is read for element `i` of the shape it is broadcast to, both without their
    /// last `without` axes. An operand of a higher rank than the result's is none that broadcasts.
    function broadcastSource(uint32[] memory result, uint32[] memory operand, uint256 i, uint256 without)
        internal
        pure
        returns (uint256 source)
    {
        if (operand.length > result.length) revert Records.RecordMalformed();
        unchecked {
            uint256 stride = 1;
            for (uint256 back = without + 1; back <= operand.length; ++back) {
                uint256 size = result[result.length - back];
                uint256 own = operand[operand.length - back];
                if (own > 1) source += (i % size) * stride;
                i /= size;
                stride *= own;
            }
        }
    }
}
