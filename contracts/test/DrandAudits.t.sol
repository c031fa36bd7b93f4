// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {IDrandBeacon} from "../src/interfaces/IDrandBeacon.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {DrandGroup} from "./base/DrandGroup.sol";
import {vm} from "./base/Vm.sol";

/// @notice Segments drawn by a drand network in place of the stakers: the same audits, and what an outage does to them.
contract DrandAuditsTest is AuditsFixture, DrandGroup {
    function createBeacon() internal override returns (address) {
        return create("DrandBeacon.sol:DrandBeacon", abi.encode(wiring, params, chainOf(".signed")));
    }

    /// @dev Nobody enrols with a network outside.
    function enroll(NodeKeys memory) internal override {}

    function playRound(uint64 round, uint256) internal override {
        vm.warp(beacon.startOf(round + 1));
        bring(round);
    }

    function bring(uint64 round) internal {
        IDrandBeacon drand = IDrandBeacon(address(beacon));
        drand.bring(round, signDrand(uint64(drand.drandRoundOf(round))));
    }

    function test_ACommitmentsRoundDrawsItsAuditors() public {
        SegmentCommitment memory c = commit(0);
        (bool ready,,,) = audits.drawOf(id, 0);
        vm.assertFalse(ready);
        bytes memory open = abi.encodeCall(audits.openAudit, (id, 0));
        vm.warp(beacon.startOf(c.beaconRound + 1));
        revertsWith(matcher, address(audits), open, IAudits.DrawNotReady.selector);
        bring(c.beaconRound);
        (bool known, bool sampled, bytes20[] memory holders, bytes20[] memory auditors) = audits.drawOf(id, 0);
        vm.assertTrue(known && sampled);
        vm.assertEq(holders.length, params.holdersDrawn);
        vm.assertEq(auditors.length, params.maxAuditors);
        succeeds(matcher, address(audits), open);
    }

    function test_ACommitmentAsksForItsRound() public {
        skip(SEGMENT_SECONDS);
        SegmentCommitment memory c = segmentOf(0, HONEST);
        bytes memory data = commitData(c);
        vm.expectEmit(address(beacon));
        emit IBeacon.RoundRequested(c.beaconRound);
        succeeds(matcher, address(audits), data);
    }

    function test_AnAuditToItsEnd() public {
        SegmentCommitment memory c = commitAndDraw(0);
        audits.openAudit(id, 0);
        NodeKeys memory auditor = auditorAt(0, 0);
        Opening memory o = finding(c, auditor, HONEST);
        succeeds(auditor.operator, address(audits), sealData(c, auditor, seal(c, auditor, o)));
        succeeds(auditor.operator, address(audits), revealData(c, o));
        vm.assertEq(uint256(audits.audit(id, 0).state), uint256(IAudits.AuditState.passed));
    }

    /// @notice The network is down: nobody can bring the round. Pay goes on, and nothing is audited after that.
    function test_AnOutageLetsTheAuditLapse() public {
        SegmentCommitment memory c = commit(0);
        bytes memory sig = voucher(id, 5000);
        channels.claim(id, 5000, sig);
        skip(params.releaseDelaySeconds + 1);
        vm.assertEq(channels.channel(id).releasable, 5000);
        channels.release(id);
        bring(c.beaconRound);
        (bool ready,,,) = audits.drawOf(id, 0);
        vm.assertTrue(ready, "a late round still draws holders");
        revertsWith(matcher, address(audits), abi.encodeCall(audits.openAudit, (id, 0)), IAudits.AuditTooLate.selector);
    }
}
