// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SegmentCommitment} from "../types/Orders.sol";

/// @title Segment commitments, availability, and random audits by drawn nodes.
/// @notice An accusation by one auditor only pauses pay; a second drawn auditor with the same rival history moves the
/// lease. Nothing here slashes. Every wait ends by a time that anyone can enforce.
interface IAudits {
    enum AuditState {
        none,
        waiting,
        committed,
        passed,
        confirmed,
        lapsed
    }

    struct SegmentView {
        bytes32 commitmentHash;
        uint40 committedAt;
        uint64 beaconRound;
        uint32 meteredSeconds;
        uint32 meteredBefore;
        bool available;
        bool voided;
        uint8 heldCount;
    }

    struct AuditView {
        AuditState state;
        uint8 used;
        uint8 drawn;
        uint8 accusers;
        /// @dev Until then the opening of a seal, or the first auditor alone; 0 when any unused auditor may speak.
        uint40 deadline;
        uint40 endsAt;
        bytes20 auditor;
        bytes32 auditCommitment;
        bytes32 seed;
    }

    /// @notice The whole commitment: an auditor needs every field of it, however the transaction came about.
    event SegmentCommitted(
        bytes32 indexed leaseId,
        uint32 indexed segment,
        bytes20 indexed nodeId,
        bytes32 commitmentHash,
        SegmentCommitment commitment
    );
    event HeldProved(bytes32 indexed leaseId, uint32 indexed segment, bytes20 indexed holder);
    event SegmentAvailable(bytes32 indexed leaseId, uint32 indexed segment);
    event SegmentRetracted(bytes32 indexed leaseId, uint32 indexed segment, bytes32 commitmentHash);
    event CourtVoided(bytes32 indexed leaseId, uint32 indexed segment, address indexed court);
    event AuditOpened(bytes32 indexed leaseId, uint32 indexed segment, bytes32 seed);
    event AuditCommitted(bytes32 indexed leaseId, uint32 indexed segment, bytes20 indexed auditor, bytes32 commitment);
    event AuditRevealed(
        bytes32 indexed leaseId,
        uint32 indexed segment,
        bytes20 indexed auditor,
        bool ok,
        uint64 step,
        bytes32 stepRoot,
        bytes32 altHistoryRoot
    );
    event AuditClosed(bytes32 indexed leaseId, uint32 indexed segment, AuditState state);
    event AuditorMarked(bytes32 indexed leaseId, uint32 indexed segment, bytes20 indexed auditor);
    event Equivocated(
        bytes32 indexed leaseId, uint32 indexed segment, bytes20 indexed nodeId, bytes32 first, bytes32 second
    );

    error LeaseNotRunning(bytes32 leaseId);
    error LeaseOver(bytes32 leaseId);
    error OrderMismatch(bytes32 leaseId, bytes32 orderHash);
    error SegmentOutOfOrder(bytes32 leaseId, uint32 segment, uint32 expected);
    error SegmentUnknown(bytes32 leaseId, uint32 segment);
    error SegmentVoided(bytes32 leaseId, uint32 segment);
    error StepsInvalid(uint64 firstStep, uint64 lastStep, uint64 expectedFirst);
    error StartRootMismatch(bytes32 startRoot, bytes32 expected);
    error MeteredTooMuch(uint256 metered, uint256 elapsed);
    error RoundNotAllowed(uint64 round, uint64 earliest, uint64 latest);
    error SignatureInvalid(address recovered, address expected);
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error SameContent(bytes32 first, bytes32 second);
    error Retracted(bytes32 leaseId, uint32 segment);
    error NotCourt(bytes32 leaseId, address caller);
    error DrawNotReady(bytes32 leaseId, uint32 segment);
    error NotSampled(bytes32 leaseId, uint32 segment);
    error NotDrawn(bytes20 nodeId);
    error AlreadyHeld(bytes20 holder);
    error LengthMismatch(uint256 holders, uint256 signatures);
    error NotOperator(bytes20 nodeId, address caller);
    error AuditTooLate(bytes32 leaseId, uint32 segment, uint256 until);
    error WrongAuditState(bytes32 leaseId, uint32 segment, AuditState state);
    error NotYourTurn(bytes20 auditor, uint256 from);
    error AuditorUsed(bytes20 auditor);
    error RevealMismatch(bytes32 expected, bytes32 actual);
    error StepRootNotInHistory(bytes32 stepRoot, bytes32 historyRoot, uint64 step);
    error AltHistoryInvalid(bytes32 altHistoryRoot);
    error DeadlineNotPassed(uint256 deadline);
    error ParamsUnsafe(string reason);

    /// @notice Records the next segment of a lease, signed by the provider's operator. Anyone may bring it.
    /// @param offerHash The other half of the leaseId, so that `orderHash` is checked.
    function commitSegment(SegmentCommitment calldata commitment, bytes32 offerHash, bytes calldata signature) external;

    /// @notice Takes the last segment of a lease that runs back, before the round that it names begins: it is unpaid, may be
    /// committed again for a later round, and is no equivocation. The node's operator or owner.
    /// @param before The segment before it; not read for segment 0.
    function retract(SegmentCommitment calldata commitment, SegmentCommitment calldata before) external;

    /// @notice The lease's court voids a segment and all after it, and closes the lease for fault.
    function courtVoid(bytes32 leaseId, uint32 segment) external;

    /// @notice Brings drawn holders' Held signatures; with enough of them the segment is available, and in accrue mode
    /// its pay becomes claimable (in order of segments).
    function proveHeld(SegmentCommitment calldata commitment, bytes20[] calldata holders, bytes[] calldata signatures)
        external;

    /// @notice Makes the pay of available segments claimable in accrue mode, in order, at most 32 a call. Anyone.
    function anchorAvailable(bytes32 leaseId) external;

    /// @notice Fixes the seed of a sampled segment and starts the first auditor's window. Anyone.
    function openAudit(bytes32 leaseId, uint32 segment) external;

    /// @notice A drawn auditor's operator commits `keccak256(abi.encode(leaseId, segment, auditor, ok, stepRoot,
    /// altHistoryRoot, salt))`. Auditor 0 goes alone for `auditCommitSeconds`, or until it has spoken; then any other.
    function commitAudit(bytes32 leaseId, uint32 segment, bytes20 auditor, bytes32 auditCommitment) external;

    /// @notice Opens the commitment. `ok`: stepRoot lies in the committed history at this auditor's step and
    /// altHistoryRoot is 0; not ok: it lies in altHistoryRoot, which differs.
    function revealAudit(
        SegmentCommitment calldata commitment,
        bool ok,
        bytes32 stepRoot,
        bytes32[] calldata path,
        bytes32 altHistoryRoot,
        bytes32 salt
    ) external;

    /// @notice After a seal that was not opened in time: lets the next one speak, or ends the audit when nobody is left. Anyone.
    function resolveTimeout(bytes32 leaseId, uint32 segment) external;

    /// @notice Two commitments for one (lease, segment) with different content, both signed for the provider: the lease
    /// is void from that segment on and closed for fault. Content is every field but `beaconRound`. Anyone.
    function reportEquivocation(
        SegmentCommitment calldata first,
        bytes calldata firstSignature,
        SegmentCommitment calldata second,
        bytes calldata secondSignature
    ) external;

    function segment(bytes32 leaseId, uint32 segment_) external view returns (SegmentView memory);
    /// @notice Hash and time of a commitment, in two storage reads; 0 when there is none.
    function recordOf(bytes32 leaseId, uint32 segment_) external view returns (bytes32 hash, uint40 committedAt);
    function audit(bytes32 leaseId, uint32 segment_) external view returns (AuditView memory);
    /// @notice Whether a segment was void before a past time: in an earlier second.
    /// @param from If it is void now: the first segment of the void that it became part of. Another one gives true.
    function wasVoid(bytes32 leaseId, uint32 segment_, uint32 from, uint256 time) external view returns (bool);
    /// @notice Whether the lease's court found this segment false, or one before it in the lease.
    function isConvicted(bytes32 leaseId, uint32 segment_) external view returns (bool);
    function segmentCount(bytes32 leaseId) external view returns (uint32);
    function meteredSecondsOf(bytes32 leaseId) external view returns (uint32);

    /// @notice Who may hold and who may audit a segment; holders are candidates, enough of whom must sign.
    function drawOf(bytes32 leaseId, uint32 segment_)
        external
        view
        returns (bool ready, bool sampled, bytes20[] memory holders, bytes20[] memory auditors);

    /// @notice The step that this auditor must open.
    function stepOf(bytes32 seed, bytes20 auditor, uint64 firstStep, uint64 lastStep) external pure returns (uint64);
    function commitmentHash(SegmentCommitment calldata commitment) external pure returns (bytes32);
    function commitmentDigest(SegmentCommitment calldata commitment) external view returns (bytes32);
    function heldDigest(bytes32 leaseId, uint32 segment_, bytes32 checkpoint, bytes20 holder)
        external
        view
        returns (bytes32);

    /// @notice Whether `signature` is the current operator's Held of `holder`.
    function isHeld(bytes32 leaseId, uint32 segment_, bytes32 checkpoint, bytes20 holder, bytes calldata signature)
        external
        view
        returns (bool);
}
