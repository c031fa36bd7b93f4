// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../src/interfaces/IGames.sol";
import {EpochCommitment} from "../src/types/Epochs.sol";
import {EpochFixture} from "./base/EpochFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Whole games over one result of an epoch, on each level that a lie about it can end: whoever is honest wins.
abstract contract EpochGames is EpochFixture {
    function refuted(Side memory lie, IGames.Level level) internal {
        EpochCommitment memory e = commitEpochOf(lie);
        bytes20 game = challengeEpoch(sponsor, e, lie, honest());
        (uint256 moves, bytes memory refusal) = play(game, lie, honest());
        vm.assertEq(refusal.length, 0, string(refusal));
        assertOutcome(game, IGames.Outcome.rival);
        vm.assertEq(uint256(games.game(game).level), uint256(level), "level");
        vm.assertLe(moves, 14, "moves");
        succeeds(matcher, address(epochs), concludeEpochData(e, sponsor, honest()));
        vm.assertTrue(epochs.dispute(epochs.epochHash(e)).eliminated, "eliminated");
    }

    function defended(Side memory lie, IGames.Level level) internal {
        EpochCommitment memory e = commitEpochOf(honest());
        bytes20 game = challengeEpoch(sponsor, e, honest(), lie);
        (, bytes memory refusal) = play(game, honest(), lie);
        vm.assertEq(bytes32(bytes4(refusal)), bytes32(IGames.DefenderRight.selector), "refusal");
        vm.assertEq(uint256(games.game(game).level), uint256(level), "level");
        lateFor(game);
        games.timeout(game);
        assertOutcome(game, IGames.Outcome.defender);
    }
}

contract EpochGamesTest is EpochGames {
    function test_AFalseSumIsRefuted() public {
        refuted(liar(Lie.sum, SUM_VALUE, 1), IGames.Level.accs);
    }

    function test_AFalseSumIsDefended() public {
        defended(liar(Lie.sum, SUM_VALUE, 1), IGames.Level.accs);
    }

    function test_AFalseWordIsRefuted() public {
        refuted(liar(Lie.word, WIDTH_VALUE, 35), IGames.Level.leaves);
    }

    function test_AFalseWordIsDefended() public {
        defended(liar(Lie.word, WIDTH_VALUE, 35), IGames.Level.leaves);
    }

    function test_PaddingThatIsNotZeroIsRefuted() public {
        refuted(liar(Lie.padding, WIDTH_VALUE, 2), IGames.Level.leaves);
    }

    function test_AnOutputThatIsNoValueIsRefuted() public {
        refuted(liar(Lie.entry, 1, 0), IGames.Level.entries);
    }

    function test_AnOutputThatIsAValueIsDefended() public {
        defended(liar(Lie.entry, 0, 0), IGames.Level.entries);
    }

    /// @dev Outputs that nobody knows the data of: the defender can't enter.
    function test_AnEndWithoutDataLosesBySilence() public {
        EpochCommitment memory e = commitEpochOf(liar(Lie.entry, 0, 0));
        bytes20 game = challengeEpoch(sponsor, e, liar(Lie.entry, 0, 0), honest());
        lateFor(game);
        games.timeout(game);
        assertOutcome(game, IGames.Outcome.rival);
    }
}

/// @notice An output that is an input: who computed on other inputs than the request's is refuted by the request itself.
contract EpochInputTest is EpochGames {
    function entryValue(uint256 i) internal pure override returns (uint32) {
        return i == 0 ? 0 : SUM_VALUE;
    }

    function test_AnotherInputIsRefuted() public {
        refuted(liar(Lie.word, 0, 69), IGames.Level.values);
    }

    function test_TheRequestsInputIsDefended() public {
        defended(liar(Lie.word, 0, 3), IGames.Level.values);
    }
}
