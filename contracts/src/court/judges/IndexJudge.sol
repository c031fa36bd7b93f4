// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DTYPE_F32, OpenedLeaf, Scope} from "../../types/StepValues.sol";
import {Float32} from "../Float32.sol";
import {Openings} from "../Openings.sol";
import {Operands} from "../Operands.sol";
import {OperatorCodes} from "../OperatorCodes.sol";
import {OperatorJudge} from "../OperatorJudge.sol";
import {TensorLayout} from "../TensorLayout.sol";

/// @title `gather`, `oneHot`, `scatterAdd` (spec/tensor.md §3.5, §3.6). An index below -1 or past the rows defines nothing.
contract IndexJudge is OperatorJudge {
    uint256 private constant NONE = type(uint32).max;

    function _chunks(Scope memory scope) internal pure override returns (uint256) {
        if (scope.op == OperatorCodes.SCATTER_ADD) return TensorLayout.elementCount(Operands.shapeOf(scope, 1));
        if (scope.op == OperatorCodes.GATHER || scope.op == OperatorCodes.ONE_HOT) return 0;
        revert OperatorUnknown(scope.op);
    }

    function _word(Scope memory scope, uint256 element, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        unchecked {
            uint256 width = TensorLayout.columns(scope.type_.shape);
            uint256 column = element % width;
            if (scope.op == OperatorCodes.ONE_HOT) {
                uint256 hot = Openings.read(scope, opened, 0, element / width);
                return (hot == NONE || hot < width, hot == column ? Float32.ONE : 0);
            }
            uint256 row = Openings.read(scope, opened, 1, element / width);
            if (row == NONE) return (true, _fill(scope));
            if (row >= Operands.shapeOf(scope, 0)[0]) return (false, 0);
            return (true, Openings.read(scope, opened, 0, row * width + column));
        }
    }

    /// @dev As it is committed: a fill that is a NaN is canonical.
    function _fill(Scope memory scope) private pure returns (uint256) {
        uint256 fill = _attribute(scope, 0);
        return scope.type_.dtype == DTYPE_F32 ? Float32.canonical(fill) : fill;
    }

    /// @dev Term i is row i of x, if its index is the element's row.
    function _fold(Scope memory scope, Step memory step, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        unchecked {
            uint256 width = TensorLayout.columns(scope.type_.shape);
            uint256 acc = step.chunk == 0 ? 0 : step.before;
            uint256 row = Openings.read(scope, opened, 1, step.chunk);
            if (row != NONE && row >= scope.type_.shape[0]) return (false, 0);
            if (row != step.element / width) return (true, acc);
            uint256 x = Openings.read(scope, opened, 0, step.chunk * width + step.element % width);
            return (true, Float32.add(acc, x));
        }
    }
}
