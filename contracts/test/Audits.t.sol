// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {IAudits} from "../src/interfaces/IAudits.sol";
import {IChannels} from "../src/interfaces/IChannels.sol";
import {CloseReason, LeaseMoney, LeaseState} from "../src/types/Leases.sol";
import {Offer, Order, SegmentCommitment} from "../src/types/Orders.sol";
import {BeaconFixture} from "./base/BeaconFixture.sol";
import {Calls} from "./base/Calls.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {vm} from "./base/Vm.sol";

/// @notice Commitments, availability, audits by drawn nodes, equivocation. Every segment is sampled here.
abstract contract AuditsFixture is BeaconFixture, Calls {
    bytes32 internal constant HONEST = "honest";
    bytes32 internal constant RIVAL = "rival";
    uint64 internal constant STEPS = 11;
    uint32 internal constant SEGMENT_SECONDS = 20;

    NodeKeys internal provider;
    bytes32 internal id;
    bytes32 internal orderHash;
    bytes32 internal offerHash;
    uint8 internal payMode;

    function preset() internal pure override returns (ProtocolParams memory p) {
        p = Presets.local();
        p.auditRatePpm = 1e6;
        p.maxAuditors = 4;
    }

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < 7; ++i) {
            enroll(addNode());
        }
        skip(10);
        provider = nodes[0];
        (id, orderHash, offerHash) = run(provider);
    }

    function run(NodeKeys memory n) internal returns (bytes32 leaseId, bytes32 order_, bytes32 offer_) {
        Order memory order = orderOf(buyer);
        order.payMode = payMode;
        Offer memory offer = offerOf(n);
        leaseId = openFill(offer, n.operatorKey, order, 0, 0);
        startLease(leaseId, n);
        return (leaseId, market.orderHash(order), market.offerHash(offer));
    }

    function history(bytes32 salt, uint32 segment) internal pure returns (bytes32[] memory) {
        return MerkleTree.leavesOf(MerkleTree.stepRoots(keccak256(abi.encode(salt, segment)), STEPS));
    }

    function stepRoot(bytes32 salt, uint32 segment, uint256 index) internal pure returns (bytes32) {
        return MerkleTree.stepRoots(keccak256(abi.encode(salt, segment)), STEPS)[index];
    }

    function segmentOf(uint32 segment, bytes32 salt) internal view returns (SegmentCommitment memory c) {
        c.leaseId = id;
        c.segment = segment;
        c.firstStep = uint64(segment) * STEPS;
        c.lastStep = c.firstStep + STEPS - 1;
        c.orderHash = orderHash;
        c.program = "program";
        c.dataRoot = "data";
        c.startRoot = keccak256(abi.encode("state", segment));
        c.endRoot = keccak256(abi.encode("state", segment + 1));
        c.historyRoot = MerkleTree.root(history(salt, segment));
        c.checkpoint = keccak256(abi.encode("checkpoint", segment));
        c.meteredSeconds = SEGMENT_SECONDS;
        c.tokens = 1000;
        c.beaconRound = beacon.currentRound() + 1;
    }

    function signSegment(SegmentCommitment memory c, uint256 key) internal view returns (bytes memory) {
        return signed(key, audits.commitmentDigest(c));
    }

    function commitData(SegmentCommitment memory c) internal view returns (bytes memory) {
        return abi.encodeCall(audits.commitSegment, (c, offerHash, signSegment(c, provider.operatorKey)));
    }

    function commit(uint32 segment) internal returns (SegmentCommitment memory c) {
        skip(SEGMENT_SECONDS);
        c = segmentOf(segment, HONEST);
        succeeds(matcher, address(audits), commitData(c));
    }

    /// @notice A committed segment whose round is played: the draw is known.
    function commitAndDraw(uint32 segment) internal returns (SegmentCommitment memory c) {
        c = commit(segment);
        playRound(c.beaconRound, 4);
    }

    function auditorAt(uint32 segment, uint256 index) internal view returns (NodeKeys memory) {
        (,,, bytes20[] memory auditors) = audits.drawOf(id, segment);
        return keysOf(auditors[index]);
    }

    function keysOf(bytes20 nodeId) internal view returns (NodeKeys memory) {
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (nodes[i].id == nodeId) return nodes[i];
        }
        revert("unknown node");
    }

    struct Opening {
        bool ok;
        bytes32 stepRoot;
        bytes32[] path;
        bytes32 altHistoryRoot;
        bytes32 salt;
    }

    /// @notice What an auditor finds that replayed history `salt`: the provider's own, or another one.
    function finding(SegmentCommitment memory c, NodeKeys memory auditor, bytes32 salt)
        internal
        view
        returns (Opening memory o)
    {
        uint64 step = audits.stepOf(audits.audit(id, c.segment).seed, auditor.id, c.firstStep, c.lastStep);
        bytes32[] memory leaves = history(salt, c.segment);
        o.ok = MerkleTree.root(leaves) == c.historyRoot;
        o.stepRoot = stepRoot(salt, c.segment, step - c.firstStep);
        o.path = MerkleTree.path(leaves, step - c.firstStep);
        o.altHistoryRoot = o.ok ? bytes32(0) : MerkleTree.root(leaves);
        o.salt = keccak256(abi.encode("salt", auditor.id));
    }

    function seal(SegmentCommitment memory c, NodeKeys memory auditor, Opening memory o)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(id, c.segment, auditor.id, o.ok, o.stepRoot, o.altHistoryRoot, o.salt));
    }

    function sealData(SegmentCommitment memory c, NodeKeys memory auditor, bytes32 hash)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(audits.commitAudit, (id, c.segment, auditor.id, hash));
    }

    function revealData(SegmentCommitment memory c, Opening memory o) internal view returns (bytes memory) {
        return abi.encodeCall(audits.revealAudit, (c, o.ok, o.stepRoot, o.path, o.altHistoryRoot, o.salt));
    }

    /// @notice One auditor's whole check, sealed and opened.
    function check(SegmentCommitment memory c, uint256 index, bytes32 salt) internal returns (NodeKeys memory auditor) {
        auditor = auditorAt(c.segment, index);
        if (audits.audit(id, c.segment).seed == 0) audits.openAudit(id, c.segment);
        Opening memory o = finding(c, auditor, salt);
        succeeds(auditor.operator, address(audits), sealData(c, auditor, seal(c, auditor, o)));
        succeeds(matcher, address(audits), revealData(c, o));
    }

    function assertAudit(uint32 segment, IAudits.AuditState expected) internal view {
        vm.assertEq(uint256(audits.audit(id, segment).state), uint256(expected), "audit state");
    }

    function segmentPay() internal pure returns (uint256) {
        return uint256(PRICE) * UNITS * SEGMENT_SECONDS;
    }

    function heldBy(SegmentCommitment memory c, NodeKeys memory holder) internal view returns (bytes memory) {
        return signed(holder.operatorKey, audits.heldDigest(id, c.segment, c.checkpoint, holder.id));
    }

    function holderAt(uint32 segment, uint256 index) internal view returns (NodeKeys memory) {
        (,, bytes20[] memory holders,) = audits.drawOf(id, segment);
        return keysOf(holders[index]);
    }

    function heldData(SegmentCommitment memory c, uint256 from, uint256 count) internal view returns (bytes memory) {
        bytes20[] memory holders = new bytes20[](count);
        bytes[] memory signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            NodeKeys memory holder = holderAt(c.segment, from + i);
            holders[i] = holder.id;
            signatures[i] = heldBy(c, holder);
        }
        return abi.encodeCall(audits.proveHeld, (c, holders, signatures));
    }
}

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

contract AuditsTest is AuditsFixture {
    function pot() internal view returns (uint256) {
        return market.moneyOf(id).auditPot;
    }

    function test_AnHonestSegmentPassesAndPaysTheAuditor() public {
        SegmentCommitment memory c = commitAndDraw(0);
        NodeKeys memory auditor = check(c, 0, HONEST);
        assertAudit(0, IAudits.AuditState.passed);
        vm.assertEq(earned(auditor.owner), segmentPay() * params.auditPayPpm / 1e6);
        vm.assertEq(channels.channel(id).frozenUntil, 0);
    }

    function test_AnAccusationPausesPayAndNothingElse() public {
        SegmentCommitment memory c = commitAndDraw(0);
        channels.claim(id, 500, voucher(id, 500));
        skip(params.releaseDelaySeconds);
        NodeKeys memory auditor = check(c, 0, RIVAL);
        assertAudit(0, IAudits.AuditState.waiting);
        (, bool disputed) = market.stateOf(id);
        vm.assertTrue(disputed);
        assertState(id, LeaseState.running);
        revertsWith(
            matcher, address(channels), abi.encodeCall(channels.release, (id)), IChannels.ChannelFrozen.selector
        );
        vm.assertEq(earned(auditor.owner), 0);
        // Claims still become pending.
        channels.claim(id, 600, voucher(id, 600));
    }

    function test_ASecondAuditorWithTheSameFindingMovesTheLease() public {
        channels.claim(id, 500, voucher(id, 500));
        SegmentCommitment memory c = commitAndDraw(0);
        NodeKeys memory a = check(c, 0, RIVAL);
        NodeKeys memory b = check(c, 1, RIVAL);
        assertAudit(0, IAudits.AuditState.confirmed);
        assertState(id, LeaseState.closing);
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
        uint256 each = segmentPay() * params.auditPayPpm / 1e6;
        vm.assertEq(earned(a.owner), each);
        vm.assertEq(earned(b.owner), each);
        // Segment 0 was false: nothing before it.
        vm.assertEq(channels.channel(id).cap, 0);
        vm.assertEq(channels.channel(id).claimed, 0);
        settleLease(id);
        vm.assertEq(earned(provider.owner), 0);
        vm.assertEq(free(buyer), FUNDS - 2 * each);
        vm.assertEq(channels.bondsOf(provider.id).free, FUNDS, "an audit slashes nothing");
    }

    function test_ASecondAuditorWhoDisagreesClearsTheProvider() public {
        SegmentCommitment memory c = commitAndDraw(0);
        NodeKeys memory liar = check(c, 0, RIVAL);
        NodeKeys memory honest = check(c, 1, HONEST);
        assertAudit(0, IAudits.AuditState.passed);
        vm.assertEq(earned(liar.owner), 0);
        vm.assertGt(earned(honest.owner), 0);
        (, bool disputed) = market.stateOf(id);
        vm.assertFalse(disputed);
        assertState(id, LeaseState.running);
    }

    function test_DisagreeingAccusersNeedAThird() public {
        SegmentCommitment memory c = commitAndDraw(0);
        check(c, 0, RIVAL);
        NodeKeys memory odd = check(c, 1, "another rival");
        assertAudit(0, IAudits.AuditState.waiting);
        vm.assertEq(audits.audit(id, 0).accusers, 2);
        NodeKeys memory third = check(c, 2, RIVAL);
        assertAudit(0, IAudits.AuditState.confirmed);
        vm.assertEq(earned(odd.owner), 0);
        vm.assertGt(earned(third.owner), 0);
    }

    function test_WhenNobodyAgreesTheProviderIsFreed() public {
        SegmentCommitment memory c = commitAndDraw(0);
        for (uint256 i = 0; i < params.maxAuditors; ++i) {
            check(c, i, keccak256(abi.encode("rival", i)));
        }
        assertAudit(0, IAudits.AuditState.waiting);
        audits.resolveTimeout(id, 0);
        assertAudit(0, IAudits.AuditState.lapsed);
        (, bool disputed) = market.stateOf(id);
        vm.assertFalse(disputed);
    }

    function test_TheFirstAuditorGoesAloneThenAnyOther() public {
        SegmentCommitment memory c = commitAndDraw(0);
        audits.openAudit(id, 0);
        NodeKeys memory third = auditorAt(0, 2);
        revertsWith(third.operator, address(audits), sealData(c, third, "x"), IAudits.NotYourTurn.selector);
        skip(params.auditCommitSeconds);
        revertsWith(third.operator, address(audits), sealData(c, third, "x"), IAudits.NotYourTurn.selector);
        skip(1);
        check(c, 2, HONEST);
        assertAudit(0, IAudits.AuditState.passed);
    }

    function test_AnAuditorThatDoesNotRevealFreesTheTurn() public {
        SegmentCommitment memory c = commitAndDraw(0);
        NodeKeys memory silent = auditorAt(0, 0);
        succeeds(silent.operator, address(audits), sealData(c, silent, "never opened"));
        bytes memory resolve = abi.encodeCall(audits.resolveTimeout, (id, 0));
        revertsWith(matcher, address(audits), resolve, IAudits.DeadlineNotPassed.selector);
        skip(params.auditRevealSeconds + 1);
        succeeds(matcher, address(audits), resolve);
        assertAudit(0, IAudits.AuditState.waiting);
        revertsWith(matcher, address(audits), resolve, IAudits.DeadlineNotPassed.selector);
        revertsWith(silent.operator, address(audits), sealData(c, silent, "again"), IAudits.AuditorUsed.selector);
        check(c, 1, HONEST);
    }

    function test_EveryWaitEnds() public {
        SegmentCommitment memory c = commitAndDraw(0);
        check(c, 0, RIVAL);
        uint256 endsAt = audits.audit(id, 0).endsAt;
        vm.warp(endsAt + 1);
        NodeKeys memory late = auditorAt(0, 1);
        revertsWith(late.operator, address(audits), sealData(c, late, "x"), IAudits.AuditTooLate.selector);
        // Pay flows again by itself; resolving only tidies up.
        skip(params.auditRevealSeconds);
        channels.release(id);
        audits.resolveTimeout(id, 0);
        assertAudit(0, IAudits.AuditState.lapsed);
        revertsWith(
            matcher, address(audits), abi.encodeCall(audits.resolveTimeout, (id, 0)), IAudits.WrongAuditState.selector
        );
    }

    function test_OnlyDrawnOperatorsSeal() public {
        SegmentCommitment memory c = commitAndDraw(0);
        revertsWith(provider.operator, address(audits), sealData(c, provider, "x"), IAudits.NotDrawn.selector);
        NodeKeys memory auditor = auditorAt(0, 0);
        revertsWith(matcher, address(audits), sealData(c, auditor, "x"), IAudits.NotOperator.selector);
    }

    function test_RevealsProveThemselves() public {
        SegmentCommitment memory c = commitAndDraw(0);
        NodeKeys memory auditor = auditorAt(0, 0);
        audits.openAudit(id, 0);
        Opening memory o = finding(c, auditor, HONEST);
        succeeds(auditor.operator, address(audits), sealData(c, auditor, seal(c, auditor, o)));
        bytes32 salt = o.salt;
        o.salt = "wrong";
        revertsWith(matcher, address(audits), revealData(c, o), IAudits.RevealMismatch.selector);
        o.salt = salt;
        bytes32 sibling = o.path[0];
        o.path[0] = "wrong";
        revertsWith(matcher, address(audits), revealData(c, o), IAudits.StepRootNotInHistory.selector);
        o.path[0] = sibling;
        skip(params.auditRevealSeconds + 1);
        revertsWith(matcher, address(audits), revealData(c, o), IAudits.AuditTooLate.selector);
    }

    function test_AVerdictNeedsTheRightHistory() public {
        SegmentCommitment memory c = commitAndDraw(0);
        audits.openAudit(id, 0);
        NodeKeys memory auditor = auditorAt(0, 0);
        Opening memory o = finding(c, auditor, HONEST);
        // A false verdict must name a rival history, and not the provider's own.
        (o.ok, o.altHistoryRoot) = (false, c.historyRoot);
        succeeds(auditor.operator, address(audits), sealData(c, auditor, seal(c, auditor, o)));
        revertsWith(matcher, address(audits), revealData(c, o), IAudits.AltHistoryInvalid.selector);
        skip(params.auditRevealSeconds + 1);
        audits.resolveTimeout(id, 0);
        // A step root of somebody else's step does not open.
        auditor = auditorAt(0, 1);
        o = finding(c, auditor, HONEST);
        o.stepRoot = stepRoot(HONEST, 0, 0) == o.stepRoot ? stepRoot(HONEST, 0, 1) : stepRoot(HONEST, 0, 0);
        succeeds(auditor.operator, address(audits), sealData(c, auditor, seal(c, auditor, o)));
        revertsWith(matcher, address(audits), revealData(c, o), IAudits.StepRootNotInHistory.selector);
    }

    function test_StepsDifferByAuditor() public {
        commitAndDraw(0);
        audits.openAudit(id, 0);
        bytes32 seed = audits.audit(id, 0).seed;
        bool differ;
        uint64 first = audits.stepOf(seed, nodes[1].id, 0, 999);
        for (uint256 i = 2; i < nodes.length; ++i) {
            uint64 step = audits.stepOf(seed, nodes[i].id, 0, 999);
            vm.assertLe(step, 999);
            if (step != first) differ = true;
        }
        vm.assertTrue(differ);
        vm.assertEq(audits.stepOf(seed, nodes[1].id, 7, 7), 7);
    }

    function test_OpenAuditOnceInTimeAndWhenDrawn() public {
        SegmentCommitment memory c = commit(0);
        bytes memory data = abi.encodeCall(audits.openAudit, (id, 0));
        revertsWith(matcher, address(audits), data, IAudits.DrawNotReady.selector);
        revertsWith(
            matcher, address(audits), abi.encodeCall(audits.openAudit, (id, 1)), IAudits.SegmentUnknown.selector
        );
        playRound(c.beaconRound, 4);
        succeeds(matcher, address(audits), data);
        revertsWith(matcher, address(audits), data, IAudits.WrongAuditState.selector);
        commitAndDraw(1);
        skip(params.releaseDelaySeconds + params.maxRoundsAhead * params.roundSeconds);
        data = abi.encodeCall(audits.openAudit, (id, 1));
        revertsWith(matcher, address(audits), data, IAudits.AuditTooLate.selector);
    }

    function test_TheAuditPotIsTheLimitOfAuditPay() public {
        uint256 total = 0;
        uint256 potBefore = pot();
        for (uint32 i = 0; i < 29; ++i) {
            check(commitAndDraw(i), 0, HONEST);
            total = channels.channel(id).auditSpent;
            vm.assertLe(total, potBefore);
        }
        vm.assertEq(total, potBefore, "29 segments of pay 1.25 exceed half the lease's pay");
    }

    function test_NoAuditPayAfterSettlement() public {
        SegmentCommitment memory c = commitAndDraw(0);
        closeAs(buyer, id, CloseReason.completed);
        vm.warp(market.settleableAt(id) - 1);
        NodeKeys memory auditor = auditorAt(0, 0);
        audits.openAudit(id, 0);
        Opening memory o = finding(c, auditor, HONEST);
        succeeds(auditor.operator, address(audits), sealData(c, auditor, seal(c, auditor, o)));
        settleLease(id);
        revertsWith(matcher, address(audits), revealData(c, o), IAudits.LeaseOver.selector);
        vm.assertEq(earned(auditor.owner), 0);
    }

    function test_AnAccusationHoldsUpSettlementUntilItEnds() public {
        SegmentCommitment memory c = commitAndDraw(0);
        closeAs(buyer, id, CloseReason.completed);
        check(c, 0, RIVAL);
        vm.warp(market.settleableAt(id));
        bytes memory data = abi.encodeCall(market.settle, (id));
        revertsWith(matcher, address(market), data, IChannels.ChannelFrozen.selector);
        vm.warp(channels.channel(id).frozenUntil);
        succeeds(matcher, address(market), data);
    }

    function test_BareLeasesAreNotSampled() public {
        Order memory order = orderOf(buyer);
        order.tier = 0;
        Offer memory offer = offerOf(provider);
        id = openFill(offer, provider.operatorKey, order, 0, 0);
        (orderHash, offerHash) = (market.orderHash(order), market.offerHash(offer));
        startLease(id, provider);
        commitAndDraw(0);
        (, bool sampled,,) = audits.drawOf(id, 0);
        vm.assertFalse(sampled);
        revertsWith(matcher, address(audits), abi.encodeCall(audits.openAudit, (id, 0)), IAudits.NotSampled.selector);
    }

    // ---- equivocation ---------------------------------------------------------------------------------------------

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
        revertsWith(matcher, address(audits), data, IAudits.SameCommitment.selector);
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
}
