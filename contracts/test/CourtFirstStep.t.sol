// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../src/interfaces/IGames.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice A history that is false from its first step on: the state before it is the commitment's own start.
contract CourtFirstStepTest is CourtFixture {
    function step() internal pure override returns (uint64) {
        return 0;
    }

    function test_AFalseStateInputOfTheFirstStepIsRefuted() public {
        Side memory lie = liar(Lie.word, 0, 69);
        SegmentCommitment memory c = commitSide(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        play(game, lie, honest());
        assertOutcome(game, IGames.Outcome.rival);
    }
}

/// @notice A segment of a single step: its root is one leaf.
contract CourtOneStepTest is CourtFixture {
    function step() internal pure override returns (uint64) {
        return 0;
    }

    function steps() internal pure override returns (uint32) {
        return 1;
    }

    function test_ASegmentOfOneStepIsPlayedToo() public {
        Side memory lie = liar(Lie.sum, SUM_VALUE, 2);
        SegmentCommitment memory c = commitSide(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        play(game, lie, honest());
        assertOutcome(game, IGames.Outcome.rival);
    }

    function test_AndDefended() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        SegmentCommitment memory c = commitSide(honest());
        bytes20 game = challengeAs(sponsor, c, lie, ladder());
        play(game, honest(), lie);
        lateFor(game);
        games.timeout(game);
        assertOutcome(game, IGames.Outcome.defender);
    }
}

/// @notice A state from which no value follows (as of an index out of range): whoever goes on from it is wrong.
contract CourtUndefinedTest is CourtFixture {
    function firstWord(uint32) internal pure override returns (uint32) {
        return 0xdeadbeef;
    }

    function test_WhateverFollowsFromNothingIsWrong() public {
        SegmentCommitment memory c = commitSide(honest());
        Side memory rival = liar(Lie.word, WIDTH_VALUE, 0);
        bytes20 game = challengeAs(sponsor, c, rival, ladder());
        (, bytes memory refusal) = play(game, honest(), rival);
        vm.assertEq(refusal.length, 0);
        assertOutcome(game, IGames.Outcome.rival);
    }
}
