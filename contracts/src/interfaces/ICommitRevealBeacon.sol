// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "./IBeacon.sol";

/// @title A beacon fed by stakers' hash onions.
/// @notice Each enrolled node commits once to the tip of a keccak chain and reveals one preimage per requested round,
/// inside that round. Who withholds can choose between two values of a round and pays for it; nobody else can choose.
interface ICommitRevealBeacon is IBeacon {
    /// @notice `retiredRound` is the last round owed; 2^64-1 while the node is enrolled.
    struct Enrolment {
        bytes32 tip;
        uint64 firstRound;
        uint64 tipRound;
        uint64 retiredRound;
        uint32 misses;
    }

    event Enrolled(bytes20 indexed nodeId, bytes32 tip, uint64 tipRound);
    event Retired(bytes20 indexed nodeId, uint64 lastRound);
    event Revealed(bytes20 indexed nodeId, uint64 indexed round, bytes32 preimage, uint256 reveals);
    event Penalised(bytes20 indexed nodeId, uint64 indexed round, uint96 amount, uint32 misses);

    error NotOperator(bytes20 nodeId, address caller);
    error StakeTooLow(bytes20 nodeId, uint96 stake, uint256 minStake);
    error TipInvalid();
    error EnrolmentTooSoon(bytes20 nodeId, uint64 earliestRound);
    error NotEnrolled(bytes20 nodeId);
    error RoundNotRequested(uint64 round);
    error RoundNotCurrent(uint64 round, uint64 currentRound);
    error RoundNotOver(uint64 round);
    error AlreadyRevealed(bytes20 nodeId, uint64 round);
    error PreimageWrong(bytes20 nodeId, bytes32 tip);
    error NotEligible(bytes20 nodeId, uint64 round);
    error AlreadyPenalised(bytes20 nodeId, uint64 round);
    error MissForgiven(bytes20 nodeId, uint64 round);
    error MissesPunished(bytes20 nodeId, uint32 misses);

    /// @notice Commits to a chain tip, counted from the next round. Again: replaces it (reveal a requested current
    /// round first: it stays owed). The node's operator, with at least the minimum stake.
    function enroll(bytes20 nodeId, bytes32 tip) external;

    /// @notice Owes nothing from the next round on. May enrol again 256 rounds later.
    function retire(bytes20 nodeId) external;

    /// @notice Opens the next layer in the current, requested round. Anyone may bring it.
    function reveal(bytes20 nodeId, uint64 round, bytes32 preimage) external;

    /// @notice Slashes an enrolled node that revealed nothing in a requested round; the last miss allowed removes it.
    /// No more than that many are punished until it enrols again, and none that is older than 256 rounds.
    function penalise(bytes20 nodeId, uint64 round) external;

    function enrolmentOf(bytes20 nodeId) external view returns (Enrolment memory);
    function roundOf(uint64 round) external view returns (bool requested, uint256 reveals, bytes32 mix);
    function hasRevealed(bytes20 nodeId, uint64 round) external view returns (bool);
}
