// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {IGames} from "../src/interfaces/IGames.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Games over trees that take several reveals on every level, and what their moves cost.
contract CourtDepthTest is CourtFixture {
    /// @dev 130 leaves and 130 partial sums.
    function width() internal pure override returns (uint32) {
        return 4130;
    }

    struct Cost {
        uint256 moves;
        uint256 defender;
        uint256 rival;
        uint256 most;
        uint256 last;
        /// @dev The dearest move of the defender, and of the rival but for its proof.
        uint256 mostDefender;
        uint256 mostRival;
    }

    /// @dev Gas of whole transactions, or what their calldata costs at least where EIP-7623 holds.
    function costOf(bytes memory data, uint256 used) internal pure returns (uint256) {
        uint256 tokens = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        uint256 floor = 21_000 + 10 * tokens;
        return used > floor ? used : floor;
    }

    function playCounting(bytes20 game, Side memory defender, Side memory rival) internal returns (Cost memory cost) {
        while (games.game(game).outcome == IGames.Outcome.none) {
            Move memory m = moveOf(game, defender, rival);
            bool defends = isDefendersTurn(game);
            vm.prank(mover(game));
            (bool ok,) = address(games).call(m.data);
            uint256 used = vm.lastCallGas().gasTotalUsed;
            vm.assertTrue(ok, "move");
            used = costOf(m.data, used);
            if (defends) {
                cost.defender += used;
                if (used > cost.mostDefender) cost.mostDefender = used;
            } else {
                cost.rival += used;
                if (games.game(game).outcome == IGames.Outcome.none && used > cost.mostRival) cost.mostRival = used;
            }
            if (used > cost.most) cost.most = used;
            cost.last = used;
            ++cost.moves;
            if (games.game(game).outcome == IGames.Outcome.none) track(game, m.then);
        }
    }

    function test_AFalseSumDeepDown() public {
        Side memory lie = liar(Lie.sum, SUM_VALUE, 77);
        SegmentCommitment memory c = commitSide(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        Cost memory cost = playCounting(game, lie, honest());
        assertOutcome(game, IGames.Outcome.rival);
        vm.assertEq(cost.moves, 14);
        vm.assertLe(cost.defender, 550_000, "defender");
        vm.assertLe(cost.rival, 550_000, "rival");
        vm.assertLe(cost.last, 170_000, "proof");
        vm.assertLe(cost.most, 170_000, "most");
    }

    function test_AFalseWordDeepDown() public {
        Side memory lie = liar(Lie.word, WIDTH_VALUE, 2345);
        SegmentCommitment memory c = commitSide(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        Cost memory cost = playCounting(game, lie, honest());
        assertOutcome(game, IGames.Outcome.rival);
        vm.assertLe(cost.moves, 12);
        vm.assertLe(cost.last, 250_000, "proof");
    }

    function test_AFalseSumDeepDownIsDefended() public {
        SegmentCommitment memory c = commitSide(honest());
        Side memory lie = liar(Lie.sum, SUM_VALUE, 129);
        bytes20 game = challengeAs(sponsor, c, lie, ladder());
        (, bytes memory refusal) = play(game, honest(), lie);
        vm.assertEq(bytes32(bytes4(refusal)), bytes32(IGames.DefenderRight.selector));
    }

    /// @notice Who makes the other side play in vain pays at least what that side's gas can come to, on every level; of the longest
    /// game that there can be, each of whose moves is as dear as the dearest. At the gas price that preset `standard` is made for
    /// (spec/court.md §10): 0.03 gwei at 3,000 a coin, 0.09 units of money.
    function test_BondsCoverTheOpponentsWorstGas() public {
        ProtocolParams memory p = Presets.standard();
        Side memory lie = liar(Lie.sum, SUM_VALUE, 77);
        bytes20 game = challengeAs(sponsor, commitSide(lie), honest(), ladder());
        Cost memory cost = playCounting(game, lie, honest());
        // Histories have at most 2^24 steps, other trees 2^32 leaves, a fanout of 32: reveals and entries up to each level's end.
        uint256[3] memory defended = [uint256(5), 5 + 1 + 7 + 1 + 7, 5 + 1 + 7 + 1 + 7 + 1 + 7];
        uint256[3] memory lost = [
            p.courtBondSteps,
            p.courtBondSteps + p.courtBondValues,
            p.courtBondSteps + p.courtBondValues + p.courtBondAccs
        ];
        for (uint256 i = 0; i < 3; ++i) {
            // The rival gave up: half of its loss is the node's, which concludes as well.
            uint256 gas_ = defended[i] * cost.mostDefender + 95_000;
            vm.assertLe(gas_ * 9 / 100, lost[i] / 2, "the defender's");
        }
        // The defender gave up at the end: half of the least bond of a lease is the sponsor's, with challenge, proof and verdict.
        uint256 gas_ = 232_000 + 27 * cost.mostRival + 400_000;
        vm.assertLe(gas_ * 9 / 100, p.minBond / 2, "the rival's");
    }
}
