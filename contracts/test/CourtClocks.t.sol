// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../src/generated/Params.sol";
import {IGames} from "../src/interfaces/IGames.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice A chain that holds each move back for its inclusion delay takes nothing from either side's clock, at any turn.
contract CourtClocksTest is CourtFixture {
    uint256 internal constant INCLUSION = 9;

    function preset() internal pure override returns (ProtocolParams memory p) {
        p = super.preset();
        p.courtInclusionSeconds = INCLUSION;
        (p.challengeWindowSeconds, p.releaseDelaySeconds) = (2000, 2500);
        (p.unbondDelaySeconds, p.slasherDelaySeconds) = (6000, 7000);
    }

    function left(IGames.GameView memory v, bool defends) internal pure returns (uint256) {
        return defends ? v.defenderLeft : v.rivalLeft;
    }

    /// @dev From the opening to the proof, every move as late as it may be for nothing; or at the last second there is.
    function playLate(Side memory lie, bool isLast) internal returns (uint256 turns) {
        SegmentCommitment memory c = commitSide(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        while (games.game(game).outcome == IGames.Outcome.none) {
            bool defends = isDefendersTurn(game);
            IGames.GameView memory v = games.game(game);
            vm.assertEq(v.deadline, uint256(v.since) + left(v, defends) + INCLUSION, "deadline");
            Move memory m = moveOf(game, lie, honest());
            if (isLast) {
                vm.warp(uint256(v.deadline) + 1);
                revertsWith(mover(game), address(games), m.data, IGames.ClockOver.selector);
            }
            vm.warp(isLast ? v.deadline : v.since + INCLUSION);
            revertsWith(matcher, address(games), abi.encodeCall(games.timeout, (game)), IGames.ClockRunning.selector);
            mustMove(game, lie, honest());
            uint256 now_ = left(games.game(game), defends);
            if (games.game(game).outcome != IGames.Outcome.none) break;
            if (isLast) vm.assertEq(now_, params.courtExtensionSeconds, "extension");
            else vm.assertEq(now_, left(v, defends), "nothing used");
            ++turns;
        }
        assertOutcome(game, IGames.Outcome.rival);
    }

    function test_TheInclusionDelayOfEveryMoveIsFree() public {
        vm.assertGt(playLate(liar(Lie.sum, SUM_VALUE, 1), false), 5);
    }

    function test_TheLastSecondOfEveryTurnCounts() public {
        vm.assertGt(playLate(liar(Lie.word, WIDTH_VALUE, 3), true), 5);
    }

    function test_AndOfAStart() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(honest());
        c.startRoot = "elsewhere";
        commit(c);
        bytes memory data = abi.encodeCall(court.challengeStart, (c, c, orderOpening, ladder()));
        bytes20 game = abi.decode(succeeds(sponsor, address(court), data), (bytes20));
        vm.assertEq(games.game(game).deadline, time() + params.courtClockSeconds + INCLUSION);
        vm.warp(games.game(game).deadline);
        revertsWith(matcher, address(games), abi.encodeCall(games.timeout, (game)), IGames.ClockRunning.selector);
        skip(1);
        succeeds(matcher, address(games), abi.encodeCall(games.timeout, (game)));
    }
}
