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
    /// @dev 1 in each of six lanes of 32 bits, and the bits above the 24 that a dimension less 1 has.
    uint256 private constant ONES = 0x000000010000000100000001000000010000000100000001;
    uint256 private constant ABOVE_24 = 0xff000000ff000000ff000000ff000000ff000000ff000000;

    function kindOf(bytes calldata record) internal pure returns (uint8) {
        return uint8(_u8(record, 0));
    }

    /// @notice The type of any value.
    function typeOf(bytes calldata record) internal pure returns (ValueType memory type_) {
        uint256 end;
        (type_, end) = _type(record, kindOf(record) == KIND_NODE ? 2 : 1);
        if (end > record.length) revert RecordMalformed();
    }

    /// @notice A value that an operator computes. Every operand is checked here, and decoded where it is needed.
    function node(bytes calldata record) internal pure returns (Scope memory scope) {
        unchecked {
            if (_u8(record, 0) != KIND_NODE) revert RecordMalformed();
            scope.op = uint8(_u8(record, 1));
            uint256 place;
            (scope.type_, place) = _type(record, 2);
            uint256 count = _u8(record, place);
            if (count > MAX_RANK) revert RecordMalformed();
            scope.attributes = numbers(_word(record, place + 1), count);
            place += 1 + 4 * count;
            count = _u8(record, place);
            if (count == 0 || count > MAX_OPERANDS) revert RecordMalformed();
            ++place;
            scope.operands = count;
            assembly {
                mstore(add(scope, 0x80), add(record.offset, place))
            }
            for (; count > 0; --count) {
                place += 4;
                place += _typeLength(uint256(_word(record, place)));
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

    /// @notice The first `count` of the 32-bit numbers that a word holds, at most 8.
    function numbers(bytes32 word, uint256 count) internal pure returns (uint32[] memory list) {
        list = new uint32[](count);
        assembly ("memory-safe") {
            let end := add(list, shl(5, add(count, 1)))
            for { let at := add(list, 32) } lt(at, end) { at := add(at, 32) } {
                mstore(at, shr(224, word))
                word := shl(32, word)
            }
        }
    }

    /// @return type_ What is written at a place.
    /// @return end The place after it.
    function _type(bytes calldata record, uint256 place) private pure returns (ValueType memory type_, uint256 end) {
        unchecked {
            uint256 head = uint256(_word(record, place));
            end = place + _typeLength(head);
            type_.dtype = uint8(head >> 248);
            type_.shape = numbers(bytes32(head << 16), uint8(head >> 240));
        }
    }

    /// @dev Bytes of the type that a word begins with: it is whole in it. Reverts unless it is within the limits.
    function _typeLength(uint256 head) private pure returns (uint256) {
        unchecked {
            uint256 rank = uint8(head >> 240);
            if (head >> 248 > DTYPE_I8 || rank - 1 >= MAX_RANK) revert RecordMalformed();
            // The dimensions side by side, 32 bits each. Less 1 each has 24 bits: 0 becomes the largest, and what it borrows from
            // the next one can hide nothing, as it is seen itself.
            uint256 lanes = (1 << (32 * rank)) - 1;
            uint256 less = ((head << 16) >> (256 - 32 * rank)) - (ONES & lanes);
            if (less & ABOVE_24 & lanes != 0) revert RecordMalformed();
            return 2 + 4 * rank;
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
