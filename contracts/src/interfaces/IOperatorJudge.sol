// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OpenedLeaf} from "../types/StepValues.sol";

/// @title Recomputes one word of one operator's result from opened leaves of its operands.
/// @notice What a judge says depends on its arguments alone. `record` is that of the value (spec/court-operators.md §2);
/// whoever calls has proven it and every opened leaf. A leaf of a value that is several operands is opened once, as any of
/// them; leaves that are not needed are not looked at.
interface IOperatorJudge {
    error OperatorUnknown(uint8 op);
    error NotOpened(uint8 operand, uint64 leaf);
    error NoSuchElement(uint64 element);
    error NoSuchChunk(uint64 chunk);

    /// @notice Chunks of the fold behind each element; 0 for an operator that {word} answers.
    function chunks(bytes calldata record) external pure returns (uint64);

    /// @notice The word of `element`. Not `defined`: an index is out of range, so that no value follows and whatever is
    /// claimed is wrong.
    /// @dev Reverts with NotOpened for a leaf that it needs and wasn't given, OperatorUnknown for a fold.
    function word(bytes calldata record, uint64 element, OpenedLeaf[] calldata opened)
        external
        pure
        returns (bool defined, uint32 result);

    /// @notice The acc of `element` after `chunk`, from the acc before it (not looked at for chunk 0).
    /// @dev Reverts as {word}, with OperatorUnknown for an operator that isn't a fold.
    function fold(bytes calldata record, uint64 element, uint64 chunk, uint32 before, OpenedLeaf[] calldata opened)
        external
        pure
        returns (bool defined, uint32 acc);
}
