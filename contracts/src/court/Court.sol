// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {Facts, IGames} from "../interfaces/IGames.sol";
import {Typed} from "../libraries/Typed.sol";
import {SegmentCommitment} from "../types/Orders.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";
import {Grounds} from "./Grounds.sol";
import {Verdicts} from "./Verdicts.sol";

/// @title The court of tier exact, see {IExactCourt}. Here: how disputes begin.
/// @dev {Grounds} gets the same calldata, checks what the ground rests on, and says which court program it is.
contract Court is Verdicts {
    /// @dev In the place of a history root.
    bytes32 private constant START = "start";

    constructor(Wiring memory wiring, ProtocolParams memory params, Grounds grounds, address treasury)
        Verdicts(wiring, params, grounds, treasury)
    {
        if (wiring.court != address(this)) revert MispredictedAddress(wiring.court, address(this));
    }

    function challenge(SegmentCommitment calldata c, Opening calldata, bytes32 rival, uint64 bond)
        external
        returns (bytes20)
    {
        (bytes32 commitment, bytes32 program) = _disputable(c);
        if (rival == 0 || rival == c.historyRoot || rival == START) revert RivalInvalid(rival);
        Facts memory facts;
        (facts.firstStep, facts.history, facts.before) = (c.firstStep, c.historyRoot, c.startRoot);
        facts.program = program;
        return _open(c, commitment, facts, rival, bond);
    }

    function challengeStart(
        SegmentCommitment calldata c,
        SegmentCommitment calldata,
        Opening calldata,
        uint64 bond
    ) external returns (bytes20) {
        (bytes32 commitment, bytes32 program) = _disputable(c);
        Facts memory facts;
        facts.program = program;
        return _open(c, commitment, facts, START, bond);
    }

    function showStart(
        SegmentCommitment calldata c,
        SegmentCommitment calldata,
        SegmentCommitment calldata,
        uint32
    ) external {
        _ground();
        (bytes20 id,) = _live(Typed.hash(c));
        GAMES.defend(id);
    }

    function proveFields(SegmentCommitment calldata c, Opening calldata, StepOpening calldata) external {
        _eliminateAtOnce(c, Ground.fields);
    }

    function proveNanLoss(SegmentCommitment calldata c, Opening calldata, StepOpening calldata) external {
        _eliminateAtOnce(c, Ground.nan);
    }

    function proveNanState(
        SegmentCommitment calldata c,
        Opening calldata,
        StepOpening calldata,
        WordOpening calldata
    ) external {
        _eliminateAtOnce(c, Ground.nan);
    }

    // ---- internals ------------------------------------------------------------------------------------------------

    function _open(
        SegmentCommitment calldata c,
        bytes32 commitment,
        Facts memory facts,
        bytes32 rival,
        uint64 bond
    ) private returns (bytes20 id) {
        id = gameOf(commitment, msg.sender, rival);
        bool isStart = rival == START;
        Ground ground = isStart ? Ground.start : Ground.history;
        emit Challenged(commitment, id, msg.sender, c.leaseId, c.segment, ground, rival, bond);
        facts.node = CHANNELS.nodeOf(c.leaseId);
        facts.sponsor = msg.sender;
        IGames.Level level = isStart ? IGames.Level.outside : IGames.Level.steps;
        uint256 count = isStart ? 1 : uint256(c.lastStep) - c.firstStep + 1;
        GAMES.open(id, level, count, facts, facts.history, isStart ? bytes32(0) : rival);
        if (_join(commitment, id, msg.sender, bond)) MARKET.courtFreeze(c.leaseId);
    }

    function _eliminateAtOnce(SegmentCommitment calldata c, Ground ground) private {
        (bytes32 commitment,) = _disputable(c);
        _eliminate(c, commitment, msg.sender, 0, ground);
    }
}
