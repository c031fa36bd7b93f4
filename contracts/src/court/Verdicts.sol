// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IGames} from "../interfaces/IGames.sol";
import {Typed} from "../libraries/Typed.sol";
import {LeaseState} from "../types/Leases.sol";
import {SegmentCommitment} from "../types/Orders.sol";
import {Wiring} from "../types/Wiring.sol";
import {Docket} from "./Docket.sol";
import {Grounds} from "./Grounds.sol";

/// @title What the end of a game does: to bonds, to the lease and to the node's stake.
abstract contract Verdicts is Docket {
    uint256 private constant PPM = 1e6;
    /// @dev More than {IRegistry-slashFault} ever takes, by a fifth: with as much a slash that fails was refused, not starved.
    uint256 private constant SLASH_GAS = 200_000;

    uint256 private immutable FAULT_PPM;
    uint256 private immutable PATTERN_PPM;
    uint256 private immutable MEMORY;

    /// @dev Stake can't leave while a commitment may be named and then disputed.
    constructor(Wiring memory wiring, ProtocolParams memory params, Grounds grounds, address treasury)
        Docket(wiring, params, grounds, treasury)
    {
        uint256 narrowing = 0;
        while (1 << narrowing < params.courtFanout) ++narrowing;
        if (narrowing == 0) revert ParamsUnsafe("courtFanout");
        // Histories have at most 2^24 steps, other trees 2^32 leaves; and the proof at the end.
        uint256 moves = (23 + narrowing) / narrowing + 3 * ((31 + narrowing) / narrowing) + 1;
        uint256 side = params.courtClockSeconds + moves * (params.courtExtensionSeconds + params.courtInclusionSeconds);
        if (params.unbondDelaySeconds <= params.challengeWindowSeconds + 2 * side) {
            revert ParamsUnsafe("unbondDelaySeconds");
        }
        if (params.faultSlashPpm > params.patternSlashPpm || params.patternSlashPpm > PPM) {
            revert ParamsUnsafe("faultSlashPpm");
        }
        FAULT_PPM = params.faultSlashPpm;
        PATTERN_PPM = params.patternSlashPpm;
        MEMORY = params.faultMemorySeconds;
    }

    function conclude(SegmentCommitment calldata c, address sponsor, bytes32 rival) external {
        bytes32 commitment = Typed.hash(c);
        if (!_lapse(c, commitment)) _conclude(c, commitment, sponsor, rival);
    }

    function concludeWith(SegmentCommitment calldata c, address sponsor, bytes32 rival, bytes calldata move) external {
        bytes32 commitment = Typed.hash(c);
        if (_lapse(c, commitment)) return;
        _playLast(commitment, move);
        _conclude(c, commitment, sponsor, rival);
    }

    function _conclude(SegmentCommitment calldata c, bytes32 commitment, address sponsor, bytes32 rival) private {
        (IGames.Outcome outcome, IGames.Level level, uint64 bond) = _judged(commitment, sponsor, rival);
        if (outcome == IGames.Outcome.rival) {
            _eliminate(c, commitment, sponsor, bond, level == IGames.Level.outside ? Ground.start : Ground.history);
            return;
        }
        bytes20 nodeId = CHANNELS.nodeOf(c.leaseId);
        bool last = _dismiss(commitment, nodeId, sponsor, level);
        if (MARKET.lease(c.leaseId).state == LeaseState.settled) return;
        // The next game freezes for a time of its own, before this one lets go: no rival that waits is outlasted.
        if (!last) MARKET.courtFreeze(c.leaseId);
        MARKET.courtUnfreeze(c.leaseId);
    }

    /// @dev An earlier segment of the lease was found false meanwhile: this one is void already and costs its node nothing more,
    /// its rivals nothing at all, however their games stand.
    function _lapse(SegmentCommitment calldata c, bytes32 commitment) private returns (bool) {
        _checkStands(commitment);
        if (!_isConvicted(c)) return false;
        if (!_strike(commitment, address(0), 0)) revert NoGame(commitment);
        bytes20 nodeId = CHANNELS.nodeOf(c.leaseId);
        emit CommitmentEliminated(commitment, nodeId, address(0), c.leaseId, c.segment, Ground.convicted);
        if (MARKET.lease(c.leaseId).state != LeaseState.settled) MARKET.courtUnfreeze(c.leaseId);
        return true;
    }

    /// @param bond Of the rival that won; 0 when it was proven at once.
    function _eliminate(
        SegmentCommitment calldata c,
        bytes32 commitment,
        address sponsor,
        uint64 bond,
        Ground ground
    ) internal {
        bool held = _strike(commitment, sponsor, bond);
        bytes20 nodeId = CHANNELS.nodeOf(c.leaseId);
        emit CommitmentEliminated(commitment, nodeId, sponsor, c.leaseId, c.segment, ground);
        (uint64 toSponsor, uint64 toBuyer) = (0, 0);
        if (MARKET.lease(c.leaseId).state != LeaseState.settled) {
            // Half to whoever found it, half to the buyer: a provider that eliminates itself loses.
            (toSponsor, toBuyer) = MARKET.courtSplitBond(c.leaseId, sponsor);
            AUDITS.courtVoid(c.leaseId, c.segment);
            if (held) MARKET.courtUnfreeze(c.leaseId);
        }
        // A single fault may be a machine's, in whichever of a lease's segments it shows; those of several leases within the
        // memory are a pattern.
        (uint96 burnt, bool pattern) = _slash(nodeId, c.leaseId);
        emit Punished(nodeId, toSponsor, toBuyer, burnt, pattern);
    }

    /// @dev The verdict stands whatever the registry says, which knows slashers that governance may remove. A call gets 63 of 64
    /// parts of the gas that is left: whoever concludes must not spare the stake by sending too little.
    function _slash(bytes20 nodeId, bytes32 cause) private returns (uint96, bool) {
        uint256 left = gasleft();
        try REGISTRY.slashFault(nodeId, cause, FAULT_PPM, PATTERN_PPM, MEMORY) returns (uint96 burnt, bool pattern) {
            return (burnt, pattern);
        } catch (bytes memory reason) {
            if (left < SLASH_GAS) revert GasTooLow(left, SLASH_GAS);
            emit SlashRefused(nodeId, bytes4(reason));
            return (0, false);
        }
    }
}
