// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecipeConstants as C} from "../../generated/RecipeConstants.sol";
import {OpenedLeaf, Scope} from "../../types/StepValues.sol";
import {Float32} from "../Float32.sol";
import {Openings} from "../Openings.sol";
import {OperatorCodes} from "../OperatorCodes.sol";
import {OperatorJudge} from "../OperatorJudge.sol";

/// @title `exp`, `log`, `tanh` by the recipes of spec/tensor.md §4.1, operation for operation.
contract RecipeJudge is OperatorJudge {
    uint256 private constant SIGN = 0x80000000;
    uint256 private constant HALF = 0x3f000000;
    uint256 private constant TWO = 0x40000000;
    /// @dev 0.625: below it tanh is a polynomial.
    uint256 private constant TANH_BEND = 0x3f200000;
    uint256 private constant LEAST_NORMAL = 0x00800000;
    /// @dev 2^23.
    uint256 private constant TWO_TO_23 = 0x4b000000;

    function _chunks(Scope memory scope) internal pure override returns (uint256) {
        if (scope.op != OperatorCodes.EXP && scope.op != OperatorCodes.LOG && scope.op != OperatorCodes.TANH) {
            revert OperatorUnknown(scope.op);
        }
        return 0;
    }

    function _word(Scope memory scope, uint256 element, OpenedLeaf[] calldata opened)
        internal
        pure
        override
        returns (bool, uint256)
    {
        uint256 x = Openings.readBroadcast(scope, opened, 0, element);
        if (Float32.isNaN(x)) return (true, Float32.NAN);
        if (scope.op == OperatorCodes.EXP) return (true, _exp(x));
        return (true, scope.op == OperatorCodes.LOG ? _log(x) : _tanh(x));
    }

    function _exp(uint256 x) private pure returns (uint256) {
        if (Float32.lt(C.EXP_OVERFLOW, x)) return Float32.INFINITY;
        if (Float32.lt(x, C.EXP_UNDERFLOW)) return 0;
        uint256 shifted = Float32.add(Float32.mul(x, C.EXP_INVERSE_LN2), C.EXP_MAGIC);
        uint256 n = Float32.sub(shifted, C.EXP_MAGIC);
        uint256 r = Float32.sub(x, Float32.mul(n, C.EXP_LN2_HIGH));
        r = Float32.sub(r, Float32.mul(n, C.EXP_LN2_LOW));
        uint256 p = _horner(C.EXP_FIRST, C.EXP_REST, C.EXP_REST_COUNT, r);
        p = Float32.mul(p, Float32.mul(r, r));
        p = Float32.add(Float32.add(p, r), Float32.ONE);
        // Beside the magic number the last place is 1: its word less that of the magic number is n.
        int256 integer = int256(shifted) - int256(C.EXP_MAGIC);
        int256 half = integer >> 1;
        return Float32.mul(Float32.mul(p, _powerOfTwo(half)), _powerOfTwo(integer - half));
    }

    /// @dev 2^n, n in -126 .. 127.
    function _powerOfTwo(int256 n) private pure returns (uint256) {
        return uint256(n + 127) << 23;
    }

    function _log(uint256 x) private pure returns (uint256) {
        if (Float32.eq(x, 0)) return SIGN | Float32.INFINITY;
        if (x >= SIGN) return Float32.NAN;
        if (x == Float32.INFINITY) return x;
        int256 e = -126;
        if (x < LEAST_NORMAL) {
            x = Float32.mul(x, TWO_TO_23);
            e = -149;
        }
        e += int256(x >> 23);
        uint256 m = (x & 0x7fffff) | HALF;
        if (Float32.lt(m, C.LOG_ROOT_HALF)) {
            --e;
            m = Float32.add(m, m);
        }
        m = Float32.sub(m, Float32.ONE);
        return _logOf(m, Float32.fromInt32(uint32(int32(e))));
    }

    /// @dev ln(1 + m) + e·ln 2.
    function _logOf(uint256 m, uint256 e) private pure returns (uint256) {
        uint256 z = Float32.mul(m, m);
        uint256 p = _horner(C.LOG_FIRST, C.LOG_REST, C.LOG_REST_COUNT, m);
        p = Float32.mul(Float32.mul(p, m), z);
        p = Float32.add(p, Float32.mul(e, C.LOG_LN2_LOW));
        p = Float32.add(p, Float32.mul(z, SIGN | HALF));
        return Float32.add(Float32.add(m, p), Float32.mul(e, C.LOG_LN2_HIGH));
    }

    function _tanh(uint256 x) private pure returns (uint256) {
        uint256 a = Float32.magnitude(x);
        if (Float32.lt(a, TANH_BEND)) {
            uint256 z = Float32.mul(x, x);
            uint256 p = Float32.mul(_horner(C.TANH_FIRST, C.TANH_REST, C.TANH_REST_COUNT, z), z);
            return Float32.add(Float32.mul(p, x), x);
        }
        uint256 e = Float32.add(_exp(Float32.add(a, a)), Float32.ONE);
        return (x & SIGN) | Float32.sub(Float32.ONE, Float32.div(TWO, e));
    }

    /// @dev The coefficients after the first, packed from the highest power down, the last one lowest.
    function _horner(uint256 first, uint256 rest, uint256 count, uint256 x) private pure returns (uint256 p) {
        unchecked {
            p = first;
            for (uint256 i = count; i > 0; --i) {
                p = Float32.add(Float32.mul(p, x), uint32(rest >> (32 * (i - 1))));
            }
        }
    }
}
