// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {TIER_EXACT} from "../types/Orders.sol";
import {SegmentBook} from "./SegmentBook.sol";

/// @title What the beacon decides about a segment: whether it is audited, by whom, who holds it, which step is opened.
/// @dev packages/verification/src/draw.ts mirrors this.
abstract contract SegmentDraw is SegmentBook {
    uint256 internal constant MAX_DRAWN = 8;
    /// @dev Holders that must sign where the buyer may be offline; fewer only when fewer exist.
    uint256 internal constant HOLDERS_NEEDED = 2;
    uint256 internal constant PPM = 1e6;

    uint256 private immutable AUDIT_RATE_PPM;
    uint256 private immutable MAX_AUDITORS;
    uint256 private immutable HOLDERS_DRAWN;

    constructor(ProtocolParams memory params) {
        if (params.maxAuditors < 2 || params.maxAuditors > MAX_DRAWN) revert ParamsUnsafe("maxAuditors");
        if (params.holdersDrawn < HOLDERS_NEEDED || params.holdersDrawn > MAX_DRAWN) {
            revert ParamsUnsafe("holdersDrawn");
        }
        if (params.auditRatePpm == 0 || params.auditRatePpm > PPM) revert ParamsUnsafe("auditRatePpm");
        AUDIT_RATE_PPM = params.auditRatePpm;
        MAX_AUDITORS = params.maxAuditors;
        HOLDERS_DRAWN = params.holdersDrawn;
    }

    /// @dev seed = H(randomness, commitment); fixed once the case is open.
    function _seedOf(bytes32 leaseId, uint32 segment_, Segment storage record) internal view returns (bytes32) {
        (bool ready, bytes32 value) = BEACON.random(record.beaconRound);
        if (!ready) revert DrawNotReady(leaseId, segment_);
        return keccak256(abi.encode(value, record.commitmentHash));
    }

    function _isSampled(bytes32 seed) internal view returns (bool) {
        return uint256(keccak256(abi.encode(seed, "sample"))) % PPM < AUDIT_RATE_PPM;
    }

    function _drawHolders(bytes32 seed, bytes32 leaseId, Segment storage record)
        internal
        view
        returns (bytes20[] memory)
    {
        return _draw(keccak256(abi.encode(seed, "holder")), HOLDERS_DRAWN, leaseId, record);
    }

    function _drawAuditors(bytes32 seed, bytes32 leaseId, Segment storage record)
        internal
        view
        returns (bytes20[] memory)
    {
        return _draw(keccak256(abi.encode(seed, "auditor")), MAX_AUDITORS, leaseId, record);
    }

    function _draw(bytes32 seed, uint256 count, bytes32 leaseId, Segment storage record)
        internal
        view
        returns (bytes20[] memory)
    {
        (bytes20 nodeId,) = CHANNELS.partiesOf(leaseId);
        return REGISTRY.drawMany(seed, count, uint48(record.committedAt - 1), nodeId, MARKET.lease(leaseId).buyer);
    }

    function _indexIn(bytes20[] memory drawn, bytes20 nodeId) internal pure returns (uint256 index) {
        while (index < drawn.length) {
            if (drawn[index] == nodeId) return index;
            ++index;
        }
        revert NotDrawn(nodeId);
    }

    function drawOf(bytes32 leaseId, uint32 segment_)
        external
        view
        returns (bool ready, bool sampled, bytes20[] memory holders, bytes20[] memory auditors)
    {
        Segment storage record = _segments[leaseId][segment_];
        if (record.commitmentHash == 0) revert SegmentUnknown(leaseId, segment_);
        bytes32 value;
        (ready, value) = BEACON.random(record.beaconRound);
        if (!ready) return (false, false, holders, auditors);
        bytes32 seed = keccak256(abi.encode(value, record.commitmentHash));
        sampled = MARKET.lease(leaseId).tier == TIER_EXACT && _isSampled(seed);
        holders = _drawHolders(seed, leaseId, record);
        auditors = _drawAuditors(seed, leaseId, record);
    }

    function stepOf(bytes32 seed, bytes20 auditor, uint64 firstStep, uint64 lastStep) public pure returns (uint64) {
        uint256 count = uint256(lastStep) - firstStep + 1;
        return firstStep + uint64(uint256(keccak256(abi.encode(seed, auditor))) % count);
    }
}
