// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {IChannels} from "../src/interfaces/IChannels.sol";
import {CloseReason} from "../src/types/Leases.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice What a provider may commit, and when.
contract CommitmentsTest is AuditsFixture {
    function test_ACommitmentIsRecordedAndAsksForItsRound() public {
        SegmentCommitment memory c = commit(0);
        IAudits.SegmentView memory s = audits.segment(id, 0);
        vm.assertEq(s.commitmentHash, audits.commitmentHash(c));
        vm.assertEq(s.committedAt, time());
        vm.assertEq(s.meteredSeconds, SEGMENT_SECONDS);
        vm.assertEq(audits.segmentCount(id), 1);
        vm.assertEq(audits.meteredSecondsOf(id), SEGMENT_SECONDS);
        (bool requested,,) = beacon.roundOf(c.beaconRound);
        vm.assertTrue(requested);
        (bool ready,,,) = audits.drawOf(id, 0);
        vm.assertFalse(ready);
    }

    function refused(SegmentCommitment memory c, bytes4 selector) internal {
        revertsWith(matcher, address(audits), commitData(c), selector);
    }

    function test_SegmentsAreContiguous() public {
        skip(SEGMENT_SECONDS);
        refused(segmentOf(1, HONEST), IAudits.SegmentOutOfOrder.selector);
        commit(0);
        skip(SEGMENT_SECONDS);
        refused(segmentOf(0, HONEST), IAudits.SegmentOutOfOrder.selector);
        SegmentCommitment memory c = segmentOf(1, HONEST);
        c.startRoot = "elsewhere";
        refused(c, IAudits.StartRootMismatch.selector);
        c = segmentOf(1, HONEST);
        c.firstStep += 1;
        refused(c, IAudits.StepsInvalid.selector);
        c = segmentOf(1, HONEST);
        c.lastStep = c.firstStep - 1;
        vm.prank(matcher);
        (bool ok,) = address(audits).call(commitData(c));
        vm.assertFalse(ok);
        c.lastStep = c.firstStep + (1 << 24);
        refused(c, IAudits.StepsInvalid.selector);
        commit(1);
    }

    function test_MeteredNeverExceedsElapsed() public {
        skip(SEGMENT_SECONDS - 1);
        bytes memory expected =
            abi.encodeWithSelector(IAudits.MeteredTooMuch.selector, SEGMENT_SECONDS, SEGMENT_SECONDS - 1);
        reverts(matcher, address(audits), commitData(segmentOf(0, HONEST)), expected);
        skip(1);
        succeeds(matcher, address(audits), commitData(segmentOf(0, HONEST)));
        skip(DURATION * 2);
        SegmentCommitment memory c = segmentOf(1, HONEST);
        c.meteredSeconds = DURATION - SEGMENT_SECONDS + 1;
        refused(c, IAudits.MeteredTooMuch.selector);
    }

    function test_RoundsLieInTheNearFuture() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(0, HONEST);
        c.beaconRound = beacon.currentRound();
        refused(c, IAudits.RoundNotAllowed.selector);
        c.beaconRound += uint64(params.maxRoundsAhead) + 1;
        refused(c, IAudits.RoundNotAllowed.selector);
        c.beaconRound -= 1;
        succeeds(matcher, address(audits), commitData(c));
    }

    function test_OnlyTheCurrentOperatorCommitsToItsOwnOrder() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(0, HONEST);
        bytes memory data = abi.encodeCall(audits.commitSegment, (c, offerHash, signSegment(c, nodes[1].operatorKey)));
        revertsWith(matcher, address(audits), data, IAudits.SignatureInvalid.selector);
        c.orderHash = "another";
        refused(c, IAudits.OrderMismatch.selector);
    }

    function test_CommitmentsNeedARunningOrJustClosedLease() public {
        skip(SEGMENT_SECONDS);
        closeAs(buyer, id, CloseReason.completed);
        // Work done before the close may be committed within the claim window, not a second more of it.
        skip(params.claimWindowSeconds);
        SegmentCommitment memory c = segmentOf(0, HONEST);
        c.meteredSeconds += 1;
        refused(c, IAudits.MeteredTooMuch.selector);
        c.meteredSeconds -= 1;
        succeeds(matcher, address(audits), commitData(c));
        skip(1);
        c = segmentOf(1, HONEST);
        c.meteredSeconds = 0;
        refused(c, IAudits.LeaseOver.selector);
        (id, orderHash, offerHash) = (openLease(provider), orderHash, offerHash);
        refused(segmentOf(0, HONEST), IAudits.OrderMismatch.selector);
    }

    // ---- availability ---------------------------------------------------------------------------------------------

    function test_HoldersAreDrawnDistinctAndNeverTheProvider() public {
        commitAndDraw(0);
        (bool ready, bool sampled, bytes20[] memory holders, bytes20[] memory auditors) = audits.drawOf(id, 0);
        vm.assertTrue(ready && sampled);
        vm.assertEq(holders.length, params.holdersDrawn);
        vm.assertEq(auditors.length, params.maxAuditors);
        for (uint256 i = 0; i < auditors.length; ++i) {
            vm.assertTrue(auditors[i] != provider.id);
            if (i < holders.length) vm.assertTrue(holders[i] != provider.id);
        }
    }

    function test_TwoHoldersMakeASegmentAvailable() public {
        SegmentCommitment memory c = commitAndDraw(0);
        succeeds(matcher, address(audits), heldData(c, 1, 1));
        vm.assertFalse(audits.segment(id, 0).available);
        revertsWith(matcher, address(audits), heldData(c, 1, 1), IAudits.AlreadyHeld.selector);
        succeeds(matcher, address(audits), heldData(c, 0, 1));
        vm.assertTrue(audits.segment(id, 0).available);
        // Voucher mode: the gateway's voucher pays, nothing is anchored.
        vm.assertEq(channels.channel(id).anchored, 0);
    }

    function test_HeldRefusals() public {
        SegmentCommitment memory c = commit(0);
        bytes memory early = abi.encodeCall(audits.proveHeld, (c, new bytes20[](0), new bytes[](0)));
        revertsWith(matcher, address(audits), early, IAudits.DrawNotReady.selector);
        playRound(c.beaconRound, 4);
        bytes20[] memory holders = new bytes20[](1);
        bytes[] memory signatures = new bytes[](1);
        holders[0] = provider.id;
        signatures[0] = heldBy(c, provider);
        bytes memory data = abi.encodeCall(audits.proveHeld, (c, holders, signatures));
        reverts(matcher, address(audits), data, abi.encodeWithSelector(IAudits.NotDrawn.selector, provider.id));
        holders[0] = holderAt(0, 0).id;
        data = abi.encodeCall(audits.proveHeld, (c, holders, signatures));
        revertsWith(matcher, address(audits), data, IAudits.SignatureInvalid.selector);
        data = abi.encodeCall(audits.proveHeld, (c, holders, new bytes[](2)));
        revertsWith(matcher, address(audits), data, IAudits.LengthMismatch.selector);
        c.checkpoint = "another";
        revertsWith(matcher, address(audits), heldData(c, 0, 2), IAudits.CommitmentMismatch.selector);
    }
}

/// @notice Accrue mode: the buyer may be offline, pay follows availability.
contract AccrueTest is AuditsFixture {
    function setUp() public override {
        payMode = 1;
        super.setUp();
    }

    function test_AvailableSegmentsBecomeClaimable() public {
        SegmentCommitment memory c = commitAndDraw(0);
        bytes memory claim = abi.encodeCall(channels.claimAccrued, (id));
        revertsWith(matcher, address(channels), claim, IChannels.NothingToClaim.selector);
        succeeds(matcher, address(audits), heldData(c, 0, 2));
        succeeds(matcher, address(channels), claim);
        vm.assertEq(channels.channel(id).claimed, segmentPay());
        revertsWith(matcher, address(channels), claim, IChannels.NothingToClaim.selector);
        skip(params.releaseDelaySeconds);
        channels.release(id);
        vm.assertEq(earned(provider.owner), segmentPay());
    }

    function test_PayFollowsTheOrderOfSegments() public {
        SegmentCommitment memory first = commitAndDraw(0);
        SegmentCommitment memory second = commitAndDraw(1);
        succeeds(matcher, address(audits), heldData(second, 0, 2));
        vm.assertEq(channels.channel(id).anchored, 0);
        succeeds(matcher, address(audits), heldData(first, 0, 2));
        vm.assertEq(channels.channel(id).anchored, 2 * segmentPay());
    }

    function test_AccruedPayNeverExceedsRateTimesElapsed() public {
        for (uint32 i = 0; i < 3; ++i) {
            succeeds(matcher, address(audits), heldData(commitAndDraw(i), 0, 2));
            channels.claimAccrued(id);
            uint256 elapsed = time() - market.lease(id).startedAt;
            vm.assertLe(channels.channel(id).claimed, elapsed * PRICE * UNITS);
        }
    }

    function test_P7_AVoidedSegmentIsNeverPaid() public {
        succeeds(matcher, address(audits), heldData(commitAndDraw(0), 0, 2));
        SegmentCommitment memory c = commitAndDraw(1);
        succeeds(matcher, address(audits), heldData(c, 0, 2));
        channels.claimAccrued(id);
        vm.assertEq(channels.channel(id).claimed, 2 * segmentPay());
        check(c, 0, RIVAL);
        check(c, 1, RIVAL);
        assertAudit(1, IAudits.AuditState.confirmed);
        vm.assertEq(channels.channel(id).claimed, segmentPay(), "clawed back");
        vm.assertTrue(audits.segment(id, 1).voided);
        vm.assertFalse(audits.segment(id, 0).voided);
        revertsWith(
            matcher, address(channels), abi.encodeCall(channels.claimAccrued, (id)), IChannels.NothingToClaim.selector
        );
        revertsWith(matcher, address(audits), heldData(c, 2, 1), IAudits.SegmentVoided.selector);
        settleLease(id);
        vm.assertEq(earned(provider.owner), segmentPay());
    }

    function test_ClosedLeasesAnchorOnlyWithinTheWindow() public {
        SegmentCommitment memory c = commitAndDraw(0);
        closeAs(buyer, id, CloseReason.completed);
        succeeds(matcher, address(audits), heldData(c, 0, 2));
        skip(params.claimWindowSeconds + 1);
        revertsWith(
            matcher, address(channels), abi.encodeCall(channels.claimAccrued, (id)), IChannels.ChannelClosed.selector
        );
    }
}
