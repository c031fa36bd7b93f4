// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Constants, ProtocolParams} from "../generated/Params.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {MerkleSha256} from "../libraries/MerkleSha256.sol";
import {Typed} from "../libraries/Typed.sol";
import {CloseReason, LEASE_ACCRUES, Lease, LeaseState} from "../types/Leases.sol";
import {SegmentCommitment, TIER_EXACT} from "../types/Orders.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title Segment commitments, availability and random audits, see {IAudits}.
contract Audits is IAudits, EIP712 {
    /// @dev Holders that must sign where the buyer may be offline; fewer only when fewer exist.
    uint256 private constant HOLDERS_NEEDED = 2;
    uint256 private constant MAX_DRAWN = 8;
    uint256 private constant ANCHORS_PER_CALL = 32;
    uint256 private constant PPM = 1e6;

    struct Segment {
        bytes32 commitmentHash;
        uint40 committedAt;
        uint64 beaconRound;
        uint32 meteredSeconds;
        uint32 meteredBefore;
        uint8 heldMask;
        uint8 heldCount;
        bool available;
    }

    /// @dev `voidedFrom` holds the first void segment plus one; 0 when none is.
    struct Trace {
        bytes32 endRoot;
        uint32 segments;
        uint32 meteredSeconds;
        uint64 lastStep;
        uint32 voidedFrom;
        uint32 anchoredSegments;
        uint16 accusations;
        uint32 frozenUntil;
    }

    struct Accusation {
        bytes20 auditor;
        bytes32 altHistoryRoot;
    }

    struct Case {
        bytes32 seed;
        bytes32 auditCommitment;
        bytes20 auditor;
        uint40 deadline;
        AuditState state;
        uint8 usedMask;
        uint8 used;
        uint8 drawn;
        uint40 endsAt;
        Accusation[] accusations;
    }

    IRegistry private immutable REGISTRY;
    IChannels private immutable CHANNELS;
    IMarket private immutable MARKET;
    IBeacon private immutable BEACON;
    uint256 private immutable AUDIT_RATE_PPM;
    uint256 private immutable AUDIT_PAY_PPM;
    uint256 private immutable COMMIT_SECONDS;
    uint256 private immutable REVEAL_SECONDS;
    uint256 private immutable MAX_AUDITORS;
    uint256 private immutable HOLDERS_DRAWN;
    uint256 private immutable MAX_ROUNDS_AHEAD;
    uint256 private immutable CLAIM_WINDOW;
    uint256 private immutable OPEN_WINDOW;

    mapping(bytes32 leaseId => Trace) private _traces;
    mapping(bytes32 leaseId => mapping(uint32 segment => Segment)) private _segments;
    mapping(bytes32 leaseId => mapping(uint32 segment => Case)) private _cases;

    error ParamsUnsafe();

    constructor(Wiring memory wiring, ProtocolParams memory params) EIP712("Weft", "1") {
        if (wiring.audits != address(this)) revert MispredictedAddress(wiring.audits, address(this));
        if (
            params.maxAuditors < 2 || params.maxAuditors > MAX_DRAWN || params.holdersDrawn < HOLDERS_NEEDED
                || params.holdersDrawn > MAX_DRAWN || params.auditRatePpm == 0 || params.auditRatePpm > PPM
        ) revert ParamsUnsafe();
        REGISTRY = IRegistry(wiring.registry);
        CHANNELS = IChannels(wiring.channels);
        MARKET = IMarket(wiring.market);
        BEACON = IBeacon(wiring.beacon);
        AUDIT_RATE_PPM = params.auditRatePpm;
        AUDIT_PAY_PPM = params.auditPayPpm;
        COMMIT_SECONDS = params.auditCommitSeconds;
        REVEAL_SECONDS = params.auditRevealSeconds;
        MAX_AUDITORS = params.maxAuditors;
        HOLDERS_DRAWN = params.holdersDrawn;
        MAX_ROUNDS_AHEAD = params.maxRoundsAhead;
        CLAIM_WINDOW = params.claimWindowSeconds;
        OPEN_WINDOW = params.releaseDelaySeconds + params.maxRoundsAhead * params.roundSeconds;
    }

    // ---- commitments ----------------------------------------------------------------------------------------------

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
        _checkRound(c.beaconRound);

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
        emit SegmentCommitted(
            c.leaseId, c.segment, nodeId, hash, c.beaconRound, c.meteredSeconds, c.historyRoot, c.checkpoint
        );
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

    function _checkRound(uint64 round) private view {
        uint64 current = BEACON.currentRound();
        uint64 latest = current + uint64(MAX_ROUNDS_AHEAD);
        if (round <= current || round > latest) revert RoundNotAllowed(round, current + 1, latest);
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

    // ---- availability ---------------------------------------------------------------------------------------------

    function proveHeld(SegmentCommitment calldata c, bytes20[] calldata holders, bytes[] calldata signatures) external {
        if (holders.length != signatures.length || holders.length > MAX_DRAWN) {
            revert LengthMismatch(holders.length, signatures.length);
        }
        Segment storage segment_ = _committed(c);
        bytes20[] memory drawn = _drawHolders(_seedOf(c.leaseId, c.segment, segment_), c.leaseId, segment_);
        for (uint256 i = 0; i < holders.length; ++i) {
            uint256 bit = 1 << _indexIn(drawn, holders[i]);
            if (segment_.heldMask & bit != 0) revert AlreadyHeld(holders[i]);
            bytes32 digest = Typed.held(c.leaseId, c.segment, c.checkpoint, holders[i]);
            _checkSigner(digest, signatures[i], REGISTRY.operatorOf(holders[i]));
            segment_.heldMask |= uint8(bit);
            ++segment_.heldCount;
            emit HeldProved(c.leaseId, c.segment, holders[i]);
        }
        uint256 needed = drawn.length < HOLDERS_NEEDED ? drawn.length : HOLDERS_NEEDED;
        if (segment_.available || needed == 0 || segment_.heldCount < needed) return;
        segment_.available = true;
        emit SegmentAvailable(c.leaseId, c.segment);
        anchorAvailable(c.leaseId);
    }

    /// @dev In order: then the pay before a void segment never contains that segment's.
    function anchorAvailable(bytes32 leaseId) public {
        Lease memory lease = MARKET.lease(leaseId);
        if (lease.flags & LEASE_ACCRUES == 0) return;
        Trace storage trace = _traces[leaseId];
        uint32 end = trace.voidedFrom == 0 ? trace.segments : trace.voidedFrom - 1;
        uint32 next = trace.anchoredSegments;
        uint256 metered = 0;
        for (uint256 i = 0; i < ANCHORS_PER_CALL && next < end; ++i) {
            Segment storage segment_ = _segments[leaseId][next];
            if (!segment_.available) break;
            metered += segment_.meteredSeconds;
            ++next;
        }
        if (next == trace.anchoredSegments) return;
        trace.anchoredSegments = next;
        CHANNELS.anchor(leaseId, uint64(lease.rate * metered));
    }

    // ---- audits ---------------------------------------------------------------------------------------------------

    function openAudit(bytes32 leaseId, uint32 segment_) external {
        _openAudit(leaseId, segment_);
    }

    function commitAudit(bytes32 leaseId, uint32 segment_, bytes20 auditor, bytes32 auditCommitment) external {
        if (REGISTRY.operatorOf(auditor) != msg.sender) revert NotOperator(auditor, msg.sender);
        Case storage case_ = _cases[leaseId][segment_];
        if (case_.state == AuditState.none) _openAudit(leaseId, segment_);
        if (case_.state != AuditState.waiting) revert WrongAuditState(leaseId, segment_, case_.state);
        if (block.timestamp > case_.endsAt) revert AuditTooLate(leaseId, segment_, case_.endsAt);

        Segment storage record = _segments[leaseId][segment_];
        uint256 index = _indexIn(_drawAuditors(case_.seed, leaseId, record), auditor);
        uint256 mask = case_.usedMask;
        if (mask & (1 << index) != 0) revert AuditorUsed(auditor);
        // The first unused one in the order of the draw goes alone until the deadline.
        bool isFirst = mask & ((1 << index) - 1) == (1 << index) - 1;
        if (!isFirst && block.timestamp <= case_.deadline) revert NotYourTurn(auditor, uint256(case_.deadline) + 1);

        case_.usedMask = uint8(mask | (1 << index));
        ++case_.used;
        case_.auditor = auditor;
        case_.auditCommitment = auditCommitment;
        case_.deadline = uint40(block.timestamp + REVEAL_SECONDS);
        case_.state = AuditState.committed;
        emit AuditCommitted(leaseId, segment_, auditor, auditCommitment);
    }

    function revealAudit(
        SegmentCommitment calldata c,
        bool ok,
        bytes32 stepRoot,
        bytes32[] calldata path,
        bytes32 altHistoryRoot,
        bytes32 salt
    ) external {
        _committed(c);
        Case storage case_ = _cases[c.leaseId][c.segment];
        if (case_.state != AuditState.committed) revert WrongAuditState(c.leaseId, c.segment, case_.state);
        if (block.timestamp > case_.deadline) revert AuditTooLate(c.leaseId, c.segment, case_.deadline);
        Lease memory lease = MARKET.lease(c.leaseId);
        if (lease.state == LeaseState.settled) revert LeaseOver(c.leaseId);

        bytes20 auditor = case_.auditor;
        bytes32 opened = keccak256(abi.encode(c.leaseId, c.segment, auditor, ok, stepRoot, altHistoryRoot, salt));
        if (opened != case_.auditCommitment) revert RevealMismatch(case_.auditCommitment, opened);
        bool rivalsFit = ok ? altHistoryRoot == 0 : (altHistoryRoot != 0 && altHistoryRoot != c.historyRoot);
        if (!rivalsFit) revert AltHistoryInvalid(altHistoryRoot);

        uint64 step = stepOf(case_.seed, auditor, c.firstStep, c.lastStep);
        bytes32 root = ok ? c.historyRoot : altHistoryRoot;
        // Not above 2^24: checked when the segment was committed.
        uint256 count = c.lastStep - c.firstStep + 1;
        if (!MerkleSha256.verify(root, count, step - c.firstStep, MerkleSha256.leaf(stepRoot), path)) {
            revert StepRootNotInHistory(stepRoot, root, step);
        }
        emit AuditRevealed(c.leaseId, c.segment, auditor, ok, step, stepRoot, altHistoryRoot);
        if (ok) _pass(c.leaseId, c.segment, case_, auditor, lease);
        else _accuse(c.leaseId, c.segment, case_, Accusation(auditor, altHistoryRoot), lease);
    }

    function resolveTimeout(bytes32 leaseId, uint32 segment_) external {
        Case storage case_ = _cases[leaseId][segment_];
        bool somebodyMaySpeak = case_.used < case_.drawn && block.timestamp <= case_.endsAt;
        if (case_.state == AuditState.committed) {
            if (block.timestamp <= case_.deadline) revert DeadlineNotPassed(case_.deadline);
            emit AuditorMarked(leaseId, segment_, case_.auditor);
            _await(case_);
            if (somebodyMaySpeak) return;
        } else {
            if (case_.state != AuditState.waiting) revert WrongAuditState(leaseId, segment_, case_.state);
            if (somebodyMaySpeak) revert DeadlineNotPassed(case_.endsAt);
        }
        if (case_.accusations.length != 0) _unfreeze(leaseId);
        _end(leaseId, segment_, case_, AuditState.lapsed);
    }

    function reportEquivocation(
        SegmentCommitment calldata first,
        bytes calldata firstSignature,
        SegmentCommitment calldata second,
        bytes calldata secondSignature
    ) external {
        (bytes32 a, bytes32 b) = (Typed.hash(first), Typed.hash(second));
        if (first.leaseId != second.leaseId || first.segment != second.segment) revert CommitmentMismatch(a, b);
        if (a == b) revert SameCommitment(a);
        bytes32 leaseId = first.leaseId;
        Lease memory lease = MARKET.lease(leaseId);
        if (lease.state == LeaseState.none || lease.state == LeaseState.settled) revert LeaseOver(leaseId);
        (bytes20 nodeId,) = CHANNELS.partiesOf(leaseId);
        _checkEverSigner(a, firstSignature, nodeId, lease.openedAt);
        _checkEverSigner(b, secondSignature, nodeId, lease.openedAt);
        Trace storage trace = _traces[leaseId];
        if (trace.voidedFrom != 0 && first.segment + 1 >= trace.voidedFrom) {
            revert SegmentVoided(leaseId, first.segment);
        }
        emit Equivocated(leaseId, first.segment, nodeId, a, b);
        uint256 cap;
        if (first.segment < trace.segments) {
            cap = uint256(lease.rate) * _segments[leaseId][first.segment].meteredBefore;
        } else {
            // Nothing on chain says what came before: what was claimed by now stays, nothing more comes.
            uint256 claimed = CHANNELS.channel(leaseId).claimed;
            cap = uint256(lease.rate) * trace.meteredSeconds;
            if (cap < claimed) cap = claimed;
        }
        _void(leaseId, first.segment, cap);
    }

    function _openAudit(bytes32 leaseId, uint32 segment_) private {
        Segment storage record = _segments[leaseId][segment_];
        if (record.commitmentHash == 0) revert SegmentUnknown(leaseId, segment_);
        Case storage case_ = _cases[leaseId][segment_];
        if (case_.state != AuditState.none) revert WrongAuditState(leaseId, segment_, case_.state);
        _checkNotVoid(leaseId, segment_);
        Lease memory lease = MARKET.lease(leaseId);
        uint256 until = record.committedAt + OPEN_WINDOW;
        if (lease.state == LeaseState.settled || block.timestamp > until) {
            revert AuditTooLate(leaseId, segment_, until);
        }
        bytes32 seed = _seedOf(leaseId, segment_, record);
        if (lease.tier != TIER_EXACT || !_isSampled(seed)) revert NotSampled(leaseId, segment_);
        case_.seed = seed;
        case_.drawn = uint8(_drawAuditors(seed, leaseId, record).length);
        case_.endsAt = uint40(block.timestamp + MAX_AUDITORS * (COMMIT_SECONDS + REVEAL_SECONDS));
        emit AuditOpened(leaseId, segment_, seed);
        _await(case_);
    }

    /// @dev An accusation that no second auditor shares is worth nothing: its author is unpaid and marked.
    function _pass(bytes32 leaseId, uint32 segment_, Case storage case_, bytes20 auditor, Lease memory lease) private {
        uint256 accusers = case_.accusations.length;
        for (uint256 i = 0; i < accusers; ++i) {
            emit AuditorMarked(leaseId, segment_, case_.accusations[i].auditor);
        }
        if (accusers != 0) _unfreeze(leaseId);
        _end(leaseId, segment_, case_, AuditState.passed);
        _pay(leaseId, segment_, auditor, lease);
    }

    function _accuse(
        bytes32 leaseId,
        uint32 segment_,
        Case storage case_,
        Accusation memory accusation,
        Lease memory lease
    ) private {
        uint256 accusers = case_.accusations.length;
        for (uint256 i = 0; i < accusers; ++i) {
            Accusation memory earlier = case_.accusations[i];
            if (earlier.altHistoryRoot != accusation.altHistoryRoot) continue;
            _unfreeze(leaseId);
            _end(leaseId, segment_, case_, AuditState.confirmed);
            _pay(leaseId, segment_, earlier.auditor, lease);
            _pay(leaseId, segment_, accusation.auditor, lease);
            _void(leaseId, segment_, uint256(lease.rate) * _segments[leaseId][segment_].meteredBefore);
            return;
        }
        case_.accusations.push(accusation);
        if (accusers == 0) _freeze(leaseId, uint32(case_.endsAt + REVEAL_SECONDS));
        _await(case_);
    }

    function _await(Case storage case_) private {
        case_.state = AuditState.waiting;
        case_.auditor = 0;
        case_.deadline = uint40(block.timestamp + COMMIT_SECONDS);
    }

    function _end(bytes32 leaseId, uint32 segment_, Case storage case_, AuditState state) private {
        case_.state = state;
        emit AuditClosed(leaseId, segment_, state);
    }

    function _freeze(bytes32 leaseId, uint32 until) private {
        Trace storage trace = _traces[leaseId];
        ++trace.accusations;
        if (until > trace.frozenUntil) trace.frozenUntil = until;
        CHANNELS.auditFreeze(leaseId, trace.frozenUntil);
    }

    /// @dev Several segments of one lease may stand accused; the last one to end unfreezes.
    function _unfreeze(bytes32 leaseId) private {
        Trace storage trace = _traces[leaseId];
        if (--trace.accusations != 0) return;
        trace.frozenUntil = 0;
        CHANNELS.auditFreeze(leaseId, 0);
    }

    function _void(bytes32 leaseId, uint32 segment_, uint256 cap) private {
        Trace storage trace = _traces[leaseId];
        if (trace.voidedFrom == 0 || segment_ + 1 < trace.voidedFrom) trace.voidedFrom = segment_ + 1;
        // rate x metered <= rate x duration, which fits.
        CHANNELS.voidFrom(leaseId, uint64(cap));
        MARKET.close(leaseId, CloseReason.falseSegment);
    }

    function _pay(bytes32 leaseId, uint32 segment_, bytes20 auditor, Lease memory lease) private {
        uint256 amount = uint256(lease.rate) * _segments[leaseId][segment_].meteredSeconds * AUDIT_PAY_PPM / PPM;
        CHANNELS.payAudit(
            leaseId,
            MARKET.moneyOf(leaseId).auditPot,
            REGISTRY.ownerOf(auditor),
            amount > type(uint64).max ? type(uint64).max : uint64(amount)
        );
    }

    // ---- internals ------------------------------------------------------------------------------------------------

    function _committed(SegmentCommitment calldata c) private view returns (Segment storage segment_) {
        segment_ = _segments[c.leaseId][c.segment];
        bytes32 hash = Typed.hash(c);
        if (segment_.commitmentHash != hash) revert CommitmentMismatch(segment_.commitmentHash, hash);
        _checkNotVoid(c.leaseId, c.segment);
    }

    function _checkNotVoid(bytes32 leaseId, uint32 segment_) private view {
        uint32 voidedFrom = _traces[leaseId].voidedFrom;
        if (voidedFrom != 0 && segment_ + 1 >= voidedFrom) revert SegmentVoided(leaseId, segment_);
    }

    function _checkSigner(bytes32 structHash, bytes calldata signature, address expected) private view {
        (address recovered, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        if (problem != ECDSA.RecoverError.NoError || recovered != expected) {
            revert SignatureInvalid(recovered, expected);
        }
    }

    /// @dev A key that was rotated out after the lease opened still answers for what it signed.
    function _checkEverSigner(bytes32 structHash, bytes calldata signature, bytes20 nodeId, uint256 since)
        private
        view
    {
        (address recovered, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        (bytes20 signerNode, uint40 until) = REGISTRY.operatorRecord(recovered);
        if (problem != ECDSA.RecoverError.NoError || signerNode != nodeId || (until != 0 && until <= since)) {
            revert SignatureInvalid(recovered, REGISTRY.operatorOf(nodeId));
        }
    }

    /// @dev seed = H(randomness, commitment); fixed once the case is open.
    function _seedOf(bytes32 leaseId, uint32 segment_, Segment storage record) private view returns (bytes32) {
        (bool ready, bytes32 value) = BEACON.random(record.beaconRound);
        if (!ready) revert DrawNotReady(leaseId, segment_);
        return keccak256(abi.encode(value, record.commitmentHash));
    }

    function _isSampled(bytes32 seed) private view returns (bool) {
        return uint256(keccak256(abi.encode(seed, "sample"))) % PPM < AUDIT_RATE_PPM;
    }

    function _drawHolders(bytes32 seed, bytes32 leaseId, Segment storage record)
        private
        view
        returns (bytes20[] memory)
    {
        return _draw(keccak256(abi.encode(seed, "holder")), HOLDERS_DRAWN, leaseId, record);
    }

    function _drawAuditors(bytes32 seed, bytes32 leaseId, Segment storage record)
        private
        view
        returns (bytes20[] memory)
    {
        return _draw(keccak256(abi.encode(seed, "auditor")), MAX_AUDITORS, leaseId, record);
    }

    function _draw(bytes32 seed, uint256 count, bytes32 leaseId, Segment storage record)
        private
        view
        returns (bytes20[] memory)
    {
        (bytes20 nodeId,) = CHANNELS.partiesOf(leaseId);
        return REGISTRY.drawMany(seed, count, uint48(record.committedAt - 1), nodeId);
    }

    function _indexIn(bytes20[] memory drawn, bytes20 nodeId) private pure returns (uint256 index) {
        while (index < drawn.length) {
            if (drawn[index] == nodeId) return index;
            ++index;
        }
        revert NotDrawn(nodeId);
    }

    // ---- views ----------------------------------------------------------------------------------------------------

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

    function audit(bytes32 leaseId, uint32 segment_) external view returns (AuditView memory) {
        Case storage case_ = _cases[leaseId][segment_];
        return AuditView({
            state: case_.state,
            used: case_.used,
            drawn: case_.drawn,
            accusers: uint8(case_.accusations.length),
            deadline: case_.deadline,
            endsAt: case_.endsAt,
            auditor: case_.auditor,
            auditCommitment: case_.auditCommitment,
            seed: case_.seed
        });
    }

    function segmentCount(bytes32 leaseId) external view returns (uint32) {
        return _traces[leaseId].segments;
    }

    function meteredSecondsOf(bytes32 leaseId) external view returns (uint32) {
        return _traces[leaseId].meteredSeconds;
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

    function commitmentHash(SegmentCommitment calldata c) external pure returns (bytes32) {
        return Typed.hash(c);
    }

    function commitmentDigest(SegmentCommitment calldata c) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.hash(c));
    }

    function heldDigest(bytes32 leaseId, uint32 segment_, bytes32 checkpoint, bytes20 holder)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(Typed.held(leaseId, segment_, checkpoint, holder));
    }

    function isHeld(bytes32 leaseId, uint32 segment_, bytes32 checkpoint, bytes20 holder, bytes calldata signature)
        external
        view
        returns (bool)
    {
        bytes32 digest = _hashTypedDataV4(Typed.held(leaseId, segment_, checkpoint, holder));
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        return problem == ECDSA.RecoverError.NoError && recovered == REGISTRY.operatorOf(holder);
    }
}
