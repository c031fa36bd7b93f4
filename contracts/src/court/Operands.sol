// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Scope, ValueType} from "../types/StepValues.sol";
import {Records} from "./Records.sol";

/// @notice The operands of an operator, read where they are in calldata (spec/court-operators.md §2):
/// value u32 ‖ dtype u8 ‖ rank u8 ‖ each dimension u32. {Records.node} has checked all of them.
/// @dev Finding operand i passes over those before it, some 60 gas each; the last of 64 costs 4,000.
library Operands {
    /// @notice Number of the value in the graph.
    function valueOf(Scope memory scope, uint256 operand) internal pure returns (uint256) {
        return _word(_placeOf(scope, operand)) >> 224;
    }

    function typeOf(Scope memory scope, uint256 operand) internal pure returns (ValueType memory type_) {
        uint256 place = _placeOf(scope, operand);
        type_.dtype = uint8(_word(place) >> 216);
        type_.shape = _shapeAt(place);
    }

    function shapeOf(Scope memory scope, uint256 operand) internal pure returns (uint32[] memory) {
        return _shapeAt(_placeOf(scope, operand));
    }

    function rankOf(Scope memory scope, uint256 operand) internal pure returns (uint256) {
        return _rankAt(_placeOf(scope, operand));
    }

    /// @notice The last dimension.
    function columnsOf(Scope memory scope, uint256 operand) internal pure returns (uint256) {
        unchecked {
            uint256 place = _placeOf(scope, operand);
            return _dimensionAt(place, _rankAt(place) - 1);
        }
    }

    /// @notice Of operands one behind the other along an axis: the one that holds `place`, its size there, and where in it.
    function along(Scope memory scope, uint256 axis, uint256 place)
        internal
        pure
        returns (uint256 operand, uint256 size, uint256 within)
    {
        unchecked {
            uint256 next = scope.first;
            for (; operand < scope.operands; ++operand) {
                if (axis >= _rankAt(next)) break;
                size = _dimensionAt(next, axis);
                if (place < size) return (operand, size, place);
                place -= size;
                next = _after(next);
            }
            revert Records.RecordMalformed();
        }
    }

    function _placeOf(Scope memory scope, uint256 operand) private pure returns (uint256 place) {
        unchecked {
            if (operand >= scope.operands) revert Records.RecordMalformed();
            place = scope.first;
            for (; operand > 0; --operand) {
                place = _after(place);
            }
        }
    }

    function _after(uint256 place) private pure returns (uint256) {
        unchecked {
            return place + 6 + 4 * _rankAt(place);
        }
    }

    function _rankAt(uint256 place) private pure returns (uint256) {
        return uint8(_word(place) >> 208);
    }

    function _dimensionAt(uint256 place, uint256 axis) private pure returns (uint256) {
        unchecked {
            return _word(place + 6 + 4 * axis) >> 224;
        }
    }

    function _shapeAt(uint256 place) private pure returns (uint32[] memory) {
        unchecked {
            return Records.numbers(bytes32(_word(place + 6)), _rankAt(place));
        }
    }

    function _word(uint256 place) private pure returns (uint256 word) {
        assembly {
            word := calldataload(place)
        }
    }
}
