// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {IExactCourt} from "../src/interfaces/ICourt.sol";
import {IGames} from "../src/interfaces/IGames.sol";
import {IRivals} from "../src/interfaces/IRivals.sol";
import {CloseReason} from "../src/types/Leases.sol";
import {Offer, SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Where a lease may begin: nothing that others do once a node has begun makes its start false.
contract CourtStartsTest is CourtFixture {
    SegmentCommitment internal nothingBefore;

    function hashOf(SegmentCommitment memory c) internal view returns (bytes32) {
        return audits.commitmentHash(c);
    }

    function startData(SegmentCommitment memory c, SegmentCommitment memory first) internal view returns (bytes memory) {
        return abi.encodeCall(court.challengeStart, (c, first, orderOpening, ladder()));
    }

    function test_TheOrdersOwnStartIsAllowed() public {
        SegmentCommitment memory c = commitSide(honest());
        bytes memory expected =
            abi.encodeWithSelector(IExactCourt.StartAllowed.selector, c.firstStep, c.startRoot);
        reverts(sponsor, address(court), startData(c, c), expected);
    }

    /// @dev Segment 0 of the lease at step 40, from `start`.
    function continued(bytes32 start) internal returns (SegmentCommitment memory c) {
        skip(SEGMENT_SECONDS);
        c = segmentOf(honest());
        (c.firstStep, c.lastStep, c.startRoot) = (40, 79, start);
        commit(c);
    }

    function startGame(SegmentCommitment memory c) internal returns (bytes20) {
        return abi.decode(succeeds(sponsor, address(court), startData(c, c)), (bytes20));
    }

    function showData(SegmentCommitment memory c, SegmentCommitment memory earlier, uint32 from)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(court.showStart, (c, c, earlier, from));
    }

    function test_AStartThatNobodyShowsIsFalse() public {
        SegmentCommitment memory c = continued("somewhere");
        bytes20 game = startGame(c);
        reverts(
            matcher, address(court), showData(c, c, 0), abi.encodeWithSelector(IExactCourt.StartNotShown.selector)
        );
        lateFor(game);
        games.timeout(game);
        court.conclude(c, sponsor, "start");
        vm.assertTrue(court.dispute(hashOf(c)).eliminated);
        vm.assertEq(court.depositOf(sponsor), 1e9);
    }

    /// @dev Fill 0 commits a segment and quits, fill 1 goes on from it.
    function refilled() internal returns (SegmentCommitment memory earlier, SegmentCommitment memory c) {
        earlier = commitSide(honest());
        refill();
        c = continued(earlier.endRoot);
    }

    function refill() internal {
        closeAs(provider.operator, id, CloseReason.providerQuit);
        openNext();
    }

    function openNext() internal {
        NodeKeys memory next = nodes[1];
        Offer memory offer = offerOf(next);
        id = openFill(offer, next.operatorKey, order, 1, offerHash);
        (provider, offerHash) = (next, market.offerHash(offer));
        startLease(id, next);
    }

    function test_TheEndOfAnEarlierFillIsAllowed() public {
        (SegmentCommitment memory earlier, SegmentCommitment memory c) = refilled();
        bytes20 game = startGame(c);
        // The segment of another lease of another order, or the wrong segment, shows nothing.
        bytes memory none = abi.encodeWithSelector(IExactCourt.StartNotShown.selector);
        reverts(matcher, address(court), showData(c, c, 0), none);
        SegmentCommitment memory forged = abi.decode(abi.encode(earlier), (SegmentCommitment));
        forged.tokens += 1;
        revertsWith(matcher, address(court), showData(c, forged, 0), IExactCourt.CommitmentMismatch.selector);
        succeeds(matcher, address(court), showData(c, earlier, 0));
        assertOutcome(game, IGames.Outcome.defender);
        court.conclude(c, sponsor, "start");
        vm.assertEq(court.depositOf(sponsor), 1e9 - params.courtBondSteps);
        // Any later segment of the lease could be challenged on it as well: see below.
        vm.assertFalse(court.dispute(hashOf(c)).eliminated);
    }

    function test_AnEndThatWasVoidBeforeIsNotAllowed() public {
        SegmentCommitment memory earlier = commitSide(honest());
        vm.prank(address(court));
        audits.courtVoid(id, 0);
        skip(1);
        openNext();
        SegmentCommitment memory c = continued(earlier.endRoot);
        startGame(c);
        bytes memory none = abi.encodeWithSelector(IExactCourt.StartNotShown.selector);
        for (uint32 from = 0; from < 3; ++from) {
            reverts(matcher, address(court), showData(c, earlier, from), none);
        }
    }

    function test_AnEndThatBecameVoidLaterIsAllowed() public {
        (SegmentCommitment memory earlier, SegmentCommitment memory c) = refilled();
        startGame(c);
        vm.prank(address(court));
        audits.courtVoid(earlier.leaseId, 0);
        succeeds(matcher, address(court), showData(c, earlier, 0));
    }

    /// @notice Fill 0 is void from segment 1 on, so fill 1 goes on from segment 0; which becomes void later.
    function test_VoidsAreToldApart() public {
        SegmentCommitment memory earlier = commitSide(honest());
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory after_ = segmentOf(honest());
        (after_.segment, after_.firstStep, after_.lastStep, after_.startRoot) = (1, 40, 79, earlier.endRoot);
        after_.endRoot = "after";
        commit(after_);
        vm.prank(address(court));
        audits.courtVoid(id, 1);
        vm.assertFalse(audits.wasVoid(id, 1, 1, time()));
        skip(1);
        vm.assertFalse(audits.wasVoid(id, 0, 0, time()));
        vm.assertTrue(audits.wasVoid(id, 1, 1, time()));
        openNext();
        SegmentCommitment memory c = continued(earlier.endRoot);
        startGame(c);
        vm.prank(address(court));
        audits.courtVoid(earlier.leaseId, 0);
        // Segment 1 was void all along, segment 0 only since.
        uint256 openedAt = market.lease(id).openedAt;
        vm.assertTrue(audits.wasVoid(earlier.leaseId, 1, 1, openedAt));
        vm.assertTrue(audits.wasVoid(earlier.leaseId, 1, 0, openedAt));
        vm.assertFalse(audits.wasVoid(earlier.leaseId, 0, 0, openedAt));
        vm.assertTrue(audits.wasVoid(earlier.leaseId, 0, 0, time() + 1));
        vm.assertTrue(audits.wasVoid(earlier.leaseId, 0, 1, openedAt));
        succeeds(matcher, address(court), showData(c, earlier, 0));
    }

    function test_EveryLaterSegmentMayBeChallengedOnTheStart() public {
        SegmentCommitment memory first = continued("somewhere");
        skip(params.challengeWindowSeconds);
        SegmentCommitment memory c = segmentOf(honest());
        (c.segment, c.firstStep, c.lastStep, c.startRoot) = (1, 80, 119, first.endRoot);
        c.beaconRound = beacon.currentRound() + 1;
        commit(c);
        skip(1);
        bytes memory data = startData(first, first);
        revertsWith(sponsor, address(court), data, IRivals.WindowOver.selector);
        revertsWith(sponsor, address(court), startData(c, c), IExactCourt.CommitmentMismatch.selector);
        bytes20 game = abi.decode(succeeds(sponsor, address(court), startData(c, first)), (bytes20));
        lateFor(game);
        games.timeout(game);
        court.conclude(c, sponsor, "start");
        vm.assertTrue(audits.segment(id, 1).voided);
        vm.assertFalse(audits.segment(id, 0).voided);
    }

    function test_AShownStartEndsNoOtherGame() public {
        (SegmentCommitment memory earlier, SegmentCommitment memory c) = refilled();
        succeeds(sponsor, address(court), challengeData(c, "rival", ladder()));
        revertsWith(matcher, address(court), showData(c, earlier, 0), IGames.WrongStage.selector);
    }

    // ---- what others do later -------------------------------------------------------------------------------------

    /// @dev Segment 0 of a node that is out to harm whoever goes on from it, with the furthest round there is.
    function aheadOfAll() internal returns (SegmentCommitment memory earlier) {
        skip(SEGMENT_SECONDS);
        earlier = segmentOf(honest());
        earlier.beaconRound = beacon.currentRound() + uint64(params.maxRoundsAhead);
        succeeds(matcher, address(audits), commitData(earlier));
    }

    /// @notice Once somebody may have begun where it ends nothing is taken back: the runner-up can show its start.
    function test_NothingIsTakenBackUnderTheRunnerUp() public {
        SegmentCommitment memory earlier = aheadOfAll();
        bytes memory retract = abi.encodeCall(audits.retract, (earlier, nothingBefore));
        bytes memory expected = abi.encodeWithSelector(IAudits.LeaseNotRunning.selector, id);
        address first = provider.operator;
        closeAs(first, id, CloseReason.providerQuit);
        reverts(first, address(audits), retract, expected);
        openNext();
        vm.assertLt(beacon.currentRound(), earlier.beaconRound);
        reverts(first, address(audits), retract, expected);
        SegmentCommitment memory c = continued(earlier.endRoot);
        bytes20 game = startGame(c);
        succeeds(matcher, address(court), showData(c, earlier, 0));
        assertOutcome(game, IGames.Outcome.defender);
    }

    /// @notice Taken back while the lease ran, committed again: the one that stands is the start, the other none.
    function test_AnEndThatWasTakenBackAndCommittedAgain() public {
        SegmentCommitment memory taken = aheadOfAll();
        succeeds(provider.operator, address(audits), abi.encodeCall(audits.retract, (taken, nothingBefore)));
        skip(uint256(params.roundSeconds));
        SegmentCommitment memory again = abi.decode(abi.encode(taken), (SegmentCommitment));
        again.beaconRound += 1;
        succeeds(matcher, address(audits), commitData(again));
        refill();
        SegmentCommitment memory c = continued(again.endRoot);
        startGame(c);
        revertsWith(matcher, address(court), showData(c, taken, 0), IExactCourt.CommitmentMismatch.selector);
        succeeds(matcher, address(court), showData(c, again, 0));
    }

    /// @notice The earlier segment stands when the runner-up's lease opens, and is void later in the same second.
    function test_AnEndThatBecameVoidInTheSecondOfOpeningIsAllowed() public {
        SegmentCommitment memory earlier = commitSide(honest());
        refill();
        vm.assertEq(market.lease(id).openedAt, time());
        vm.prank(address(court));
        audits.courtVoid(earlier.leaseId, 0);
        SegmentCommitment memory c = continued(earlier.endRoot);
        bytes20 game = startGame(c);
        succeeds(matcher, address(court), showData(c, earlier, 0));
        assertOutcome(game, IGames.Outcome.defender);
    }

    /// @notice Two signatures for a segment that nobody can record would make every void before it look as old as that one.
    function test_ASegmentNumberWithoutBoundMovesNoVoidIntoThePast() public {
        SegmentCommitment memory earlier = commitSide(honest());
        SegmentCommitment memory a = segmentOf(honest());
        a.segment = 1 << 24;
        SegmentCommitment memory b = abi.decode(abi.encode(a), (SegmentCommitment));
        b.tokens += 1;
        bytes memory data = abi.encodeCall(
            audits.reportEquivocation,
            (
                a,
                signed(provider.operatorKey, audits.commitmentDigest(a)),
                b,
                signed(provider.operatorKey, audits.commitmentDigest(b))
            )
        );
        bytes memory expected = abi.encodeWithSelector(IAudits.SegmentUnknown.selector, id, 1 << 24);
        reverts(matcher, address(audits), data, expected);
        refill();
        SegmentCommitment memory c = continued(earlier.endRoot);
        startGame(c);
        vm.prank(address(court));
        audits.courtVoid(earlier.leaseId, 0);
        succeeds(matcher, address(court), showData(c, earlier, 0));
    }
}
