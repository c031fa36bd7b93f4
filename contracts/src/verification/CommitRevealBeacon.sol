// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {ProtocolParams} from "../generated/Params.sol";
import {ICommitRevealBeacon} from "../interfaces/ICommitRevealBeacon.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title Commit-reveal randomness by hash onions, see {ICommitRevealBeacon}.
/// @dev Round 0 starts at deployment. The mix is a sum of hashes, so that the order of reveals changes nothing.
contract CommitRevealBeacon is ICommitRevealBeacon {
    using Arrays for uint256[];

    /// @dev How long a retired node waits before it may enrol again, and how long a miss can be punished.
    uint64 private constant REST_ROUNDS = 256;
    /// @dev In place of the last round while a node has not retired.
    uint64 private constant ACTIVE = type(uint64).max;

    struct Round {
        uint248 reveals;
        bool requested;
        bytes32 mix;
    }

    IRegistry private immutable REGISTRY;
    uint256 private immutable GENESIS;
    uint256 private immutable ROUND_SECONDS;
    uint256 private immutable MIN_REVEALS;
    uint256 private immutable PENALTY;
    uint256 private immutable MAX_MISSES;
    uint256 private immutable MAX_ROUNDS_AHEAD;

    mapping(uint64 round => Round) private _rounds;
    mapping(bytes20 nodeId => Enrolment) private _enrolments;
    mapping(uint64 round => mapping(bytes20 nodeId => bool)) private _revealed;
    mapping(uint64 round => mapping(bytes20 nodeId => bool)) private _penalised;
    /// @dev Every round with enough reveals, in rising order: only the running round takes reveals.
    uint256[] private _complete;

    error ParamsUnsafe();

    constructor(Wiring memory wiring, ProtocolParams memory params) {
        if (wiring.beacon != address(this)) revert MispredictedAddress(wiring.beacon, address(this));
        if (params.roundSeconds == 0 || params.minReveals == 0) revert ParamsUnsafe();
        if (params.maxMisses == 0 || params.revealPenalty > type(uint96).max) revert ParamsUnsafe();
        REGISTRY = IRegistry(wiring.registry);
        GENESIS = block.timestamp;
        ROUND_SECONDS = params.roundSeconds;
        MIN_REVEALS = params.minReveals;
        PENALTY = params.revealPenalty;
        MAX_MISSES = params.maxMisses;
        MAX_ROUNDS_AHEAD = params.maxRoundsAhead;
    }

    function enroll(bytes20 nodeId, bytes32 tip) external {
        _onlyOperator(nodeId);
        if (tip == 0) revert TipInvalid();
        uint96 stake = REGISTRY.stakeOf(nodeId);
        uint256 minStake = REGISTRY.minStake();
        if (stake < minStake) revert StakeTooLow(nodeId, stake, minStake);
        Enrolment storage self = _enrolments[nodeId];
        uint64 next = currentRound() + 1;
        if (self.tip == 0) {
            // What was withheld before can be punished until then.
            uint64 earliest = self.firstRound == 0 ? 0 : self.retiredRound + REST_ROUNDS;
            if (next < earliest) revert EnrolmentTooSoon(nodeId, earliest);
            self.firstRound = next;
            self.retiredRound = ACTIVE;
            self.misses = 0;
        }
        self.tip = tip;
        self.tipRound = next;
        emit Enrolled(nodeId, tip, next);
    }

    function retire(bytes20 nodeId) external {
        _onlyOperator(nodeId);
        Enrolment storage self = _enrolments[nodeId];
        if (self.tip == 0) revert NotEnrolled(nodeId);
        _retire(nodeId, self);
    }

    function request(uint64 round) external {
        uint64 current = currentRound();
        if (round <= current) revert RoundNotFuture(round, current);
        uint64 latest = current + uint64(MAX_ROUNDS_AHEAD);
        if (round > latest) revert RoundTooFar(round, latest);
        if (_rounds[round].requested) return;
        _rounds[round].requested = true;
        emit RoundRequested(round);
    }

    function reveal(bytes20 nodeId, uint64 round, bytes32 preimage) external {
        uint64 current = currentRound();
        if (round != current) revert RoundNotCurrent(round, current);
        Round storage r = _rounds[round];
        if (!r.requested) revert RoundNotRequested(round);
        Enrolment storage self = _enrolments[nodeId];
        if (self.tip == 0) revert NotEnrolled(nodeId);
        if (round < self.tipRound) revert NotEligible(nodeId, round);
        if (_revealed[round][nodeId]) revert AlreadyRevealed(nodeId, round);
        if (keccak256(abi.encode(preimage)) != self.tip || preimage == 0) revert PreimageWrong(nodeId, self.tip);
        self.tip = preimage;
        _revealed[round][nodeId] = true;
        // A sum modulo 2^256: commutative, and no preimage cancels another one's hash.
        unchecked {
            r.mix = bytes32(uint256(r.mix) + uint256(keccak256(abi.encode(nodeId, round, preimage))));
        }
        if (++r.reveals == MIN_REVEALS) _complete.push(round);
        emit Revealed(nodeId, round, preimage, r.reveals);
    }

    /// @dev Bounded in age and number: anyone may request every round, and whoever was asleep for a day would otherwise
    /// lose its whole stake to whoever waited and then counted.
    function penalise(bytes20 nodeId, uint64 round) external {
        if (block.timestamp < startOf(round + 1)) revert RoundNotOver(round);
        if (round + REST_ROUNDS < currentRound()) revert MissForgiven(nodeId, round);
        if (!_rounds[round].requested) revert RoundNotRequested(round);
        if (_revealed[round][nodeId]) revert AlreadyRevealed(nodeId, round);
        if (_penalised[round][nodeId]) revert AlreadyPenalised(nodeId, round);
        Enrolment storage self = _enrolments[nodeId];
        bool owed = self.firstRound != 0 && round >= self.firstRound && round <= self.retiredRound;
        if (!owed) revert NotEligible(nodeId, round);
        if (self.misses >= MAX_MISSES) revert MissesPunished(nodeId, self.misses);
        _penalised[round][nodeId] = true;
        uint32 misses = ++self.misses;
        uint96 slashed = REGISTRY.slash(nodeId, uint96(PENALTY));
        emit Penalised(nodeId, round, slashed, misses);
        if (misses >= MAX_MISSES && self.tip != 0) _retire(nodeId, self);
    }

    function _retire(bytes20 nodeId, Enrolment storage self) private {
        self.tip = 0;
        self.retiredRound = currentRound();
        emit Retired(nodeId, self.retiredRound);
    }

    function _onlyOperator(bytes20 nodeId) private view {
        if (REGISTRY.operatorOf(nodeId) != msg.sender) revert NotOperator(nodeId, msg.sender);
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    function random(uint64 round) external view returns (bool ready, bytes32 value) {
        uint64 decides = round;
        if (_rounds[round].reveals < MIN_REVEALS) {
            uint256 index = _complete.lowerBound(round);
            if (index == _complete.length) return (false, 0);
            decides = uint64(_complete[index]);
        }
        // Once it is over, so is every round before it: none of those can become complete any more.
        if (block.timestamp < startOf(decides + 1)) return (false, 0);
        return (true, keccak256(abi.encode(decides, _rounds[decides].mix)));
    }

    function genesis() external view returns (uint256) {
        return GENESIS;
    }

    function roundSeconds() external view returns (uint256) {
        return ROUND_SECONDS;
    }

    function currentRound() public view returns (uint64) {
        return uint64((block.timestamp - GENESIS) / ROUND_SECONDS);
    }

    function startOf(uint64 round) public view returns (uint256) {
        return GENESIS + uint256(round) * ROUND_SECONDS;
    }

    function enrolmentOf(bytes20 nodeId) external view returns (Enrolment memory) {
        return _enrolments[nodeId];
    }

    function roundOf(uint64 round) external view returns (bool requested, uint256 reveals, bytes32 mix) {
        Round memory r = _rounds[round];
        return (r.requested, r.reveals, r.mix);
    }

    function hasRevealed(bytes20 nodeId, uint64 round) external view returns (bool) {
        return _revealed[round][nodeId];
    }
}
