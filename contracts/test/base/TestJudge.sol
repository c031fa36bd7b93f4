// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOperatorJudge} from "../../src/interfaces/IOperatorJudge.sol";
import {OpenedLeaf} from "../../src/types/StepValues.sol";

/// @notice Two made-up operators, so that games over thousands of words need no floating point. For tests only.
/// MIX: word = 32·a + 7 of the same element of an operand of the same shape. SUM: acc = 33·before + each word of the chunk, over
/// the last axis of [1, columns]. A word UNDEFINED has no successor.
contract TestJudge is IOperatorJudge {
    uint8 internal constant MIX = 200;
    uint8 internal constant SUM = 201;
    uint32 internal constant UNDEFINED = 0xdeadbeef;

    function chunks(bytes calldata record) external pure returns (uint64) {
        return uint8(record[1]) == SUM ? uint64((_columns(record) + 31) / 32) : 0;
    }

    function word(bytes calldata, uint64 element, OpenedLeaf[] calldata opened) external pure returns (bool, uint32) {
        if (opened[0].leaf != element / 32) revert NotOpened(0, element / 32);
        uint32 a = _wordAt(opened[0].words, element % 32);
        unchecked {
            return (a != UNDEFINED, 32 * a + 7);
        }
    }

    function fold(bytes calldata, uint64, uint64 chunk, uint32 before, OpenedLeaf[] calldata opened)
        external
        pure
        returns (bool, uint32 acc)
    {
        if (opened[0].leaf != chunk) revert NotOpened(0, chunk);
        acc = chunk == 0 ? 0 : before;
        unchecked {
            acc *= 33;
            for (uint256 i = 0; i < 32; ++i) {
                acc += _wordAt(opened[0].words, i);
            }
        }
        return (true, acc);
    }

    /// @dev Of the only operand: its last dimension ends the record.
    function _columns(bytes calldata record) private pure returns (uint256) {
        return uint32(bytes4(record[record.length - 4:]));
    }

    function _wordAt(bytes32[4] calldata words, uint256 i) private pure returns (uint32 w) {
        uint256 x = uint256(words[i / 8]) >> (224 - 32 * (i % 8));
        w = uint32((x >> 24 & 0xff) | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | (x << 24 & 0xff000000));
    }
}
