// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../src/interfaces/IChannels.sol";
import {IMarket} from "../src/interfaces/IMarket.sol";
import {CloseReason, Lease, LeaseMoney, LeaseState} from "../src/types/Leases.sol";
import {Offer, Order} from "../src/types/Orders.sol";
import {Calls} from "./base/Calls.sol";
import {Fixture} from "./base/Fixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice From open to settled: who may do what, when, and where every unit of money ends.
contract MarketLifeTest is Fixture, Calls {
    NodeKeys internal node;
    NodeKeys internal other;
    uint256 internal constant PAY = uint256(PRICE) * UNITS * DURATION;
    address internal stranger = address(0x57a);

    function setUp() public override {
        super.setUp();
        node = addNode();
        other = addNode();
    }

    function heldInputs(bytes32 id, NodeKeys memory holder, uint256 key) internal view returns (bytes memory) {
        return signed(key, audits.heldDigest(id, type(uint32).max, keccak256("job"), holder.id));
    }

    function ready(bytes32 id) internal {
        market.markInputsReady(id, keccak256("job"), other.id, heldInputs(id, other, other.operatorKey));
    }

    function closeData(bytes32 id, CloseReason reason) internal view returns (bytes memory) {
        return abi.encodeCall(market.close, (id, reason));
    }

    // ---- start ----------------------------------------------------------------------------------------------------

    function test_StartsByOperatorOwnerOrSignature() public {
        bytes32 a = openLease(node);
        bytes32 b = openLease(node);
        bytes32 c = openLease(node);
        startLease(a, node);
        vm.prank(node.owner);
        market.start(b, "");
        bytes memory signature = signed(node.operatorKey, market.startDigest(c));
        vm.prank(stranger);
        market.start(c, signature);
        assertState(a, LeaseState.running);
        assertState(b, LeaseState.running);
        assertState(c, LeaseState.running);
        vm.assertEq(market.lease(c).startedAt, time());
    }

    function test_NobodyElseStarts() public {
        bytes32 id = openLease(node);
        bytes memory data = abi.encodeCall(market.start, (id, ""));
        reverts(buyer, address(market), data, abi.encodeWithSelector(IMarket.NotProvider.selector, id, buyer));
        revertsWith(other.operator, address(market), data, IMarket.NotProvider.selector);
        bytes memory forged = signed(other.operatorKey, market.startDigest(id));
        data = abi.encodeCall(market.start, (id, forged));
        revertsWith(stranger, address(market), data, IMarket.NotProvider.selector);
        data = abi.encodeCall(market.start, (id, new bytes(65)));
        revertsWith(stranger, address(market), data, IMarket.NotProvider.selector);
    }

    function test_StartsOnceAndInTime() public {
        bytes32 id = openLease(node);
        skip(params.startDeadlineSeconds);
        startLease(id, node);
        bytes memory data = abi.encodeCall(market.start, (id, ""));
        reverts(
            node.operator,
            address(market),
            data,
            abi.encodeWithSelector(IMarket.WrongState.selector, id, LeaseState.running)
        );
        id = openLease(node);
        uint256 deadline = time() + params.startDeadlineSeconds;
        skip(params.startDeadlineSeconds + 1);
        data = abi.encodeCall(market.start, (id, ""));
        reverts(
            node.operator, address(market), data, abi.encodeWithSelector(IMarket.StartTooLate.selector, id, deadline)
        );
    }

    function test_UnknownLeasesAreNamed() public {
        bytes32 id = keccak256("none");
        bytes memory expected = abi.encodeWithSelector(IMarket.LeaseUnknown.selector, id);
        reverts(stranger, address(market), abi.encodeCall(market.start, (id, "")), expected);
        reverts(stranger, address(market), closeData(id, CloseReason.expired), expected);
        reverts(stranger, address(market), abi.encodeCall(market.closeUnstarted, (id)), expected);
        reverts(stranger, address(market), abi.encodeCall(market.settle, (id)), expected);
        reverts(stranger, address(market), abi.encodeCall(market.courtFreeze, (id)), expected);
    }

    // ---- inputs ---------------------------------------------------------------------------------------------------

    function test_AThirdNodeMarksInputsReady() public {
        bytes32 id = openLease(node);
        skip(params.startDeadlineSeconds);
        ready(id);
        assertState(id, LeaseState.inputsReady);
        // The provider's clock starts anew.
        vm.assertEq(market.startDeadline(id), time() + params.startDeadlineSeconds);
        skip(params.startDeadlineSeconds);
        startLease(id, node);
    }

    function test_InputsReadyRefusals() public {
        bytes32 id = openLease(node);
        bytes memory wrongKey = heldInputs(id, other, node.operatorKey);
        bytes memory expected = abi.encodeWithSelector(IMarket.HolderInvalid.selector, id, other.id);
        bytes memory data = abi.encodeCall(market.markInputsReady, (id, keccak256("job"), other.id, wrongKey));
        reverts(stranger, address(market), data, expected);
        bytes memory signature = heldInputs(id, other, other.operatorKey);
        data = abi.encodeCall(market.markInputsReady, (id, keccak256("another job"), other.id, signature));
        reverts(stranger, address(market), data, expected);
        // The provider itself is no third party.
        signature = heldInputs(id, node, node.operatorKey);
        data = abi.encodeCall(market.markInputsReady, (id, keccak256("job"), node.id, signature));
        revertsWith(stranger, address(market), data, IMarket.HolderInvalid.selector);
        // Neither is a node without stake.
        NodeKeys memory bare = addBareNode();
        signature = heldInputs(id, bare, bare.operatorKey);
        data = abi.encodeCall(market.markInputsReady, (id, keccak256("job"), bare.id, signature));
        revertsWith(stranger, address(market), data, IMarket.HolderInvalid.selector);
        ready(id);
        data = abi.encodeCall(
            market.markInputsReady, (id, keccak256("job"), other.id, heldInputs(id, other, other.operatorKey))
        );
        revertsWith(stranger, address(market), data, IMarket.WrongState.selector);
    }

    function test_TheBuyersOwnNodeIsNoHolder() public {
        bytes32 id = openLease(node);
        bytes memory consent = signConsent(0x77, nodeIdOf(buyer, 0), 0);
        vm.prank(buyer);
        bytes20 own = registry.register(vm.addr(0x77), 0, "", 0, consent);
        addStake(own, uint96(params.minStake));
        NodeKeys memory keys = NodeKeys(own, buyer, vm.addr(0x77), 0x77);
        bytes memory signature = heldInputs(id, keys, 0x77);
        bytes memory data = abi.encodeCall(market.markInputsReady, (id, keccak256("job"), own, signature));
        revertsWith(stranger, address(market), data, IMarket.HolderInvalid.selector);
    }

    function test_InputsReadyOnlyBeforeTheDeadline() public {
        bytes32 id = openLease(node);
        skip(params.startDeadlineSeconds + 1);
        bytes memory data = abi.encodeCall(
            market.markInputsReady, (id, keccak256("job"), other.id, heldInputs(id, other, other.operatorKey))
        );
        revertsWith(stranger, address(market), data, IMarket.StartTooLate.selector);
    }

    // ---- never started --------------------------------------------------------------------------------------------

    function test_AProviderThatNeverStartsLosesItsBondToTheBuyer() public {
        bytes32 id = openLease(node);
        LeaseMoney memory m = market.moneyOf(id);
        ready(id);
        bytes memory data = abi.encodeCall(market.closeUnstarted, (id));
        revertsWith(stranger, address(market), data, IMarket.StartStillPossible.selector);
        skip(params.startDeadlineSeconds + 1);
        succeeds(stranger, address(market), data);
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.unstarted));
        settleLease(id);
        vm.assertEq(free(buyer), FUNDS + m.bond);
        vm.assertEq(channels.bondsOf(node.id).free, FUNDS - m.bond);
        vm.assertEq(channels.bondsOf(node.id).locked, 0);
        vm.assertEq(earned(node.owner), 0);
    }

    function test_ABuyerThatNeverSuppliesInputsLosesTheStartFee() public {
        bytes32 id = openLease(node);
        LeaseMoney memory m = market.moneyOf(id);
        skip(params.startDeadlineSeconds + 1);
        market.closeUnstarted(id);
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.inputsMissing));
        settleLease(id);
        vm.assertEq(free(buyer), FUNDS - m.startFee);
        vm.assertEq(earned(node.owner), m.startFee);
        vm.assertEq(channels.bondsOf(node.id).free, FUNDS);
    }

    function test_CloseUnstartedNeverAfterTheStart() public {
        bytes32 id = runningLease(node);
        skip(params.startDeadlineSeconds + 1);
        revertsWith(stranger, address(market), abi.encodeCall(market.closeUnstarted, (id)), IMarket.WrongState.selector);
    }

    function test_ABuyerThatLeavesBeforeTheStartPaysTheStartFee() public {
        bytes32 id = openLease(node);
        closeAs(session, id, CloseReason.buyerCancelled);
        settleLease(id);
        vm.assertEq(earned(node.owner), market.moneyOf(id).startFee);
    }

    function test_TheStartFeeNeverExceedsThePay() public {
        Order memory order = orderOf(buyer);
        order.durationSeconds = 1;
        bytes32 id = openLease(node, order);
        LeaseMoney memory m = market.moneyOf(id);
        vm.assertEq(m.startFee, m.pay);
        channels.claim(id, 500, voucher(id, 500));
        closeAs(buyer, id, CloseReason.buyerCancelled);
        settleLease(id);
        vm.assertEq(earned(node.owner), m.pay);
    }

    // ---- close ----------------------------------------------------------------------------------------------------

    function test_WhoMayCloseWhy() public {
        bytes32 id = runningLease(node);
        // Strangers and foreign nodes: nothing.
        for (uint8 reason = 0; reason <= uint8(CloseReason.expired); ++reason) {
            vm.prank(stranger);
            (bool ok,) = address(market).call(closeData(id, CloseReason(reason)));
            vm.assertFalse(ok);
            vm.prank(other.operator);
            (ok,) = address(market).call(closeData(id, CloseReason(reason)));
            vm.assertFalse(ok);
        }
        reverts(
            stranger,
            address(market),
            closeData(id, CloseReason.providerQuit),
            abi.encodeWithSelector(IMarket.NotParty.selector, id, stranger)
        );
        // Parties: not each other's reasons, not the protocol's.
        closeRefused(id, buyer, CloseReason.providerQuit);
        closeRefused(id, buyer, CloseReason.falseSegment);
        closeRefused(id, buyer, CloseReason.unstarted);
        closeRefused(id, buyer, CloseReason.none);
        closeRefused(id, node.operator, CloseReason.buyerCancelled);
        closeRefused(id, node.operator, CloseReason.providerSilent);
        closeRefused(id, node.operator, CloseReason.completed);
        closeRefused(id, node.operator, CloseReason.expired);
        closeRefused(id, node.operator, CloseReason.falseSegment);
    }

    function closeRefused(bytes32 id, address who, CloseReason reason) internal {
        bytes memory expected = abi.encodeWithSelector(IMarket.ReasonNotAllowed.selector, id, reason, who);
        reverts(who, address(market), closeData(id, reason), expected);
    }

    function test_EachAllowedReasonCloses() public {
        closesWith(buyer, CloseReason.completed, 0);
        closesWith(session, CloseReason.buyerCancelled, 0);
        closesWith(buyer, CloseReason.providerSilent, 0);
        closesWith(node.operator, CloseReason.providerQuit, 0);
        closesWith(node.owner, CloseReason.providerQuit, 0);
        closesWith(node.operator, CloseReason.completed, DURATION);
        closesWith(stranger, CloseReason.expired, DURATION);
    }

    function closesWith(address who, CloseReason reason, uint256 later) internal {
        bytes32 id = runningLease(node);
        skip(later);
        closeAs(who, id, reason);
        vm.assertEq(uint256(market.lease(id).reason), uint256(reason));
        vm.assertEq(market.lease(id).closedAt, time());
        vm.assertEq(registry.pool(node.id, 0).used, 0, "units come back at the close");
        revertsWith(buyer, address(market), closeData(id, CloseReason.completed), IMarket.WrongState.selector);
    }

    function test_ProviderSilentOnlyWhileRunning() public {
        bytes32 id = openLease(node);
        closeRefused(id, buyer, CloseReason.providerSilent);
    }

    function test_ClosingBecomesSettlingByTime() public {
        bytes32 id = runningLease(node);
        closeAs(buyer, id, CloseReason.completed);
        assertState(id, LeaseState.closing);
        skip(params.claimWindowSeconds);
        assertState(id, LeaseState.closing);
        skip(1);
        assertState(id, LeaseState.settling);
    }

    // ---- settle ---------------------------------------------------------------------------------------------------

    function test_SettleSplitsEverything() public {
        bytes32 id = runningLease(node);
        skip(300);
        uint128 half = uint128(PAY / 2);
        channels.claim(id, half, voucher(id, half));
        closeAs(buyer, id, CloseReason.completed);
        // A last voucher within the claim window.
        channels.claim(id, half + 1, voucher(id, half + 1));
        uint256 dueAt = market.settleableAt(id);
        bytes memory expected = abi.encodeWithSelector(IMarket.SettleTooEarly.selector, id, dueAt);
        vm.warp(dueAt - 1);
        reverts(stranger, address(market), abi.encodeCall(market.settle, (id)), expected);
        vm.warp(dueAt);
        market.settle(id);
        assertState(id, LeaseState.settled);
        vm.assertEq(earned(node.owner), half + 1);
        vm.assertEq(free(buyer), FUNDS - half - 1);
        vm.assertEq(channels.bondsOf(node.id).free, FUNDS);
        vm.assertEq(channels.bondsOf(node.id).locked, 0);
        revertsWith(stranger, address(market), abi.encodeCall(market.settle, (id)), IMarket.WrongState.selector);
    }

    function test_NoClaimAfterTheWindowOrSettlement() public {
        bytes32 id = runningLease(node);
        closeAs(buyer, id, CloseReason.completed);
        uint32 claimUntil = market.claimUntil(id);
        skip(params.claimWindowSeconds + 1);
        bytes memory data = abi.encodeCall(channels.claim, (id, 5, voucher(id, 5)));
        bytes memory expected = abi.encodeWithSelector(IChannels.ChannelClosed.selector, id, claimUntil);
        reverts(stranger, address(channels), data, expected);
        settleLease(id);
        reverts(stranger, address(channels), data, expected);
        vm.assertEq(channels.release(id), 0);
    }

    function test_SettleNeedsAClose() public {
        bytes32 id = runningLease(node);
        skip(30 days);
        revertsWith(stranger, address(market), abi.encodeCall(market.settle, (id)), IMarket.WrongState.selector);
        vm.assertEq(market.settleableAt(id), 0);
    }

    function test_PayGoesToWhoeverOwnsTheNodeThen() public {
        bytes32 id = runningLease(node);
        channels.claim(id, 1000, voucher(id, 1000));
        vm.prank(node.owner);
        registry.offerOwnership(node.id, stranger);
        vm.prank(stranger);
        registry.acceptOwnership(node.id);
        closeAs(buyer, id, CloseReason.completed);
        settleLease(id);
        vm.assertEq(earned(stranger), 1000);
    }

    function testFuzz_EveryUnitIsAccountedFor(uint256 claimed, uint256 at, uint8 how) public {
        bytes32 id = runningLease(node);
        LeaseMoney memory m = market.moneyOf(id);
        claimed = bound(claimed, 0, 2 * PAY);
        skip(bound(at, 0, DURATION));
        if (claimed != 0) channels.claim(id, uint128(claimed), voucher(id, uint128(claimed)));
        uint256 paid = claimed < PAY ? claimed : PAY;
        if (how % 3 == 0) closeAs(buyer, id, CloseReason.completed);
        if (how % 3 == 1) closeAs(node.operator, id, CloseReason.providerQuit);
        if (how % 3 == 2) {
            skip(DURATION);
            closeAs(stranger, id, CloseReason.expired);
        }
        settleLease(id);
        vm.assertEq(earned(node.owner), paid);
        vm.assertEq(free(buyer), FUNDS - paid);
        vm.assertEq(channels.bondsOf(node.id).free, FUNDS);
        vm.assertEq(uint256(m.pay), PAY);
    }

    // ---- fills ----------------------------------------------------------------------------------------------------

    function firstFill(CloseReason reason, uint128 paid) internal returns (Order memory order, bytes32 previous) {
        order = orderOf(buyer);
        Offer memory offer = offerOf(node);
        bytes32 id = openFill(offer, node.operatorKey, order, 0, 0);
        startLease(id, node);
        if (paid != 0) channels.claim(id, paid, voucher(id, paid));
        closeAs(reason == CloseReason.providerQuit ? node.operator : buyer, id, reason);
        return (order, market.offerHash(offer));
    }

    function fillData(Order memory order, uint8 fill, bytes32 previous) internal view returns (bytes memory) {
        Offer memory offer = offerOf(other);
        bytes memory offerSig = signOffer(offer, other.operatorKey);
        return abi.encodeCall(market.open, (offer, offerSig, order, signOrder(order, buyerKey), fill, previous, 0));
    }

    function test_TheNextFillOpensAfterAProvidersFault() public {
        (Order memory order, bytes32 previous) = firstFill(CloseReason.providerQuit, 200 * uint128(PRICE) * UNITS);
        skip(params.claimWindowSeconds + 1);
        bytes32 id = abi.decode(succeeds(matcher, address(market), fillData(order, 1, previous)), (bytes32));
        Lease memory lease = market.lease(id);
        vm.assertEq(lease.fill, 1);
        vm.assertEq(lease.durationSeconds, DURATION - 200);
        // And not twice.
        revertsWith(matcher, address(market), fillData(order, 1, previous), IMarket.FillTaken.selector);
    }

    function test_NoFillAfterABuyersClose() public {
        (Order memory order, bytes32 previous) = firstFill(CloseReason.completed, 0);
        revertsWith(matcher, address(market), fillData(order, 1, previous), IMarket.FillNotAllowed.selector);
    }

    function test_NoFillWhileTheEarlierOneRuns() public {
        Order memory order = orderOf(buyer);
        bytes32 previous = market.offerHash(offerOf(node));
        startLease(openLease(node, order), node);
        revertsWith(matcher, address(market), fillData(order, 1, previous), IMarket.FillNotAllowed.selector);
    }

    function test_NoFillWithoutItsPredecessor() public {
        (Order memory order, bytes32 previous) = firstFill(CloseReason.providerSilent, 0);
        revertsWith(matcher, address(market), fillData(order, 2, previous), IMarket.FillNotAllowed.selector);
        revertsWith(matcher, address(market), fillData(order, 1, keccak256("x")), IMarket.FillNotAllowed.selector);
        revertsWith(matcher, address(market), fillData(order, 0, 0), IMarket.NonceUsed.selector);
        bytes memory expected = abi.encodeWithSelector(IMarket.FillTooHigh.selector, params.maxFills, params.maxFills);
        reverts(matcher, address(market), fillData(order, uint8(params.maxFills), previous), expected);
    }

    function test_NoFillOfAWithdrawnOrder() public {
        (Order memory order, bytes32 previous) = firstFill(CloseReason.providerSilent, 0);
        vm.prank(buyer);
        market.cancelOrder(order.nonce);
        revertsWith(matcher, address(market), fillData(order, 1, previous), IMarket.OrderWithdrawn.selector);
    }

    function test_NoFillWhenAllIsPaid() public {
        (Order memory order, bytes32 previous) = firstFill(CloseReason.providerQuit, uint128(PAY));
        skip(params.claimWindowSeconds + 1);
        revertsWith(matcher, address(market), fillData(order, 1, previous), IMarket.NothingLeftToFill.selector);
    }

    function test_FillsStayWithinTheBudget() public {
        Order memory order = orderOf(buyer);
        LeaseMoney memory m = market.quote(PRICE, UNITS, DURATION, 1);
        // One whole lease, its fee, and no more.
        order.budget = m.pay + m.auditPot + order.maxFee;
        bytes32 previous = market.offerHash(offerOf(node));
        bytes32 id = openLease(node, order);
        startLease(id, node);
        uint128 paid = 100 * uint128(PRICE) * UNITS;
        channels.claim(id, paid, voucher(id, paid));
        closeAs(node.operator, id, CloseReason.providerQuit);
        // While more of the first fill could still be claimed, all of it counts as spent.
        revertsWith(matcher, address(market), fillData(order, 1, previous), IMarket.BudgetExceeded.selector);
        skip(params.claimWindowSeconds + 1);
        revertsWith(matcher, address(market), fillData(order, 1, previous), IMarket.BudgetExceeded.selector);
        // Once it is settled its audit pot is back too.
        settleLease(id);
        succeeds(matcher, address(market), fillData(order, 1, previous));
    }

    function test_FillsCarryOverMoreThanOneStep() public {
        (Order memory order, bytes32 previous) = firstFill(CloseReason.providerQuit, 100 * uint128(PRICE) * UNITS);
        for (uint8 fill = 1; fill < 4; ++fill) {
            skip(params.claimWindowSeconds + 1);
            Offer memory offer = offerOf(other);
            offer.seq = fill;
            bytes32 id = openFill(offer, other.operatorKey, order, fill, previous);
            vm.assertEq(market.lease(id).durationSeconds, DURATION - uint256(fill) * 100);
            startLease(id, other);
            uint128 paid = 100 * uint128(PRICE) * UNITS;
            channels.claim(id, paid, voucher(id, paid));
            closeAs(other.operator, id, CloseReason.providerQuit);
            previous = market.offerHash(offer);
        }
    }
}
