// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {IAudits} from "../src/interfaces/IAudits.sol";
import {CloseReason} from "../src/types/Leases.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {Wiring} from "../src/types/Wiring.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Pay is released only after every audit of what it is for can have ended.
contract AuditWindowsTest is AuditsFixture {
    function deployAudits(ProtocolParams memory p) external {
        Wiring memory w = wiring;
        w.audits = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        create("Audits.sol:Audits", abi.encode(w, p));
    }

    function refused(ProtocolParams memory p, string memory reason) internal {
        reverts(
            address(this),
            address(this),
            abi.encodeCall(this.deployAudits, (p)),
            abi.encodeWithSelector(IAudits.ParamsUnsafe.selector, reason)
        );
    }

    function accepted(ProtocolParams memory p) internal {
        succeeds(address(this), address(this), abi.encodeCall(this.deployAudits, (p)));
    }

    /// @notice Rounds ahead and the running one, opening, the first auditor's turn, the others', and every seal.
    function windows(ProtocolParams memory p) internal pure returns (uint256) {
        return (p.maxRoundsAhead + 1) * p.roundSeconds + 3 * p.auditCommitSeconds + p.maxAuditors * p.auditRevealSeconds;
    }

    function test_TheReleaseDelayCoversTheAuditWindows() public {
        ProtocolParams[3] memory presets = [Presets.standard(), Presets.local(), Presets.minimal()];
        for (uint256 i = 0; i < presets.length; ++i) {
            ProtocolParams memory p = presets[i];
            vm.assertGt(p.releaseDelaySeconds, windows(p));
            p.releaseDelaySeconds = windows(p) + 1;
            accepted(p);
            p.releaseDelaySeconds = windows(p);
            refused(p, "releaseDelaySeconds");
        }
    }

    function test_OtherUnsafeParams() public {
        params.maxAuditors = 1;
        refused(params, "maxAuditors");
        params.maxAuditors = 9;
        refused(params, "maxAuditors");
        params = preset();
        params.holdersDrawn = 1;
        refused(params, "holdersDrawn");
        params.holdersDrawn = 9;
        refused(params, "holdersDrawn");
        params = preset();
        params.auditRatePpm = 0;
        refused(params, "auditRatePpm");
        params.auditRatePpm = 1e6 + 1;
        refused(params, "auditRatePpm");
        params = preset();
        params.auditFloorPpm = 0;
        refused(params, "auditFloorPpm");
        params.auditFloorPpm = 1e6 + 1;
        refused(params, "auditFloorPpm");
    }

    /// @dev Somewhere from now to `last`, both included; sometimes exactly then.
    function passUntil(uint256 last, uint256 word) internal {
        vm.assertLe(time(), last, "nobody who takes no more than its time comes too late");
        vm.warp(word % 3 == 0 ? last : bound(word, time(), last));
    }

    function nothingPaid() internal {
        vm.assertEq(channels.channel(id).releasable, 0, "released before the verdict");
        vm.prank(matcher);
        (bool settled,) = address(market).call(abi.encodeCall(market.settle, (id)));
        vm.assertFalse(settled, "settled before the verdict");
    }

    function accuse(SegmentCommitment memory c, uint256 index, uint256 word) internal {
        NodeKeys memory auditor = auditorAt(c.segment, index);
        Opening memory o = finding(c, auditor, RIVAL);
        succeeds(auditor.operator, address(audits), sealData(c, auditor, seal(c, auditor, o)));
        passUntil(audits.audit(id, c.segment).deadline, word);
        nothingPaid();
        succeeds(matcher, address(audits), revealData(c, o));
    }

    /// @notice The worst order of events: the last round, a late opening, a first auditor that is slow, two that seal
    /// and never open, and a lease whose last segment was committed in the last second of its claim window.
    function testFuzz_PayWaitsForTheVerdict(uint256 seed, bool closed, uint256 ahead) public {
        skip(SEGMENT_SECONDS);
        if (closed) {
            closeAs(buyer, id, CloseReason.completed);
            skip(params.claimWindowSeconds);
        }
        SegmentCommitment memory c = segmentOf(0, HONEST);
        c.beaconRound = beacon.currentRound() + uint64(bound(ahead, 1, params.maxRoundsAhead));
        succeeds(matcher, address(audits), commitData(c));
        channels.claim(id, uint128(segmentPay()), voucher(id, uint128(segmentPay())));
        playRound(c.beaconRound, 4);

        passUntil(openUntil(0), pick(seed, 0));
        audits.openAudit(id, 0);
        uint256 replayed = time() + 2 * params.auditCommitSeconds;
        vm.warp(audits.audit(id, 0).deadline + 1);
        for (uint256 i = 1; i < 3; ++i) {
            NodeKeys memory silent = auditorAt(0, i);
            succeeds(silent.operator, address(audits), sealData(c, silent, "never opened"));
            vm.warp(audits.audit(id, 0).deadline + 1);
            succeeds(matcher, address(audits), abi.encodeCall(audits.resolveTimeout, (id, 0)));
        }
        nothingPaid();
        // An honest auditor that took all its time to replay finds the case open still.
        if (time() < replayed) vm.warp(replayed);
        passUntil(audits.audit(id, 0).endsAt, pick(seed, 1));
        accuse(c, 3, pick(seed, 2));
        nothingPaid();
        passUntil(time() + params.auditCommitSeconds, pick(seed, 3));
        accuse(c, 0, pick(seed, 4));

        assertAudit(0, IAudits.AuditState.confirmed);
        settleLease(id);
        vm.assertEq(earned(provider.owner), 0, "a false segment was paid");
    }

    function pick(uint256 seed, uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index)));
    }

    function test_AnAccusationLeavesTimeForAnother() public {
        SegmentCommitment memory c = commitAndDraw(0);
        accuseLate(c);
        uint256 accusedAt = time();
        vm.assertGe(audits.audit(id, 0).endsAt, accusedAt + params.auditCommitSeconds);
        vm.assertGt(channels.channel(id).frozenUntil, audits.audit(id, 0).endsAt);
        vm.warp(audits.audit(id, 0).endsAt);
        check(c, 3, RIVAL);
        assertAudit(0, IAudits.AuditState.confirmed);
    }
}
