// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {ICommitRevealBeacon} from "../src/interfaces/ICommitRevealBeacon.sol";
import {BeaconFixture} from "./base/BeaconFixture.sol";
import {Calls} from "./base/Calls.sol";
import {vm} from "./base/Vm.sol";

/// @notice Rounds, reveals, falling forward, and what withholding costs.
contract BeaconTest is BeaconFixture, Calls {
    address internal who = address(0xa11);

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 3; ++i) {
            enroll(addNode());
        }
    }

    function requested(uint64 ahead) internal returns (uint64 round) {
        round = beacon.currentRound() + ahead;
        beacon.request(round);
    }

    function revealData(uint256 i, uint64 round) internal view returns (bytes memory) {
        bytes20 id = nodes[i].id;
        return abi.encodeCall(beacon.reveal, (id, round, layer(id, LAYERS - 1 - opened[id])));
    }

    function test_RoundsFollowTheClock() public {
        vm.assertEq(beacon.currentRound(), 0);
        skip(params.roundSeconds * 7 - 1);
        vm.assertEq(beacon.currentRound(), 6);
        skip(1);
        vm.assertEq(beacon.currentRound(), 7);
        vm.assertEq(beacon.startOf(7), time());
    }

    function test_ARequestedRoundWithEnoughRevealsIsRandom() public {
        uint64 round = requested(2);
        playRound(round, 2);
        (bool ready, bytes32 value) = beacon.random(round);
        vm.assertTrue(ready);
        (, uint256 reveals, bytes32 mix) = beacon.roundOf(round);
        vm.assertEq(reveals, 2);
        vm.assertEq(value, keccak256(abi.encode(round, mix)));
    }

    function test_NothingIsReadyBeforeTheRoundIsOver() public {
        uint64 round = requested(2);
        vm.warp(beacon.startOf(round));
        reveal(nodes[0], round);
        reveal(nodes[1], round);
        reveal(nodes[2], round);
        (bool ready,) = beacon.random(round);
        vm.assertFalse(ready);
        vm.warp(beacon.startOf(round + 1) - 1);
        (ready,) = beacon.random(round);
        vm.assertFalse(ready);
    }

    function test_TheOrderOfRevealsChangesNothing() public {
        uint64 round = requested(2);
        uint64 current = beacon.currentRound();
        vm.warp(beacon.startOf(round));
        reveal(nodes[0], round);
        reveal(nodes[1], round);
        (,, bytes32 one) = beacon.roundOf(round);
        bytes32 expected;
        unchecked {
            expected = bytes32(
                uint256(keccak256(abi.encode(nodes[1].id, round, layer(nodes[1].id, LAYERS - 1))))
                    + uint256(keccak256(abi.encode(nodes[0].id, round, layer(nodes[0].id, LAYERS - 1))))
            );
        }
        vm.assertEq(one, expected);
        vm.assertEq(current + 2, round);
    }

    function test_RequestsAreForTheFutureAndIdempotent() public {
        bytes memory data = abi.encodeCall(IBeacon.request, (0));
        reverts(who, address(beacon), data, abi.encodeWithSelector(IBeacon.RoundNotFuture.selector, 0, 0));
        uint64 round = requested(1);
        beacon.request(round);
        (bool isRequested,,) = beacon.roundOf(round);
        vm.assertTrue(isRequested);
    }

    /// @notice Nodes remember requested rounds up to a number: far ones would push out those that run.
    function test_NoRoundIsRequestedFurtherAheadThanACommitmentNamesOne() public {
        uint64 latest = requested(uint64(params.maxRoundsAhead));
        bytes memory data = abi.encodeCall(IBeacon.request, (latest + 1));
        reverts(who, address(beacon), data, abi.encodeWithSelector(IBeacon.RoundTooFar.selector, latest + 1, latest));
        data = abi.encodeCall(IBeacon.request, (type(uint64).max));
        revertsWith(who, address(beacon), data, IBeacon.RoundTooFar.selector);
    }

    function test_RevealRefusals() public {
        uint64 round = requested(2);
        bytes memory data = revealData(0, round);
        revertsWith(who, address(beacon), data, ICommitRevealBeacon.RoundNotCurrent.selector);
        vm.warp(beacon.startOf(round) - 1);
        revertsWith(who, address(beacon), revealData(0, round - 1), ICommitRevealBeacon.RoundNotRequested.selector);
        vm.warp(beacon.startOf(round));
        bytes memory wrong = abi.encodeCall(beacon.reveal, (nodes[0].id, round, keccak256("wrong")));
        revertsWith(who, address(beacon), wrong, ICommitRevealBeacon.PreimageWrong.selector);
        bytes memory stranger = abi.encodeCall(beacon.reveal, (bytes20(who), round, bytes32("x")));
        revertsWith(who, address(beacon), stranger, ICommitRevealBeacon.NotEnrolled.selector);
        succeeds(who, address(beacon), data);
        revertsWith(who, address(beacon), data, ICommitRevealBeacon.AlreadyRevealed.selector);
        vm.warp(beacon.startOf(round + 1));
        revertsWith(who, address(beacon), revealData(1, round), ICommitRevealBeacon.RoundNotCurrent.selector);
    }

    function test_ANewTipCountsFromTheNextRound() public {
        uint64 round = requested(2);
        vm.warp(beacon.startOf(round));
        // Someone who has seen the others' reveals gains nothing by choosing a tip now.
        enroll(nodes[0]);
        revertsWith(who, address(beacon), revealData(0, round), ICommitRevealBeacon.NotEligible.selector);
    }

    function test_FallsForwardToTheFirstCompleteRound() public {
        uint64 first = requested(1);
        uint64 second = requested(3);
        uint64 third = requested(4);
        playRound(first, 1);
        (bool ready,) = beacon.random(first);
        vm.assertFalse(ready, "one reveal is too few");
        playRound(second, 3);
        (ready,) = beacon.random(first);
        vm.assertTrue(ready);
        playRound(third, 3);
        (, bytes32 fromFirst) = beacon.random(first);
        (, bytes32 fromSecond) = beacon.random(second);
        (, bytes32 fromThird) = beacon.random(third);
        vm.assertEq(fromFirst, fromSecond, "the first complete one decides, for ever");
        vm.assertNotEq(fromSecond, fromThird);
    }

    function test_WithoutAnyCompleteRoundThereIsNoValue() public {
        uint64 round = requested(1);
        playRound(round, 1);
        skip(params.roundSeconds * 200);
        (bool ready, bytes32 value) = beacon.random(round);
        vm.assertFalse(ready);
        vm.assertEq(value, 0);
    }

    function test_ARoundStandsInHoweverLateItComes() public {
        uint64 round = requested(1);
        playRound(round, 1);
        skip(params.roundSeconds * 1000);
        uint64 standIn = requested(1);
        playRound(standIn, 2);
        (bool ready, bytes32 value) = beacon.random(round);
        vm.assertTrue(ready);
        (,, bytes32 mix) = beacon.roundOf(standIn);
        vm.assertEq(value, keccak256(abi.encode(standIn, mix)));
        (ready,) = beacon.random(standIn + 1);
        vm.assertFalse(ready, "an earlier one never does");
    }

    function test_AStandInIsNotReadyBeforeItIsOver() public {
        uint64 round = requested(1);
        playRound(round, 1);
        uint64 standIn = requested(1);
        vm.warp(beacon.startOf(standIn));
        reveal(nodes[0], standIn);
        reveal(nodes[1], standIn);
        (bool ready,) = beacon.random(round);
        vm.assertFalse(ready);
        reveal(nodes[2], standIn);
        vm.warp(beacon.startOf(standIn + 1));
        bytes32 value;
        (ready, value) = beacon.random(round);
        (,, bytes32 mix) = beacon.roundOf(standIn);
        vm.assertTrue(ready);
        vm.assertEq(value, keccak256(abi.encode(standIn, mix)));
    }

    /// @notice Against the definition, round by round, for every round of a random history.
    function testFuzz_TheFirstCompleteRoundFromThereOnDecides(uint256 seed) public {
        uint64 first = beacon.currentRound() + 1;
        for (uint64 i = 0; i < 24; ++i) {
            uint256 roll = uint256(keccak256(abi.encode(seed, i)));
            vm.warp(beacon.startOf(first + i) - 1);
            if (roll % 3 != 0) beacon.request(first + i);
            vm.warp(beacon.startOf(first + i));
            for (uint256 k = 0; roll % 3 != 0 && k < (roll >> 8) % 4; ++k) {
                reveal(nodes[k], first + i);
            }
        }
        uint64 running = first + 23;
        for (uint64 from = first; from <= running; ++from) {
            (bool ready, bytes32 value) = beacon.random(from);
            uint64 i = from;
            while (i < running && !isComplete(i)) {
                ++i;
            }
            vm.assertEq(ready, i < running);
            (,, bytes32 mix) = beacon.roundOf(i);
            if (ready) vm.assertEq(value, keccak256(abi.encode(i, mix)));
        }
    }

    function isComplete(uint64 round) private view returns (bool) {
        (, uint256 reveals,) = beacon.roundOf(round);
        return reveals >= params.minReveals;
    }

    // ---- enrolment and penalties ----------------------------------------------------------------------------------

    function test_EnrolmentNeedsOperatorStakeAndATip() public {
        NodeKeys memory poor = addBareNode();
        bytes memory data = abi.encodeCall(beacon.enroll, (poor.id, bytes32("tip")));
        revertsWith(who, address(beacon), data, ICommitRevealBeacon.NotOperator.selector);
        revertsWith(poor.operator, address(beacon), data, ICommitRevealBeacon.StakeTooLow.selector);
        addStake(poor.id, uint96(params.minStake));
        succeeds(poor.operator, address(beacon), data);
        data = abi.encodeCall(beacon.enroll, (poor.id, bytes32(0)));
        revertsWith(poor.operator, address(beacon), data, ICommitRevealBeacon.TipInvalid.selector);
    }

    function penaltyData(uint256 i, uint64 round) internal view returns (bytes memory) {
        return abi.encodeCall(beacon.penalise, (nodes[i].id, round));
    }

    function test_AMissedRequestedRoundCostsStakeOnce() public {
        uint64 round = requested(2);
        revertsWith(who, address(beacon), penaltyData(2, round), ICommitRevealBeacon.RoundNotOver.selector);
        playRound(round, 2);
        uint96 before = registry.stakeOf(nodes[2].id);
        succeeds(who, address(beacon), penaltyData(2, round));
        vm.assertEq(registry.stakeOf(nodes[2].id), before - params.revealPenalty);
        revertsWith(who, address(beacon), penaltyData(2, round), ICommitRevealBeacon.AlreadyPenalised.selector);
        revertsWith(who, address(beacon), penaltyData(1, round), ICommitRevealBeacon.AlreadyRevealed.selector);
        revertsWith(who, address(beacon), penaltyData(2, round - 1), ICommitRevealBeacon.RoundNotRequested.selector);
    }

    function test_ANewTipDoesNotWashAMissAway() public {
        uint64 round = requested(2);
        vm.warp(beacon.startOf(round));
        enroll(nodes[2]);
        vm.warp(beacon.startOf(round + 1));
        enroll(nodes[2]);
        succeeds(who, address(beacon), penaltyData(2, round));
    }

    function test_RetiredAndLateNodesOweNothing() public {
        uint64 round = requested(2);
        vm.prank(nodes[2].operator);
        beacon.retire(nodes[2].id);
        vm.warp(beacon.startOf(round));
        NodeKeys memory late = addNode();
        enroll(late);
        vm.warp(beacon.startOf(round + 1));
        revertsWith(who, address(beacon), penaltyData(2, round), ICommitRevealBeacon.NotEligible.selector);
        revertsWith(who, address(beacon), penaltyData(3, round), ICommitRevealBeacon.NotEligible.selector);
        bytes memory data = abi.encodeCall(beacon.retire, (nodes[2].id));
        revertsWith(nodes[2].operator, address(beacon), data, ICommitRevealBeacon.NotEnrolled.selector);
    }

    function test_RetiringDoesNotWashAMissAway() public {
        uint64 round = requested(2);
        vm.warp(beacon.startOf(round + 1));
        vm.prank(nodes[2].operator);
        beacon.retire(nodes[2].id);
        bytes memory data = abi.encodeCall(beacon.enroll, (nodes[2].id, bytes32("tip")));
        revertsWith(nodes[2].operator, address(beacon), data, ICommitRevealBeacon.EnrolmentTooSoon.selector);
        succeeds(who, address(beacon), penaltyData(2, round));
        skip(params.roundSeconds * 256);
        succeeds(nodes[2].operator, address(beacon), data);
    }

    function test_TooManyMissesRemoveANode() public {
        for (uint256 i = 0; i < params.maxMisses; ++i) {
            uint64 round = requested(1);
            vm.warp(beacon.startOf(round + 1));
            beacon.penalise(nodes[2].id, round);
        }
        vm.assertEq(beacon.enrolmentOf(nodes[2].id).tip, 0);
        uint64 next = requested(1);
        vm.warp(beacon.startOf(next + 1));
        revertsWith(who, address(beacon), penaltyData(2, next), ICommitRevealBeacon.NotEligible.selector);
    }

    function test_ALongSleepCostsNoMoreThanTheMissesAllowed() public {
        uint64 first = requested(1);
        uint64[] memory rounds = new uint64[](params.maxMisses + 5);
        for (uint256 i = 0; i < rounds.length; ++i) {
            rounds[i] = first + uint64(i);
            vm.warp(beacon.startOf(rounds[i]) - 1);
            beacon.request(rounds[i]);
        }
        vm.warp(beacon.startOf(rounds[rounds.length - 1] + 1));
        uint96 before = registry.stakeOf(nodes[2].id);
        for (uint256 i = 0; i < params.maxMisses; ++i) {
            succeeds(who, address(beacon), penaltyData(2, rounds[i]));
        }
        for (uint256 i = params.maxMisses; i < rounds.length; ++i) {
            revertsWith(who, address(beacon), penaltyData(2, rounds[i]), ICommitRevealBeacon.MissesPunished.selector);
        }
        vm.assertEq(registry.stakeOf(nodes[2].id), before - params.maxMisses * params.revealPenalty);
    }

    function test_OldMissesAreForgiven() public {
        uint64 round = requested(1);
        vm.warp(beacon.startOf(round + 256));
        succeeds(who, address(beacon), penaltyData(2, round));
        vm.warp(beacon.startOf(round + 257));
        revertsWith(who, address(beacon), penaltyData(1, round), ICommitRevealBeacon.MissForgiven.selector);
    }
}
