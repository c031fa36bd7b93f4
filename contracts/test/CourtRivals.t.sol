// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../src/interfaces/IChannels.sol";
import {IGames} from "../src/interfaces/IGames.sol";
import {IPurse, IRivals} from "../src/interfaces/IRivals.sol";
import {CloseReason, LeaseState} from "../src/types/Leases.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {vm} from "./base/Vm.sol";

/// @notice Who may name a rival for what bond, who plays, and what a verdict does.
contract CourtRivalsTest is CourtFixture {
    SegmentCommitment internal c;
    bytes32 internal hash;

    function begin(Side memory side) internal {
        c = commitSide(side);
        hash = audits.commitmentHash(c);
    }

    function false_(uint256 n) internal pure returns (Side memory) {
        return Side(Lie.loss, 0, 0, 0, bytes32(n));
    }

    function rootOf(Side memory side) internal pure returns (bytes32) {
        return MerkleTree.root(historyLeaves(side));
    }

    function concluded(address who, Side memory rival) internal {
        succeeds(matcher, address(court), concludeData(c, who, rival));
    }

    function runOut(bytes20 game, address who, Side memory rival) internal {
        lateFor(game);
        games.timeout(game);
        concluded(who, rival);
    }

    function books() internal view returns (uint256) {
        return court.depositOf(sponsor) + court.depositOf(other) + court.depositOf(provider.owner)
            + court.depositOf(treasury);
    }

    // ---- deposits -------------------------------------------------------------------------------------------------

    function test_DepositsComeAndGo() public {
        uint256 before = stable.balanceOf(address(court));
        stable.mint(address(this), 100);
        stable.approve(address(court), 100);
        court.deposit(sponsor, 100);
        vm.assertEq(court.depositOf(sponsor), 1e9 + 100);
        vm.assertEq(stable.balanceOf(address(court)), before + 100);
        bytes memory data = abi.encodeCall(court.withdraw, (1e9 + 101, other));
        bytes memory expected =
            abi.encodeWithSelector(IPurse.DepositTooLow.selector, sponsor, 1e9 + 100, 1e9 + 101);
        reverts(sponsor, address(court), data, expected);
        succeeds(sponsor, address(court), abi.encodeCall(court.withdraw, (1e9 + 100, other)));
        vm.assertEq(stable.balanceOf(other), 1e9 + 100);
        data = abi.encodeCall(court.withdraw, (0, other));
        reverts(sponsor, address(court), data, abi.encodeWithSelector(IPurse.ZeroAmount.selector));
        data = abi.encodeCall(court.deposit, (sponsor, 0));
        reverts(sponsor, address(court), data, abi.encodeWithSelector(IPurse.ZeroAmount.selector));
        // A donation is nobody's.
        stable.mint(address(court), 7);
        vm.assertEq(court.depositOf(sponsor), 0);
    }

    // ---- naming ---------------------------------------------------------------------------------------------------

    function test_ARivalNeedsItsBondAndIsNamedOnce() public {
        begin(honest());
        bytes32 root = rootOf(false_(1));
        bytes memory data = challengeData(c, root, ladder() - 1);
        bytes memory expected = abi.encodeWithSelector(IRivals.BondTooLow.selector, ladder() - 1, ladder());
        reverts(sponsor, address(court), data, expected);
        data = challengeData(c, root, 1e9 + 1);
        expected = abi.encodeWithSelector(IPurse.DepositTooLow.selector, sponsor, 1e9, 1e9 + 1);
        reverts(sponsor, address(court), data, expected);
        bytes32[3] memory wrong = [bytes32(0), c.historyRoot, bytes32("start")];
        for (uint256 i = 0; i < 3; ++i) {
            data = challengeData(c, wrong[i], ladder());
            reverts(
                sponsor, address(court), data, abi.encodeWithSelector(IRivals.RivalInvalid.selector, wrong[i])
            );
        }
        bytes20 game = challengeAs(sponsor, c, false_(1), ladder());
        vm.assertEq(bytes32(game), bytes32(court.gameOf(hash, sponsor, root)));
        data = challengeData(c, root, 2 * ladder());
        reverts(sponsor, address(court), data, abi.encodeWithSelector(IGames.GameKnown.selector, game));
        // The same history by someone else is another rival.
        challengeAs(other, c, false_(1), 2 * ladder());
        IRivals.DisputeView memory v = court.dispute(hash);
        vm.assertEq(v.rivals, 2);
        vm.assertEq(v.nextBond, 4 * ladder());
        vm.assertEq(v.headBond, 2 * ladder());
        vm.assertEq(bytes32(v.live), bytes32(game));
        vm.assertEq(bytes32(v.head), bytes32(court.gameOf(hash, other, root)));
    }

    function test_ThePriceOfAPlaceDoublesThreeTimesAndStays() public {
        begin(honest());
        for (uint256 i = 0; i < 8; ++i) {
            uint64 bond = ladder() << uint64(i < 3 ? i : 3);
            bytes32 root = rootOf(false_(i));
            bytes memory expected = abi.encodeWithSelector(IRivals.BondTooLow.selector, bond - 1, bond);
            reverts(other, address(court), challengeData(c, root, bond - 1), expected);
            challengeAs(other, c, false_(i), bond);
        }
        vm.assertEq(court.dispute(hash).nextBond, 8 * ladder());
    }

    function test_TheHighestBondPlaysNextThenTheEarliest() public {
        begin(honest());
        Side[6] memory sides;
        uint64[6] memory bonds = [uint64(1), 4, 8, 8, 100, 32];
        bytes20[6] memory ids;
        for (uint256 i = 0; i < 6; ++i) {
            sides[i] = false_(i);
            ids[i] = challengeAs(other, c, sides[i], bonds[i] * ladder());
        }
        uint8[6] memory order_ = [uint8(0), 4, 5, 2, 3, 1];
        for (uint256 i = 0; i < 6; ++i) {
            bytes20 live = court.dispute(hash).live;
            vm.assertEq(bytes32(live), bytes32(ids[order_[i]]), "live");
            vm.assertEq(court.dispute(hash).bond, bonds[order_[i]] * ladder());
            // Those that wait have no clock.
            if (i < 5) vm.assertEq(games.game(ids[order_[i + 1]]).since, 0);
            mustMove(live, honest(), sides[order_[i]]);
            runOut(live, other, sides[order_[i]]);
        }
        vm.assertEq(court.dispute(hash).rivals, 0);
        vm.assertEq(bytes32(court.dispute(hash).live), 0);
        vm.assertEq(channels.channel(id).frozenUntil, 0);
    }

    /// @notice A crowd of friends, twice what the court once had places for: the honest sponsor comes last, pays eight ladders and
    /// little more gas, plays as soon as it bonded more than they, and has all of it back. Those that were played lost.
    function test_NoCrowdKeepsAnHonestSponsorOut() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        begin(lie);
        uint256 own = court.depositOf(sponsor);
        uint64 most = 8 * ladder();
        bytes20 friend;
        for (uint256 i = 0; i < 64; ++i) {
            bytes20 game = challengeAs(other, c, false_(i), court.dispute(hash).nextBond);
            if (i == 0) friend = game;
        }
        vm.assertEq(court.dispute(hash).rivals, 64);
        // As dear as it gets: an entry that rises to the top.
        bytes memory data = challengeData(c, rootOf(false_(64)), most + 1);
        uint256 gas = gasleft();
        succeeds(other, address(court), data);
        vm.assertLt(gas - gasleft(), 450_000);
        bytes20 game = challengeAs(sponsor, c, honest(), most + 2);
        vm.assertEq(bytes32(court.dispute(hash).head), bytes32(game));
        vm.assertEq(court.dispute(hash).headBond, most + 2);
        mustMove(friend, lie, false_(0));
        runOut(friend, other, false_(0));
        vm.assertEq(bytes32(court.dispute(hash).live), bytes32(game));
        play(game, lie, honest());
        concluded(sponsor, honest());
        vm.assertTrue(court.dispute(hash).eliminated);
        vm.assertEq(court.depositOf(sponsor), own);
    }

    /// @notice The queue is in order whatever the bonds: against the order that a sort of all of them gives.
    /// forge-config: default.fuzz.runs = 8
    function testFuzz_TheQueueIsByBondThenByTime(uint8[12] calldata drawn) public {
        begin(honest());
        uint256[12] memory left;
        challengeAs(other, c, false_(100), ladder());
        for (uint256 i = 0; i < 12; ++i) {
            // Few different ones, so that many are alike.
            uint64 bond = 8 * ladder() + drawn[i] % 8;
            left[i] = uint256(bond) << 8 | (12 - i);
            challengeAs(other, c, false_(i), bond);
        }
        Side memory live = false_(100);
        for (uint256 n = 0; n < 12; ++n) {
            uint256 best = 0;
            for (uint256 i = 1; i < 12; ++i) {
                if (left[i] > left[best]) best = i;
            }
            bytes20 game = court.gameOf(hash, other, rootOf(false_(best)));
            vm.assertEq(bytes32(court.dispute(hash).head), bytes32(game));
            mustMove(court.dispute(hash).live, honest(), live);
            runOut(court.dispute(hash).live, other, live);
            vm.assertEq(bytes32(court.dispute(hash).live), bytes32(game), "by bond, then by time");
            vm.assertEq(court.dispute(hash).bond, left[best] >> 8);
            (left[best], live) = (0, false_(best));
        }
        vm.assertEq(bytes32(court.dispute(hash).head), 0);
    }

    // ---- verdicts -------------------------------------------------------------------------------------------------

    /// @dev The rival gets as far as `level`, then says no more.
    function loses(IGames.Level level, Side memory rival) internal returns (uint256 lost) {
        begin(honest());
        uint256 before = books();
        uint256 own = court.depositOf(sponsor);
        bytes20 game = challengeAs(sponsor, c, rival, ladder());
        vm.assertEq(court.depositOf(sponsor), own - ladder());
        playTo(game, level, IGames.Stage.choose, honest(), rival);
        bytes memory data = concludeData(c, sponsor, rival);
        reverts(matcher, address(court), data, abi.encodeWithSelector(IRivals.GameRunning.selector, game));
        runOut(game, sponsor, rival);
        lost = own - court.depositOf(sponsor);
        vm.assertEq(court.depositOf(provider.owner), lost / 2);
        vm.assertEq(court.depositOf(treasury), lost - lost / 2);
        vm.assertEq(books(), before, "money is conserved");
        reverts(matcher, address(court), data, abi.encodeWithSelector(IRivals.NoGame.selector, hash));
        assertState(id, LeaseState.running);
    }

    function test_ARivalLosesTheBondsOfTheLevelsItReached() public {
        vm.assertEq(loses(IGames.Level.steps, false_(1)), params.courtBondSteps);
    }

    function test_AndOfTheValues() public {
        vm.assertEq(
            loses(IGames.Level.values, liar(Lie.word, 5, 1)), params.courtBondSteps + params.courtBondValues
        );
    }

    function test_AndOfTheLoss() public {
        vm.assertEq(loses(IGames.Level.entries, liar(Lie.entry, 0, 1)), params.courtBondSteps + params.courtBondValues);
    }

    function test_AndOfThePartialSums() public {
        vm.assertEq(loses(IGames.Level.accs, liar(Lie.sum, SUM_VALUE, 1)), ladder());
    }

    function test_AFalseCommitmentIsPunished() public {
        Side memory lie = liar(Lie.sum, SUM_VALUE, 1);
        begin(lie);
        channels.claim(id, 500, voucher(id, 500));
        uint64 bond = market.moneyOf(id).bond;
        uint96 stake = registry.stakeOf(provider.id);
        uint256 own = court.depositOf(sponsor);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        vm.assertGt(channels.channel(id).frozenUntil, time());
        play(game, lie, honest());
        // Somebody else's game isn't the one that was played.
        bytes memory data = concludeData(c, other, honest());
        reverts(matcher, address(court), data, abi.encodeWithSelector(IRivals.RivalUnknown.selector, game));
        concluded(sponsor, honest());

        vm.assertEq(court.depositOf(sponsor), own);
        vm.assertEq(earned(sponsor), bond / 2);
        vm.assertEq(earned(buyer), bond - bond / 2);
        vm.assertEq(channels.channel(id).bondSlashed, bond);
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
        assertState(id, LeaseState.closing);
        vm.assertTrue(audits.segment(id, 0).voided);
        vm.assertEq(channels.channel(id).claimed, 0);
        vm.assertEq(registry.stakeOf(provider.id), stake - stake * params.faultSlashPpm / 1e6);
        vm.assertTrue(court.dispute(hash).eliminated);
        vm.assertEq(channels.channel(id).frozenUntil, 0);
        reverts(
            matcher,
            address(court),
            concludeData(c, sponsor, honest()),
            abi.encodeWithSelector(IRivals.Eliminated.selector, hash)
        );
        data = challengeData(c, rootOf(honest()), ladder());
        reverts(other, address(court), data, abi.encodeWithSelector(IRivals.Eliminated.selector, hash));
        settleLease(id);
        vm.assertEq(channels.bondsOf(provider.id).locked, 0);
    }

    function test_AFurtherFaultWithinTheMemoryIsAPattern() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        uint96 stake = registry.stakeOf(provider.id);
        for (uint256 i = 0; i < 3; ++i) {
            // The third one is a first one again.
            if (i == 2) skip(params.faultMemorySeconds + 1);
            if (i != 0) startAnew();
            begin(lie);
            bytes20 game = challengeAs(sponsor, c, honest(), ladder());
            play(game, lie, honest());
            concluded(sponsor, honest());
            stake -= uint96(stake * (i == 1 ? params.patternSlashPpm : params.faultSlashPpm) / 1e6);
            vm.assertEq(registry.stakeOf(provider.id), stake);
        }
    }

    function startAnew() internal {
        (id, order, offerHash) = openRun(provider, courtProgram());
        startLease(id, provider);
        orderOpening = openingOf(order, courtProgram());
    }

    function test_UnbondingStakeIsSlashedToo() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        begin(lie);
        uint96 stake = registry.stakeOf(provider.id);
        vm.prank(provider.owner);
        registry.requestUnstake(provider.id, stake);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        play(game, lie, honest());
        concluded(sponsor, honest());
        vm.assertEq(registry.node(provider.id).unbonding, stake - stake * params.faultSlashPpm / 1e6);
    }

    // ---- laundering -----------------------------------------------------------------------------------------------

    /// @notice A friend that loses on purpose, with the true history or another one, launders nothing.
    function test_ALostChallengeLeavesTheFalseRootChallengeable() public {
        Side memory lie = liar(Lie.word, WIDTH_VALUE, 3);
        begin(lie);
        bytes20 friend = challengeAs(other, c, honest(), ladder());
        mustMove(friend, lie, honest());
        runOut(friend, other, honest());
        vm.assertFalse(court.dispute(hash).eliminated);
        bytes20 second = challengeAs(other, c, false_(7), ladder());
        mustMove(second, lie, false_(7));
        runOut(second, other, false_(7));
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        play(game, lie, honest());
        concluded(sponsor, honest());
        vm.assertTrue(court.dispute(hash).eliminated);
        vm.assertEq(court.depositOf(sponsor), 1e9);
    }

    function test_RivalsLeftTakeTheirBondsBack() public {
        Side memory lie = liar(Lie.word, WIDTH_VALUE, 3);
        begin(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        challengeAs(other, c, false_(1), 2 * ladder());
        challengeAs(other, c, honest(), 4 * ladder());
        bytes memory first = abi.encodeCall(court.reclaim, (hash, other, rootOf(false_(1))));
        bytes memory expected = abi.encodeWithSelector(IRivals.NotEliminated.selector, hash);
        reverts(matcher, address(court), first, expected);
        play(game, lie, honest());
        concluded(sponsor, honest());
        vm.assertEq(court.depositOf(other), 1e12 - 6 * ladder());
        succeeds(matcher, address(court), first);
        revertsWith(matcher, address(court), first, IRivals.RivalUnknown.selector);
        court.reclaim(hash, other, rootOf(honest()));
        vm.assertEq(court.depositOf(other), 1e12);
        // The one that won has its bond already.
        bytes memory again = abi.encodeCall(court.reclaim, (hash, sponsor, rootOf(honest())));
        revertsWith(matcher, address(court), again, IRivals.RivalUnknown.selector);
    }

    // ---- where the lease stands -----------------------------------------------------------------------------------

    function test_ADisputeGoesOnWhileTheLeaseIsClosing() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        begin(lie);
        closeAs(buyer, id, CloseReason.completed);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        // The lease can't be settled meanwhile.
        vm.warp(market.settleableAt(id));
        bytes memory settle = abi.encodeCall(market.settle, (id));
        if (games.game(game).deadline < time()) {
            games.timeout(game);
        } else {
            play(game, lie, honest());
        }
        revertsWith(matcher, address(market), settle, IChannels.ChannelFrozen.selector);
        concluded(sponsor, honest());
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
        succeeds(matcher, address(market), settle);
    }

    /// @notice Where nobody ended a game for the whole time that it freezes the lease.
    function test_AfterItsFrozenTimeOnlyTheStakeIsLeft() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        begin(lie);
        closeAs(buyer, id, CloseReason.completed);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        uint96 stake = registry.stakeOf(provider.id);
        skip(params.unbondDelaySeconds + params.releaseDelaySeconds);
        market.settle(id);
        games.timeout(game);
        concluded(sponsor, honest());
        vm.assertTrue(court.dispute(hash).eliminated);
        vm.assertEq(registry.stakeOf(provider.id), stake - stake * params.faultSlashPpm / 1e6);
        vm.assertEq(court.depositOf(sponsor), 1e9);
        vm.assertEq(earned(sponsor), 0);
    }

    function test_ARivalThatLosesAfterTheLeaseWasSettledIsPaidOut() public {
        begin(honest());
        closeAs(buyer, id, CloseReason.completed);
        bytes20 game = challengeAs(sponsor, c, false_(1), ladder());
        mustMove(game, honest(), false_(1));
        skip(params.unbondDelaySeconds + params.releaseDelaySeconds);
        market.settle(id);
        runOut(game, sponsor, false_(1));
        vm.assertEq(court.dispute(hash).rivals, 0);
    }
}
