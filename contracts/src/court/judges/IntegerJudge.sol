// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OpenedLeaf, Scope} from "../../types/StepValues.sol";
import {Float32} from "../Float32.sol";
import {Openings} from "../Openings.sol";
import {OperatorCodes} from "../OperatorCodes.sol";
import {OperatorJudge} from "../OperatorJudge.sol";
import {Products} from "../Products.sol";

/// @title `matmulInt8`, `toFloat`, `toInt8` (spec/tensor.md §3.2).
contract IntegerJudge is OperatorJudge {
    function _chunks(Scope memory scope) internal pure override returns (uint256) {
        if (scope.op == OperatorCodes.MATMUL_INT8) return Products.chunks(scope);
        if (scope.op == OperatorCodes.TO_FLOAT || scope.op == OperatorCodes.TO_INT8) return 0;
        revert OperatorUnknown(scope.op);
    }

    function _word(Scope memory scope, uint256 element, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        uint256 x = Openings.read(scope, opened, 0, element);
        return (true, scope.op == OperatorCodes.TO_FLOAT ? Float32.fromInt32(x) : Float32.toInt8(x));
    }

    /// @dev Modulo 2^32, where the product of two's complements is that of the words.
    function _fold(Scope memory scope, Step memory step, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        (bytes32[4] calldata a, bytes32[4] calldata b) = Products.operands(scope, opened, step.element, step.chunk);
        uint256 count = Products.terms(scope, step.chunk);
        uint256 acc = step.chunk == 0 ? 0 : step.before;
        unchecked {
            for (uint256 k = 0; k < count; ++k) {
                acc += Openings.wordAt(a, k) * Openings.wordAt(b, k);
            }
        }
        return (true, uint32(acc));
    }
}
