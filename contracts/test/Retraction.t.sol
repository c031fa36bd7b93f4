// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {CloseReason} from "../src/types/Leases.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice A node takes segments back before anything of their draw is known.
contract RetractionTest is AuditsFixture {
    SegmentCommitment internal none;

    function retractData(SegmentCommitment memory c, SegmentCommitment memory before)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(audits.retract, (c, before));
    }

    /// @dev A second of work, so that several fit between a commitment and its round.
    function commitAhead(uint32 segment, uint64 ahead) internal returns (SegmentCommitment memory c) {
        skip(1);
        c = segmentOf(segment, HONEST);
        c.meteredSeconds = 1;
        c.beaconRound = beacon.currentRound() + ahead;
        succeeds(matcher, address(audits), commitData(c));
    }

    function test_TheLastSegmentIsTakenBackAndCommittedAgain() public {
        SegmentCommitment memory first = commitAhead(0, 3);
        SegmentCommitment memory second = commitAhead(1, 3);
        uint32 metered = audits.meteredSecondsOf(id);
        succeeds(provider.operator, address(audits), retractData(second, first));
        vm.assertEq(audits.segmentCount(id), 1);
        vm.assertEq(audits.meteredSecondsOf(id), metered - 1);
        vm.assertEq(audits.segment(id, 1).commitmentHash, 0);
        // Another one in its place, from where the one before ended.
        SegmentCommitment memory other = segmentOf(1, RIVAL);
        (other.meteredSeconds, other.beaconRound) = (1, second.beaconRound + 1);
        skip(uint256(params.roundSeconds));
        other.startRoot = "elsewhere";
        bytes memory expected =
            abi.encodeWithSelector(IAudits.StartRootMismatch.selector, other.startRoot, first.endRoot);
        reverts(matcher, address(audits), commitData(other), expected);
        other.startRoot = first.endRoot;
        succeeds(matcher, address(audits), commitData(other));
        vm.assertEq(audits.segment(id, 1).commitmentHash, audits.commitmentHash(other));
    }

    function test_AllTheTailAndTheFirstOneToo() public {
        SegmentCommitment memory first = commitAhead(0, 4);
        SegmentCommitment memory second = commitAhead(1, 4);
        bytes memory data = retractData(first, none);
        bytes memory expected = abi.encodeWithSelector(IAudits.SegmentOutOfOrder.selector, id, 0, 1);
        reverts(provider.owner, address(audits), data, expected);
        succeeds(provider.owner, address(audits), retractData(second, first));
        succeeds(provider.owner, address(audits), data);
        vm.assertEq(audits.segmentCount(id), 0);
        vm.assertEq(audits.meteredSecondsOf(id), 0);
        // Any start again.
        SegmentCommitment memory c = segmentOf(0, RIVAL);
        (c.meteredSeconds, c.startRoot) = (1, "another");
        c.beaconRound = first.beaconRound + 1;
        succeeds(matcher, address(audits), commitData(c));
    }

    function test_NotOnceItsRoundHasBegun() public {
        SegmentCommitment memory c = commitAhead(0, 2);
        vm.warp(beacon.startOf(c.beaconRound));
        bytes memory expected = abi.encodeWithSelector(
            IAudits.RoundNotAllowed.selector, c.beaconRound, c.beaconRound + 1, type(uint64).max
        );
        reverts(provider.operator, address(audits), retractData(c, none), expected);
    }

    function test_NobodyElse() public {
        SegmentCommitment memory c = commitAhead(0, 2);
        bytes memory expected = abi.encodeWithSelector(IAudits.NotOperator.selector, provider.id, matcher);
        reverts(matcher, address(audits), retractData(c, none), expected);
    }

    function test_OnlyWhatIsRecordedWithWhatIsBeforeIt() public {
        SegmentCommitment memory first = commitAhead(0, 4);
        SegmentCommitment memory second = commitAhead(1, 4);
        SegmentCommitment memory forged = abi.decode(abi.encode(first), (SegmentCommitment));
        forged.endRoot = "forged";
        revertsWith(
            provider.operator, address(audits), retractData(second, forged), IAudits.CommitmentMismatch.selector
        );
        revertsWith(
            provider.operator, address(audits), retractData(second, second), IAudits.CommitmentMismatch.selector
        );
        forged = abi.decode(abi.encode(second), (SegmentCommitment));
        forged.tokens = 1;
        revertsWith(
            provider.operator, address(audits), retractData(forged, first), IAudits.CommitmentMismatch.selector
        );
    }

    /// @notice A later segment's round is never before an earlier one's: nothing with a known draw is taken back behind it.
    function test_RoundsDoNotDecrease() public {
        SegmentCommitment memory first = commitAhead(0, 4);
        vm.warp(beacon.startOf(first.beaconRound) - 1);
        SegmentCommitment memory c = segmentOf(1, HONEST);
        c.meteredSeconds = 1;
        vm.assertGt(first.beaconRound, beacon.currentRound());
        c.beaconRound = first.beaconRound - 1;
        revertsWith(matcher, address(audits), commitData(c), IAudits.RoundNotAllowed.selector);
        c.beaconRound = first.beaconRound;
        succeeds(matcher, address(audits), commitData(c));
    }

    function equivocation(SegmentCommitment memory a, SegmentCommitment memory b) internal view returns (bytes memory) {
        bytes memory signatureA = signSegment(a, provider.operatorKey);
        bytes memory signatureB = signSegment(b, provider.operatorKey);
        return abi.encodeCall(audits.reportEquivocation, (a, signatureA, b, signatureB));
    }

    function test_ARetractedContentIsNoEquivocation() public {
        SegmentCommitment memory first = commitAhead(0, 2);
        succeeds(provider.operator, address(audits), retractData(first, none));
        SegmentCommitment memory second = segmentOf(0, RIVAL);
        (second.meteredSeconds, second.beaconRound) = (1, first.beaconRound + 1);
        succeeds(matcher, address(audits), commitData(second));
        bytes memory expected = abi.encodeWithSelector(IAudits.Retracted.selector, id, 0);
        reverts(matcher, address(audits), equivocation(first, second), expected);
        reverts(matcher, address(audits), equivocation(second, first), expected);
        // Signed for another round: the same content.
        first.beaconRound += 9;
        reverts(matcher, address(audits), equivocation(first, second), expected);
        // A third content is one.
        SegmentCommitment memory third = segmentOf(0, "third");
        succeeds(matcher, address(audits), equivocation(second, third));
    }

    /// @notice Taking back and committing the same again gives no licence to sign another one.
    function test_WhatIsRecordedAgainCountsAgain() public {
        SegmentCommitment memory first = commitAhead(0, 2);
        succeeds(provider.operator, address(audits), retractData(first, none));
        first.beaconRound += 1;
        succeeds(matcher, address(audits), commitData(first));
        succeeds(matcher, address(audits), equivocation(first, segmentOf(0, RIVAL)));
    }

    /// @notice Whoever has the commitment that was signed for what was taken back doesn't bring it again, here or behind others.
    function test_NobodyBringsAgainWhatWasTakenBack() public {
        SegmentCommitment memory first = commitAhead(0, 3);
        SegmentCommitment memory second = commitAhead(1, 3);
        succeeds(provider.operator, address(audits), retractData(second, first));
        refusesAgain(second, second.beaconRound + 1);
        succeeds(provider.operator, address(audits), retractData(first, none));
        refusesAgain(first, first.beaconRound + 1);
        first.beaconRound += 1;
        skip(uint256(params.roundSeconds));
        succeeds(matcher, address(audits), commitData(first));
        refusesAgain(second, second.beaconRound + 1);
        // The next round's, which the node signs, is another commitment.
        second.beaconRound += 1;
        succeeds(matcher, address(audits), commitData(second));
    }

    function refusesAgain(SegmentCommitment memory c, uint64 earliest) internal {
        uint64 latest = beacon.currentRound() + uint64(params.maxRoundsAhead);
        bytes memory expected =
            abi.encodeWithSelector(IAudits.RoundNotAllowed.selector, c.beaconRound, earliest, latest);
        reverts(matcher, address(audits), commitData(c), expected);
    }

    /// @notice A later fill may begin where it ends: it stays.
    function test_NotOnceTheLeaseRunsNoMore() public {
        SegmentCommitment memory c = commitAhead(0, 3);
        closeAs(buyer, id, CloseReason.completed);
        bytes memory expected = abi.encodeWithSelector(IAudits.LeaseNotRunning.selector, id);
        reverts(provider.operator, address(audits), retractData(c, none), expected);
    }
}
