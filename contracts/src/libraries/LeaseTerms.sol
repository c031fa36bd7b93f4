// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LEASE_ACCRUES, LeaseMoney, LeaseState} from "../types/Leases.sol";
import {Offer, Order, PAY_MODE_ACCRUE} from "../types/Orders.sol";

/// @notice Two words of {IMarket-LeaseOpened}, packed because each word of an event costs 256 gas, and the stored lease
/// that follows from the first. packages/chain/src/leaseTerms.ts reads them.
///
///  terms: | 72 unused | payMode 8 | fill 8 | tier 8 | rate 64 | durationSeconds 32 | units 32 | poolId 32 |
///  money: | bond 64 | startFee 64 | auditPot 64 | pay 64 |
library LeaseTerms {
    function pack(Offer calldata offer, Order calldata order, uint64 rate, uint32 durationSeconds, uint8 fill)
        internal
        pure
        returns (uint256)
    {
        return uint256(offer.poolId) | uint256(order.units) << 32 | uint256(durationSeconds) << 64 | uint256(rate) << 96
            | uint256(order.tier) << 160 | uint256(fill) << 168 | uint256(order.payMode) << 176;
    }

    function pack(LeaseMoney memory m) internal pure returns (uint256) {
        return uint256(m.pay) | uint256(m.auditPot) << 64 | uint256(m.startFee) << 128 | uint256(m.bond) << 192;
    }

    /// @dev Slot 0 of a lease that opens, as drawn in types/Leases.sol.
    function firstSlot(uint256 terms, address buyer) internal pure returns (uint256) {
        uint256 tierAndFill = terms >> 160 & 0xffff;
        return uint256(uint160(buyer)) | uint256(uint64(terms >> 96)) << 160 | uint256(LeaseState.open) << 224
            | tierAndFill << 240;
    }

    /// @dev Slot 1; `court` is its index, 0 for none.
    function secondSlot(uint256 terms, uint256 court) internal view returns (uint256) {
        uint256 flags = uint8(terms >> 176) == PAY_MODE_ACCRUE ? LEASE_ACCRUES : 0;
        return uint96(terms) | uint256(uint32(block.timestamp)) << 96 | court << 224 | flags << 240;
    }
}
