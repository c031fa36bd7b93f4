// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {IChannels} from "../src/interfaces/IChannels.sol";
import {CloseReason, LeaseState} from "../src/types/Leases.sol";
import {Offer, Order, SegmentCommitment} from "../src/types/Orders.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Verdicts, turns, ends, and what they do to pay.
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
        channels.claim(id, 500, voucher(id, 500));
        uint256 claimedAt = time();
        SegmentCommitment memory c = commitAndDraw(0);
        NodeKeys memory auditor = accuseLate(c);
        assertAudit(0, IAudits.AuditState.waiting);
        (, bool disputed) = market.stateOf(id);
        vm.assertTrue(disputed);
        assertState(id, LeaseState.running);
        if (time() < claimedAt + params.releaseDelaySeconds) vm.warp(claimedAt + params.releaseDelaySeconds);
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
        vm.warp(openUntil(1) + 1);
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

    function test_AnAccusationHoldsUpSettlementUntilItEnds() public {
        closeAs(buyer, id, CloseReason.completed);
        SegmentCommitment memory c = segmentOf(0, HONEST);
        c.meteredSeconds = 0;
        succeeds(matcher, address(audits), commitData(c));
        playRound(c.beaconRound, 4);
        accuseLate(c);
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
}
