// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Choice, Place, Position} from "../interfaces/IGames.sol";
import {GameBook} from "./GameBook.sol";
import {GameState} from "./GameState.sol";
import {Tree} from "./Tree.sol";

/// @title Reveals and choices: from the root of a tree to one of its leaves.
abstract contract Narrowing is GameBook {
    uint256 private constant HASH_BYTES = 32;
    uint256 private constant LEAF_BYTES = 128;
    uint256 private constant ACC_BYTES = 4;

    function reveal(bytes20 id, Place calldata place, bytes calldata content) external {
        GameState state = _turn(id, Stage.reveal, _hash(place));
        _store(id, state, _shown(state, place.defender, content));
        emit Revealed(id, content);
    }

    function choose(bytes20 id, Place calldata place, Choice calldata c) external {
        GameState state = _turn(id, Stage.choose, _hash(place));
        // At a level without a tree, or among its leaves, a choice comes with what follows from it.
        if (state.shown() == 0) revert WrongHeight(id, 0);
        _checkFirst(state, place.defender, place.rival, c.index, c.defender, c.rival, c.siblings);
        GameState next = state.placed(state.shown(), c.index).withStage(Stage.reveal);
        _store(id, state, next, _hash(Place(place.facts, c.defender, c.rival)));
        emit Chosen(id, c.index, c.defender, c.rival);
    }

    /// @dev A reveal below the place, whose hash on the defender's side is `node`.
    function _shown(GameState state, bytes32 node, bytes calldata content) internal view returns (GameState) {
        Level level = state.level();
        uint256 height = state.height();
        uint256 shown = _shownBelow(level, height);
        uint256 first = state.index() << (height - shown);
        uint256 items = Tree.widthAt(state.count(), shown) - first;
        if (items > 1 << (height - shown)) items = 1 << (height - shown);

        uint256 size = shown != 0 || level != Level.leaves ? HASH_BYTES : LEAF_BYTES;
        if (shown == 0 && level == Level.accs) size = ACC_BYTES;
        if (content.length != items * size) revert ContentLength(content.length, items * size);
        Tree.mustBe(node, Tree.rootOf(content, items, size, shown == 0 && level != Level.entries));
        return state.withShown(shown).withStage(Stage.choose);
    }

    /// @dev 32-byte items make k of them; so do leaves of four times the size, a quarter as many, and words of an eighth.
    function _shownBelow(Level level, uint256 height) private view returns (uint256) {
        uint256 narrowing = NARROWING;
        if (level != Level.leaves && level != Level.accs) return height > narrowing ? height - narrowing : 0;
        uint256 last = level == Level.accs ? narrowing + 2 : narrowing > 2 ? narrowing - 2 : 0;
        if (height <= last) return 0;
        return height > last + narrowing ? height - narrowing : last;
    }

    /// @dev The choice among the nodes just revealed: it is there, differs, and everything left of it is shared.
    function _checkFirst(
        GameState state,
        bytes32 defenderAbove,
        bytes32 rivalAbove,
        uint256 index,
        bytes32 defender,
        bytes32 rival,
        bytes32[] calldata siblings
    ) internal view {
        uint256 count = state.count();
        uint256 shown = state.shown();
        uint256 height = state.height();
        if (index >> (height - shown) != state.index() || index >= Tree.widthAt(count, shown)) {
            uint256 first = state.index() << (height - shown);
            revert IndexOutside(index, first, first + (1 << (height - shown)));
        }
        if (defender == rival) revert NoDifference();
        (bytes32 a, bytes32 b) = Tree.climb(count, index, shown, height, defender, rival, siblings);
        Tree.mustBe(defenderAbove, a);
        Tree.mustBe(rivalAbove, b);
    }

    /// @dev The same among leaves, given by their hashes.
    function _checkFirst(
        GameState state,
        Position calldata position,
        uint256 index,
        bytes32 defender,
        bytes32 rival,
        bytes32[] calldata siblings
    ) internal view {
        _checkFirst(state, position.defender, position.rival, index, defender, rival, siblings);
    }
}
