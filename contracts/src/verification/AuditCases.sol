// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {MerkleSha256} from "../libraries/MerkleSha256.sol";
import {Lease, LeaseState} from "../types/Leases.sol";
import {SegmentCommitment, TIER_EXACT} from "../types/Orders.sol";
import {SegmentDraw} from "./SegmentDraw.sol";

/// @title Audits of sampled segments by drawn nodes, from the draw to the verdict or the end of its time.
abstract contract AuditCases is SegmentDraw {
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

    uint256 private immutable AUDIT_PAY_PPM;
    uint256 private immutable AUDIT_FLOOR_PPM;
    uint256 private immutable COMMIT_SECONDS;
    uint256 private immutable REVEAL_SECONDS;
    uint256 private immutable MAX_OTHERS;
    uint256 private immutable OPEN_WINDOW;

    mapping(bytes32 leaseId => mapping(uint32 segment => Case)) private _cases;

    /// @dev Pay for a segment matures `releaseDelaySeconds` after its commitment at the earliest. By then, one after
    /// another: the round that it names is over; somebody had time to open the case; the first auditor had its turn, the
    /// others as much time to replay, even if all but one of them block it with seals that they don't open; the last
    /// seal is opened.
    constructor(ProtocolParams memory params) {
        AUDIT_PAY_PPM = params.auditPayPpm;
        AUDIT_FLOOR_PPM = params.auditFloorPpm;
        COMMIT_SECONDS = params.auditCommitSeconds;
        REVEAL_SECONDS = params.auditRevealSeconds;
        MAX_OTHERS = params.maxAuditors - 1;
        uint256 untilOpened = (params.maxRoundsAhead + 1) * params.roundSeconds + params.auditCommitSeconds;
        uint256 onceOpened = 2 * params.auditCommitSeconds + params.maxAuditors * params.auditRevealSeconds;
        if (params.releaseDelaySeconds <= untilOpened + onceOpened) revert ParamsUnsafe("releaseDelaySeconds");
        if (params.auditFloorPpm == 0 || params.auditFloorPpm > PPM) revert ParamsUnsafe("auditFloorPpm");
        OPEN_WINDOW = params.releaseDelaySeconds - 1 - onceOpened;
    }

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
        if (index != 0 && block.timestamp <= case_.deadline) revert NotYourTurn(auditor, uint256(case_.deadline) + 1);

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
            _await(case_, 0);
            if (somebodyMaySpeak) return;
        } else {
            if (case_.state != AuditState.waiting) revert WrongAuditState(leaseId, segment_, case_.state);
            if (somebodyMaySpeak) revert DeadlineNotPassed(case_.endsAt);
        }
        if (case_.accusations.length != 0) _unfreeze(leaseId);
        _end(leaseId, segment_, case_, AuditState.lapsed);
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
        case_.endsAt = uint40(block.timestamp + 2 * COMMIT_SECONDS + MAX_OTHERS * REVEAL_SECONDS);
        emit AuditOpened(leaseId, segment_, seed);
        _await(case_, uint40(block.timestamp + COMMIT_SECONDS));
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
        // Pay is paused from here on, so that whoever is left can have time to replay, however late the accusation came.
        uint256 until = block.timestamp + COMMIT_SECONDS + (case_.drawn - case_.used) * REVEAL_SECONDS;
        if (until > case_.endsAt) case_.endsAt = uint40(until);
        if (accusers == 0) ++_traces[leaseId].accusations;
        _freeze(leaseId, uint32(case_.endsAt + REVEAL_SECONDS));
        _await(case_, 0);
    }

    /// @param aloneUntil Only the first auditor may seal until then.
    function _await(Case storage case_, uint40 aloneUntil) private {
        case_.state = AuditState.waiting;
        case_.auditor = 0;
        case_.deadline = aloneUntil;
    }

    function _end(bytes32 leaseId, uint32 segment_, Case storage case_, AuditState state) private {
        case_.state = state;
        emit AuditClosed(leaseId, segment_, state);
    }

    function _freeze(bytes32 leaseId, uint32 until) private {
        Trace storage trace = _traces[leaseId];
        if (until <= trace.frozenUntil) return;
        trace.frozenUntil = until;
        CHANNELS.auditFreeze(leaseId, until);
    }

    /// @dev Several segments of one lease may stand accused; the last one to end unfreezes.
    function _unfreeze(bytes32 leaseId) private {
        Trace storage trace = _traces[leaseId];
        if (--trace.accusations != 0) return;
        trace.frozenUntil = 0;
        CHANNELS.auditFreeze(leaseId, 0);
    }

    /// @dev The floor is there because the provider meters: a check of a segment said to have taken no time is work too.
    /// Channels pays no more than the pot has left.
    function _pay(bytes32 leaseId, uint32 segment_, bytes20 auditor, Lease memory lease) private {
        uint64 pot = MARKET.moneyOf(leaseId).auditPot;
        uint256 amount = uint256(lease.rate) * _segments[leaseId][segment_].meteredSeconds * AUDIT_PAY_PPM / PPM;
        uint256 floor = pot * AUDIT_FLOOR_PPM / PPM;
        if (amount < floor) amount = floor;
        CHANNELS.payAudit(leaseId, pot, REGISTRY.ownerOf(auditor), amount < pot ? uint64(amount) : pot);
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
}
