// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Constants, ProtocolParams} from "../generated/Params.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {EXACT_COURT_INDEX, ICourts} from "../interfaces/ICourt.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Typed} from "../libraries/Typed.sol";
import {CloseReason, Lease, LeaseState} from "../types/Leases.sol";
import {SegmentCommitment} from "../types/Orders.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title The record of what was committed: segments of a lease, in order, each with a beacon round in its future.
/// @dev The other parts of {Audits} read and void these records.
abstract contract SegmentBook is IAudits, EIP712 {
    struct Segment {
        bytes32 commitmentHash;
        uint40 committedAt;
        uint64 beaconRound;
        uint32 meteredSeconds;
        uint32 meteredBefore;
        uint8 heldMask;
        uint8 heldCount;
        bool available;
        uint40 voidedAt;
        uint24 voidedTo;
    }

    /// @dev `voidedFrom` holds the first void segment plus one; 0 when none is. The record of the first segment of each void
    /// says when it came, and the same number as it was before: what lies between became void then. `convictedFrom` is the
    /// same of what the lease's court found false.
    struct Trace {
        bytes32 endRoot;
        uint32 segments;
        uint32 meteredSeconds;
        uint64 lastStep;
        uint24 voidedFrom;
        uint24 convictedFrom;
        uint32 anchoredSegments;
        uint16 accusations;
        uint32 frozenUntil;
    }

    IRegistry internal immutable REGISTRY;
    IChannels internal immutable CHANNELS;
    IMarket internal immutable MARKET;
    IBeacon internal immutable BEACON;
    ICourts private immutable COURTS;
    address private immutable FIRST_COURT;
    uint256 private immutable MAX_ROUNDS_AHEAD;
    uint256 private immutable CLAIM_WINDOW;

    mapping(bytes32 leaseId => Trace) internal _traces;
    mapping(bytes32 leaseId => mapping(uint32 segment => Segment)) internal _segments;

    constructor(Wiring memory wiring, ProtocolParams memory params) EIP712("Weft", "1") {
        if (wiring.audits != address(this)) revert MispredictedAddress(wiring.audits, address(this));
        REGISTRY = IRegistry(wiring.registry);
        CHANNELS = IChannels(wiring.channels);
        MARKET = IMarket(wiring.market);
        BEACON = IBeacon(wiring.beacon);
        COURTS = ICourts(wiring.courts);
        FIRST_COURT = wiring.court;
        MAX_ROUNDS_AHEAD = params.maxRoundsAhead;
        CLAIM_WINDOW = params.claimWindowSeconds;
    }

    function commitSegment(SegmentCommitment calldata c, bytes32 offerHash, bytes calldata signature) external {
        Lease memory lease = MARKET.lease(c.leaseId);
        if (Typed.leaseIdOf(c.orderHash, offerHash, lease.fill) != c.leaseId) {
            revert OrderMismatch(c.leaseId, c.orderHash);
        }
        Trace storage trace = _traces[c.leaseId];
        _checkOrder(c, trace);
        uint256 metered = uint256(trace.meteredSeconds) + c.meteredSeconds;
        uint256 elapsed = _elapsed(c.leaseId, lease);
        if (metered > elapsed) revert MeteredTooMuch(metered, elapsed);
        _checkRound(c);

        (bytes20 nodeId,) = CHANNELS.partiesOf(c.leaseId);
        bytes32 hash = Typed.hash(c);
        _checkSigner(hash, signature, REGISTRY.operatorOf(nodeId));

        Segment storage segment_ = _segments[c.leaseId][c.segment];
        segment_.commitmentHash = hash;
        segment_.committedAt = uint40(block.timestamp);
        segment_.beaconRound = c.beaconRound;
        segment_.meteredSeconds = c.meteredSeconds;
        segment_.meteredBefore = trace.meteredSeconds;
        trace.endRoot = c.endRoot;
        trace.segments = c.segment + 1;
        trace.meteredSeconds = uint32(metered);
        trace.lastStep = c.lastStep;
        emit SegmentCommitted(c.leaseId, c.segment, nodeId, hash, c);
        BEACON.request(c.beaconRound);
    }

    function _checkOrder(SegmentCommitment calldata c, Trace storage trace) private view {
        uint32 expected = trace.segments;
        if (c.segment != expected || expected >= Constants.MAX_SEGMENTS) {
            revert SegmentOutOfOrder(c.leaseId, c.segment, expected);
        }
        if (trace.voidedFrom != 0) revert SegmentVoided(c.leaseId, c.segment);
        // The first segment of a lease may continue an earlier fill: any step and any start.
        uint64 first = expected == 0 ? c.firstStep : trace.lastStep + 1;
        bool tooLong = c.lastStep - c.firstStep >= 1 << Constants.MAX_HISTORY_DEPTH;
        if (c.firstStep != first || c.lastStep < c.firstStep || tooLong) {
            revert StepsInvalid(c.firstStep, c.lastStep, first);
        }
        if (expected != 0 && c.startRoot != trace.endRoot) revert StartRootMismatch(c.startRoot, trace.endRoot);
    }

    /// @dev Never before the round of the segment before: what can be retracted is always the end of the trace. After the round
    /// that one in its place named before it was taken back: so nobody else brings that one again.
    function _checkRound(SegmentCommitment calldata c) private view {
        uint64 current = BEACON.currentRound();
        uint64 latest = current + uint64(MAX_ROUNDS_AHEAD);
        uint64 earliest = c.segment == 0 ? 0 : _segments[c.leaseId][c.segment - 1].beaconRound;
        uint64 takenBack = _segments[c.leaseId][c.segment].beaconRound;
        if (earliest <= takenBack) earliest = takenBack + 1;
        if (earliest <= current) earliest = current + 1;
        if (c.beaconRound < earliest || c.beaconRound > latest) revert RoundNotAllowed(c.beaconRound, earliest, latest);
    }

    /// @dev Seconds that can have been worked: from the start to now, to the close, or to the end of the lease.
    function _elapsed(bytes32 leaseId, Lease memory lease) private view returns (uint256) {
        if (lease.startedAt == 0) revert LeaseNotRunning(leaseId);
        uint256 until = block.timestamp;
        if (lease.state != LeaseState.running) {
            if (lease.state != LeaseState.closing || block.timestamp > lease.closedAt + CLAIM_WINDOW) {
                revert LeaseOver(leaseId);
            }
            until = lease.closedAt;
        }
        uint256 end = uint256(lease.startedAt) + lease.durationSeconds;
        return (until < end ? until : end) - lease.startedAt;
    }

    function courtVoid(bytes32 leaseId, uint32 segment_) external {
        Lease memory lease = MARKET.lease(leaseId);
        // The first court's place never changes: it is known without asking.
        address court = lease.court == EXACT_COURT_INDEX ? FIRST_COURT : COURTS.courtAt(lease.court);
        if (lease.court == 0 || court != msg.sender) revert NotCourt(leaseId, msg.sender);
        // Not by its hash: the slot of the rest is read and written anyway.
        if (_segments[leaseId][segment_].committedAt == 0) revert SegmentUnknown(leaseId, segment_);
        emit CourtVoided(leaseId, segment_, msg.sender);
        Trace storage trace = _traces[leaseId];
        // Recorded, so below MAX_SEGMENTS.
        if (trace.convictedFrom == 0 || segment_ + 1 < trace.convictedFrom) trace.convictedFrom = uint24(segment_ + 1);
        _void(leaseId, segment_, uint256(lease.rate) * _segments[leaseId][segment_].meteredBefore);
    }

    // ---- for the other parts --------------------------------------------------------------------------------------

    function _committed(SegmentCommitment calldata c) internal view returns (Segment storage segment_) {
        segment_ = _segments[c.leaseId][c.segment];
        bytes32 hash = Typed.hash(c);
        if (segment_.commitmentHash != hash) revert CommitmentMismatch(segment_.commitmentHash, hash);
        _checkNotVoid(c.leaseId, c.segment);
    }

    function _checkNotVoid(bytes32 leaseId, uint32 segment_) internal view {
        uint32 voidedFrom = _traces[leaseId].voidedFrom;
        if (voidedFrom != 0 && segment_ + 1 >= voidedFrom) revert SegmentVoided(leaseId, segment_);
    }

    function _checkSigner(bytes32 structHash, bytes calldata signature, address expected) internal view {
        (address recovered, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        if (problem != ECDSA.RecoverError.NoError || recovered != expected) {
            revert SignatureInvalid(recovered, expected);
        }
    }

    function _void(bytes32 leaseId, uint32 segment_, uint256 cap) internal {
        Trace storage trace = _traces[leaseId];
        if (trace.voidedFrom == 0 || segment_ + 1 < trace.voidedFrom) {
            Segment storage first = _segments[leaseId][segment_];
            (first.voidedAt, first.voidedTo) = (uint40(block.timestamp), trace.voidedFrom);
            // Below MAX_SEGMENTS, see reportEquivocation.
            trace.voidedFrom = uint24(segment_ + 1);
        }
        // rate x metered <= rate x duration, which fits.
        CHANNELS.voidFrom(leaseId, uint64(cap));
        MARKET.close(leaseId, CloseReason.falseSegment);
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    function recordOf(bytes32 leaseId, uint32 segment_) external view returns (bytes32 hash, uint40 committedAt) {
        Segment storage record = _segments[leaseId][segment_];
        return (record.commitmentHash, record.committedAt);
    }

    function segment(bytes32 leaseId, uint32 segment_) external view returns (SegmentView memory) {
        Segment memory record = _segments[leaseId][segment_];
        uint32 voidedFrom = _traces[leaseId].voidedFrom;
        return SegmentView({
            commitmentHash: record.commitmentHash,
            committedAt: record.committedAt,
            beaconRound: record.beaconRound,
            meteredSeconds: record.meteredSeconds,
            meteredBefore: record.meteredBefore,
            available: record.available,
            voided: voidedFrom != 0 && segment_ + 1 >= voidedFrom,
            heldCount: record.heldCount
        });
    }

    function wasVoid(bytes32 leaseId, uint32 segment_, uint32 from, uint256 time) external view returns (bool) {
        uint32 voidedFrom = _traces[leaseId].voidedFrom;
        if (voidedFrom == 0 || segment_ + 1 < voidedFrom) return false;
        Segment storage first = _segments[leaseId][from];
        // Of all times at which something became void, the one at which this segment did.
        bool thatTime = first.voidedAt != 0 && from <= segment_ && (first.voidedTo == 0 || segment_ + 1 < first.voidedTo);
        return !thatTime || first.voidedAt < time;
    }

    function isConvicted(bytes32 leaseId, uint32 segment_) external view returns (bool) {
        uint256 from = _traces[leaseId].convictedFrom;
        return from != 0 && segment_ + 1 >= from;
    }

    function segmentCount(bytes32 leaseId) external view returns (uint32) {
        return _traces[leaseId].segments;
    }

    function meteredSecondsOf(bytes32 leaseId) external view returns (uint32) {
        return _traces[leaseId].meteredSeconds;
    }

    function commitmentHash(SegmentCommitment calldata c) external pure returns (bytes32) {
        return Typed.hash(c);
    }

    function commitmentDigest(SegmentCommitment calldata c) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.hash(c));
    }
}
