// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {Facts, IGames} from "../src/interfaces/IGames.sol";
import {Wiring} from "../src/types/Wiring.sol";
import {JudgesFixture} from "./base/JudgesFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice The games of spec/vectors/court/games.json, which packages/verification plays by its own copy of the rules: every move
/// makes the same of the game here, and with a decisive bit flipped none is taken. Real steps, real judges; the registry and the
/// court that opens games are this test.
contract CourtVectorsTest is JudgesFixture {
    address private constant OPERATOR = address(0x0be7a704);
    uint256 private constant MOVES_LEAST = 40;

    IGames private games;
    string private json;

    uint256[] private decisives;
    uint256[] private bytesOf;
    uint256 private nextByte;

    function operatorOf(bytes20) external pure returns (address) {
        return OPERATOR;
    }

    function ownerOf(bytes20) external pure returns (address) {
        return OPERATOR;
    }

    function setUp() public override {
        super.setUp();
        json = vm.readFile("../spec/vectors/court/games.json");
        ProtocolParams memory params = Presets.minimal();
        params.courtFanout = vm.parseJsonUint(json, ".rules.fanout");
        params.courtClockSeconds = vm.parseJsonUint(json, ".rules.clockSeconds");
        params.courtExtensionSeconds = vm.parseJsonUint(json, ".rules.extensionSeconds");
        params.courtInclusionSeconds = vm.parseJsonUint(json, ".rules.inclusionSeconds");
        address evidence = create("Evidence.sol:Evidence", abi.encode(book));
        Wiring memory wiring;
        wiring.registry = address(this);
        wiring.court = address(this);
        wiring.games = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        games = IGames(create("Games.sol:Games", abi.encode(wiring, params, book, evidence)));
        decisives = numbers(".moves.decisive");
        bytesOf = numbers(".bytes");
    }

    function test_vectors() public {
        bytes[] memory ids = vm.parseJsonBytesArray(json, ".games.id");
        bytes[] memory facts = vm.parseJsonBytesArray(json, ".games.facts");
        bytes32[] memory defender = vm.parseJsonBytes32Array(json, ".games.defender");
        bytes32[] memory rival = vm.parseJsonBytes32Array(json, ".games.rival");
        uint256[] memory count = numbers(".games.count");
        uint256[] memory moves = numbers(".games.moves");
        uint256 move;
        for (uint256 i = 0; i < ids.length; ++i) {
            Facts memory known = abi.decode(facts[i], (Facts));
            vm.warp(1);
            games.open(bytes20(ids[i]), IGames.Level.steps, count[i], known, defender[i], rival[i]);
            games.start(bytes20(ids[i]));
            for (uint256 end = move + moves[i]; move < end; ++move) {
                play(bytes20(ids[i]), known.sponsor, move);
            }
        }
        vm.assertGt(move, MOVES_LEAST);
        vm.assertEq(nextByte, bytesOf.length);
    }

    function play(bytes20 id, address sponsor, uint256 move) private {
        string memory at = string.concat("[", vm.toString(move), "]");
        vm.warp(uintAt(".moves.now", at));
        bytes memory data = vm.parseJsonBytes(json, string.concat(".moves.calldata", at));
        address sender = uintAt(".moves.by", at) == 0 ? OPERATOR : sponsor;
        for (uint256 end = nextByte + decisives[move]; nextByte < end; ++nextByte) {
            uint256 changed = bytesOf[nextByte];
            data[changed] ^= 0x01;
            (bool taken,) = send(sender, data);
            vm.assertFalse(taken, string.concat(at, " byte ", vm.toString(changed)));
            data[changed] ^= 0x01;
        }
        (bool ok, bytes memory reason) = send(sender, data);
        bool isRefused = uintAt(".moves.refused", at) == 1;
        vm.assertTrue(ok != isRefused, at);
        if (isRefused) vm.assertEq(bytes32(bytes4(reason)), bytes32(IGames.DefenderRight.selector), at);
        check(games.game(id), at);
    }

    function check(IGames.GameView memory v, string memory at) private view {
        vm.assertEq(uint256(v.level), uintAt(".moves.level", at), string.concat("level ", at));
        vm.assertEq(uint256(v.stage), uintAt(".moves.stage", at), string.concat("stage ", at));
        vm.assertEq(uint256(v.outcome), uintAt(".moves.outcome", at), string.concat("outcome ", at));
        vm.assertEq(v.height, uintAt(".moves.height", at), string.concat("height ", at));
        vm.assertEq(v.shown, uintAt(".moves.shown", at), string.concat("shown ", at));
        vm.assertEq(v.index, uintAt(".moves.index", at), string.concat("index ", at));
        vm.assertEq(v.count, uintAt(".moves.count", at), string.concat("count ", at));
        vm.assertEq(v.defenderLeft, uintAt(".moves.defenderLeft", at), string.concat("defenderLeft ", at));
        vm.assertEq(v.rivalLeft, uintAt(".moves.rivalLeft", at), string.concat("rivalLeft ", at));
        vm.assertEq(v.since, uintAt(".moves.since", at), string.concat("since ", at));
        vm.assertEq(v.place, vm.parseJsonBytes32(json, string.concat(".moves.place", at)), string.concat("place ", at));
    }

    function send(address sender, bytes memory data) private returns (bool ok, bytes memory answer) {
        vm.prank(sender);
        (ok, answer) = address(games).call(data);
    }

    function numbers(string memory key) private view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, key);
    }

    function uintAt(string memory key, string memory at) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(key, at));
    }
}
