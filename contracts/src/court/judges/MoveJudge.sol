// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OpenedLeaf, Scope} from "../../types/StepValues.sol";
import {Openings} from "../Openings.sol";
import {Operands} from "../Operands.sol";
import {OperatorCodes} from "../OperatorCodes.sol";
import {OperatorJudge} from "../OperatorJudge.sol";
import {Records} from "../Records.sol";
import {TensorLayout} from "../TensorLayout.sol";

/// @title The operators that move words and change no bit (spec/tensor.md §3.5), `gather` excepted.
contract MoveJudge is OperatorJudge {
    function _chunks(Scope memory scope) internal pure override returns (uint256) {
        bool known = scope.op >= OperatorCodes.RESHAPE && scope.op <= OperatorCodes.SWAP_PAIRS;
        if (!known) revert OperatorUnknown(scope.op);
        return 0;
    }

    function _word(Scope memory scope, uint256 element, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        (uint256 operand, uint256 source) = _source(scope, element);
        return (true, Openings.read(scope, opened, operand, source));
    }

    /// @dev The operand and its element that an element of the result is.
    function _source(Scope memory scope, uint256 element) private pure returns (uint256 operand, uint256 source) {
        uint8 op = scope.op;
        if (op == OperatorCodes.RESHAPE) return (0, element);
        if (op == OperatorCodes.SWAP_PAIRS) return (0, element ^ 1);
        if (op == OperatorCodes.EXPAND) {
            return (0, TensorLayout.broadcastSource(scope.type_.shape, Operands.shapeOf(scope, 0), element, 0));
        }
        if (op == OperatorCodes.TRANSPOSE) return (0, _transposed(scope, element));
        if (op == OperatorCodes.SLICE) return (0, _sliced(scope, element));
        return _concatenated(scope, element);
    }

    /// @dev The result's axis d is the operand's axis axes[d].
    function _transposed(Scope memory scope, uint256 element) private pure returns (uint256 source) {
        uint32[] memory shape = scope.type_.shape;
        uint32[] memory own = Operands.shapeOf(scope, 0);
        if (scope.attributes.length != shape.length) revert Records.RecordMalformed();
        unchecked {
            for (uint256 d = shape.length; d > 0; --d) {
                uint256 stride = TensorLayout.product(own, uint256(scope.attributes[d - 1]) + 1);
                source += (element % shape[d - 1]) * stride;
                element /= shape[d - 1];
            }
        }
    }

    function _sliced(Scope memory scope, uint256 element) private pure returns (uint256) {
        unchecked {
            (uint256 outer, uint256 place, uint256 rest, uint256 inner) = _along(scope, element);
            uint32[] memory own = Operands.shapeOf(scope, 0);
            return (outer * own[_axis(scope, own.length)] + _attribute(scope, 1) + place) * inner + rest;
        }
    }

    function _concatenated(Scope memory scope, uint256 element) private pure returns (uint256 operand, uint256) {
        unchecked {
            (uint256 outer, uint256 place, uint256 rest, uint256 inner) = _along(scope, element);
            uint256 size;
            (operand, size, place) = Operands.along(scope, scope.attributes[0], place);
            return (operand, (outer * size + place) * inner + rest);
        }
    }

    /// @dev An element of the result as its place on the operator's axis, outside of it and inside of it.
    function _along(Scope memory scope, uint256 element)
        private
        pure
        returns (uint256 outer, uint256 place, uint256 rest, uint256 inner)
    {
        uint32[] memory shape = scope.type_.shape;
        uint256 axis = _axis(scope, shape.length);
        unchecked {
            inner = TensorLayout.product(shape, axis + 1);
            rest = element % inner;
            place = (element / inner) % shape[axis];
            outer = element / inner / shape[axis];
        }
    }
}
