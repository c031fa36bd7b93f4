// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OpenedLeaf, Scope} from "../types/StepValues.sol";
import {Openings} from "./Openings.sol";
import {Operands} from "./Operands.sol";
import {Records} from "./Records.sol";
import {TensorLayout} from "./TensorLayout.sol";

/// @notice Chunks of a product's terms (spec/tensor.md §3.1): operands […,M,K] and […,N,K], result […,M,N].
library Products {
    function chunks(Scope memory scope) internal pure returns (uint256) {
        return TensorLayout.leavesOf(Operands.columnsOf(scope, 0));
    }

    /// @notice Terms of a chunk, the last one's excepted 32.
    function terms(Scope memory scope, uint256 chunk) internal pure returns (uint256 count) {
        unchecked {
            count = Operands.columnsOf(scope, 0) - chunk * TensorLayout.LEAF;
            if (count > TensorLayout.LEAF) count = TensorLayout.LEAF;
        }
    }

    /// @notice The leaf of each operand that holds the terms of a chunk of an element.
    function operands(Scope memory scope, OpenedLeaf[] calldata opened, uint256 element, uint256 chunk)
        internal
        pure
        returns (bytes32[4] calldata a, bytes32[4] calldata b)
    {
        uint32[] memory shape = scope.type_.shape;
        if (shape.length < 2) revert Records.RecordMalformed();
        unchecked {
            uint256 n = shape[shape.length - 1];
            uint256 row = element / n;
            a = _leaf(scope, opened, 0, row, chunk);
            uint256 m = shape[shape.length - 2];
            b = _leaf(scope, opened, 1, (row / m) * n + element % n, chunk);
        }
    }

    /// @dev `row` counts the operand's rows as if its leading axes were those of the result.
    function _leaf(Scope memory scope, OpenedLeaf[] calldata opened, uint256 operand, uint256 row, uint256 chunk)
        private
        pure
        returns (bytes32[4] calldata)
    {
        uint32[] memory own = Operands.shapeOf(scope, operand);
        if (own.length < 2) revert Records.RecordMalformed();
        unchecked {
            uint256 rows = own[own.length - 2];
            uint256 matrix = TensorLayout.broadcastSource(scope.type_.shape, own, row / rows, 2);
            uint256 leaf = (matrix * rows + row % rows) * TensorLayout.leavesPerRow(own) + chunk;
            return Openings.find(scope, opened, operand, leaf);
        }
    }
}
