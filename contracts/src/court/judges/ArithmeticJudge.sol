// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OpenedLeaf, Scope} from "../../types/StepValues.sol";
import {Float32} from "../Float32.sol";
import {Openings} from "../Openings.sol";
import {OperatorCodes} from "../OperatorCodes.sol";
import {OperatorJudge} from "../OperatorJudge.sol";

/// @title The elementwise operators of one fp32 operation each (spec/tensor.md §3.3), recipes excepted.
contract ArithmeticJudge is OperatorJudge {
    function _chunks(Scope memory scope) internal pure override returns (uint256) {
        bool known = (scope.op >= OperatorCodes.ADD && scope.op <= OperatorCodes.SQRT);
        if (!known) revert OperatorUnknown(scope.op);
        return 0;
    }

    function _word(Scope memory scope, uint256 element, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        uint8 op = scope.op;
        uint256 a = Openings.readBroadcast(scope, opened, 0, element);
        if (op == OperatorCodes.SELECT) return (true, _select(scope, opened, a, element));
        if (op >= OperatorCodes.NEG) return (true, _ofOne(op, a));
        return (true, _ofTwo(op, a, Openings.readBroadcast(scope, opened, 1, element)));
    }

    function _ofOne(uint8 op, uint256 x) private pure returns (uint256) {
        if (op == OperatorCodes.NEG) return Float32.negated(x);
        if (op == OperatorCodes.ABS) return Float32.magnitude(x);
        return Float32.sqrt(x);
    }

    function _ofTwo(uint8 op, uint256 a, uint256 b) private pure returns (uint256) {
        if (op == OperatorCodes.ADD) return Float32.add(a, b);
        if (op == OperatorCodes.SUB) return Float32.sub(a, b);
        if (op == OperatorCodes.MUL) return Float32.mul(a, b);
        if (op == OperatorCodes.DIV) return Float32.div(a, b);
        if (op == OperatorCodes.MAX) return Float32.max(a, b);
        if (op == OperatorCodes.MIN) return Float32.min(a, b);
        return Float32.lt(b, a) ? Float32.ONE : 0;
    }

    /// @dev What is not selected need not be opened. A NaN is not 0.
    function _select(Scope memory scope, OpenedLeaf[] calldata opened, uint256 condition, uint256 element)
        private
        pure
        returns (uint256)
    {
        uint256 chosen = Float32.eq(condition, 0) ? 2 : 1;
        return Float32.canonical(Openings.readBroadcast(scope, opened, chosen, element));
    }
}
