// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OpenedLeaf, Scope} from "../../types/StepValues.sol";
import {Float32} from "../Float32.sol";
import {Openings} from "../Openings.sol";
import {OperatorCodes} from "../OperatorCodes.sol";
import {OperatorJudge} from "../OperatorJudge.sol";
import {Products} from "../Products.sol";

/// @title `matmul` (spec/tensor.md §3.1): acc = fl(acc + fl(a · b)) over up to 32 terms.
contract MatmulJudge is OperatorJudge {
    function _chunks(Scope memory scope) internal pure override returns (uint256) {
        if (scope.op != OperatorCodes.MATMUL) revert OperatorUnknown(scope.op);
        return Products.chunks(scope);
    }

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
                acc = Float32.add(acc, Float32.mul(Openings.wordAt(a, k), Openings.wordAt(b, k)));
            }
        }
        return (true, acc);
    }
}
