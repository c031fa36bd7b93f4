// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Float32} from "./Float32.sol";

/// @title The operations of {Float32} on many operands at once, and what each costs: what tests and benches call.
/// @notice Operands are packed words of 4 bytes, big-endian, two for each operation (the second unused by those of one).
contract Float32Machine {
    error UnknownOperation(uint8 operation);

    /// @notice One result word for each pair of operands.
    function run(uint8 operation, bytes calldata operands) external pure returns (bytes memory results) {
        unchecked {
            uint256 count = operands.length / 8;
            results = new bytes(count * 4);
            for (uint256 i = 0; i < count; ++i) {
                (uint256 a, uint256 b) = _pair(operands, i);
                uint256 word = _apply(operation, a, b);
                assembly {
                    let at := add(add(results, 32), mul(i, 4))
                    mstore(at, or(shl(224, word), and(mload(at), shr(32, not(0)))))
                }
            }
        }
    }

    /// @notice Gas of the operation alone: of a loop over the operands with it, less that of the same loop without.
    function gasOf(uint8 operation, bytes calldata operands) external view returns (uint256 used) {
        unchecked {
            uint256 start = gasleft();
            _empty(operands);
            uint256 middle = gasleft();
            if (operation == 0) _adds(operands);
            else if (operation == 2) _muls(operands);
            else if (operation == 3) _divs(operands);
            else if (operation == 4) _sqrts(operands);
            else if (operation == 6) _lts(operands);
            else revert UnknownOperation(operation);
            uint256 end = gasleft();
            used = (middle - end) - (start - middle);
        }
    }

    function _empty(bytes calldata operands) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < operands.length / 8; ++i) {
                (uint256 a, uint256 b) = _pair(operands, i);
                sum ^= a ^ b;
            }
        }
    }

    function _adds(bytes calldata operands) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < operands.length / 8; ++i) {
                (uint256 a, uint256 b) = _pair(operands, i);
                sum ^= Float32.add(a, b);
            }
        }
    }

    function _muls(bytes calldata operands) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < operands.length / 8; ++i) {
                (uint256 a, uint256 b) = _pair(operands, i);
                sum ^= Float32.mul(a, b);
            }
        }
    }

    function _divs(bytes calldata operands) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < operands.length / 8; ++i) {
                (uint256 a, uint256 b) = _pair(operands, i);
                sum ^= Float32.div(a, b);
            }
        }
    }

    function _sqrts(bytes calldata operands) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < operands.length / 8; ++i) {
                (uint256 a, uint256 b) = _pair(operands, i);
                sum ^= Float32.sqrt(a) ^ b;
            }
        }
    }

    function _lts(bytes calldata operands) private pure returns (uint256 sum) {
        unchecked {
            for (uint256 i = 0; i < operands.length / 8; ++i) {
                (uint256 a, uint256 b) = _pair(operands, i);
                if (Float32.lt(a, b)) ++sum;
            }
        }
    }

    function _pair(bytes calldata operands, uint256 i) private pure returns (uint256 a, uint256 b) {
        assembly {
            b := shr(192, calldataload(add(operands.offset, mul(i, 8))))
            a := shr(32, b)
            b := and(b, 0xffffffff)
        }
    }

    function _apply(uint8 operation, uint256 a, uint256 b) private pure returns (uint256) {
        if (operation == 0) return Float32.add(a, b);
        if (operation == 1) return Float32.sub(a, b);
        if (operation == 2) return Float32.mul(a, b);
        if (operation == 3) return Float32.div(a, b);
        if (operation == 4) return Float32.sqrt(a);
        if (operation == 5) return Float32.eq(a, b) ? 1 : 0;
        if (operation == 6) return Float32.lt(a, b) ? 1 : 0;
        if (operation == 7) return Float32.le(a, b) ? 1 : 0;
        if (operation == 8) return Float32.max(a, b);
        if (operation == 9) return Float32.min(a, b);
        if (operation == 10) return Float32.negated(a);
        if (operation == 11) return Float32.magnitude(a);
        if (operation == 12) return Float32.fromInt32(a);
        if (operation == 13) return Float32.toInt8(a);
        if (operation == 14) return Float32.toInt32(a);
        revert UnknownOperation(operation);
    }
}
