// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../interfaces/IGames.sol";

/// @notice Where a game is and how much time its sides have: one word.
///
///  | spare 40 | outcome 8 | since 40 | rivalLeft 32 | defenderLeft 32 | count 32 | index 32 | shown 8 | height 8 | stage 8 | level 8 |
///
/// `since` is when the turn of the side to move began, 0 while the game waits.
type GameState is uint256;

using GameStates for GameState global;

library GameStates {
    uint256 private constant LEVEL = 0;
    uint256 private constant STAGE = 8;
    uint256 private constant HEIGHT = 16;
    uint256 private constant SHOWN = 24;
    uint256 private constant INDEX = 32;
    uint256 private constant COUNT = 64;
    uint256 private constant DEFENDER_LEFT = 96;
    uint256 private constant RIVAL_LEFT = 128;
    uint256 private constant SINCE = 160;
    uint256 private constant OUTCOME = 200;

    function level(GameState self) internal pure returns (IGames.Level) {
        return IGames.Level(uint8(GameState.unwrap(self) >> LEVEL));
    }

    function stage(GameState self) internal pure returns (IGames.Stage) {
        return IGames.Stage(uint8(GameState.unwrap(self) >> STAGE));
    }

    function height(GameState self) internal pure returns (uint256) {
        return uint8(GameState.unwrap(self) >> HEIGHT);
    }

    function shown(GameState self) internal pure returns (uint256) {
        return uint8(GameState.unwrap(self) >> SHOWN);
    }

    function index(GameState self) internal pure returns (uint256) {
        return uint32(GameState.unwrap(self) >> INDEX);
    }

    function count(GameState self) internal pure returns (uint256) {
        return uint32(GameState.unwrap(self) >> COUNT);
    }

    function defenderLeft(GameState self) internal pure returns (uint256) {
        return uint32(GameState.unwrap(self) >> DEFENDER_LEFT);
    }

    function rivalLeft(GameState self) internal pure returns (uint256) {
        return uint32(GameState.unwrap(self) >> RIVAL_LEFT);
    }

    function since(GameState self) internal pure returns (uint256) {
        return uint40(GameState.unwrap(self) >> SINCE);
    }

    function outcome(GameState self) internal pure returns (IGames.Outcome) {
        return IGames.Outcome(uint8(GameState.unwrap(self) >> OUTCOME));
    }

    function isDefendersTurn(GameState self) internal pure returns (bool) {
        return self.stage() != IGames.Stage.choose;
    }

    /// @notice Time left to the side to move when its turn began.
    function left(GameState self) internal pure returns (uint256) {
        return self.isDefendersTurn() ? self.defenderLeft() : self.rivalLeft();
    }

    // ---- changes --------------------------------------------------------------------------------------------------

    function withStage(GameState self, IGames.Stage to) internal pure returns (GameState) {
        return _with(self, STAGE, 8, uint8(to));
    }

    function withShown(GameState self, uint256 shown_) internal pure returns (GameState) {
        return _with(self, SHOWN, 8, shown_);
    }

    function withOutcome(GameState self, IGames.Outcome to) internal pure returns (GameState) {
        return _with(self, OUTCOME, 8, uint8(to));
    }

    /// @notice To another place of the same tree.
    function placed(GameState self, uint256 height_, uint256 index_) internal pure returns (GameState) {
        return _with(_with(self, HEIGHT, 8, height_), INDEX, 32, index_);
    }

    /// @notice To the first stage of a level; the tree that the defender enters is set by `over`.
    function entering(GameState self, IGames.Level to) internal pure returns (GameState) {
        return _with(self, LEVEL, 16, uint256(uint8(to)) | uint256(uint8(IGames.Stage.enter)) << 8);
    }

    function withLevel(GameState self, IGames.Level to) internal pure returns (GameState) {
        return _with(self, LEVEL, 8, uint8(to));
    }

    /// @notice To the whole of a tree of `count_` leaves, at most 2^32 - 1.
    function over(GameState self, uint256 count_) internal pure returns (GameState) {
        return _with(self, COUNT, 32, count_);
    }

    /// @notice The turn that began at `now_`, after a move of the defender's or the rival's that left it `left_` seconds.
    function turned(GameState self, bool defenders, uint256 left_, uint256 now_) internal pure returns (GameState) {
        return _with(_with(self, defenders ? DEFENDER_LEFT : RIVAL_LEFT, 32, left_), SINCE, 40, now_);
    }

    function started(GameState self, uint256 clock, uint256 now_) internal pure returns (GameState) {
        return _with(_with(self, DEFENDER_LEFT, 64, clock | clock << 32), SINCE, 40, now_);
    }

    function _with(GameState self, uint256 offset, uint256 bits, uint256 value) private pure returns (GameState) {
        uint256 mask = ((1 << bits) - 1) << offset;
        return GameState.wrap((GameState.unwrap(self) & ~mask) | value << offset);
    }
}
