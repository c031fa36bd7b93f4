// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../src/interfaces/IChannels.sol";
import {IMarket} from "../src/interfaces/IMarket.sol";
import {CloseReason, Lease, LeaseMoney, LeaseState} from "../src/types/Leases.sol";
import {Offer, Order} from "../src/types/Orders.sol";
import {Calls} from "./base/Calls.sol";
import {Fixture} from "./base/Fixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice P9: over all its fills an order never costs its buyer more than the budget, and each fill runs the seconds
/// that were not paid when it followed the one before.
/// P10: what was withdrawn (an order, an epoch) opens nothing more, and changes nothing about what runs.
contract FillsTest is Fixture, Calls {
    /// @dev Large enough to matter: a whole lease sets 1.8 million aside.
    uint96 internal constant MAX_FEE = 500_000;
    NodeKeys[3] internal three;
    Order internal order;
    bytes32[] internal ids;
    bytes32 internal previous;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 3; ++i) {
            three[i] = addNode();
        }
        order = orderOf(buyer);
    }

    /// @dev The fill as the chain would take it; reverts bubble up as false.
    function tryFill(uint8 fill, uint96 fee) internal returns (bool ok) {
        NodeKeys memory n = three[fill % 3];
        Offer memory offer = offerOf(n);
        offer.seq = fill + 1;
        bytes memory data = abi.encodeCall(
            market.open,
            (offer, signOffer(offer, n.operatorKey), order, signOrder(order, buyerKey), fill, previous, fee)
        );
        bytes memory returned;
        vm.prank(matcher);
        (ok, returned) = address(market).call(data);
        if (!ok) {
            bytes4 why = bytes4(returned);
            bool expected = why == IMarket.BudgetExceeded.selector || why == IMarket.NothingLeftToFill.selector
                || why == IMarket.FillTooHigh.selector;
            vm.assertTrue(expected, "only budget, time and the number of fills end an order here");
            return false;
        }
        previous = market.offerHash(offer);
        ids.push(abi.decode(returned, (bytes32)));
    }

    /// @dev Pay and audits of one fill, then the provider's fault and some of the time that follows.
    function live(uint8 fill, uint256 seed) internal {
        bytes32 id = ids[ids.length - 1];
        NodeKeys memory n = three[fill % 3];
        LeaseMoney memory m = market.moneyOf(id);
        bool started = seed % 4 != 0;
        if (started) startLease(id, n);
        uint128 claimed = uint128((seed >> 8) % (m.pay + 1));
        if (claimed != 0) channels.claim(id, claimed, voucher(id, claimed));
        uint64 audit = uint64((seed >> 72) % (uint256(m.auditPot) + 1));
        if (audit != 0 && (seed >> 4) % 2 == 0) {
            vm.prank(address(audits));
            channels.payAudit(id, m.auditPot, address(0xa0d), audit);
        }
        bool silent = started && (seed >> 5) % 2 == 0;
        closeAs(silent ? buyer : n.operator, id, silent ? CloseReason.providerSilent : CloseReason.providerQuit);
        uint256 wait = (seed >> 136) % 3;
        if (wait == 1) skip(params.claimWindowSeconds + 1);
        if (wait == 2) settleLease(id);
    }

    function testFuzz_P9_FillsNeverCostMoreThanTheBudget(uint256 seed, uint96 budget) public {
        LeaseMoney memory m = market.quote(PRICE, UNITS, DURATION, 1);
        uint256 whole = uint256(m.pay) + m.auditPot + MAX_FEE;
        order.budget = uint96(bound(budget, whole, 4 * whole));
        order.maxFee = MAX_FEE;
        uint256 paid = 0;
        for (uint8 fill = 0; fill < 10; ++fill) {
            seed = uint256(keccak256(abi.encode(seed, fill)));
            if (fill != 0) paid += channels.channel(ids[fill - 1]).claimed / market.lease(ids[fill - 1]).rate;
            if (!tryFill(fill, uint96(seed % (MAX_FEE + 1)))) break;
            vm.assertEq(market.lease(ids[fill]).durationSeconds, order.durationSeconds - paid, "P9: seconds");
            if (fill != 0) claimLate(ids[fill - 1], seed >> 200);
            live(fill, seed >> 16);
        }
        vm.assertGt(ids.length, 0, "the first fill always fits");
        for (uint256 i = 0; i < ids.length; ++i) {
            if (stateOf(ids[i]) != LeaseState.settled) settleLease(ids[i]);
        }
        vm.assertLe(FUNDS - free(buyer), order.budget, "P9: budget");
    }

    /// @dev A voucher of the earlier fill, brought after the next one opened; refused once its claim window is over.
    function claimLate(bytes32 id, uint256 seed) internal {
        uint128 amount = uint128(seed % (uint256(channels.channel(id).cap) + 1));
        bytes memory signature = voucher(id, amount);
        (bool ok,) = address(channels).call(abi.encodeCall(channels.claim, (id, amount, signature)));
        vm.assertTrue(!ok || time() <= market.claimUntil(id), "no claim after the window");
    }

    /// @dev A claim that comes after the next fill opened was counted before it came.
    function test_P9_LateClaimsOfAnEarlierFillAreCounted() public {
        LeaseMoney memory m = market.quote(PRICE, UNITS, DURATION, 1);
        order.budget = uint96(2 * (uint256(m.pay) + m.auditPot)) - 1;
        order.maxFee = 0;
        vm.assertTrue(tryFill(0, 0));
        closeAs(three[0].operator, ids[0], CloseReason.providerQuit);
        // One unit short for both in full, so that the second one has to wait until the first can't be claimed.
        vm.assertFalse(tryFill(1, 0));
        order.nonce = nextNonce++;
        order.budget += 1;
        delete ids;
        vm.assertTrue(tryFill(0, 0));
        startLease(ids[0], three[0]);
        closeAs(three[0].operator, ids[0], CloseReason.providerQuit);
        vm.assertTrue(tryFill(1, 0));
        channels.claim(ids[0], m.pay, voucher(ids[0], m.pay));
        startLease(ids[1], three[1]);
        channels.claim(ids[1], m.pay, voucher(ids[1], m.pay));
        closeAs(three[1].operator, ids[1], CloseReason.providerQuit);
        vm.assertFalse(tryFill(2, 0));
        settleLease(ids[0]);
        settleLease(ids[1]);
        vm.assertEq(FUNDS - free(buyer) - (uint256(m.pay) + m.auditPot), 2 * uint256(m.pay));
    }

    function test_P10_AWithdrawnOrderRefillsNeverAgainAndItsLeaseRunsOn() public {
        vm.assertTrue(tryFill(0, 0));
        startLease(ids[0], three[0]);
        vm.prank(buyer);
        market.cancelOrder(order.nonce);
        channels.claim(ids[0], 5000, voucher(ids[0], 5000));
        closeAs(three[0].operator, ids[0], CloseReason.providerQuit);
        bytes memory refill = fillData(1);
        revertsWith(matcher, address(market), refill, IMarket.OrderWithdrawn.selector);
        settleLease(ids[0]);
        revertsWith(matcher, address(market), refill, IMarket.OrderWithdrawn.selector);
        vm.assertEq(earned(three[0].owner), 5000);
        vm.assertEq(free(buyer), FUNDS - 5000);
    }

    function test_P10_AnEpochBumpEndsOrdersAndNoLease() public {
        vm.assertTrue(tryFill(0, 0));
        startLease(ids[0], three[0]);
        vm.prank(buyer);
        market.bumpBuyerEpoch();
        Order memory second = orderOf(buyer);
        Offer memory offer = offerOf(three[1]);
        bytes memory data = abi.encodeCall(
            market.open, (offer, signOffer(offer, three[1].operatorKey), second, signOrder(second, buyerKey), 0, 0, 0)
        );
        bytes memory expected = abi.encodeWithSelector(IChannels.BuyerEpochMismatch.selector, buyer, 1, 0);
        reverts(matcher, address(market), data, expected);
        channels.claim(ids[0], 5000, voucher(ids[0], 5000));
        closeAs(buyer, ids[0], CloseReason.providerSilent);
        reverts(matcher, address(market), fillData(1), expected);
        settleLease(ids[0]);
        vm.assertEq(earned(three[0].owner), 5000);
        vm.assertEq(channels.bondsOf(three[0].id).locked, 0);
    }

    function fillData(uint8 fill) internal view returns (bytes memory) {
        Offer memory offer = offerOf(three[fill % 3]);
        bytes memory offerSig = signOffer(offer, three[fill % 3].operatorKey);
        return abi.encodeCall(market.open, (offer, offerSig, order, signOrder(order, buyerKey), fill, previous, 0));
    }

    /// @dev P6, lease by lease: in each state, frozen or not, what isn't reserved leaves.
    function testFuzz_P6_UnreservedMoneyLeavesInEveryState(uint8 state, bool frozen, uint96 part) public {
        vm.assertTrue(tryFill(0, 0));
        if (state % 4 != 0) startLease(ids[0], three[0]);
        if (state % 4 > 1) closeAs(buyer, ids[0], CloseReason.completed);
        if (state % 4 == 3) skip(params.claimWindowSeconds + 1);
        if (frozen) {
            vm.prank(address(audits));
            channels.auditFreeze(ids[0], type(uint32).max);
        }
        uint96 whole = uint96(free(buyer));
        part = uint96(bound(part, 1, whole));
        vm.prank(buyer);
        channels.requestExit(part);
        skip(params.exitDelaySeconds);
        vm.prank(buyer);
        channels.exit(buyer);
        vm.assertEq(stable.balanceOf(buyer), part);
        uint96 bonds = channels.bondsOf(three[0].id).free;
        vm.prank(three[0].owner);
        channels.defundBonds(three[0].id, bonds);
        vm.assertEq(free(three[0].owner), bonds);
    }

    /// @dev P8 over days: each UTC day has the whole cap, exactly.
    function testFuzz_P8_EachDayHasItsCap(uint256 seed, uint96 cap) public {
        LeaseMoney memory m = market.quote(PRICE, UNITS, DURATION, 1);
        uint256 total = uint256(m.pay) + m.auditPot;
        cap = uint96(bound(cap, total, 4 * total));
        vm.prank(buyer);
        channels.grantSession(session, cap, uint64(time() + 30 days), true, new bytes20[](0));
        uint256 day = 0;
        uint256 spent = 0;
        for (uint256 i = 0; i < 16; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            skip(seed % 12 hours);
            if (time() / 1 days != day) (day, spent) = (time() / 1 days, 0);
            order = orderOf(buyer);
            Offer memory offer = offerOf(three[i % 3]);
            bytes memory data = abi.encodeCall(
                market.open,
                (offer, signOffer(offer, three[i % 3].operatorKey), order, signOrder(order, sessionKey), 0, 0, 0)
            );
            vm.prank(matcher);
            (bool ok,) = address(market).call(data);
            vm.assertEq(ok, spent + total <= cap);
            if (ok) spent += total;
            vm.assertEq(channels.sessionOf(buyer, session).spentToday, spent);
        }
    }
}
