// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../src/interfaces/IChannels.sol";
import {CloseReason, LeaseMoney} from "../src/types/Leases.sol";
import {Order, SessionGrant} from "../src/types/Orders.sol";
import {Calls} from "./base/Calls.sol";
import {Fixture} from "./base/Fixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Balances, exits, bonds, claims and their maturing.
contract ChannelsTest is Fixture, Calls {
    NodeKeys internal node;
    address internal who = address(0xa11);
    uint256 internal constant PAY = uint256(PRICE) * UNITS * DURATION;

    function setUp() public override {
        super.setUp();
        node = addNode();
    }

    // ---- deposits -------------------------------------------------------------------------------------------------

    function test_DepositsCreditTheAccountNamed() public {
        stable.mint(address(this), 100);
        stable.approve(address(channels), 100);
        channels.deposit(30);
        channels.depositFor(who, 70);
        vm.assertEq(free(address(this)), 30);
        vm.assertEq(free(who), 70);
        bytes memory data = abi.encodeCall(channels.depositFor, (address(0), 1));
        revertsWith(who, address(channels), data, IChannels.ZeroAddress.selector);
        revertsWith(who, address(channels), abi.encodeCall(channels.deposit, (0)), IChannels.ZeroAmount.selector);
    }

    function permit(uint256 key, uint256 value) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                vm.addr(key),
                address(channels),
                value,
                stable.nonces(vm.addr(key)),
                type(uint256).max
            )
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", stable.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_DepositsWithPermitEvenWhenSomebodyBroughtItFirst() public {
        stable.mint(buyer, 100);
        (uint8 v, bytes32 r, bytes32 s) = permit(buyerKey, 50);
        vm.prank(buyer);
        channels.depositWithPermit(50, type(uint256).max, v, r, s);
        (v, r, s) = permit(buyerKey, 50);
        stable.permit(buyer, address(channels), 50, type(uint256).max, v, r, s);
        vm.prank(buyer);
        channels.depositWithPermit(50, type(uint256).max, v, r, s);
        vm.assertEq(free(buyer), FUNDS + 100);
    }

    function authorization(uint256 key, bytes32 nonce, uint256 value)
        internal
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                vm.addr(key),
                address(channels),
                value,
                0,
                type(uint256).max,
                nonce
            )
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", stable.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_DepositsWithAuthorizationOnceAndForTheSigner() public {
        stable.mint(buyer, 100);
        (uint8 v, bytes32 r, bytes32 s) = authorization(buyerKey, "n", 100);
        bytes memory data = abi.encodeCall(
            channels.depositWithAuthorization, (buyer, 100, 0, type(uint256).max, bytes32("n"), v, r, s)
        );
        succeeds(who, address(channels), data);
        vm.assertEq(free(buyer), FUNDS + 100);
        vm.prank(who);
        (bool ok,) = address(channels).call(data);
        vm.assertFalse(ok, "an authorisation is used once");
        data =
            abi.encodeCall(channels.depositWithAuthorization, (who, 100, 0, type(uint256).max, bytes32("m"), v, r, s));
        vm.prank(who);
        (ok,) = address(channels).call(data);
        vm.assertFalse(ok, "and only for its signer");
    }

    function test_DonationsAreNeverClaimable() public {
        uint256 held = channels.totalHeld();
        stable.mint(address(channels), 1000);
        vm.assertEq(channels.totalHeld(), held);
        fundBuyer(who, 10);
        vm.assertEq(free(who), 10);
        vm.assertEq(channels.totalHeld(), held + 10);
    }

    // ---- exits ----------------------------------------------------------------------------------------------------

    function test_EarnedMoneyLeavesAtOnce() public {
        bytes32 id = runningLease(node);
        channels.claim(id, 1000, voucher(id, 1000));
        skip(params.releaseDelaySeconds);
        channels.release(id);
        vm.prank(node.owner);
        channels.withdraw(400, who);
        vm.assertEq(stable.balanceOf(who), 400);
        vm.assertEq(earned(node.owner), 600);
        bytes memory data = abi.encodeCall(channels.withdraw, (601, who));
        bytes memory expected = abi.encodeWithSelector(IChannels.EarnedTooLow.selector, node.owner, 600, 601);
        reverts(node.owner, address(channels), data, expected);
        vm.prank(node.owner);
        channels.keepEarnings(100);
        vm.assertEq(free(node.owner), 100);
        revertsWith(
            node.owner, address(channels), abi.encodeCall(channels.keepEarnings, (501)), IChannels.EarnedTooLow.selector
        );
    }

    function test_FreeMoneyLeavesAfterTheDelay() public {
        vm.startPrank(buyer);
        channels.requestExit(600);
        vm.stopPrank();
        vm.assertEq(free(buyer), FUNDS - 600);
        bytes memory data = abi.encodeCall(channels.exit, (who));
        bytes memory expected =
            abi.encodeWithSelector(IChannels.ExitNotDue.selector, buyer, time() + params.exitDelaySeconds);
        reverts(buyer, address(channels), data, expected);
        skip(params.exitDelaySeconds);
        succeeds(buyer, address(channels), data);
        vm.assertEq(stable.balanceOf(who), 600);
        revertsWith(buyer, address(channels), data, IChannels.ExitNotRequested.selector);
    }

    function test_ANewExitRequestReplacesTheOldOne() public {
        vm.startPrank(buyer);
        channels.requestExit(600);
        channels.requestExit(100);
        vm.stopPrank();
        vm.assertEq(free(buyer), FUNDS - 100);
        vm.prank(buyer);
        channels.requestExit(0);
        vm.assertEq(free(buyer), FUNDS);
        bytes memory data = abi.encodeCall(channels.requestExit, (FUNDS + 1));
        revertsWith(buyer, address(channels), data, IChannels.FreeTooLow.selector);
    }

    function test_MoneyThatIsLeavingCannotBeReserved() public {
        vm.prank(buyer);
        channels.requestExit(FUNDS);
        Order memory order = orderOf(buyer);
        bytes memory offerSig = signOffer(offerOf(node), node.operatorKey);
        bytes memory data =
            abi.encodeCall(market.open, (offerOf(node), offerSig, order, signOrder(order, buyerKey), 0, 0, 0));
        revertsWith(matcher, address(market), data, IChannels.FreeTooLow.selector);
    }

    // ---- bonds ----------------------------------------------------------------------------------------------------

    function test_OnlyTheOwnerBonds() public {
        bytes memory data = abi.encodeCall(channels.fundBonds, (node.id, 1));
        bytes memory expected = abi.encodeWithSelector(IChannels.NotNodeOwner.selector, node.id, node.operator);
        reverts(node.operator, address(channels), data, expected);
        data = abi.encodeCall(channels.defundBonds, (node.id, 1));
        reverts(node.operator, address(channels), data, expected);
    }

    function test_P4_LockedBondsStay() public {
        bytes32 id = openLease(node);
        uint96 bond = market.moneyOf(id).bond;
        bytes memory data = abi.encodeCall(channels.defundBonds, (node.id, FUNDS - bond + 1));
        revertsWith(node.owner, address(channels), data, IChannels.BondFreeTooLow.selector);
        vm.prank(node.owner);
        channels.defundBonds(node.id, FUNDS - bond);
        // Nothing is left for a second lease.
        Order memory order = orderOf(buyer);
        bytes memory offerSig = signOffer(offerOf(node), node.operatorKey);
        data = abi.encodeCall(market.open, (offerOf(node), offerSig, order, signOrder(order, buyerKey), 0, 0, 0));
        revertsWith(matcher, address(market), data, IChannels.BondFreeTooLow.selector);
    }

    function test_BondingNeedsFreeMoney() public {
        bytes memory data = abi.encodeCall(channels.fundBonds, (node.id, 1));
        revertsWith(node.owner, address(channels), data, IChannels.FreeTooLow.selector);
    }

    // ---- claims ---------------------------------------------------------------------------------------------------

    function test_P5_NoClaimAboveTheReservation() public {
        bytes32 id = runningLease(node);
        channels.claim(id, type(uint128).max, voucher(id, type(uint128).max));
        vm.assertEq(channels.channel(id).claimed, PAY);
        bytes memory data = abi.encodeCall(channels.claim, (id, type(uint128).max, voucher(id, type(uint128).max)));
        revertsWith(who, address(channels), data, IChannels.NothingToClaim.selector);
    }

    function test_ClaimsOnlyGrow() public {
        bytes32 id = runningLease(node);
        channels.claim(id, 500, voucher(id, 500));
        bytes memory expected = abi.encodeWithSelector(IChannels.NothingToClaim.selector, id, 500, 500);
        reverts(who, address(channels), abi.encodeCall(channels.claim, (id, 500, voucher(id, 500))), expected);
        channels.claim(id, 501, voucher(id, 501));
        vm.assertEq(channels.channel(id).claimed, 501);
    }

    function test_VouchersBindSignerChannelPayeeAmountAndChain() public {
        bytes32 id = runningLease(node);
        bytes32 otherId = runningLease(node);
        claimRefused(id, 500, voucherBy(buyerKey, id, 500));
        claimRefused(id, 500, voucher(otherId, 500));
        claimRefused(id, 500, voucher(id, 499));
        claimRefused(id, 500, signed(sessionKey, channels.voucherDigest(id, bytes20(who), 500)));
        claimRefused(id, 500, signed(sessionKey, digestIn(address(market), channels.voucherDigest(id, node.id, 500))));
        claimRefused(id, 500, "");
        claimRefused(id, 500, new bytes(65));
        bytes32 unknown = keccak256("unknown");
        bytes memory data = abi.encodeCall(channels.claim, (unknown, 5, voucher(id, 5)));
        reverts(who, address(channels), data, abi.encodeWithSelector(IChannels.ChannelUnknown.selector, unknown));
    }

    function claimRefused(bytes32 id, uint128 cumulative, bytes memory signature) internal {
        bytes memory data = abi.encodeCall(channels.claim, (id, cumulative, signature));
        revertsWith(who, address(channels), data, IChannels.VoucherInvalid.selector);
    }

    function test_MalleatedVouchersAreRefused() public {
        bytes32 id = runningLease(node);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(sessionKey, channels.voucherDigest(id, node.id, 500));
        uint256 n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        claimRefused(id, 500, abi.encodePacked(r, bytes32(n - uint256(s)), v == 27 ? uint8(28) : uint8(27)));
    }

    function test_ABatchReportsEachEntry() public {
        bytes32 a = runningLease(node);
        bytes32 b = runningLease(node);
        bytes32 closed = runningLease(node);
        closeAs(buyer, closed, CloseReason.completed);
        skip(params.claimWindowSeconds + 1);
        IChannels.Claim[] memory claims = new IChannels.Claim[](6);
        claims[0] = IChannels.Claim(a, 100, voucher(a, 100));
        claims[1] = IChannels.Claim(keccak256("x"), 100, voucher(a, 100));
        claims[2] = IChannels.Claim(closed, 100, voucher(closed, 100));
        claims[3] = IChannels.Claim(a, 100, voucher(a, 100));
        claims[4] = IChannels.Claim(b, 100, voucher(a, 100));
        claims[5] = IChannels.Claim(b, 200, voucher(b, 200));
        IChannels.ClaimResult[] memory results = channels.batchClaim(claims);
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(uint256(results[i]), i);
        }
        vm.assertEq(uint256(results[5]), uint256(IChannels.ClaimResult.claimed));
        vm.assertEq(channels.channel(b).claimed, 200);
        bytes memory data = abi.encodeCall(channels.batchClaim, (new IChannels.Claim[](101)));
        reverts(who, address(channels), data, abi.encodeWithSelector(IChannels.BatchTooLarge.selector, 101, 100));
    }

    // ---- maturing -------------------------------------------------------------------------------------------------

    function test_PendingReleasesAfterTheDelay() public {
        bytes32 id = runningLease(node);
        channels.claim(id, 500, voucher(id, 500));
        skip(params.releaseDelaySeconds - 1);
        vm.assertEq(channels.release(id), 0);
        skip(1);
        vm.assertEq(channels.channel(id).releasable, 500);
        vm.assertEq(channels.release(id), 500);
        vm.assertEq(earned(node.owner), 500);
    }

    /// @notice Each amount waits releaseDelay to twice that, whatever the sequence of claims and releases: checked
    /// against a list of (amount, time), the plainest model there is.
    function testFuzz_EachAmountMaturesInTime(uint256[24] memory steps) public {
        bytes32 id = runningLease(node);
        uint256 delay = params.releaseDelaySeconds;
        uint128[] memory amounts = new uint128[](24);
        uint256[] memory times = new uint256[](24);
        uint128 total = 0;
        for (uint256 i = 0; i < steps.length; ++i) {
            skip(steps[i] % (delay / 2));
            if ((steps[i] >> 64) % 4 == 0) channels.release(id);
            amounts[i] = uint128(1 + (steps[i] >> 128) % 10_000);
            times[i] = time();
            total += amounts[i];
            channels.claim(id, total, voucher(id, total));
            (uint256 least, uint256 most) = model(amounts, times, delay);
            uint256 released = channels.channel(id).released + channels.channel(id).releasable;
            vm.assertGe(released, least, "older than 2 x delay");
            vm.assertLe(released, most, "younger than delay");
        }
        skip(2 * delay);
        channels.release(id);
        vm.assertEq(earned(node.owner), total);
    }

    function model(uint128[] memory amounts, uint256[] memory times, uint256 delay)
        internal
        view
        returns (uint256 least, uint256 most)
    {
        for (uint256 i = 0; i < amounts.length; ++i) {
            if (times[i] == 0) break;
            if (time() >= times[i] + 2 * delay) least += amounts[i];
            if (time() >= times[i] + delay) most += amounts[i];
        }
    }

    function test_SteadyClaimsCannotPostponeRelease() public {
        bytes32 id = runningLease(node);
        for (uint128 i = 1; i <= 20; ++i) {
            channels.claim(id, 100 * i, voucher(id, 100 * i));
            skip(params.releaseDelaySeconds / 4);
        }
        channels.release(id);
        // All but the claims of the last 2 x delay.
        vm.assertGe(earned(node.owner), 100 * 12);
    }

    // ---- who may call what ----------------------------------------------------------------------------------------

    function test_MoneyMovesOnlyByMarketAndAudits() public {
        bytes32 id = openLease(node);
        LeaseMoney memory m = market.moneyOf(id);
        IChannels.Reservation memory r;
        bytes memory notMarket = abi.encodeWithSelector(IChannels.NotMarket.selector, who);
        reverts(who, address(channels), abi.encodeCall(channels.reserve, (r)), notMarket);
        reverts(who, address(channels), abi.encodeCall(channels.markClosed, (id)), notMarket);
        reverts(who, address(channels), abi.encodeCall(channels.markOffersCancelled, (node.id)), notMarket);
        reverts(who, address(channels), abi.encodeCall(channels.settle, (id, who, m, true, true)), notMarket);
        reverts(who, address(channels), abi.encodeCall(channels.bumpBuyerEpoch, (buyer)), notMarket);
        reverts(who, address(channels), abi.encodeCall(channels.courtFreeze, (id, 1)), notMarket);
        reverts(who, address(channels), abi.encodeCall(channels.courtVoid, (id, 1)), notMarket);
        reverts(who, address(channels), abi.encodeCall(channels.slashBond, (id, 1, 1, who)), notMarket);
        bytes memory notAudits = abi.encodeWithSelector(IChannels.NotAudits.selector, who);
        reverts(who, address(channels), abi.encodeCall(channels.anchor, (id, 1)), notAudits);
        reverts(who, address(channels), abi.encodeCall(channels.payAudit, (id, 1, who, 1)), notAudits);
        reverts(who, address(channels), abi.encodeCall(channels.auditFreeze, (id, 1)), notAudits);
        reverts(who, address(channels), abi.encodeCall(channels.voidFrom, (id, 1)), notAudits);
    }
}

/// @notice P8 and the rest of what a session may not do.
contract SessionsTest is Fixture, Calls {
    NodeKeys internal node;
    NodeKeys internal other;
    bytes20[] internal none;
    uint96 internal constant CAP = 4_000_000;
    uint96 internal constant TOTAL = 1_800_000;

    function setUp() public override {
        super.setUp();
        node = addNode();
        other = addNode();
    }

    function grant(bool anyPayee, bytes20[] memory allowed) internal {
        vm.prank(buyer);
        channels.grantSession(session, CAP, uint64(time() + 3 days), anyPayee, allowed);
    }

    function openData(NodeKeys memory n) internal returns (bytes memory) {
        Order memory order = orderOf(buyer);
        bytes memory offerSig = signOffer(offerOf(n), n.operatorKey);
        return abi.encodeCall(market.open, (offerOf(n), offerSig, order, signOrder(order, sessionKey), 0, 0, 0));
    }

    function test_ASessionOpensLeases() public {
        grant(true, none);
        succeeds(matcher, address(market), openData(node));
        IChannels.SessionView memory s = channels.sessionOf(buyer, session);
        vm.assertEq(s.spentToday, TOTAL);
        vm.assertTrue(s.live);
    }

    function test_P8_TheDailyCapCountsReservations() public {
        grant(true, none);
        succeeds(matcher, address(market), openData(node));
        succeeds(matcher, address(market), openData(node));
        bytes memory expected =
            abi.encodeWithSelector(IChannels.SessionCapExceeded.selector, buyer, session, CAP, 2 * TOTAL, TOTAL);
        reverts(matcher, address(market), openData(node), expected);
        // Cancelling gives no cap back: it was consumed at reservation.
        skip(1 days);
        succeeds(matcher, address(market), openData(node));
        vm.assertEq(channels.sessionOf(buyer, session).spentToday, TOTAL);
    }

    function test_P8_GrantingAgainKeepsWhatWasSpent() public {
        grant(true, none);
        succeeds(matcher, address(market), openData(node));
        succeeds(matcher, address(market), openData(node));
        grant(true, none);
        revertsWith(matcher, address(market), openData(node), IChannels.SessionCapExceeded.selector);
    }

    function test_TheAllowListHolds() public {
        bytes20[] memory allowed = new bytes20[](1);
        allowed[0] = node.id;
        grant(false, allowed);
        vm.assertTrue(channels.sessionAllows(buyer, session, node.id));
        vm.assertFalse(channels.sessionAllows(buyer, session, other.id));
        succeeds(matcher, address(market), openData(node));
        bytes memory expected =
            abi.encodeWithSelector(IChannels.SessionPayeeNotAllowed.selector, buyer, session, other.id);
        reverts(matcher, address(market), openData(other), expected);
        // A new grant starts an empty list.
        grant(false, none);
        revertsWith(matcher, address(market), openData(node), IChannels.SessionPayeeNotAllowed.selector);
    }

    function test_ExpiredUnknownAndRevokedSessionsOpenNothing() public {
        revertsWith(matcher, address(market), openData(node), IChannels.SessionRevoked.selector);
        grant(true, none);
        vm.prank(buyer);
        channels.revokeAll();
        revertsWith(matcher, address(market), openData(node), IChannels.SessionRevoked.selector);
        vm.assertFalse(channels.sessionOf(buyer, session).live);
        grant(true, none);
        succeeds(matcher, address(market), openData(node));
        skip(3 days);
        revertsWith(matcher, address(market), openData(node), IChannels.SessionExpired.selector);
    }

    function test_VouchersOfReservedChannelsOutliveTheSession() public {
        grant(true, none);
        bytes32 id = abi.decode(succeeds(matcher, address(market), openData(node)), (bytes32));
        vm.prank(buyer);
        channels.revokeAll();
        channels.claim(id, 700, voucher(id, 700));
        vm.assertEq(channels.channel(id).claimed, 700);
    }

    function grantOf(uint64 nonce) internal view returns (SessionGrant memory) {
        return SessionGrant(buyer, session, CAP, uint64(time() + 1 days), 0, true, 0, nonce);
    }

    function bySig(SessionGrant memory g, bytes20[] memory allowed, uint256 key) internal view returns (bytes memory) {
        return abi.encodeCall(channels.grantSessionBySig, (g, allowed, signed(key, channels.sessionGrantDigest(g))));
    }

    function test_GrantsBySignatureOnce() public {
        bytes memory data = bySig(grantOf(5), none, buyerKey);
        succeeds(matcher, address(channels), data);
        vm.assertTrue(channels.sessionOf(buyer, session).live);
        bytes memory expected = abi.encodeWithSelector(IChannels.SessionGrantUsed.selector, buyer, 5);
        reverts(matcher, address(channels), data, expected);
    }

    function test_GrantsBySignatureBindEverything() public {
        revertsWith(matcher, address(channels), bySig(grantOf(1), none, 0xbad), IChannels.SessionGrantInvalid.selector);
        SessionGrant memory g = grantOf(2);
        g.anyPayee = false;
        bytes20[] memory allowed = new bytes20[](1);
        allowed[0] = node.id;
        revertsWith(
            matcher, address(channels), bySig(g, allowed, buyerKey), IChannels.SessionAllowListMismatch.selector
        );
        g.allowRoot = keccak256(abi.encode(allowed));
        bytes memory data = bySig(g, allowed, buyerKey);
        vm.prank(buyer);
        channels.revokeAll();
        revertsWith(matcher, address(channels), data, IChannels.SessionEpochMismatch.selector);
        g.sessionEpoch = 1;
        succeeds(matcher, address(channels), bySig(g, allowed, buyerKey));
        vm.assertTrue(channels.sessionAllows(buyer, session, node.id));
        g = grantOf(3);
        g.sessionEpoch = 1;
        revertsWith(
            matcher, address(channels), bySig(g, allowed, buyerKey), IChannels.SessionAllowListMismatch.selector
        );
    }

    function test_GrantLimits() public {
        bytes memory data = abi.encodeCall(channels.grantSession, (address(0), 1, 1, true, none));
        revertsWith(buyer, address(channels), data, IChannels.ZeroAddress.selector);
        data = abi.encodeCall(channels.grantSession, (session, type(uint96).max, 1, true, none));
        revertsWith(buyer, address(channels), data, IChannels.SessionCapTooLarge.selector);
        data = abi.encodeCall(channels.grantSession, (session, 1, 1, false, new bytes20[](65)));
        revertsWith(buyer, address(channels), data, IChannels.SessionAllowListTooLong.selector);
    }

    function testFuzz_P8_NeverAboveTheCapInOneDay(uint96 cap, uint8 tries) public {
        cap = uint96(bound(cap, 0, 10 * TOTAL));
        vm.prank(buyer);
        channels.grantSession(session, cap, uint64(time() + 3 days), true, none);
        uint256 before = free(buyer);
        for (uint256 i = 0; i < tries % 12; ++i) {
            vm.prank(matcher);
            (bool ok,) = address(market).call(openData(node));
            vm.assertEq(ok, uint256(i + 1) * TOTAL <= cap);
        }
        vm.assertLe(before - free(buyer), cap);
    }
}
