// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {CourtProgram, Facts, IGames} from "../interfaces/IGames.sol";
import {Typed} from "../libraries/Typed.sol";
import {EpochAnswer, EpochCommitment, EpochResult} from "../types/Epochs.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";
import {Layout} from "./Layout.sol";
import {PairChannels} from "./PairChannels.sol";
import {Tree} from "./Tree.sol";

/// @title The court of small jobs, see {IEpochCourt}. Here: how disputes begin, and how they end.
/// @dev A result is a run of one step, without a loss, from the request's start to its end. There is only that step to choose,
/// so a game begins where a rival of a segment has chosen its step: its sponsor says what is behind its own.
contract EpochCourt is PairChannels {
    /// @dev Step 0; the state after it is that before step 1. No loss: its word is 0 on both sides, always.
    uint64 private constant STEP = 0;
    uint32 private constant NO_LOSS = 0;

    constructor(Wiring memory wiring, ProtocolParams memory params, address treasury)
        PairChannels(wiring, params, treasury)
    {
        if (wiring.epochs != address(this)) revert MispredictedAddress(wiring.epochs, address(this));
    }

    function challenge(
        EpochCommitment calldata e,
        EpochResult calldata r,
        CourtProgram calldata program,
        EpochAnswer calldata answer,
        uint64 bond
    ) external returns (bytes20 id) {
        bytes32 epoch = _disputable(e);
        _checkResult(e, r);
        Layout.checkProgram(program, r.request.program);
        bytes32 rival = rivalOf(r.index, answer);
        if (Layout.stateRoot(STEP + 1, program.entries, answer.entriesRoot) == r.endRoot) revert RivalInvalid(rival);
        id = gameOf(epoch, msg.sender, rival);
        emit EpochChallenged(epoch, id, msg.sender, r.index, answer, bond);

        Facts memory facts;
        (facts.node, facts.sponsor) = (e.nodeId, msg.sender);
        (facts.program, facts.before) = (r.request.program, r.request.startRoot);
        (facts.entries, facts.values) = (answer.entriesRoot, answer.valuesRoot);
        bytes32 defender = Layout.stepRoot(program.programHash, STEP, NO_LOSS, r.endRoot);
        GAMES.open(id, IGames.Level.values, 1, facts, defender, 0);
        _join(epoch, id, msg.sender, bond);
    }

    function conclude(EpochCommitment calldata e, address sponsor, bytes32 rival) external {
        _conclude(e, Typed.hash(e), sponsor, rival);
    }

    function concludeWith(EpochCommitment calldata e, address sponsor, bytes32 rival, bytes calldata move) external {
        bytes32 epoch = Typed.hash(e);
        _playLast(epoch, move);
        _conclude(e, epoch, sponsor, rival);
    }

    function _conclude(EpochCommitment calldata e, bytes32 epoch, address sponsor, bytes32 rival) private {
        (IGames.Outcome outcome, IGames.Level level, uint64 bond) = _judged(epoch, sponsor, rival);
        if (outcome == IGames.Outcome.rival) {
            _strike(epoch, sponsor, bond);
            _slash(e, epoch, sponsor);
        } else {
            _dismiss(epoch, e.nodeId, sponsor, level);
        }
    }

    /// @dev Half to whoever found it. The other half to nobody whom the node may have chosen: it decides which of its results
    /// is disputed if it disputes itself, and may be the buyer of that one too. The buyers keep what the epoch would have cost.
    function _slash(EpochCommitment calldata e, bytes32 epoch, address sponsor) private {
        uint64 bond = _epochs[epoch].bond;
        _epochs[epoch].bond = 0;
        uint64 toSponsor = bond / 2;
        _deposits[sponsor] += toSponsor;
        _deposits[TREASURY] += bond - toSponsor;
        emit EpochEliminated(epoch, e.nodeId, sponsor, toSponsor, bond - toSponsor);
    }

    function _checkResult(EpochCommitment calldata e, EpochResult calldata r) private view {
        bytes32 leaf = sha256(abi.encodePacked(bytes1(0x00), Typed.hash(r.request), r.endRoot));
        Tree.mustBe(e.root, Tree.rootFrom(e.results, r.index, leaf, r.path));
    }

    function rivalOf(uint32 index, EpochAnswer calldata answer) public pure returns (bytes32) {
        return keccak256(abi.encode(index, answer));
    }
}
