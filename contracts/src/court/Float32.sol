// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice IEEE 754 binary32 with round to nearest even, subnormals and signed zeros, as the numerics
/// `fp32-seq-unfused` want it (spec/tensor.md §1, §3): every NaN that comes out is 7fc00000.
/// @dev A value is its 32-bit word in a clean uint256; what comes in must be below 2^32. Not here: flags, signalling, other
/// rounding modes, fused operations. All arithmetic is unchecked: no operand is wider than 56 bits, and an exponent that
/// goes below zero is read as int256.
///
/// A word is sign (1 bit) ‖ exponent (8) ‖ fraction (23). With e = max(exponent, 1) and m = the fraction, 2^23 added when
/// the exponent isn't 0, the value is m · 2^(e - 150), and its magnitude word is (e - 1)·2^23 + m: so a significand that
/// rounds up to 2^24, or a subnormal that rounds up to 2^23, carries into the exponent by itself.
library Float32 {
    uint256 internal constant NAN = 0x7fc00000;
    uint256 internal constant INFINITY = 0x7f800000;
    uint256 internal constant ONE = 0x3f800000;

    uint256 private constant SIGN = 0x80000000;
    uint256 private constant MAGNITUDE = 0x7fffffff;
    uint256 private constant HIDDEN = 0x800000;
    uint256 private constant FRACTION = 0x7fffff;

    /// @notice fl(a + b).
    function add(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            uint256 x = a & MAGNITUDE;
            uint256 y = b & MAGNITUDE;
            if (x < y) (a, b, x, y) = (b, a, y, x);
            if (x >= INFINITY) return x > INFINITY || (y == INFINITY && a != b) ? NAN : a;
            uint256 exponent = _exponent(x);
            uint256 distance = exponent - _exponent(y);
            // y is below a quarter of the spacing of x's neighbour towards zero.
            if (distance > 25) return a;
            x -= (exponent - 1) << 23;
            y -= (exponent - distance - 1) << 23;
            if ((a ^ b) & SIGN == 0) return (a & SIGN) | _sum((x << distance) + y, distance, exponent);
            uint256 difference = (x << distance) - y;
            // x - x is +0, whatever the sign of x.
            if (difference == 0) return 0;
            return (a & SIGN) | _difference(difference, distance, exponent);
        }
    }

    /// @notice fl(a - b).
    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        return add(a, b ^ SIGN);
    }

    /// @dev Of two significands `distance` places apart: one place more at most.
    function _sum(uint256 sum, uint256 distance, uint256 exponent) private pure returns (uint256) {
        unchecked {
            uint256 carry = sum >> (24 + distance);
            return _round(sum << 1, distance + carry + 1, exponent + carry);
        }
    }

    function _difference(uint256 difference, uint256 distance, uint256 exponent) private pure returns (uint256) {
        unchecked {
            if (difference >> (23 + distance) != 0) return _round(difference << 1, distance + 1, exponent);
            // One place is lost, and with it half of the rounding; a wide distance means an exponent far above 1.
            if (distance > 1) return _round(difference << 1, distance, exponent - 1);
            // Many places may be lost, but then nothing is rounded: 24 bits at the smaller operand's exponent hold it.
            exponent -= distance;
            uint256 left = 23 - _log2(difference);
            if (left >= exponent) left = exponent - 1;
            return ((exponent - left - 1) << 23) + (difference << left);
        }
    }

    /// @notice fl(a · b).
    function mul(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            uint256 x = a & MAGNITUDE;
            uint256 y = b & MAGNITUDE;
            uint256 ex = x >> 23;
            uint256 ey = y >> 23;
            if (_isPlain(ex) && _isPlain(ey)) {
                x = (x & FRACTION) | HIDDEN;
                y = (y & FRACTION) | HIDDEN;
            } else {
                if (x > INFINITY || y > INFINITY) return NAN;
                if (x == INFINITY || y == INFINITY) return x == 0 || y == 0 ? NAN : ((a ^ b) & SIGN) | INFINITY;
                if (x == 0 || y == 0) return (a ^ b) & SIGN;
                (x, ex) = _normal(x);
                (y, ey) = _normal(y);
            }
            uint256 product = x * y;
            uint256 carry = product >> 47;
            return ((a ^ b) & SIGN) | _roundLow(product, 23 + carry, ex + ey + carry - 127);
        }
    }

    /// @notice fl(a / b).
    function div(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            uint256 x = a & MAGNITUDE;
            uint256 y = b & MAGNITUDE;
            uint256 ex = x >> 23;
            uint256 ey = y >> 23;
            if (_isPlain(ex) && _isPlain(ey)) {
                x = (x & FRACTION) | HIDDEN;
                y = (y & FRACTION) | HIDDEN;
            } else {
                if (x > INFINITY || y > INFINITY) return NAN;
                if (x == INFINITY) return y == INFINITY ? NAN : ((a ^ b) & SIGN) | INFINITY;
                if (y == 0) return x == 0 ? NAN : ((a ^ b) & SIGN) | INFINITY;
                if (x == 0 || y == INFINITY) return (a ^ b) & SIGN;
                (x, ex) = _normal(x);
                (y, ey) = _normal(y);
            }
            // 26 or 27 bits; the last one also stands for all that follow.
            uint256 quotient;
            assembly {
                x := shl(26, x)
                quotient := or(div(x, y), iszero(iszero(mod(x, y))))
            }
            uint256 carry = quotient >> 26;
            return ((a ^ b) & SIGN) | _roundLow(quotient, 2 + carry, ex - ey + carry + 126);
        }
    }

    /// @notice fl(sqrt a): of -0 it is -0, of anything else below zero NaN.
    function sqrt(uint256 a) internal pure returns (uint256) {
        unchecked {
            uint256 x = a & MAGNITUDE;
            if (x == 0) return a;
            if (a > INFINITY) return NAN;
            if (a == INFINITY) return a;
            uint256 exponent;
            (x, exponent) = _normal(x);
            // Radicand in 2^48 .. 2^50, an even power of two away from a.
            uint256 shift = 26 - (exponent & 1);
            x <<= shift;
            // A line within 4.2 %, squared three times: 2^-43. The last root may be one too large.
            uint256 root = x / 0x3000000 + 11_883_861;
            root = (root + x / root) >> 1;
            root = (root + x / root) >> 1;
            root = (root + x / root) >> 1;
            if (root * root > x) --root;
            // 25 bits, the last one to be rounded. Never a tie: a root that ends in 1 has an odd square, the radicand is even.
            return (((exponent + 150 - shift) >> 1) << 23) + ((root + 1) >> 1);
        }
    }

    /// @notice a = b: zeros of both signs are equal, a NaN equals nothing.
    function eq(uint256 a, uint256 b) internal pure returns (bool equal) {
        assembly {
            equal := and(or(eq(a, b), iszero(and(or(a, b), MAGNITUDE))), iszero(gt(and(a, MAGNITUDE), INFINITY)))
        }
    }

    /// @notice a < b; false with a NaN.
    function lt(uint256 a, uint256 b) internal pure returns (bool less) {
        uint256 x = _ordered(a);
        uint256 y = _ordered(b);
        assembly {
            less := and(slt(x, y), iszero(or(gt(and(a, MAGNITUDE), INFINITY), gt(and(b, MAGNITUDE), INFINITY))))
        }
    }

    /// @notice a <= b; false with a NaN.
    function le(uint256 a, uint256 b) internal pure returns (bool less) {
        uint256 x = _ordered(a);
        uint256 y = _ordered(b);
        assembly {
            less := iszero(or(sgt(x, y), or(gt(and(a, MAGNITUDE), INFINITY), gt(and(b, MAGNITUDE), INFINITY))))
        }
    }

    /// @notice a < b ? b : a (spec/tensor.md §3.3).
    function max(uint256 a, uint256 b) internal pure returns (uint256) {
        return canonical(lt(a, b) ? b : a);
    }

    /// @notice b < a ? b : a.
    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return canonical(lt(b, a) ? b : a);
    }

    function negated(uint256 a) internal pure returns (uint256) {
        return canonical(a ^ SIGN);
    }

    function magnitude(uint256 a) internal pure returns (uint256) {
        return canonical(a & MAGNITUDE);
    }

    function isNaN(uint256 a) internal pure returns (bool) {
        return a & MAGNITUDE > INFINITY;
    }

    /// @notice The word as an operator that computes writes it: every NaN as 7fc00000.
    function canonical(uint256 a) internal pure returns (uint256) {
        return isNaN(a) ? NAN : a;
    }

    /// @notice The nearest fp32 of an int32, given as its word.
    function fromInt32(uint256 word) internal pure returns (uint256) {
        unchecked {
            if (word == 0) return 0;
            uint256 sign = word & SIGN;
            if (sign != 0) word = (1 << 32) - word;
            uint256 top = _log2(word);
            // 24 places to the left, so that there is always one to round away.
            return sign | _round(word << 24, top + 1, top + 127);
        }
    }

    /// @notice `toInt8` of spec/tensor.md §3.2 as a committed word: NaN is 0, otherwise clamped to -127 .. 127, then the
    /// nearest integer, ties to even, sign-extended to 32 bits.
    function toInt8(uint256 a) internal pure returns (uint256) {
        unchecked {
            uint256 x = a & MAGNITUDE;
            if (x > INFINITY) return 0;
            uint256 integer = 127;
            // 127 is 42fe0000.
            if (x < 0x42fe0000) {
                uint256 shift = 150 - (x >> 23);
                uint256 m = (x & FRACTION) | HIDDEN;
                integer = (m + (1 << (shift - 1)) - 1 + ((m >> shift) & 1)) >> shift;
            }
            return a & SIGN == 0 ? integer : uint32(0 - integer);
        }
    }

    /// @notice The integer of an fp32 without its fraction, as the word of an int32; NaN is 0, and what no int32 reaches the
    /// last one on its side: WebAssembly's i32.trunc_sat_f32_s (spec/tensor.md §3.2).
    function toInt32(uint256 a) internal pure returns (uint256) {
        unchecked {
            uint256 x = a & MAGNITUDE;
            if (x > INFINITY) return 0;
            // 2^31 is 4f000000.
            if (x >= 0x4f000000) return a & SIGN == 0 ? 0x7fffffff : SIGN;
            // Nothing is left of what is below 1: the significand has 32 bits here, the exponent of 1 is 127.
            uint256 integer = (((x & FRACTION) | HIDDEN) << 8) >> (158 - (x >> 23));
            return a & SIGN == 0 ? integer : uint32(0 - integer);
        }
    }

    /// @dev significand / 2^shift to the nearest integer, ties to even, at an exponent of 1 or more; shift is 1 or more.
    function _round(uint256 significand, uint256 shift, uint256 exponent) private pure returns (uint256 word) {
        unchecked {
            word = ((exponent - 1) << 23)
                + ((significand + (1 << (shift - 1)) - 1 + ((significand >> shift) & 1)) >> shift);
            if (word > INFINITY) word = INFINITY;
        }
    }

    /// @dev The same at any exponent; shift stays below 256 for every exponent that two operands can have.
    function _roundLow(uint256 significand, uint256 shift, uint256 exponent) private pure returns (uint256) {
        unchecked {
            if (int256(exponent) < 1) {
                shift += 1 - exponent;
                exponent = 1;
            }
            return _round(significand, shift, exponent);
        }
    }

    /// @dev max(exponent, 1) of a magnitude.
    function _exponent(uint256 x) private pure returns (uint256 e) {
        assembly {
            e := shr(23, x)
            e := or(e, iszero(e))
        }
    }

    /// @dev Whether an exponent field is neither 0 nor 255.
    function _isPlain(uint256 exponent) private pure returns (bool plain) {
        assembly {
            plain := lt(sub(exponent, 1), 254)
        }
    }

    /// @dev Of a finite magnitude that isn't zero: a significand of 24 bits and its exponent, which may be below 1.
    function _normal(uint256 x) private pure returns (uint256 significand, uint256 exponent) {
        unchecked {
            exponent = x >> 23;
            if (exponent != 0) return ((x & FRACTION) | HIDDEN, exponent);
            uint256 left = 23 - _log2(x);
            return (x << left, 1 - left);
        }
    }

    /// @dev A number whose signed order is that of the values, NaNs apart; equal for both zeros.
    function _ordered(uint256 a) private pure returns (uint256 key) {
        assembly {
            // SIGN - a where the sign is set.
            key := sub(a, mul(shr(31, a), sub(add(a, a), SIGN)))
        }
    }

    /// @dev Place of the highest bit of 1 .. 2^32 - 1: two halvings, then a table of the 24 lowest and sixteen values.
    function _log2(uint256 x) private pure returns (uint256 r) {
        assembly {
            r := shl(4, lt(0xffff, x))
            r := or(r, shl(3, lt(0xff, shr(r, x))))
            r := or(r, shl(2, lt(0x0f, shr(r, x))))
            r := or(r, byte(shr(r, x), 0x0000010102020202030303030303030300000000000000000000000000000000))
        }
    }
}
