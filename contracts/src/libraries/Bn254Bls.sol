// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice BLS signatures that are points of BN254's G1, under keys in G2: hash to the curve, and the pairing check.
/// @dev RFC 9380 with expand_message_xmd over keccak256 (section 5.3.1), the Shallue-van de Woestijne map with Z = 1
/// (6.6.1) and the sum of two mapped points (3); BN254's G1 has cofactor 1. Curve y^2 = x^3 + 3. Precompiles: modular
/// exponentiation (EIP-198), addition and pairing (EIP-196, EIP-197). packages/verification/src/bn254Hash.ts is a second
/// implementation; both read spec/vectors/verification/drand.json.
library Bn254Bls {
    struct G1 {
        uint256 x;
        uint256 y;
    }

    /// @dev In the order of EIP-197: the imaginary part first.
    struct G2 {
        uint256 xIm;
        uint256 xRe;
        uint256 yIm;
        uint256 yRe;
    }

    uint256 internal constant P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

    /// @dev 2^256 mod P.
    uint256 private constant R = 0x0e0a77c19a07df2f666ea36f7879462c0a78eb28f5c70b3dd35d438dc58f0d9d;
    /// @dev P = 3 mod 4: a^((P + 1) / 4) is a root of a wherever a has one.
    uint256 private constant ROOT_EXPONENT = (P + 1) / 4;

    /// @dev Of the map: c1 = g(Z), c2 = -Z / 2, c3 = the even root of -3 Z^2 g(Z), c4 = -4 g(Z) / (3 Z^2).
    uint256 private constant C1 = 4;
    uint256 private constant C2 = 0x183227397098d014dc2822db40c0ac2ecbc0b548b438e5469e10460b6c3e7ea3;
    uint256 private constant C3 = 0x00000000000000016789af3a83522eb353c98fc6b36d713d5d8d1cc5dffffffa;
    uint256 private constant C4 = 0x10216f7ba065e00de81ac1e7808072c9dd2b2385cd7b438469602eb24829a9bd;

    /// @dev keccak256 takes in blocks of 136 bytes.
    uint256 private constant BLOCK_BYTES = 136;
    /// @dev Two field elements of 48 bytes each: 254 bits and 128 more, so that the remainder is even enough.
    uint16 private constant EXPANDED_BYTES = 96;

    address private constant MODEXP = address(0x05);
    address private constant ADD = address(0x06);
    address private constant PAIRING = address(0x08);

    /// @notice A precompile failed: too little gas, or a point that is none.
    error PrecompileFailed(address precompile);

    /// @notice Whether a point other than zero, in its one encoding.
    function isOnCurve(G1 memory a) internal pure returns (bool) {
        if (a.x >= P || a.y >= P) return false;
        return mulmod(a.y, a.y, P) == _curve(a.x);
    }

    /// @notice e(signature, g2) = e(hashed, key). `signature` and `hashed` are on the curve, `key` is of the right order.
    function verify(G2 memory key, G1 memory hashed, G1 memory signature) internal view returns (bool) {
        G2 memory g2 = generator();
        // The product of e(-signature, g2) and e(hashed, key) is one. No point has y = 0: the order is odd.
        return _pairing(
            abi.encode(signature.x, P - signature.y, g2.xIm, g2.xRe, g2.yIm, g2.yRe),
            abi.encode(hashed.x, hashed.y, key.xIm, key.xRe, key.yIm, key.yRe)
        );
    }

    /// @notice Whether `key` is a point of G2 other than zero.
    /// @dev The precompile takes only points of the curve that are of the right order.
    function isKey(G2 memory key) internal view returns (bool) {
        if (key.xIm | key.xRe | key.yIm | key.yRe == 0) return false;
        (bool ok,) = PAIRING.staticcall(abi.encode(1, 2, key.xIm, key.xRe, key.yIm, key.yRe));
        return ok;
    }

    function generator() internal pure returns (G2 memory) {
        return G2({
            xIm: 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
            xRe: 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
            yIm: 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
            yRe: 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
        });
    }

    // ---- hash to the curve ----------------------------------------------------------------------------------------

    /// @param dst At most 255 bytes.
    function hashToG1(bytes memory dst, bytes memory message) internal view returns (G1 memory) {
        (uint256 u0, uint256 u1) = hashToField(dst, message);
        G1 memory q0 = mapToG1(u0);
        G1 memory q1 = mapToG1(u1);
        (bool ok, bytes memory sum) = ADD.staticcall(abi.encode(q0.x, q0.y, q1.x, q1.y));
        if (!ok || sum.length != 64) revert PrecompileFailed(ADD);
        return abi.decode(sum, (G1));
    }

    function hashToField(bytes memory dst, bytes memory message) internal pure returns (uint256 u0, uint256 u1) {
        bytes memory tag = abi.encodePacked(dst, uint8(dst.length));
        bytes32 b0 = keccak256(abi.encodePacked(new bytes(BLOCK_BYTES), message, EXPANDED_BYTES, uint8(0), tag));
        bytes32 b1 = keccak256(abi.encodePacked(b0, uint8(1), tag));
        bytes32 b2 = keccak256(abi.encodePacked(b0 ^ b1, uint8(2), tag));
        bytes32 b3 = keccak256(abi.encodePacked(b0 ^ b2, uint8(3), tag));
        // 96 bytes cut in the middle of b2: b1 and its upper half, its lower half and b3.
        u0 = addmod(mulmod(uint256(b1), 1 << 128, P), uint256(b2) >> 128, P);
        u1 = addmod(mulmod(uint128(uint256(b2)), R, P), uint256(b3), P);
    }

    /// @param u Below {P}.
    function mapToG1(uint256 u) internal view returns (G1 memory) {
        uint256 gu2 = mulmod(mulmod(u, u, P), C1, P);
        uint256 plus = addmod(1, gu2, P);
        uint256 minus = addmod(1, P - gu2, P);
        // The inverse, and 0 for 0.
        uint256 inverse = _power(mulmod(minus, plus, P), P - 2);
        uint256 offset = mulmod(mulmod(u, minus, P), mulmod(inverse, C3, P), P);

        uint256 x = addmod(C2, P - offset, P);
        (bool found, uint256 y) = _root(_curve(x));
        if (!found) {
            x = addmod(C2, offset, P);
            (found, y) = _root(_curve(x));
        }
        if (!found) {
            uint256 ratio = mulmod(mulmod(plus, plus, P), inverse, P);
            x = addmod(1, mulmod(C4, mulmod(ratio, ratio, P), P), P);
            // One of the three always has a root.
            (, y) = _root(_curve(x));
        }
        return G1(x, (u ^ y) & 1 == 0 ? y : P - y);
    }

    function _curve(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, P), x, P), 3, P);
    }

    function _root(uint256 square) private view returns (bool found, uint256 root) {
        root = _power(square, ROOT_EXPONENT);
        found = mulmod(root, root, P) == square;
    }

    // ---- precompiles ----------------------------------------------------------------------------------------------

    function _power(uint256 base, uint256 exponent) private view returns (uint256) {
        (bool ok, bytes memory result) = MODEXP.staticcall(abi.encode(32, 32, 32, base, exponent, P));
        if (!ok || result.length != 32) revert PrecompileFailed(MODEXP);
        return abi.decode(result, (uint256));
    }

    function _pairing(bytes memory first, bytes memory second) private view returns (bool) {
        (bool ok, bytes memory result) = PAIRING.staticcall(bytes.concat(first, second));
        if (!ok || result.length != 32) revert PrecompileFailed(PAIRING);
        return abi.decode(result, (uint256)) == 1;
    }
}
