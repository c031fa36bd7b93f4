// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IGames} from "../interfaces/IGames.sol";
import {Wiring} from "../types/Wiring.sol";
import {Docket} from "./Docket.sol";

/// @title The queue of rivals of a commitment: one plays, the highest bond next.
/// @dev Nobody is ever pushed out, and every further rival bonds at least twice as much: whoever wants to keep an honest one
/// from its turn loses one doubled bond after another.
abstract contract Rivals is Docket {
    uint256 private constant MAX_RIVALS = 32;

    /// @dev slot 0: | rivals 8 | live 160 |   slot 1: | head 160 |, of those that wait by bond, then by time.
    struct Dispute {
        bytes20 live;
        uint8 rivals;
        bytes20 head;
    }

    /// @dev slot 0: | isIn 8 | bond 64 | sponsor 160 |   slot 1: | next 160 |
    struct Rival {
        address sponsor;
        uint64 bond;
        bool isIn;
        bytes20 next;
    }

    IGames internal immutable GAMES;
    uint256 private immutable BOND_STEPS;
    uint256 private immutable BOND_VALUES;
    uint256 private immutable LADDER;

    mapping(bytes32 commitment => Dispute) private _disputes;
    mapping(bytes20 game => Rival) private _rivals;

    constructor(Wiring memory wiring, ProtocolParams memory params) {
        bool falling = params.courtBondSteps > params.courtBondValues && params.courtBondValues > params.courtBondAccs;
        if (!falling || params.courtBondAccs == 0) revert ParamsUnsafe("courtBondSteps");
        GAMES = IGames(wiring.games);
        BOND_STEPS = params.courtBondSteps;
        BOND_VALUES = params.courtBondValues;
        LADDER = params.courtBondSteps + params.courtBondValues + params.courtBondAccs;
        if (params.minBond < LADDER) revert ParamsUnsafe("minBond");
        if (LADDER << MAX_RIVALS > type(uint64).max) revert ParamsUnsafe("courtBondSteps");
    }

    /// @dev Locks the sponsor's bond and puts its game, which is open, into the queue.
    /// @return first Whether no other rival is there.
    function _join(bytes32 commitment, bytes20 id, address sponsor, uint64 bond) internal returns (bool first) {
        if (_rivals[id].sponsor != address(0)) revert RivalKnown(id);
        Dispute storage self = _disputes[commitment];
        uint256 rivals = self.rivals;
        if (rivals == MAX_RIVALS) revert TooManyRivals(commitment, MAX_RIVALS);
        uint256 needed = LADDER << rivals;
        if (bond < needed) revert BondTooLow(bond, needed);
        _lock(sponsor, bond);
        (_rivals[id].sponsor, _rivals[id].bond, _rivals[id].isIn) = (sponsor, bond, true);
        self.rivals = uint8(rivals + 1);
        first = rivals == 0;
        if (first) {
            self.live = id;
            GAMES.start(id);
        } else {
            _queue(self, id, bond);
        }
    }

    /// @dev At most 31 others wait.
    function _queue(Dispute storage self, bytes20 id, uint64 bond) private {
        bytes20 next = self.head;
        bytes20 previous = 0;
        while (next != 0 && _rivals[next].bond >= bond) (previous, next) = (next, _rivals[next].next);
        if (next != 0) _rivals[id].next = next;
        if (previous == 0) self.head = id;
        else _rivals[previous].next = id;
    }

    /// @dev The live rival is out and gets `back` of its bond; the next one plays.
    /// @return last Whether no rival is left.
    function _leave(bytes32 commitment, uint256 back) internal returns (bool last) {
        Dispute storage self = _disputes[commitment];
        Rival storage rival = _rivals[self.live];
        rival.isIn = false;
        _deposits[rival.sponsor] += back;
        bytes20 next = self.head;
        self.live = next;
        --self.rivals;
        if (next == 0) return true;
        self.head = _rivals[next].next;
        GAMES.start(next);
    }

    /// @dev What a rival loses that got as far as this level.
    function _lostAt(IGames.Level level, uint256 bond) internal view returns (uint256) {
        if (level == IGames.Level.accs) return bond;
        bool early = level == IGames.Level.steps || level == IGames.Level.outside;
        return bond * (early ? BOND_STEPS : BOND_STEPS + BOND_VALUES) / LADDER;
    }

    function reclaim(bytes32 commitment, address sponsor, bytes32 rival) external {
        if (!_eliminated[commitment]) revert NotEliminated(commitment);
        bytes20 id = gameOf(commitment, sponsor, rival);
        Rival storage self = _rivals[id];
        if (!self.isIn) revert RivalUnknown(id);
        self.isIn = false;
        _deposits[sponsor] += self.bond;
        emit Reclaimed(commitment, id, self.bond);
    }

    // ---- for the other parts --------------------------------------------------------------------------------------

    function _live(bytes32 commitment) internal view returns (bytes20 id) {
        id = _disputes[commitment].live;
        if (id == 0) revert NoGame(commitment);
    }

    function _rival(bytes20 id) internal view returns (Rival memory) {
        return _rivals[id];
    }

    function _rivalsOf(bytes32 commitment) internal view returns (uint256) {
        return _disputes[commitment].rivals;
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    function gameOf(bytes32 commitment, address sponsor, bytes32 rival) public view returns (bytes20) {
        return bytes20(keccak256(abi.encode(address(this), commitment, sponsor, rival)));
    }

    function dispute(bytes32 commitment) external view returns (DisputeView memory) {
        Dispute memory self = _disputes[commitment];
        uint64 next = self.rivals == MAX_RIVALS ? type(uint64).max : uint64(LADDER << self.rivals);
        return DisputeView(_eliminated[commitment], self.rivals, self.live, next);
    }

    function rivalOf(bytes20 id) external view returns (RivalView memory) {
        Rival memory self = _rivals[id];
        return RivalView(self.sponsor, self.bond, self.isIn, self.next);
    }
}
