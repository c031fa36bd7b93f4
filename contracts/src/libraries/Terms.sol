// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LeaseMoney} from "../types/Leases.sol";
import {TIER_EXACT} from "../types/Orders.sol";

/// @notice What a lease costs and locks. packages/market/src/price.ts mirrors this, rounding included; both read
/// spec/vectors/market/terms.json.
library Terms {
    uint256 internal constant PPM = 1e6;
    uint256 internal constant BPS = 1e4;
    /// @dev 281 million in units of 1e-6, see Pending; of the pay and of the bond.
    uint256 internal constant MAX_PAY = type(uint48).max;

    struct Rules {
        uint256 intervalSeconds;
        uint256 auditShareBps;
        uint256 auditRatePpm;
        uint256 exposureSeconds;
        uint256 minBond;
    }

    /// @param field Which amount of the lease: `rate`, `pay`, `auditPot` or `bond`.
    error LeaseAmountTooLarge(bytes32 field, uint256 amount, uint256 limit);

    /// @dev `rate` and `seconds_` come from uint64 and uint32, so that no product here passes 2^160.
    function money(Rules memory rules, uint256 rate, uint256 seconds_, uint8 tier)
        internal
        pure
        returns (LeaseMoney memory m)
    {
        unchecked {
            uint256 pay = rate * seconds_;
            uint256 interval = rate * rules.intervalSeconds;
            uint256 gain = rate * rules.exposureSeconds;
            // The bond makes a lie a loss on average: bond >= gain (1 - q) / q, rounded up.
            uint256 bond = (gain * (PPM - rules.auditRatePpm) + rules.auditRatePpm - 1) / rules.auditRatePpm;
            if (pay > MAX_PAY) revert LeaseAmountTooLarge("pay", pay, MAX_PAY);
            m.pay = uint64(pay);
            m.auditPot = tier == TIER_EXACT ? fit("auditPot", pay * rules.auditShareBps / BPS) : 0;
            m.startFee = uint64(interval < pay ? interval : pay);
            if (bond < rules.minBond) bond = rules.minBond;
            if (bond > MAX_PAY) revert LeaseAmountTooLarge("bond", bond, MAX_PAY);
            m.bond = uint64(bond);
        }
    }

    function fit(bytes32 field, uint256 amount) internal pure returns (uint64) {
        if (amount > type(uint64).max) revert LeaseAmountTooLarge(field, amount, type(uint64).max);
        return uint64(amount);
    }
}
