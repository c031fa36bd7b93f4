// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../src/interfaces/IGames.sol";
import {VectorGames} from "./base/VectorGames.sol";
import {vm} from "./base/Vm.sol";

/// @notice Every call of spec/vectors/court/games.json makes the same of the game here as in packages/verification, or is refused
/// with the same error, also with a bit of it flipped.
contract CourtVectorsTest is VectorGames {
    uint256 private constant CALLS_LEAST = 150;

    uint256 private nextBit;

    function test_vectors() public {
        Calls memory all = calls_();
        vm.assertGt(playAll(all), CALLS_LEAST);
        vm.assertEq(nextBit, all.byte_.length);
    }

    function play(bytes20 id, address sender, Calls memory all, uint256 i) internal override {
        string memory name = string.concat("call ", vm.toString(i));
        bytes memory data = all.data[i];
        for (uint256 end = nextBit + all.bits[i]; nextBit < end; ++nextBit) {
            uint256 changed = all.byte_[nextBit];
            data[changed] ^= 0x01;
            string memory bit = string.concat(name, " byte ", vm.toString(changed));
            vm.assertEq(send(sender, data), all.flippedError[nextBit], bit);
            data[changed] ^= 0x01;
        }
        vm.assertEq(send(sender, data), all.error_[i], name);
        check(games.game(id), all, i, name);
    }

    function check(IGames.GameView memory v, Calls memory all, uint256 i, string memory name) private pure {
        vm.assertEq(uint256(v.level), all.level[i], string.concat(name, " level"));
        vm.assertEq(uint256(v.stage), all.stage[i], string.concat(name, " stage"));
        vm.assertEq(uint256(v.outcome), all.outcome[i], string.concat(name, " outcome"));
        vm.assertEq(v.height, all.height[i], string.concat(name, " height"));
        // Of no meaning elsewhere.
        if (v.stage == IGames.Stage.choose) vm.assertEq(v.shown, all.shown[i], string.concat(name, " shown"));
        vm.assertEq(v.index, all.index[i], string.concat(name, " index"));
        vm.assertEq(v.count, all.count[i], string.concat(name, " count"));
        vm.assertEq(v.defenderLeft, all.defenderLeft[i], string.concat(name, " defenderLeft"));
        vm.assertEq(v.rivalLeft, all.rivalLeft[i], string.concat(name, " rivalLeft"));
        vm.assertEq(v.since, all.since[i], string.concat(name, " since"));
        vm.assertEq(v.place, all.place[i], string.concat(name, " place"));
    }
}
