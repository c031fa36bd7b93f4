// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochCourt} from "../src/interfaces/IEpochCourt.sol";
import {CourtProgram, IGames} from "../src/interfaces/IGames.sol";
import {IPurse, IRivals} from "../src/interfaces/IRivals.sol";
import {EpochCommitment, EpochResult} from "../src/types/Epochs.sol";
import {EpochFixture} from "./base/EpochFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice What an epoch's bond stands for: who may commit, who may challenge what and when, what a verdict costs, what is paid.
contract EpochCourtTest is EpochFixture {
    Side internal lie;
    Side internal truth;

    function setUp() public override {
        super.setUp();
        lie = liar(Lie.sum, SUM_VALUE, 1);
    }

    function refuses(address who, bytes memory data, bytes memory expected) internal {
        reverts(who, address(epochs), data, expected);
    }

    function commitData_(EpochCommitment memory e, uint64 bond) internal view returns (bytes memory) {
        return abi.encodeCall(epochs.commitEpoch, (e, bond));
    }

    /// @dev A game that its rival wins.
    function eliminate(EpochCommitment memory e, address who) internal {
        bytes20 game = challengeEpoch(who, e, lie, truth);
        play(game, lie, truth);
        assertOutcome(game, IGames.Outcome.rival);
        succeeds(matcher, address(epochs), concludeEpochData(e, who, truth));
    }

    function pastWindow() internal {
        skip(params.challengeWindowSeconds + 1);
    }

    // ---- committing -----------------------------------------------------------------------------------------------

    function test_OnlyTheNodeCommitsItsNextEpochWithABond() public {
        EpochCommitment memory e = epochOf(truth);
        uint64 bond = bondOfEpoch();
        bytes memory data = commitData_(e, bond);
        refuses(matcher, data, abi.encodeWithSelector(IEpochCourt.NotNode.selector, provider.id, matcher));
        uint256 had = epochs.depositOf(provider.owner);
        succeeds(provider.operator, address(epochs), data);
        vm.assertEq(epochs.depositOf(provider.owner), had - bond);
        bytes memory outOfTurn =
            abi.encodeWithSelector(IEpochCourt.EpochOutOfTurn.selector, provider.id, uint64(1), uint64(0));
        refuses(provider.operator, data, outOfTurn);
        e.epoch = 1;
        succeeds(provider.owner, address(epochs), commitData_(e, bond));
        e.epoch = 3;
        revertsWith(provider.owner, address(epochs), commitData_(e, bond), IEpochCourt.EpochOutOfTurn.selector);
    }

    function test_ABondIsTheLadderAtLeastAndBoundsTheValue() public {
        EpochCommitment memory e = epochOf(truth);
        e.value = 0;
        bytes memory low = abi.encodeWithSelector(IRivals.BondTooLow.selector, ladder() - 1, ladder());
        refuses(provider.operator, commitData_(e, ladder() - 1), low);
        uint256 cap = epochs.capOf(ladder());
        vm.assertEq(cap, uint256(ladder()) / 2 * params.auditRatePpm / (1e6 - params.auditRatePpm));
        e.value = uint96(cap + 1);
        refuses(
            provider.operator,
            commitData_(e, ladder()),
            abi.encodeWithSelector(IEpochCourt.ValueAboveCap.selector, e.value, cap)
        );
        e.results = 0;
        refuses(provider.operator, commitData_(e, ladder()), abi.encodeWithSelector(IEpochCourt.EpochEmpty.selector));
        e = epochOf(truth);
        revertsWith(
            provider.operator, address(epochs), commitData_(e, type(uint64).max), IPurse.DepositTooLow.selector
        );
    }

    // ---- challenging ----------------------------------------------------------------------------------------------

    function test_WhatIsNotInTheEpochCannotBeNamed() public {
        EpochCommitment memory e = commitEpochOf(lie);
        EpochResult memory r = resultOf(lie);
        CourtProgram memory p = courtProgram();
        uint64 bond = ladder();

        r.index = DISPUTED - 1;
        revertsWith(sponsor, address(epochs), challengeWith(e, r, p, bond), IGames.HashMismatch.selector);
        r.index = RESULTS;
        revertsWith(sponsor, address(epochs), challengeWith(e, r, p, bond), IGames.IndexOutside.selector);
        r = resultOf(lie);
        r.path[1] = bytes32(uint256(r.path[1]) ^ 1);
        revertsWith(sponsor, address(epochs), challengeWith(e, r, p, bond), IGames.HashMismatch.selector);
        r.path = new bytes32[](r.path.length - 1);
        revertsWith(sponsor, address(epochs), challengeWith(e, r, p, bond), IGames.SiblingsWrong.selector);
        r = resultOf(lie);
        r.request.startRoot = "another input";
        revertsWith(sponsor, address(epochs), challengeWith(e, r, p, bond), IGames.HashMismatch.selector);
        r = resultOf(lie);
        r.endRoot = endRootOf(truth);
        revertsWith(sponsor, address(epochs), challengeWith(e, r, p, bond), IGames.HashMismatch.selector);
        r = resultOf(lie);
        p.recordsRoot = "another graph";
        revertsWith(sponsor, address(epochs), challengeWith(e, r, p, bond), IGames.ProgramMismatch.selector);
        e.value += 1;
        revertsWith(
            sponsor, address(epochs), challengeWith(e, r, courtProgram(), bond), IEpochCourt.EpochUnknown.selector
        );
    }

    function challengeWith(EpochCommitment memory e, EpochResult memory r, CourtProgram memory p, uint64 bond)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(epochs.challenge, (e, r, p, answerOf(truth), bond));
    }

    function test_TheSameAnswerIsNoRivalNorIsALateOne() public {
        EpochCommitment memory e = commitEpochOf(lie);
        bytes memory same = challengeEpochData(e, lie, lie, ladder());
        refuses(sponsor, same, abi.encodeWithSelector(IRivals.RivalInvalid.selector, rivalIdOf(lie)));
        bytes memory data = challengeEpochData(e, lie, truth, ladder());
        pastWindow();
        revertsWith(sponsor, address(epochs), data, IRivals.WindowOver.selector);
    }

    function test_OnlyTheTwoCourtsOpenGames() public {
        EpochCommitment memory e = commitEpochOf(lie);
        bytes20 game = challengeEpoch(sponsor, e, lie, truth);
        bytes memory data = abi.encodeCall(games.start, (game));
        reverts(sponsor, address(games), data, abi.encodeWithSelector(IGames.NotHost.selector, sponsor));
    }

    // ---- verdicts -------------------------------------------------------------------------------------------------

    function test_AFalseResultCostsTheWholeBondHalfOfItToItsFinder() public {
        EpochCommitment memory e = commitEpochOf(lie);
        bytes32 epoch = epochs.epochHash(e);
        (uint256 finder, uint256 state) = (epochs.depositOf(sponsor), epochs.depositOf(treasury));
        (uint256 owner, uint256 bought) = (epochs.depositOf(provider.owner), epochs.depositOf(buyer));
        eliminate(e, sponsor);
        uint64 bond = bondOfEpoch();
        vm.assertEq(epochs.depositOf(sponsor), finder + bond / 2);
        vm.assertEq(epochs.depositOf(treasury), state + bond - bond / 2);
        vm.assertEq(epochs.depositOf(provider.owner), owner);
        vm.assertEq(epochs.depositOf(buyer), bought);
        vm.assertEq(epochs.epochOf(epoch).bond, 0);
        bytes memory again = challengeEpochData(e, lie, truth, ladder());
        refuses(other, again, abi.encodeWithSelector(IRivals.Eliminated.selector, epoch));
        pastWindow();
        bytes memory close = abi.encodeCall(epochs.closeEpoch, (e));
        refuses(matcher, close, abi.encodeWithSelector(IRivals.Eliminated.selector, epoch));
    }

    /// @dev The node finds itself, through a friend: it gets half back, never more, whoever it says the buyer is.
    function test_AnEpochThatEliminatesItselfLosesHalf() public {
        fundEpochs(self_, 1e9);
        EpochCommitment memory e = commitEpochOf(lie);
        uint256 had = epochs.depositOf(self_) + epochs.depositOf(provider.owner) + epochs.depositOf(buyer);
        eliminate(e, self_);
        uint256 has = epochs.depositOf(self_) + epochs.depositOf(provider.owner) + epochs.depositOf(buyer);
        vm.assertEq(has, had + bondOfEpoch() / 2);
    }

    function test_ALaunderedChallengeLeavesTheResultChallengeable() public {
        fundEpochs(self_, 1e9);
        EpochCommitment memory e = commitEpochOf(lie);
        // With the true answer, played badly on purpose, and with another false one.
        bytes20 game = challengeEpoch(self_, e, lie, truth);
        playTo(game, IGames.Level.values, IGames.Stage.choose, lie, truth);
        lateFor(game);
        games.timeout(game);
        succeeds(matcher, address(epochs), concludeEpochData(e, self_, truth));
        vm.assertFalse(epochs.dispute(epochs.epochHash(e)).eliminated);
        vm.assertEq(epochs.dispute(epochs.epochHash(e)).rivals, 0);
        eliminate(e, sponsor);
        vm.assertTrue(epochs.dispute(epochs.epochHash(e)).eliminated);
    }

    function test_ATrueResultOutlivesAllItsRivalsAndEarnsOfThem() public {
        EpochCommitment memory e = commitEpochOf(truth);
        uint256 had = epochs.depositOf(provider.owner);
        losesTo(sponsor, e, truth, liar(Lie.word, WIDTH_VALUE, 3));
        losesTo(other, e, truth, liar(Lie.entry, 1, 0));
        vm.assertGt(epochs.depositOf(provider.owner), had);
        pastWindow();
        succeeds(matcher, address(epochs), abi.encodeCall(epochs.closeEpoch, (e)));
        vm.assertGe(epochs.depositOf(provider.owner), had + bondOfEpoch());
    }

    function test_RivalsThatStillWaitTakeTheirBondsBack() public {
        EpochCommitment memory e = commitEpochOf(lie);
        bytes20 game = challengeEpoch(sponsor, e, lie, truth);
        uint256 had = epochs.depositOf(other);
        challengeEpoch(other, e, lie, truth);
        vm.assertEq(epochs.depositOf(other), had - 2 * ladder());
        play(game, lie, truth);
        succeeds(matcher, address(epochs), concludeEpochData(e, sponsor, truth));
        bytes32 epoch = epochs.epochHash(e);
        succeeds(matcher, address(epochs), abi.encodeCall(epochs.reclaim, (epoch, other, rivalIdOf(truth))));
        vm.assertEq(epochs.depositOf(other), had);
    }

    // ---- in one transaction ---------------------------------------------------------------------------------------

    function test_ALastMoveAndItsVerdictTogether() public {
        EpochCommitment memory e = commitEpochOf(truth);
        bytes32 epoch = epochs.epochHash(e);
        bytes20 game = challengeEpoch(sponsor, e, truth, lie);
        play(game, truth, lie);
        lateFor(game);
        bytes memory start = abi.encodeCall(games.start, (game));
        bytes memory data = abi.encodeCall(epochs.concludeWith, (e, sponsor, rivalIdOf(lie), start));
        refuses(matcher, data, abi.encodeWithSelector(IRivals.NotALastMove.selector, IGames.start.selector));
        bytes memory late = abi.encodeCall(games.timeout, (game));
        data = abi.encodeCall(epochs.concludeWith, (e, sponsor, rivalIdOf(lie), late));
        succeeds(matcher, address(epochs), data);
        assertOutcome(game, IGames.Outcome.defender);
        vm.assertEq(epochs.dispute(epoch).rivals, 0);
    }

    function test_AProofAndItsVerdictTogether() public {
        EpochCommitment memory e = commitEpochOf(lie);
        bytes20 game = challengeEpoch(sponsor, e, lie, truth);
        playTo(game, IGames.Level.accs, IGames.Stage.choose, lie, truth);
        bytes memory proof = moveOf(game, lie, truth).data;
        bytes memory data = abi.encodeCall(epochs.concludeWith, (e, sponsor, rivalIdOf(truth), proof));
        succeeds(matcher, address(epochs), data);
        assertOutcome(game, IGames.Outcome.rival);
        vm.assertTrue(epochs.dispute(epochs.epochHash(e)).eliminated);
    }

    function test_MoneyAndAnEpochTogether() public {
        uint64 bond = bondOfEpoch();
        uint256 had = epochs.depositOf(provider.owner);
        stable.mint(provider.owner, bond);
        vm.prank(provider.owner);
        stable.approve(address(epochs), bond);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(epochs.deposit, (provider.owner, bond));
        calls[1] = commitData_(epochOf(truth), bond);
        succeeds(provider.owner, address(epochs), abi.encodeCall(epochs.multicall, (calls)));
        vm.assertEq(epochs.depositOf(provider.owner), had);
        vm.assertEq(epochs.nextEpochOf(provider.id), 1);
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    function test_ABondComesBackAfterTheWindowWhenNoRivalIsLeft() public {
        EpochCommitment memory e = commitEpochOf(truth);
        bytes32 epoch = epochs.epochHash(e);
        bytes memory close = abi.encodeCall(epochs.closeEpoch, (e));
        uint256 until = epochs.epochOf(epoch).until;
        vm.assertEq(until, time() + params.challengeWindowSeconds);
        vm.warp(until);
        bytes20 game = challengeEpoch(sponsor, e, truth, lie);
        refuses(matcher, close, abi.encodeWithSelector(IEpochCourt.EpochOpen.selector, epoch, until));
        vm.warp(until + 1);
        refuses(matcher, close, abi.encodeWithSelector(IEpochCourt.EpochOpen.selector, epoch, until));
        play(game, truth, lie);
        lateFor(game);
        games.timeout(game);
        succeeds(matcher, address(epochs), concludeEpochData(e, sponsor, lie));
        uint256 had = epochs.depositOf(provider.owner);
        succeeds(matcher, address(epochs), close);
        vm.assertEq(epochs.depositOf(provider.owner), had + bondOfEpoch());
        refuses(matcher, close, abi.encodeWithSelector(IPurse.ZeroAmount.selector));
    }
}
