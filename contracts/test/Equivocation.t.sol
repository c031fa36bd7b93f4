// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {CloseReason, LeaseState} from "../src/types/Leases.sol";
import {Offer, Order, SegmentCommitment} from "../src/types/Orders.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Two signatures for one segment: a fault when they differ in content, none when only in the beacon's round.
contract EquivocationTest is AuditsFixture {
    uint256 internal constant FIELDS = 14;
    /// @dev After leaseId and segment, which say what is signed twice.
    uint256 internal constant FIRST_CONTENT = 2;
    uint256 internal constant ROUND_FIELD = 13;

    function equivocate(SegmentCommitment memory a, SegmentCommitment memory b, uint256 key)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(audits.reportEquivocation, (a, signSegment(a, key), b, signSegment(b, key)));
    }

    function test_P7_TwoSignedCommitmentsVoidTheLeaseFromThere() public {
        commit(0);
        SegmentCommitment memory c = commit(1);
        uint128 pay = uint128(2 * segmentPay());
        channels.claim(id, pay, voucher(id, pay));
        SegmentCommitment memory twin = segmentOf(1, RIVAL);
        succeeds(matcher, address(audits), equivocate(c, twin, provider.operatorKey));
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
        vm.assertEq(channels.channel(id).claimed, segmentPay());
        bytes memory again = equivocate(c, twin, provider.operatorKey);
        revertsWith(matcher, address(audits), again, IAudits.SegmentVoided.selector);
        skip(SEGMENT_SECONDS);
        revertsWith(matcher, address(audits), commitData(segmentOf(2, HONEST)), IAudits.SegmentVoided.selector);
    }

    function test_EquivocationOffChainStopsFurtherPayOnly() public {
        channels.claim(id, 700, voucher(id, 700));
        bytes memory data = equivocate(segmentOf(3, HONEST), segmentOf(3, RIVAL), provider.operatorKey);
        succeeds(matcher, address(audits), data);
        vm.assertEq(channels.channel(id).claimed, 700);
        vm.assertEq(channels.channel(id).cap, 700);
    }

    function test_EquivocationRefusals() public {
        SegmentCommitment memory a = segmentOf(0, HONEST);
        SegmentCommitment memory b = segmentOf(0, RIVAL);
        bytes memory data = equivocate(a, a, provider.operatorKey);
        revertsWith(matcher, address(audits), data, IAudits.SameContent.selector);
        data = equivocate(a, segmentOf(1, RIVAL), provider.operatorKey);
        revertsWith(matcher, address(audits), data, IAudits.CommitmentMismatch.selector);
        data = equivocate(a, b, nodes[1].operatorKey);
        revertsWith(matcher, address(audits), data, IAudits.SignatureInvalid.selector);
        data = equivocate(a, b, 0xbad);
        revertsWith(matcher, address(audits), data, IAudits.SignatureInvalid.selector);
        closeAs(buyer, id, CloseReason.completed);
        settleLease(id);
        data = equivocate(a, b, provider.operatorKey);
        revertsWith(matcher, address(audits), data, IAudits.LeaseOver.selector);
    }

    function test_ARotatedKeyStillAnswersForThisLease() public {
        bytes memory consent = signConsent(0x99, provider.id, 1);
        skip(5);
        vm.prank(provider.owner);
        registry.rotateOperator(provider.id, vm.addr(0x99), consent);
        bytes memory data = equivocate(segmentOf(0, HONEST), segmentOf(0, RIVAL), provider.operatorKey);
        succeeds(matcher, address(audits), data);
        // But not for leases opened after it was rotated out.
        Order memory order = orderOf(buyer);
        Offer memory offer = offerOf(provider);
        id = openFill(offer, 0x99, order, 0, 0);
        data = equivocate(segmentOf(0, HONEST), segmentOf(0, RIVAL), provider.operatorKey);
        revertsWith(matcher, address(audits), data, IAudits.SignatureInvalid.selector);
    }

    // ---- content --------------------------------------------------------------------------------------------------

    /// @notice `c` with `bits` flipped in one of its 14 words.
    function changed(SegmentCommitment memory c, uint256 field, uint256 bits)
        internal
        pure
        returns (SegmentCommitment memory)
    {
        uint256[14] memory words = abi.decode(abi.encode(c), (uint256[14]));
        words[field] ^= bits;
        return abi.decode(abi.encode(words), (SegmentCommitment));
    }

    /// @dev As wide as the narrowest field, a uint32.
    function flip(uint256 bits) internal pure returns (uint256) {
        return bound(bits, 1, type(uint32).max);
    }

    function test_EveryFieldButTheRoundIsContent() public {
        // From the last segment down: a report about an earlier one is still news.
        for (uint256 field = FIRST_CONTENT; field < ROUND_FIELD; ++field) {
            SegmentCommitment memory c = segmentOf(uint32(FIELDS - field), HONEST);
            bytes memory data = equivocate(c, changed(c, field, 1), provider.operatorKey);
            succeeds(matcher, address(audits), data);
            vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
        }
    }

    function testFuzz_OnlyAChangeOfContentIsAFault(uint256 field, uint256 bits, uint64 round) public {
        field = bound(field, FIRST_CONTENT, ROUND_FIELD);
        SegmentCommitment memory c = commit(0);
        SegmentCommitment memory twin = changed(c, field, flip(bits));
        if (field != ROUND_FIELD) twin.beaconRound = round;
        bytes memory data = equivocate(c, twin, provider.operatorKey);
        if (field == ROUND_FIELD) {
            revertsWith(matcher, address(audits), data, IAudits.SameContent.selector);
            vm.assertFalse(audits.segment(id, 0).voided);
        } else {
            succeeds(matcher, address(audits), data);
            vm.assertTrue(audits.segment(id, 0).voided);
        }
    }

    // ---- signed again for a later round ---------------------------------------------------------------------------

    /// @notice What an honest node does whose transaction came too late.
    function test_SigningAgainForALaterRoundIsNoFault() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory late = segmentOf(0, HONEST);
        vm.warp(beacon.startOf(late.beaconRound));
        revertsWith(matcher, address(audits), commitData(late), IAudits.RoundNotAllowed.selector);
        SegmentCommitment memory again = segmentOf(0, HONEST);
        vm.assertGt(again.beaconRound, late.beaconRound);
        succeeds(matcher, address(audits), commitData(again));

        bytes memory data = equivocate(late, again, provider.operatorKey);
        bytes memory expected = abi.encodeWithSelector(
            IAudits.SameContent.selector, audits.commitmentHash(late), audits.commitmentHash(again)
        );
        reverts(matcher, address(audits), data, expected);
        assertState(id, LeaseState.running);
        vm.assertFalse(audits.segment(id, 0).voided);
    }

    /// @notice Signatures for several rounds are no choice among their values: whatever is accepted names a round of
    /// which nothing is known yet, and only one is ever accepted.
    function testFuzz_NoRoundIsChosenAfterAnyOfItIsKnown(uint256 wait, uint256 ahead, uint256 revealed) public {
        skip(SEGMENT_SECONDS);
        uint64 signedAt = beacon.currentRound();
        SegmentCommitment memory c = segmentOf(0, HONEST);
        beacon.request(signedAt + 1);
        // Somewhere within or after round signedAt + 1, of which some reveals are known.
        vm.warp(beacon.startOf(signedAt + 1));
        for (uint256 i = 0; i < bound(revealed, 0, 4); ++i) {
            reveal(nodes[i], signedAt + 1);
        }
        skip(bound(wait, 0, 3 * params.roundSeconds));
        uint64 current = beacon.currentRound();
        c.beaconRound = signedAt + uint64(bound(ahead, 0, current - signedAt + params.maxRoundsAhead + 1));
        if (c.beaconRound <= current || c.beaconRound > current + params.maxRoundsAhead) {
            revertsWith(matcher, address(audits), commitData(c), IAudits.RoundNotAllowed.selector);
            return;
        }
        succeeds(matcher, address(audits), commitData(c));
        (bool ready,) = beacon.random(c.beaconRound);
        (, uint256 reveals, bytes32 mix) = beacon.roundOf(c.beaconRound);
        vm.assertTrue(!ready && reveals == 0 && mix == 0, "something of the round is known");
        c.beaconRound = current + 1;
        revertsWith(matcher, address(audits), commitData(c), IAudits.SegmentOutOfOrder.selector);
    }
}
