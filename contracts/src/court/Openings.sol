// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOperatorJudge} from "../interfaces/IOperatorJudge.sol";
import {OpenedLeaf, Scope} from "../types/StepValues.sol";
import {Operands} from "./Operands.sol";
import {TensorLayout} from "./TensorLayout.sol";

/// @notice Words of operands, from opened leaves.
library Openings {
    /// @notice The 128 bytes of an operand's leaf.
    function find(Scope memory scope, OpenedLeaf[] calldata opened, uint256 operand, uint256 leaf)
        internal
        pure
        returns (bytes32[4] calldata)
    {
        unchecked {
            for (uint256 i = 0; i < opened.length; ++i) {
                OpenedLeaf calldata one = opened[i];
                if (one.leaf == leaf && _isSame(scope, operand, one.operand)) return one.words;
            }
            revert IOperatorJudge.NotOpened(uint8(operand), uint64(leaf));
        }
    }

    /// @dev Whether two operands are one value.
    function _isSame(Scope memory scope, uint256 a, uint256 b) private pure returns (bool) {
        return a == b || Operands.valueOf(scope, a) == Operands.valueOf(scope, b);
    }

    /// @notice Element `place` of a leaf, 0 to 31.
    function wordAt(bytes32[4] calldata words, uint256 place) internal pure returns (uint256 word) {
        assembly {
            let x := shr(224, calldataload(add(words, shl(2, and(place, 31)))))
            x := or(shl(8, and(x, 0x00ff00ff)), and(shr(8, x), 0x00ff00ff))
            word := or(shl(16, and(x, 0xffff)), shr(16, x))
        }
    }

    /// @notice The word of an element of an operand.
    function read(Scope memory scope, OpenedLeaf[] calldata opened, uint256 operand, uint256 element)
        internal
        pure
        returns (uint256)
    {
        return _read(scope, opened, operand, Operands.shapeOf(scope, operand), element);
    }

    function _read(
        Scope memory scope,
        OpenedLeaf[] calldata opened,
        uint256 operand,
        uint32[] memory shape,
        uint256 element
    ) private pure returns (uint256) {
        (uint256 leaf, uint256 place) = TensorLayout.leafOf(shape, element);
        return wordAt(find(scope, opened, operand, leaf), place);
    }

    /// @notice The word of an operand that is broadcast to an element of the result.
    function readBroadcast(Scope memory scope, OpenedLeaf[] calldata opened, uint256 operand, uint256 element)
        internal
        pure
        returns (uint256)
    {
        uint32[] memory own = Operands.shapeOf(scope, operand);
        return _read(scope, opened, operand, own, TensorLayout.broadcastSource(scope.type_.shape, own, element, 0));
    }
}
