// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Comparison of packed attributes, see types/Orders.sol for the layout.
/// packages/protocol/src/Attributes.ts mirrors this; both read spec/vectors/contracts/attributes.json.
library Attributes {
    uint256 private constant FIELDS = 7;
    uint256 private constant FIELD = 0xffff;

    /// @notice Whether each of the first seven fields is at least `required`'s and every required flag is set.
    function covers(uint128 offered, uint128 required) internal pure returns (bool) {
        uint256 a = offered;
        uint256 b = required;
        for (uint256 i = 0; i < FIELDS; ++i) {
            if (a & FIELD < b & FIELD) return false;
            a >>= 16;
            b >>= 16;
        }
        return a & b == b;
    }
}
