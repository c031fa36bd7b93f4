// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../src/interfaces/IGames.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Whole games, one for each ground that a lie can stand on: whoever is honest wins, whichever side it is.
contract CourtGamesTest is CourtFixture {
    /// @dev A lying defender loses by proof, on this level.
    function refuted(Side memory lie, IGames.Level level) internal returns (uint256 moves) {
        SegmentCommitment memory c = commitSide(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        bytes memory refusal;
        (moves, refusal) = play(game, lie, honest());
        vm.assertEq(refusal.length, 0, string(refusal));
        assertOutcome(game, IGames.Outcome.rival);
        vm.assertEq(uint256(games.game(game).level), uint256(level), "level");
    }

    /// @dev A lying rival can't prove, and runs out of time.
    function defended(Side memory lie, IGames.Level level) internal {
        SegmentCommitment memory c = commitSide(honest());
        bytes20 game = challengeAs(sponsor, c, lie, ladder());
        (, bytes memory refusal) = play(game, honest(), lie);
        vm.assertEq(bytes32(bytes4(refusal)), bytes32(IGames.DefenderRight.selector), "refusal");
        vm.assertEq(uint256(games.game(game).level), uint256(level), "level");
        lateFor(game);
        games.timeout(game);
        assertOutcome(game, IGames.Outcome.defender);
    }

    /// @dev Whoever sends the moves: only what no hash determines needs the side's own signature.
    function test_AnyoneMayBringASignedClaimAndEveryOtherMove() public {
        Side memory lie = liar(Lie.sum, SUM_VALUE, 1);
        SegmentCommitment memory c = commitSide(lie);
        uint256 key = 0x5105;
        address signer = vm.addr(key);
        fund(signer, 1e6);
        bytes20 game = challengeAs(signer, c, honest(), ladder());
        while (games.game(game).outcome == IGames.Outcome.none) {
            Move memory m = moveOf(game, lie, honest());
            uint256 by = isDefendersTurn(game) ? provider.operatorKey : key;
            m = withSignature(game, m, lie, by);
            succeeds(matcher, address(games), m.data);
            if (games.game(game).outcome == IGames.Outcome.none) track(game, m.then);
        }
        assertOutcome(game, IGames.Outcome.rival);
    }

    function test_AFalseStateInputIsRefuted() public {
        refuted(liar(Lie.word, 0, 69), IGames.Level.values);
    }

    function test_AFalseStateInputIsDefended() public {
        defended(liar(Lie.word, 1, 2), IGames.Level.values);
    }

    function test_AFalseTokenIsRefuted() public {
        refuted(liar(Lie.word, 2, 4), IGames.Level.leaves);
    }

    function test_AFalseTokenIsDefended() public {
        defended(liar(Lie.word, 2, 0), IGames.Level.leaves);
    }

    function test_AFalseTargetIsRefuted() public {
        refuted(liar(Lie.word, 3, 5), IGames.Level.leaves);
    }

    function test_AFalseRateIsRefuted() public {
        refuted(liar(Lie.word, 4, 0), IGames.Level.values);
    }

    function test_AFalseRateIsDefended() public {
        defended(liar(Lie.word, 4, 0), IGames.Level.values);
    }

    function test_AFalseConstantIsRefuted() public {
        refuted(liar(Lie.word, 5, 39), IGames.Level.values);
    }

    function test_AFalseConstantIsDefended() public {
        defended(liar(Lie.word, 5, 39), IGames.Level.values);
    }

    function test_AFalseWordIsRefuted() public {
        refuted(liar(Lie.word, WIDTH_VALUE, 35), IGames.Level.leaves);
    }

    function test_AFalseWordIsDefended() public {
        defended(liar(Lie.word, WIDTH_VALUE, 69), IGames.Level.leaves);
    }

    function test_PaddingThatIsNotZeroIsRefuted() public {
        refuted(liar(Lie.padding, WIDTH_VALUE, 2), IGames.Level.leaves);
    }

    function test_PaddingThatIsZeroIsDefended() public {
        defended(liar(Lie.padding, WIDTH_VALUE, 2), IGames.Level.leaves);
    }

    function test_AFalseSumIsRefuted() public {
        refuted(liar(Lie.sum, SUM_VALUE, 1), IGames.Level.accs);
    }

    function test_AFalseSumIsRefutedAtTheFirstChunk() public {
        refuted(liar(Lie.sum, SUM_VALUE, 0), IGames.Level.accs);
    }

    function test_AFalseSumIsRefutedAtTheLastChunk() public {
        refuted(liar(Lie.sum, SUM_VALUE, 2), IGames.Level.accs);
    }

    function test_AFalseSumIsDefended() public {
        defended(liar(Lie.sum, SUM_VALUE, 1), IGames.Level.accs);
    }

    function test_AFalseLossIsRefuted() public {
        refuted(liar(Lie.loss, 0, 0), IGames.Level.loss);
    }

    function test_AFalseLossIsDefended() public {
        defended(liar(Lie.loss, 0, 0), IGames.Level.loss);
    }

    function test_AFalseEntryIsRefuted() public {
        refuted(liar(Lie.entry, 0, 0), IGames.Level.entries);
    }

    function test_AFalseEntryIsDefended() public {
        defended(liar(Lie.entry, 1, 0), IGames.Level.entries);
    }

    function test_ALateValueIsRefuted() public {
        refuted(liar(Lie.word, 39, 0), IGames.Level.leaves);
    }
}
