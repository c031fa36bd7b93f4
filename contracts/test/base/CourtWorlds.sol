// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CourtHandler} from "./CourtHandler.sol";
import {MerkleTree} from "./MerkleTree.sol";

/// @notice The commitment is true.
contract HonestDefender is CourtHandler {
    function begin() internal override {
        c = commitSide(honest());
        hash = audits.commitmentHash(c);
    }

    function defenders() internal pure override returns (Side memory) {
        return honest();
    }

    function isHonest(bytes20, bool defends) internal pure override returns (bool) {
        return defends;
    }

    function honestName(uint256) internal override {}

    function honestGame() internal pure override returns (bytes20) {
        return 0;
    }

    function untouched() external view returns (bool) {
        return !isEliminated() && channels.channel(id).bondSlashed == 0
            && registry.stakeOf(provider.id) == 10 * params.minStake && !audits.segment(id, 0).voided;
    }
}

/// @notice The commitment is false, one honest sponsor names the true history.
contract LyingDefender is CourtHandler {
    bytes20 public honestRival;

    function begin() internal override {
        c = commitSide(defenders());
        hash = audits.commitmentHash(c);
    }

    function defenders() internal pure override returns (Side memory) {
        return Side(Lie.word, WIDTH_VALUE, 33, 0, "liar");
    }

    function isHonest(bytes20 game, bool defends) internal view override returns (bool) {
        return game == honestRival && !defends;
    }

    function honestGame() internal view override returns (bytes20) {
        return honestRival;
    }

    function rivalOf(bytes20 game)
        internal
        view
        override
        returns (bool found, Side memory side, address who, bytes32 root)
    {
        if (game == honestRival) return (true, honest(), other, MerkleTree.root(historyLeaves(honest())));
        return super.rivalOf(game);
    }

    function honestName(uint256) internal override {
        if (honestRival != 0 || isEliminated()) return;
        bytes32 root = MerkleTree.root(historyLeaves(honest()));
        uint64 bond = court.dispute(hash).nextBond;
        bytes20 game = court.gameOf(hash, other, root);
        if (!call("honest name", other, address(court), challengeData(c, root, bond))) return;
        honestRival = game;
        track(game, openingPosition(c, other, root));
    }

    /// @notice Whoever comes in time may still name the true history, whatever was lost before.
    function isChallengeable() external returns (bool) {
        if (isEliminated()) return true;
        if (time() > audits.segment(id, 0).committedAt + params.challengeWindowSeconds) return true;
        if (honestRival == 0) honestName(0);
        return honestRival != 0;
    }
}
