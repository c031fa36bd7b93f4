// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Constants} from "../src/generated/Params.sol";
import {EXACT_COURT} from "../src/interfaces/ICourt.sol";
import {IChannels} from "../src/interfaces/IChannels.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {CloseReason, LeaseState} from "../src/types/Leases.sol";
import {Offer, SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Neither pay nor bond nor stake leaves before a true rival was heard, whatever a liar and its friends do first: idle
/// games, a crowd ahead, notice given long before.
contract CourtOutlastTest is CourtFixture {
    uint256 private constant FRIENDS = 24;

    function setUp() public override {
        super.setUp();
        order = orderOf(buyer);
        order.courtId = EXACT_COURT;
        order.durationSeconds = 3 * uint32(params.unbondDelaySeconds);
        order.jobCommitment = detailsRoot(courtProgram());
        // The other lease of the fixture is over: what is locked is this one's.
        closeAs(buyer, id, CloseReason.completed);
        vm.warp(market.settleableAt(id));
        market.settle(id);
        Offer memory offer = offerOf(provider);
        id = openFill(offer, provider.operatorKey, order, 0, 0);
        offerHash = market.offerHash(offer);
        startLease(id, provider);
        orderOpening = openingOf(order, courtProgram());
        skip(10);
    }

    // ---- what the tests do ----------------------------------------------------------------------------------------

    function honestSegment() internal returns (SegmentCommitment memory c) {
        c = segmentOf(honest());
        c.meteredSeconds = 1;
        commit(c);
    }

    function falseSegmentAfter(SegmentCommitment memory c) internal returns (SegmentCommitment memory f) {
        f = segmentOf(liar(Lie.sum, SUM_VALUE, 1));
        (f.segment, f.firstStep, f.lastStep) = (1, c.lastStep + 1, c.lastStep + steps());
        (f.startRoot, f.meteredSeconds) = (c.endRoot, uint32(params.unbondDelaySeconds));
        commit(f);
    }

    function junk(SegmentCommitment memory c, uint256 n, uint64 bond) internal returns (bytes20 game) {
        game = abi.decode(succeeds(other, address(court), challengeData(c, bytes32(n), bond)), (bytes20));
        track(game, openingPosition(c, other, bytes32(n)));
    }

    /// @dev A friend's false rival that shows one reveal, and that nobody ends.
    function idleGame(SegmentCommitment memory c) internal returns (bytes20 game) {
        game = junk(c, 1, ladder());
        mustMove(game, honest(), honest());
    }

    /// @dev Both sides use up all the time they have; who waits ends it.
    function stall(SegmentCommitment memory c, uint256 n, bytes20 game, Side memory side) internal {
        vm.warp(games.game(game).deadline);
        mustMove(game, side, side);
        lateFor(game);
        end(c, n, game);
    }

    function end(SegmentCommitment memory c, uint256 n, bytes20 game) internal {
        bytes memory move_ = abi.encodeCall(games.timeout, (game));
        succeeds(sponsor, address(court), abi.encodeCall(court.concludeWith, (c, other, bytes32(n), move_)));
    }

    function noticeOfAll() internal returns (uint96 stake) {
        stake = registry.stakeOf(provider.id);
        vm.prank(provider.owner);
        registry.requestUnstake(provider.id, stake);
    }

    function unstakeData() internal view returns (bytes memory) {
        return abi.encodeCall(registry.unstake, (provider.id, provider.owner));
    }

    function fault(uint96 stake) internal view returns (uint96) {
        return uint96(uint256(stake) * params.faultSlashPpm / 1e6);
    }

    // ---- pay and bond ---------------------------------------------------------------------------------------------

    /// @notice A game that nobody ends takes its own time and none of another dispute's.
    function test_AnIdleGameUsesUpNobodysTime() public {
        SegmentCommitment memory c = honestSegment();
        idleGame(c);
        uint256 until = time() + params.unbondDelaySeconds;
        vm.assertLe(channels.channel(id).frozenUntil, until, "for a bounded time itself");
        vm.warp(until + 1);
        SegmentCommitment memory f = falseSegmentAfter(c);
        challengeAs(sponsor, f, honest(), ladder());
        vm.assertEq(channels.channel(id).frozenUntil, time() + params.unbondDelaySeconds);
    }

    /// @notice Each game that starts holds the lease for a time of its own; the end of the last one lets it go.
    function test_TheNextGameFreezesAnew() public {
        SegmentCommitment memory c = honestSegment();
        bytes20 first = junk(c, 1, ladder());
        bytes20 second = junk(c, 2, 2 * ladder());
        stall(c, 1, first, honest());
        vm.assertLt(vm.lastCallGas().gasTotalUsed - 21_000, Constants.COURT_VERDICT_GAS / 2);
        vm.assertEq(channels.channel(id).frozenUntil, time() + params.unbondDelaySeconds);
        stall(c, 2, second, honest());
        vm.assertEq(channels.channel(id).frozenUntil, 0);
    }

    /// @notice Notice of all stake, an idle game, a lie with all its pay claimed, the lease quit, and a crowd ahead of the one true
    /// rival that takes longer than the whole unbonding delay: it is heard all the same, and everything is there to be taken.
    function test_NoCrowdOutlastsTheRivalThatWaits() public {
        uint96 stake = noticeOfAll();
        SegmentCommitment memory c = honestSegment();
        bytes20 idle = idleGame(c);
        skip(params.unbondDelaySeconds + 1);
        revertsWith(provider.owner, address(registry), unstakeData(), IRegistry.LeasesUnsettled.selector);
        uint256 pay = uint256(market.lease(id).rate) * params.unbondDelaySeconds;
        SegmentCommitment memory f = falseSegmentAfter(c);
        channels.claim(id, uint128(pay), voucher(id, uint128(pay)));
        closeAs(provider.operator, id, CloseReason.providerQuit);
        uint256 began = time();
        bytes20[] memory friends = new bytes20[](FRIENDS);
        for (uint256 n = 0; n < FRIENDS; ++n) {
            friends[n] = junk(f, 2 + n, n == 0 ? ladder() : 17 * ladder());
        }
        challengeAs(sponsor, f, honest(), 16 * ladder());
        bytes memory settle = abi.encodeCall(market.settle, (id));
        for (uint256 n = 0; n < FRIENDS; ++n) {
            stall(f, 2 + n, friends[n], liar(Lie.sum, SUM_VALUE, 1));
            if (time() < market.settleableAt(id)) continue;
            revertsWith(provider.owner, address(market), settle, IChannels.ChannelFrozen.selector);
            revertsWith(provider.owner, address(registry), unstakeData(), IRegistry.LeasesUnsettled.selector);
        }
        vm.assertGt(time(), began + params.unbondDelaySeconds, "the crowd took longer");
        bytes20 game = court.dispute(audits.commitmentHash(f)).live;
        lateFor(game);
        games.timeout(game);
        uint256 paid = earned(provider.owner);
        uint64 bond = market.moneyOf(id).bond;
        succeeds(sponsor, address(court), concludeData(f, sponsor, honest()));
        vm.assertEq(earned(sponsor), bond / 2);
        vm.assertEq(registry.node(provider.id).unbonding, stake - fault(stake));
        // What is left is one honest second's pay at most, and the idle game's to hold.
        end(c, 1, idle);
        succeeds(matcher, address(market), settle);
        vm.assertLe(earned(provider.owner) - paid, market.lease(id).rate);
    }

    // ---- stake ----------------------------------------------------------------------------------------------------

    /// @notice Notice given before the lie: the stake is there until the lease is settled, and for a delay after that.
    function test_TheLeastStakeStaysUntilTheLeaseIsSettledAndADelayMore() public {
        uint96 stake = noticeOfAll();
        skip(params.unbondDelaySeconds);
        vm.assertEq(uint256(market.lease(id).state), uint256(LeaseState.running));
        bytes memory unsettled =
            abi.encodeWithSelector(IRegistry.LeasesUnsettled.selector, provider.id, market.moneyOf(id).bond);
        reverts(provider.owner, address(registry), unstakeData(), unsettled);
        closeAs(buyer, id, CloseReason.completed);
        vm.warp(market.settleableAt(id));
        reverts(provider.owner, address(registry), unstakeData(), unsettled);
        market.settle(id);
        uint256 until = time() + params.unbondDelaySeconds;
        vm.warp(until - 1);
        bytes memory early = abi.encodeWithSelector(IRegistry.StillUnbonding.selector, provider.id, until);
        reverts(provider.owner, address(registry), unstakeData(), early);
        vm.warp(until);
        succeeds(provider.owner, address(registry), unstakeData());
        vm.assertEq(weft.balanceOf(provider.owner), stake);
    }

    /// @notice A node that convicts itself, so that nothing of its bond is locked, frees no stake by it.
    function test_AConvictionFreesNoStake() public {
        uint96 stake = noticeOfAll();
        skip(params.unbondDelaySeconds);
        SegmentCommitment memory f = segmentOf(liar(Lie.sum, SUM_VALUE, 1));
        f.meteredSeconds = 1;
        commit(f);
        bytes20 game = challengeAs(sponsor, f, honest(), ladder());
        lateFor(game);
        games.timeout(game);
        succeeds(sponsor, address(court), concludeData(f, sponsor, honest()));
        vm.assertEq(channels.bondsOf(provider.id).locked, 0);
        vm.assertEq(registry.node(provider.id).unbonding, stake - fault(stake), "of what unbonds");
        revertsWith(provider.owner, address(registry), unstakeData(), IRegistry.StillUnbonding.selector);
        skip(params.unbondDelaySeconds);
        succeeds(provider.owner, address(registry), unstakeData());
    }

    /// @notice What is above the least stake leaves after its delay, however busy the node is.
    function test_WhatIsAboveTheLeastStakeLeavesFromABusyNode() public {
        uint96 above = registry.stakeOf(provider.id) - uint96(params.minStake);
        vm.prank(provider.owner);
        registry.requestUnstake(provider.id, above);
        skip(params.unbondDelaySeconds);
        succeeds(provider.owner, address(registry), unstakeData());
        vm.assertEq(weft.balanceOf(provider.owner), above);
        vm.prank(provider.owner);
        registry.requestUnstake(provider.id, 1);
        skip(params.unbondDelaySeconds);
        revertsWith(provider.owner, address(registry), unstakeData(), IRegistry.LeasesUnsettled.selector);
    }
}
