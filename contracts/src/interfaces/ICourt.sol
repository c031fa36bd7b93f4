// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Order, SegmentCommitment} from "../types/Orders.sol";
import {CourtProgram} from "./IGames.sol";
import {IRivals} from "./IRivals.sol";

/// @dev The courtId of the first court, which hears tier exact. It is on the list from the start.
bytes32 constant EXACT_COURT = "exact/1";

/// @dev Its place on the list, known without asking: what is pinned most opens at the least cost.
uint16 constant EXACT_COURT_INDEX = 1;

/// @title A court: decides disputes of the leases that pinned its courtId.
/// @notice It acts through {IMarket-courtFreeze}, {IMarket-courtUnfreeze}, {IMarket-courtVoid}, {IMarket-courtSlash} and
/// {IMarket-close}. CourtId 0 means no court: such a lease has no dispute, and every interface says so.
interface ICourt {
    /// @notice Whether this court hears leases of this tier.
    function hears(uint8 tier) external view returns (bool);
}

/// @title The court of tier exact: who may name a rival to a segment commitment, for what bond, whose turn it is, and what a
/// verdict does. The game itself is {IGames}; spec/court.md.
interface IExactCourt is ICourt, IRivals {
    enum Ground {
        fields,
        nan,
        start,
        history,
        convicted
    }

    /// @notice The order behind a lease, and its details' field `court`: salt, siblings from below, what its value hashes.
    struct Opening {
        Order order;
        bytes32 salt;
        bytes32[3] path;
        CourtProgram program;
    }

    /// @notice What is behind a step root of the committed history, and its path there.
    struct StepOpening {
        uint64 step;
        uint32 loss;
        bytes32 state;
        bytes32[] path;
    }

    /// @notice A word of an f32 entry of a state, from the state root down.
    struct WordOpening {
        bytes32 entriesRoot;
        uint32 entry;
        bytes name;
        bytes32[] entryPath;
        uint32[] shape;
        bytes32 leavesRoot;
        uint64 leaf;
        bytes data;
        bytes32[] leafPath;
        uint8 word;
    }

    event Challenged(
        bytes32 indexed commitment,
        bytes20 indexed game,
        address indexed sponsor,
        bytes32 leaseId,
        uint32 segment,
        Ground ground,
        bytes32 rival,
        uint64 bond
    );
    /// @dev Of ground `convicted` nobody is the sponsor, and nobody is punished.
    event CommitmentEliminated(
        bytes32 indexed commitment, bytes20 indexed nodeId, address indexed sponsor, bytes32 leaseId, uint32 segment, Ground ground
    );
    event Punished(bytes20 indexed nodeId, uint64 bondToSponsor, uint64 bondToBuyer, uint96 stakeBurnt, bool pattern);
    /// @notice The registry took nothing of the stake, and why; everything else of the verdict stands.
    event SlashRefused(bytes20 indexed nodeId, bytes4 reason);

    error NotThisCourt(bytes32 leaseId);
    error LeaseSettled(bytes32 leaseId);
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error AlreadyConvicted(bytes32 leaseId, uint32 segment);
    error StillRetractable(bytes32 commitment, uint64 round);
    error OrderMismatch(bytes32 expected, bytes32 actual);
    error DetailsMismatch(bytes32 expected, bytes32 actual);
    error NothingFalse();
    error NotNan(uint32 word);
    error StartAllowed(uint64 step, bytes32 root);
    error StartNotShown();
    /// @notice The registry may have refused for want of gas alone.
    error GasTooLow(uint256 left, uint256 needed);

    // ---- rivals ---------------------------------------------------------------------------------------------------

    /// @notice Names another history of a commitment; the caller sponsors it with `bond` of its deposit.
    function challenge(SegmentCommitment calldata commitment, Opening calldata opening, bytes32 rival, uint64 bond)
        external
        returns (bytes20 game);

    /// @notice Says that the lease began in no allowed state. `first` is its segment 0.
    function challengeStart(
        SegmentCommitment calldata commitment,
        SegmentCommitment calldata first,
        Opening calldata opening,
        uint64 bond
    ) external returns (bytes20 game);

    /// @notice Answers that: `earlier` is the segment of an earlier fill that ended there. Anyone.
    /// @param voidedFrom See {IAudits-wasVoid}: it may be void by now, if it wasn't when this lease opened.
    function showStart(
        SegmentCommitment calldata commitment,
        SegmentCommitment calldata first,
        SegmentCommitment calldata earlier,
        uint32 voidedFrom
    ) external;

    /// @notice The commitment's program, data or steps aren't the order's, or its end isn't the state after its last step.
    function proveFields(SegmentCommitment calldata commitment, Opening calldata opening, StepOpening calldata last)
        external;

    /// @notice The loss of a committed step is NaN.
    function proveNanLoss(SegmentCommitment calldata commitment, Opening calldata opening, StepOpening calldata step)
        external;

    /// @notice A word of the state after a committed step is NaN.
    function proveNanState(
        SegmentCommitment calldata commitment,
        Opening calldata opening,
        StepOpening calldata step,
        WordOpening calldata word
    ) external;

    /// @notice Takes note of the game that was played and is over: pays, punishes, starts the next rival's. Anyone. Where the
    /// court found an earlier segment of the lease false meanwhile, whatever is played: the commitment is void already, nobody
    /// is punished, and every rival has its bond back by {IRivals-reclaim}.
    function conclude(SegmentCommitment calldata commitment, address sponsor, bytes32 rival) external;

    /// @notice The same in one transaction with the game's last move.
    /// @param move Calldata of a proof or of {IGames-timeout}, for the game that is played.
    function concludeWith(
        SegmentCommitment calldata commitment,
        address sponsor,
        bytes32 rival,
        bytes calldata move
    ) external;
}

/// @title Which address a courtId stands for. Entries are only added, after a delay, and never change.
interface ICourts {
    event CourtProposed(bytes32 indexed courtId, address indexed court, uint40 activeAt);
    event CourtActivated(bytes32 indexed courtId, address indexed court, uint16 index);

    error NotGovernance(address caller);
    error CourtIdInvalid(bytes32 courtId);
    error CourtKnown(bytes32 courtId);
    error CourtUnknown(bytes32 courtId);
    error CourtNotActive(bytes32 courtId, uint40 activeAt);
    error TooManyCourts();

    /// @notice Governance proposes; a pending proposal may be replaced, which restarts the delay.
    function propose(bytes32 courtId, address court) external;

    /// @notice Anyone, after the delay.
    function activate(bytes32 courtId) external returns (uint16 index);

    function indexOf(bytes32 courtId) external view returns (uint16);
    function courtAt(uint16 index) external view returns (address);
    function courtOf(bytes32 courtId) external view returns (address);
}
