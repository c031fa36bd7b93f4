// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IGames} from "../interfaces/IGames.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRivals} from "../interfaces/IRivals.sol";
import {Wiring} from "../types/Wiring.sol";
import {Purse} from "./Purse.sol";

/// @title The queue of rivals of a commitment: one plays, the highest bond next.
/// @dev Nobody is ever pushed out or kept out: the price of a place doubles three times and then stays, and there is no last
/// place. However many friends a liar sends, an honest sponsor needs eight ladders at most, while each of them loses a part
/// of as much. A game's id says who sponsors it, so that nothing else need be stored of a rival than its bond.
abstract contract Rivals is Purse, IRivals {
    uint256 private constant DOUBLINGS = 3;
    uint256 private constant MAX_CALLS = 4;

    /// @dev slot 0: | eliminated 8 | rivals 24 | bond 64 | live 160 |   slot 1: | queued 32 | waiting 24 |
    /// `bond` is that of the game that is played, `queued` counts all that ever waited.
    struct Dispute {
        bytes20 live;
        uint64 bond;
        uint24 rivals;
        bool eliminated;
        uint24 waiting;
        uint32 queued;
    }

    IGames internal immutable GAMES;
    uint256 private immutable BOND_STEPS;
    uint256 private immutable BOND_VALUES;
    uint256 internal immutable LADDER;
    IRegistry internal immutable REGISTRY;
    address internal immutable TREASURY;

    mapping(bytes32 commitment => Dispute) private _disputes;
    /// @dev Those that wait, as a heap: | bond 64 | not the place in the queue 32 | game 160 |, so that the greatest number is next.
    /// A name costs the one that comes log(waiting) slots at most: nobody makes it dear by coming before.
    mapping(bytes32 commitment => mapping(uint256 place => uint256 entry)) private _heaps;
    mapping(bytes20 game => uint64) private _waitingBonds;

    constructor(Wiring memory wiring, ProtocolParams memory params, address treasury) Purse(wiring.stable) {
        bool falling = params.courtBondSteps > params.courtBondValues && params.courtBondValues > params.courtBondAccs;
        if (!falling || params.courtBondAccs == 0) revert ParamsUnsafe("courtBondSteps");
        GAMES = IGames(wiring.games);
        BOND_STEPS = params.courtBondSteps;
        BOND_VALUES = params.courtBondValues;
        LADDER = params.courtBondSteps + params.courtBondValues + params.courtBondAccs;
        if (LADDER << DOUBLINGS > type(uint64).max) revert ParamsUnsafe("courtBondSteps");
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
        uint24 rivals = self.rivals;
        uint256 needed = _price(rivals);
        if (bond < needed) revert BondTooLow(bond, needed);
        _lock(sponsor, bond);
        self.rivals = rivals + 1;
        first = rivals == 0;
        if (first) _play(self, id, bond);
        else _queue(commitment, id, bond);
    }

    function _price(uint256 rivals) private view returns (uint256) {
        return LADDER << (rivals < DOUBLINGS ? rivals : DOUBLINGS);
    }

    function _queue(bytes32 commitment, bytes20 id, uint64 bond) private {
        Dispute storage self = _disputes[commitment];
        mapping(uint256 => uint256) storage heap = _heaps[commitment];
        (uint24 place, uint32 queued) = (self.waiting, self.queued);
        (self.waiting, self.queued) = (place + 1, queued + 1);
        _waitingBonds[id] = bond;
        uint256 entry = uint256(bond) << 192 | uint256(type(uint32).max - queued) << 160 | uint160(id);
        uint256 at = place;
        while (at != 0) {
            uint256 above = heap[(at - 1) / 2];
            if (above > entry) break;
            heap[at] = above;
            at = (at - 1) / 2;
        }
        heap[at] = entry;
    }

    /// @dev Out of the queue: who is next. At least one waits.
    function _dequeue(bytes32 commitment) private returns (bytes20 id, uint64 bond) {
        Dispute storage self = _disputes[commitment];
        mapping(uint256 => uint256) storage heap = _heaps[commitment];
        uint256 first = heap[0];
        uint24 left = self.waiting - 1;
        self.waiting = left;
        uint256 entry = heap[left];
        delete heap[left];
        if (left != 0) _sink(heap, entry, left);
        (id, bond) = (bytes20(uint160(first)), uint64(first >> 192));
        delete _waitingBonds[id];
    }

    /// @dev Puts an entry into the free place at the top of a heap of that many.
    function _sink(mapping(uint256 => uint256) storage heap, uint256 entry, uint256 count) private {
        uint256 at = 0;
        while (true) {
            uint256 child = 2 * at + 1;
            if (child >= count) break;
            uint256 below = heap[child];
            if (child + 1 < count) {
                uint256 right = heap[child + 1];
                if (right > below) (child, below) = (child + 1, right);
            }
            if (below < entry) break;
            heap[at] = below;
            at = child;
        }
        heap[at] = entry;
    }

    function _play(Dispute storage self, bytes20 id, uint64 bond) private {
        (self.live, self.bond) = (id, bond);
        GAMES.start(id);
    }

    /// @dev The game that was played is over; the next one begins.
    /// @return last Whether no rival is left.
    function _next(bytes32 commitment) private returns (bool last) {
        Dispute storage self = _disputes[commitment];
        if (--self.rivals == 0) {
            (self.live, self.bond) = (0, 0);
            return true;
        }
        (bytes20 next, uint64 bond) = _dequeue(commitment);
        _play(self, next, bond);
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
        uint64 bond = self.live == id ? self.bond : _waitingBonds[id];
        if (bond == 0) revert RivalUnknown(id);
        if (self.live == id) (self.live, self.bond) = (0, 0);
        else delete _waitingBonds[id];
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
        if (self.waiting != 0) {
            uint256 head = _heaps[commitment][0];
            (v.head, v.headBond) = (bytes20(uint160(head)), uint64(head >> 192));
        }
        v.nextBond = uint64(_price(self.rivals));
    }

    function waitingOf(bytes20 id) external view returns (uint64 bond) {
        return _waitingBonds[id];
    }
}
