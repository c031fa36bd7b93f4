// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOperatorJudge} from "../interfaces/IOperatorJudge.sol";
import {OpenedLeaf, Scope} from "../types/StepValues.sol";
import {Records} from "./Records.sol";
import {TensorLayout} from "./TensorLayout.sol";

/// @title What judges have in common: the record is decoded and the place checked before a family answers.
abstract contract OperatorJudge is IOperatorJudge {
    function chunks(bytes calldata record) external pure returns (uint64) {
        return uint64(_chunks(Records.node(record)));
    }

    function word(bytes calldata record, uint64 element, OpenedLeaf[] calldata opened)
        external
        pure
        returns (bool, uint32)
    {
        Scope memory scope = _scopeAt(record, element);
        if (_chunks(scope) != 0) revert OperatorUnknown(scope.op);
        (bool defined, uint256 result) = _word(scope, element, opened);
        return (defined, uint32(result));
    }

    function fold(bytes calldata record, uint64 element, uint64 chunk, uint32 before, OpenedLeaf[] calldata opened)
        external
        pure
        returns (bool, uint32)
    {
        Scope memory scope = _scopeAt(record, element);
        uint256 count = _chunks(scope);
        if (count == 0) revert OperatorUnknown(scope.op);
        if (chunk >= count) revert NoSuchChunk(chunk);
        (bool defined, uint256 acc) = _fold(scope, Step(element, chunk, before), opened);
        return (defined, uint32(acc));
    }

    /// @notice Which chunk of which element, and the acc before it.
    struct Step {
        uint256 element;
        uint256 chunk;
        uint256 before;
    }

    /// @dev 0 for an operator that is direct. Reverts for one of another family: everything comes by here first.
    function _chunks(Scope memory scope) internal pure virtual returns (uint256);

    /// @dev Of direct operators; a family that has any overrides it.
    function _word(Scope memory, uint256, OpenedLeaf[] calldata) internal pure virtual returns (bool, uint256) {
        return (false, 0);
    }

    /// @dev Of folds; a family that has any overrides it. The chunk is one of the fold's.
    function _fold(Scope memory, Step memory, OpenedLeaf[] calldata) internal pure virtual returns (bool, uint256) {
        return (false, 0);
    }

    /// @dev A word that the types don't say.
    function _attribute(Scope memory scope, uint256 i) internal pure returns (uint256) {
        if (i >= scope.attributes.length) revert Records.RecordMalformed();
        return scope.attributes[i];
    }

    /// @dev The axis of an operator that has one, which is its first attribute: of a shape of this rank.
    function _axis(Scope memory scope, uint256 rank) internal pure returns (uint256 axis) {
        axis = _attribute(scope, 0);
        if (axis >= rank) revert Records.RecordMalformed();
    }

    function _scopeAt(bytes calldata record, uint256 element) private pure returns (Scope memory scope) {
        scope = Records.node(record);
        if (element >= TensorLayout.elementCount(scope.type_.shape)) revert NoSuchElement(uint64(element));
    }
}
