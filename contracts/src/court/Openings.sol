// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOperatorJudge} from "../interfaces/IOperatorJudge.sol";
import {OpenedLeaf, Scope} from "../types/StepValues.sol";
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
            uint256 value = scope.operands[operand].value;
            for (uint256 i = 0; i < opened.length; ++i) {
                OpenedLeaf calldata one = opened[i];
                if (one.leaf == leaf && scope.operands[one.operand].value == value) return one.words;
            }
            revert IOperatorJudge.NotOpened(uint8(operand), uint64(leaf));
        }
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
        (uint256 leaf, uint256 place) = TensorLayout.leafOf(scope.operands[operand].type_.shape, element);
        return wordAt(find(scope, opened, operand, leaf), place);
    }

    /// @notice The word of an operand that is broadcast to an element of the result.
    function readBroadcast(Scope memory scope, OpenedLeaf[] calldata opened, uint256 operand, uint256 element)
        internal
        pure
        returns (uint256)
    {
        uint32[] memory own = scope.operands[operand].type_.shape;
        return read(scope, opened, operand, TensorLayout.broadcastSource(scope.type_.shape, own, element, 0));
    }
}
