// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Offer, Order} from "../../src/types/Orders.sol";
import {Actors} from "./Actors.sol";
import {vm} from "./Vm.sol";

/// @notice Actors that withdraw what they signed: offers, orders, a whole epoch, sessions. Each then tries what it
/// withdrew; `withdrawnOpened` counts the leases that came of it.
abstract contract Withdrawals is Actors {
    function cancelOffers(uint256 seed) external {
        NodeKeys memory n = nodes[seed % 3];
        Offer memory stale = offerOf(n);
        stale.seq = nextSeq++;
        bytes memory data = abi.encodeCall(market.cancelOffers, (n.id, 0, 0, nextSeq));
        if (!attempt("cancelOffers", n.operator, address(market), data)) return;
        tryWithdrawn(stale, n.operatorKey, orderNow(0), buyerKeys[0]);
    }

    function cancelOrder(uint256 seed) external {
        uint256 b = seed % 3;
        Order memory order = orderNow(b);
        attempt("cancelOrder", order.buyer, address(market), abi.encodeCall(market.cancelOrder, (order.nonce)));
        tryWithdrawn(freshOffer(seed >> 8), nodes[(seed >> 8) % 3].operatorKey, order, buyerKeys[b]);
    }

    /// @dev The last lease's order is withdrawn: `refill` finds it later and must not open it again.
    function cancelLast(uint256) external {
        if (leases.length == 0) return;
        Opened memory last = leases[leases.length - 1];
        attempt("cancelLast", last.buyer, address(market), abi.encodeCall(market.cancelOrder, (last.order.nonce)));
        isWithdrawn[last.buyer][last.order.nonce] = true;
    }

    function bumpEpoch(uint256 seed) external {
        if (seed % 3 != 0) return;
        uint256 b = (seed >> 8) % 3;
        Order memory order = orderNow(b);
        attempt("bumpEpoch", order.buyer, address(market), abi.encodeCall(market.bumpBuyerEpoch, ()));
        tryWithdrawn(freshOffer(seed >> 16), nodes[(seed >> 16) % 3].operatorKey, order, buyerKeys[b]);
    }

    function revokeSession(uint256 seed) external {
        if (seed % 4 != 0) return;
        attempt("revokeSession", buyer, address(channels), abi.encodeCall(channels.revokeAll, ()));
        tryWithdrawn(freshOffer(seed >> 8), nodes[(seed >> 8) % 3].operatorKey, orderNow(0), sessionKey);
        vm.prank(buyer);
        channels.grantSession(session, SESSION_CAP, type(uint40).max, true, new bytes20[](0));
    }

    function orderNow(uint256 b) internal returns (Order memory order) {
        order = orderOf(vm.addr(buyerKeys[b]));
        order.units = 1;
        order.durationSeconds = 1;
        order.buyerEpoch = channels.accountOf(order.buyer).buyerEpoch;
    }

    function freshOffer(uint256 seed) internal returns (Offer memory offer) {
        offer = offerOf(nodes[seed % 3]);
        offer.seq = nextSeq++;
    }

    function tryWithdrawn(Offer memory offer, uint256 offerKey, Order memory order, uint256 orderKey) internal {
        bytes memory data = openData(offer, offerKey, order, orderKey, 0);
        vm.prank(matcher);
        (bool ok,) = address(market).call(data);
        if (ok) ++withdrawnOpened;
    }
}
