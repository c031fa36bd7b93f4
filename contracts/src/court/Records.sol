// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    DTYPE_I8,
    Given,
    KIND_BATCH,
    KIND_CONSTANT,
    KIND_NODE,
    KIND_SCALAR,
    KIND_STATE,
    Operand,
    Scope,
    ValueType
} from "../types/StepValues.sol";

/// @notice Records of values (spec/court-operators.md §2), as packages/tensor/src/commit/records.ts writes them. Both read
/// spec/vectors/court/records.json.
/// @dev Reads past the end give whatever calldata follows; the length is compared when everything is read, and every count
/// is bounded before it is used.
library Records {
    error RecordMalformed();

    uint256 internal constant MAX_RANK = 6;
    uint256 internal constant MAX_OPERANDS = 64;
    uint256 internal constant MAX_DIMENSION = 1 << 24;

    function kindOf(bytes calldata record) internal pure returns (uint8) {
        return uint8(_u8(record, 0));
    }

    /// @notice The type of any value.
    function typeOf(bytes calldata record) internal pure returns (ValueType memory type_) {
        uint256 end;
        (type_, end) = _type(record, kindOf(record) == KIND_NODE ? 2 : 1);
        if (end > record.length) revert RecordMalformed();
    }

    /// @notice A value that an operator computes.
    function node(bytes calldata record) internal pure returns (Scope memory scope) {
        unchecked {
            if (_u8(record, 0) != KIND_NODE) revert RecordMalformed();
            scope.op = uint8(_u8(record, 1));
            uint256 place;
            (scope.type_, place) = _type(record, 2);
            uint256 count = _u8(record, place);
            if (count > MAX_RANK) revert RecordMalformed();
            scope.attributes = _numbers(record, place + 1, count);
            place += 1 + 4 * count;
            count = _u8(record, place);
            if (count == 0 || count > MAX_OPERANDS) revert RecordMalformed();
            scope.operands = new Operand[](count);
            ++place;
            for (uint256 i = 0; i < count; ++i) {
                Operand memory operand = scope.operands[i];
                operand.value = uint32(_u32(record, place));
                (operand.type_, place) = _type(record, place + 4);
            }
            if (place != record.length) revert RecordMalformed();
        }
    }

    /// @notice A value that is given.
    function given(bytes calldata record) internal pure returns (Given memory value) {
        unchecked {
            uint256 place;
            value.kind = uint8(_u8(record, 0));
            (value.type_, place) = _type(record, 1);
            if (value.kind == KIND_CONSTANT) {
                value.tensorRoot = _word(record, place);
                place += 32;
            } else if (value.kind == KIND_STATE) {
                value.source = uint32(_u32(record, place));
                place += 4;
            } else if (value.kind == KIND_BATCH || value.kind == KIND_SCALAR) {
                value.source = uint32(_u8(record, place));
                ++place;
            } else {
                revert RecordMalformed();
            }
            if (place != record.length) revert RecordMalformed();
        }
    }

    /// @return type_ What is written at a place.
    /// @return end The place after it.
    function _type(bytes calldata record, uint256 place) private pure returns (ValueType memory type_, uint256 end) {
        unchecked {
            uint256 dtype = _u8(record, place);
            uint256 rank = _u8(record, place + 1);
            if (dtype > DTYPE_I8 || rank == 0 || rank > MAX_RANK) revert RecordMalformed();
            type_.dtype = uint8(dtype);
            type_.shape = _numbers(record, place + 2, rank);
            for (uint256 i = 0; i < rank; ++i) {
                // 0 becomes the largest.
                if (uint256(type_.shape[i]) - 1 >= MAX_DIMENSION) revert RecordMalformed();
            }
            end = place + 2 + 4 * rank;
        }
    }

    function _numbers(bytes calldata record, uint256 place, uint256 count)
        private
        pure
        returns (uint32[] memory numbers)
    {
        unchecked {
            numbers = new uint32[](count);
            for (uint256 i = 0; i < count; ++i) {
                numbers[i] = uint32(_u32(record, place + 4 * i));
            }
        }
    }

    function _u8(bytes calldata record, uint256 place) private pure returns (uint256) {
        return uint256(_word(record, place)) >> 248;
    }

    function _u32(bytes calldata record, uint256 place) private pure returns (uint256) {
        return uint256(_word(record, place)) >> 224;
    }

    function _word(bytes calldata record, uint256 place) private pure returns (bytes32 word) {
        assembly {
            word := calldataload(add(record.offset, place))
        }
    }
}
