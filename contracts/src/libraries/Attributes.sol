// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Comparison of packed attributes, see types/Orders.sol for the layout.
/// packages/protocol/src/Attributes.ts mirrors this.
library Attributes {
    /// @dev One 16-bit field in every 32 bits of the lower 112, and a guard bit above each of them.
    uint256 private constant EVEN = 0x0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant ODD = 0x000000000000ffff0000ffff0000ffff;
    uint256 private constant EVEN_GUARDS = 0x00010000000100000001000000010000;
    uint256 private constant ODD_GUARDS = 0x00000000000100000001000000010000;

    /// @notice Whether each of the first seven fields is at least `required`'s and every required flag is set.
    /// @dev Compares all fields at once: a guard bit survives (guard + a - b) exactly when a >= b, and no lane borrows
    /// from the next one. Fields 0, 2, 4, 6 are the even lanes, 1, 3, 5 the odd ones; field 7 are the flags.
    function covers(uint128 offered, uint128 required) internal pure returns (bool) {
        uint256 a = offered;
        uint256 b = required;
        // Each lane of the minuend has its guard bit set, so that no lane underflows.
        unchecked {
            uint256 even = ((a & EVEN) | EVEN_GUARDS) - (b & EVEN);
            uint256 odd = (((a >> 16) & ODD) | ODD_GUARDS) - ((b >> 16) & ODD);
            uint256 missing = (b & ~a) >> 112;
            return even & EVEN_GUARDS == EVEN_GUARDS && odd & ODD_GUARDS == ODD_GUARDS && missing == 0;
        }
    }
}
