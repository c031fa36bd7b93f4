// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IGames} from "../interfaces/IGames.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRivals} from "../interfaces/IRivals.sol";
import {Wiring} from "../types/Wiring.sol";
import {Purse} from "./Purse.sol";

/// @title The queue of rivals of a commitment: one plays, the highest bond next.
/// @dev Nobody is ever pushed out, and every further rival bonds at least twice as much: whoever wants to keep an honest one
/// from its turn loses one doubled bond after another. A game's id says who sponsors it, so that nothing else need be
/// stored of a rival than its bond.
abstract contract Rivals is Purse, IRivals {
    uint256 private constant MAX_RIVALS = 32;
    uint256 private constant MAX_CALLS = 4;

    /// @dev slot 0: | eliminated 8 | rivals 8 | bond 64 | live 160 |   slot 1: | head 160 |
    /// `bond` is that of the game that is played; `head` the first of those that wait, by bond, then by time.
    struct Dispute {
        bytes20 live;
        uint64 bond;
        uint8 rivals;
        bool eliminated;
        bytes20 head;
    }

    /// @dev A rival that waits: | next 160 | bond 64 |.
    struct Waiting {
        uint64 bond;
        bytes20 next;
    }

    IGames internal immutable GAMES;
    uint256 private immutable BOND_STEPS;
    uint256 private immutable BOND_VALUES;
    uint256 internal immutable LADDER;
    IRegistry internal immutable REGISTRY;
    address internal immutable TREASURY;

    mapping(bytes32 commitment => Dispute) private _disputes;
    mapping(bytes20 game => Waiting) private _waiting;

    constructor(Wiring memory wiring, ProtocolParams memory params, address treasury) Purse(wiring.stable) {
        bool falling = params.courtBondSteps > params.courtBondValues && params.courtBondValues > params.courtBondAccs;
        if (!falling || params.courtBondAccs == 0) revert ParamsUnsafe("courtBondSteps");
        GAMES = IGames(wiring.games);
        BOND_STEPS = params.courtBondSteps;
        BOND_VALUES = params.courtBondValues;
        LADDER = params.courtBondSteps + params.courtBondValues + params.courtBondAccs;
        if (LADDER << MAX_RIVALS > type(uint64).max) revert ParamsUnsafe("courtBondSteps");
        REGISTRY = IRegistry(wiring.registry);
        TREASURY = treasury;
    }

    function multicall(bytes[] calldata calls) external {
        if (calls.length > MAX_CALLS) revert TooManyCalls(calls.length, MAX_CALLS);
        for (uint256 i = 0; i < calls.length; ++i) {
            // No call is payable, so that none can count what was sent with all of them.
            (bool ok, bytes memory answer) = address(this).delegatecall(calls[i]);
            if (!ok) _passOn(answer);
        }
    }

    // ---- the queue ------------------------------------------------------------------------------------------------

    /// @dev Locks the sponsor's bond and puts its game, which is open, into the queue.
    /// @return first Whether no other rival is there.
    function _join(bytes32 commitment, bytes20 id, address sponsor, uint64 bond) internal returns (bool first) {
        Dispute storage self = _disputes[commitment];
        uint256 rivals = self.rivals;
        if (rivals == MAX_RIVALS) revert TooManyRivals(commitment, MAX_RIVALS);
        uint256 needed = LADDER << rivals;
        if (bond < needed) revert BondTooLow(bond, needed);
        _lock(sponsor, bond);
        self.rivals = uint8(rivals + 1);
        first = rivals == 0;
        if (first) _play(self, id, bond);
        else _queue(self, id, bond);
    }

    /// @dev At most 31 others wait.
    function _queue(Dispute storage self, bytes20 id, uint64 bond) private {
        bytes20 next = self.head;
        bytes20 previous = 0;
        while (next != 0 && _waiting[next].bond >= bond) (previous, next) = (next, _waiting[next].next);
        _waiting[id] = Waiting(bond, next);
        if (previous == 0) self.head = id;
        else _waiting[previous].next = id;
    }

    function _play(Dispute storage self, bytes20 id, uint64 bond) private {
        (self.live, self.bond) = (id, bond);
        GAMES.start(id);
    }

    /// @dev The game that was played is over; the next one begins.
    /// @return last Whether no rival is left.
    function _next(bytes32 commitment) private returns (bool last) {
        Dispute storage self = _disputes[commitment];
        --self.rivals;
        bytes20 next = self.head;
        if (next == 0) {
            (self.live, self.bond) = (0, 0);
            return true;
        }
        Waiting memory waiting = _waiting[next];
        delete _waiting[next];
        self.head = waiting.next;
        _play(self, next, waiting.bond);
    }

    /// @dev Sends the last move of the game that is played. Of all that {IGames} does, only what ends a game and asks nobody
    /// who sends it: this contract is a host, and what hosts may do is nobody else's.
    function _playLast(bytes32 commitment, bytes calldata move) internal {
        bytes4 selector = bytes4(move);
        if (!_isLast(selector)) revert NotALastMove(selector);
        (bytes20 live,) = _live(commitment);
        bytes20 id = bytes20(move[4:]);
        if (id != live) revert RivalUnknown(id);
        (bool ok, bytes memory answer) = address(GAMES).call(move);
        if (!ok) _passOn(answer);
    }

    function _isLast(bytes4 selector) private pure returns (bool) {
        return selector == IGames.proveFold.selector || selector == IGames.proveWord.selector
            || selector == IGames.proveState.selector || selector == IGames.proveEntry.selector
            || selector == IGames.proveConstant.selector || selector == IGames.proveLoss.selector
            || selector == IGames.proveToken.selector || selector == IGames.proveRate.selector
            || selector == IGames.timeout.selector;
    }

    /// @dev Reverts as the call did.
    function _passOn(bytes memory answer) internal pure {
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }

    /// @dev The game that was played, which must be this rival's and over.
    /// @return outcome Never none.
    /// @return level On which it ended.
    /// @return bond Of the rival.
    function _judged(bytes32 commitment, address sponsor, bytes32 rival)
        internal
        view
        returns (IGames.Outcome outcome, IGames.Level level, uint64 bond)
    {
        _checkStands(commitment);
        bytes20 id;
        (id, bond) = _live(commitment);
        if (gameOf(commitment, sponsor, rival) != id) revert RivalUnknown(id);
        (outcome, level) = GAMES.outcomeOf(id);
        if (outcome == IGames.Outcome.none) revert GameRunning(id);
    }

    /// @dev The rival that played has lost: half of its loss goes to the node it harmed, half to the treasury.
    /// @return last Whether no rival is left.
    function _dismiss(bytes32 commitment, bytes20 nodeId, address sponsor, IGames.Level level)
        internal
        returns (bool last)
    {
        (bytes20 id, uint64 bond) = _live(commitment);
        uint256 lost = _lostAt(level, bond);
        _deposits[REGISTRY.ownerOf(nodeId)] += lost / 2;
        _deposits[TREASURY] += lost - lost / 2;
        _deposits[sponsor] += bond - lost;
        emit RivalEliminated(commitment, id, uint64(lost));
        return _next(commitment);
    }

    /// @dev The commitment is false: no further game is played.
    /// @param bond Of the rival that won, which has it back; 0 when it was proven at once.
    /// @return held Whether rivals were there, for whom the lease is frozen.
    function _strike(bytes32 commitment, address sponsor, uint64 bond) internal returns (bool held) {
        Dispute storage self = _disputes[commitment];
        held = self.rivals != 0;
        self.eliminated = true;
        if (bond == 0) return held;
        _deposits[sponsor] += bond;
        (self.live, self.bond, self.rivals) = (0, 0, self.rivals - 1);
    }

    /// @dev What a rival loses that got as far as this level.
    function _lostAt(IGames.Level level, uint256 bond) private view returns (uint256) {
        if (level == IGames.Level.accs) return bond;
        bool early = level == IGames.Level.steps || level == IGames.Level.outside;
        return bond * (early ? BOND_STEPS : BOND_STEPS + BOND_VALUES) / LADDER;
    }

    function reclaim(bytes32 commitment, address sponsor, bytes32 rival) external {
        Dispute storage self = _disputes[commitment];
        if (!self.eliminated) revert NotEliminated(commitment);
        bytes20 id = gameOf(commitment, sponsor, rival);
        uint64 bond = self.live == id ? self.bond : _waiting[id].bond;
        if (bond == 0) revert RivalUnknown(id);
        if (self.live == id) (self.live, self.bond) = (0, 0);
        else delete _waiting[id];
        _deposits[sponsor] += bond;
        emit Reclaimed(commitment, id, bond);
    }

    // ---- for the other parts --------------------------------------------------------------------------------------

    /// @dev Reverts for a commitment that was eliminated.
    function _checkStands(bytes32 commitment) internal view {
        if (_disputes[commitment].eliminated) revert Eliminated(commitment);
    }

    /// @dev The game that is played, and its bond.
    function _live(bytes32 commitment) internal view returns (bytes20 id, uint64 bond) {
        Dispute storage self = _disputes[commitment];
        (id, bond) = (self.live, self.bond);
        if (id == 0) revert NoGame(commitment);
    }

    function _hasRivals(bytes32 commitment) internal view returns (bool) {
        return _disputes[commitment].rivals != 0;
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    function gameOf(bytes32 commitment, address sponsor, bytes32 rival) public view returns (bytes20) {
        return bytes20(keccak256(abi.encode(address(this), commitment, sponsor, rival)));
    }

    function dispute(bytes32 commitment) external view returns (DisputeView memory v) {
        Dispute memory self = _disputes[commitment];
        (v.eliminated, v.rivals, v.live, v.bond) = (self.eliminated, self.rivals, self.live, self.bond);
        v.head = self.head;
        v.nextBond = self.rivals == MAX_RIVALS ? type(uint64).max : uint64(LADDER << self.rivals);
    }

    function waitingOf(bytes20 id) external view returns (uint64 bond, bytes20 next) {
        Waiting memory self = _waiting[id];
        return (self.bond, self.next);
    }
}
