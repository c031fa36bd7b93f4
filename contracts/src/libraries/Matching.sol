// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Constants} from "../generated/Params.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {
    MECHANISM_POSTED_PRICE,
    MECHANISM_REVERSE_AUCTION,
    Offer,
    Order,
    PAY_MODE_ACCRUE,
    PAY_MODE_VOUCHER,
    PRICE_RULE_ASK,
    PRICE_RULE_CEILING,
    TIER_EXACT
} from "../types/Orders.sol";
import {Attributes} from "./Attributes.sol";
import {Terms} from "./Terms.sol";

/// @notice Whether one offer fits one order, apart from what needs the chain's state.
/// packages/market/src/judge.ts mirrors this.
library Matching {
    function check(Offer calldata offer, Order calldata order, bytes32 orderHash) internal view {
        if (block.timestamp >= offer.expiresAt) revert IMarket.OfferExpired(offer.expiresAt, block.timestamp);
        if (block.timestamp >= order.expiresAt) revert IMarket.OrderExpired(order.expiresAt, block.timestamp);
        if (offer.slot >= Constants.MAX_OFFER_SLOTS) revert IMarket.OfferSlotUnknown(offer.slot);
        checkKinds(order);
        checkMechanism(offer, order, orderHash);
        if (offer.class != order.class) revert IMarket.ClassMismatch(offer.class, order.class);
        if (!Attributes.covers(offer.attributes, order.minAttributes)) {
            revert IMarket.AttributesTooLow(offer.attributes, order.minAttributes);
        }
        if (order.units == 0) revert IMarket.ZeroUnits();
        if (order.units > offer.units) revert IMarket.UnitsUnavailable(offer.units, order.units);
        if (offer.pricePerUnitSecond > order.maxPricePerUnitSecond) {
            revert IMarket.PriceAboveCeiling(offer.pricePerUnitSecond, order.maxPricePerUnitSecond);
        }
    }

    /// @notice Price per second of the lease: the offer's, or the order's ceiling where the order says so.
    function rate(Offer calldata offer, Order calldata order) internal pure returns (uint64) {
        uint256 price = order.priceRule == PRICE_RULE_CEILING ? order.maxPricePerUnitSecond : offer.pricePerUnitSecond;
        if (price == 0) revert IMarket.ZeroPrice();
        // At most 96 + 32 bits.
        unchecked {
            return Terms.fit("rate", price * order.units);
        }
    }

    function checkKinds(Order calldata order) private pure {
        if (order.priceRule > PRICE_RULE_CEILING) revert IMarket.PriceRuleUnknown(order.priceRule);
        if (order.tier > TIER_EXACT) revert IMarket.TierUnknown(order.tier);
        if (order.payMode > PAY_MODE_ACCRUE) revert IMarket.PayModeUnknown(order.payMode);
        if (order.mechanism > MECHANISM_REVERSE_AUCTION) revert IMarket.MechanismUnknown(order.mechanism);
        // Nobody could ever sign a voucher of such a lease.
        if (order.session == address(0) && order.payMode == PAY_MODE_VOUCHER) revert IMarket.SessionMissing();
    }

    /// @dev A bid (orderHash set) serves only the order it names; an auction takes only bids, after its end.
    function checkMechanism(Offer calldata offer, Order calldata order, bytes32 orderHash) private view {
        bool isBid = offer.orderHash != 0;
        if ((isBid || order.mechanism == MECHANISM_REVERSE_AUCTION) && offer.orderHash != orderHash) {
            revert IMarket.OfferForAnotherOrder(offer.orderHash, orderHash);
        }
        if (order.mechanism == MECHANISM_REVERSE_AUCTION && block.timestamp < order.biddingEndsAt) {
            revert IMarket.BiddingOpen(order.biddingEndsAt, block.timestamp);
        }
    }
}
