// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../../src/generated/Params.sol";
import {IAudits} from "../../src/interfaces/IAudits.sol";
import {Offer, Order, SegmentCommitment} from "../../src/types/Orders.sol";
import {BeaconFixture} from "./BeaconFixture.sol";
import {Calls} from "./Calls.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {vm} from "./Vm.sol";

/// @notice A running lease whose provider commits segments, and auditors that check them. Every segment is sampled.
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
        p.releaseDelaySeconds = 90;
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

    /// @notice The last second in which the audit of `segment` may be opened.
    function openUntil(uint32 segment) internal view returns (uint256) {
        uint256 once = 2 * params.auditCommitSeconds + params.maxAuditors * params.auditRevealSeconds;
        return audits.segment(id, segment).committedAt + params.releaseDelaySeconds - 1 - once;
    }

    /// @notice An accusation as late as one can be.
    function accuseLate(SegmentCommitment memory c) internal returns (NodeKeys memory) {
        vm.warp(openUntil(c.segment));
        audits.openAudit(id, c.segment);
        vm.warp(audits.audit(id, c.segment).endsAt);
        return check(c, 1, RIVAL);
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
