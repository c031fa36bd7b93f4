// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OpenedLeaf, Scope} from "../../types/StepValues.sol";
import {Float32} from "../Float32.sol";
import {Openings} from "../Openings.sol";
import {Operands} from "../Operands.sol";
import {OperatorCodes} from "../OperatorCodes.sol";
import {OperatorJudge} from "../OperatorJudge.sol";
import {TensorLayout} from "../TensorLayout.sol";

/// @title `reduceSum` and `reduceMax` (spec/tensor.md §3.4): 32 terms a chunk along the last axis, else one.
contract ReductionJudge is OperatorJudge {
    function _chunks(Scope memory scope) internal pure override returns (uint256) {
        if (scope.op != OperatorCodes.REDUCE_SUM && scope.op != OperatorCodes.REDUCE_MAX) {
            revert OperatorUnknown(scope.op);
        }
        uint32[] memory shape = Operands.shapeOf(scope, 0);
        uint256 axis = _axis(scope, shape.length);
        return axis + 1 == shape.length ? TensorLayout.leavesPerRow(shape) : shape[axis];
    }

    function _fold(Scope memory scope, Step memory step, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        bool sum = scope.op == OperatorCodes.REDUCE_SUM;
        if (_isLast(scope)) return (true, _row(scope, step, opened, sum));
        uint256 x = Openings.read(scope, opened, 0, _term(scope, step));
        return (true, step.chunk == 0 ? _first(x, sum) : _next(step.before, x, sum));
    }

    function _isLast(Scope memory scope) private pure returns (bool) {
        return scope.attributes[0] + 1 == Operands.rankOf(scope, 0);
    }

    /// @dev Up to 32 terms: a leaf of the row whose number is the element's.
    function _row(Scope memory scope, Step memory step, OpenedLeaf[] calldata opened, bool sum)
        private
        pure
        returns (uint256 acc)
    {
        unchecked {
            uint32[] memory shape = Operands.shapeOf(scope, 0);
            uint256 leaf = step.element * TensorLayout.leavesPerRow(shape) + step.chunk;
            bytes32[4] calldata words = Openings.find(scope, opened, 0, leaf);
            uint256 count = TensorLayout.columns(shape) - step.chunk * TensorLayout.LEAF;
            if (count > TensorLayout.LEAF) count = TensorLayout.LEAF;
            uint256 x = Openings.wordAt(words, 0);
            acc = step.chunk == 0 ? _first(x, sum) : _next(step.before, x, sum);
            for (uint256 k = 1; k < count; ++k) {
                acc = _next(acc, Openings.wordAt(words, k), sum);
            }
        }
    }

    /// @dev The operand's element that is term `chunk` of an element, along an axis that isn't the last.
    function _term(Scope memory scope, Step memory step) private pure returns (uint256) {
        unchecked {
            uint256 axis = scope.attributes[0];
            uint32[] memory shape = Operands.shapeOf(scope, 0);
            uint256 inner = TensorLayout.product(shape, axis + 1);
            uint256 outer = step.element / inner;
            return (outer * shape[axis] + step.chunk) * inner + step.element % inner;
        }
    }

    /// @dev A sum starts at +0, a maximum at its first term.
    function _first(uint256 x, bool sum) private pure returns (uint256) {
        return sum ? Float32.add(0, x) : Float32.canonical(x);
    }

    function _next(uint256 acc, uint256 x, bool sum) private pure returns (uint256) {
        return sum ? Float32.add(acc, x) : Float32.max(acc, x);
    }
}
