// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {Facts, IGames} from "../src/interfaces/IGames.sol";
import {Wiring} from "../src/types/Wiring.sol";
import {JudgesFixture} from "./base/JudgesFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice The games of spec/vectors/court/games.json, which packages/verification plays by its own copy of the rules: every call
/// makes the same of the game here or is refused with the same error, also with a bit of it flipped. Real steps, real judges; the
/// registry and the court that opens games are this test.
contract CourtVectorsTest is JudgesFixture {
    address private constant OPERATOR = address(0x0be7a704);
    address private constant STRANGER = address(0x57a49e4);
    uint256 private constant CALLS_LEAST = 150;

    /// @dev Of all games' calls, in order; `bits` of each one's entries in `byte_` and `flippedError`. An error is a selector, 0 none.
    struct Calls {
        bytes[] data;
        uint256[] by;
        uint256[] sentAt;
        uint256[] error_;
        uint256[] bits;
        uint256[] byte_;
        uint256[] flippedError;
        uint256[] level;
        uint256[] stage;
        uint256[] outcome;
        uint256[] height;
        uint256[] shown;
        uint256[] index;
        uint256[] count;
        uint256[] defenderLeft;
        uint256[] rivalLeft;
        uint256[] since;
        bytes32[] place;
    }

    IGames private games;
    uint256 private nextBit;

    function operatorOf(bytes20) external pure returns (address) {
        return OPERATOR;
    }

    function ownerOf(bytes20) external pure returns (address) {
        return OPERATOR;
    }

    function setUp() public override {
        super.setUp();
        string memory json = vectors();
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
    }

    function test_vectors() public {
        string memory json = vectors();
        Calls memory all = callsIn(json);
        bytes[] memory ids = vm.parseJsonBytesArray(json, ".games.id");
        bytes[] memory facts = vm.parseJsonBytesArray(json, ".games.facts");
        bytes32[] memory defender = vm.parseJsonBytes32Array(json, ".games.defender");
        bytes32[] memory rival = vm.parseJsonBytes32Array(json, ".games.rival");
        uint256[] memory count = vm.parseJsonUintArray(json, ".games.count");
        uint256[] memory calls = vm.parseJsonUintArray(json, ".games.calls");
        uint256 call;
        for (uint256 i = 0; i < ids.length; ++i) {
            Facts memory known = abi.decode(facts[i], (Facts));
            vm.warp(1);
            games.open(bytes20(ids[i]), IGames.Level.steps, count[i], known, defender[i], rival[i]);
            games.start(bytes20(ids[i]));
            for (uint256 end = call + calls[i]; call < end; ++call) {
                play(bytes20(ids[i]), known.sponsor, all, call);
            }
        }
        vm.assertGt(call, CALLS_LEAST);
        vm.assertEq(nextBit, all.byte_.length);
    }

    function play(bytes20 id, address sponsor, Calls memory all, uint256 i) private {
        string memory name = string.concat("call ", vm.toString(i));
        vm.warp(all.sentAt[i]);
        bytes memory data = all.data[i];
        address sender = all.by[i] == 0 ? OPERATOR : all.by[i] == 1 ? sponsor : STRANGER;
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

    /// @return The selector of the error, 0 when the call is taken; the most that there is where nothing was said.
    function send(address sender, bytes memory data) private returns (uint256) {
        vm.prank(sender);
        (bool ok, bytes memory answer) = address(games).call(data);
        if (ok) return 0;
        return answer.length == 0 ? type(uint256).max : uint256(uint32(bytes4(answer)));
    }

    // ---- the file -------------------------------------------------------------------------------------------------

    function vectors() private view returns (string memory) {
        return vm.readFile("../spec/vectors/court/games.json");
    }

    function callsIn(string memory json) private pure returns (Calls memory all) {
        all.data = vm.parseJsonBytesArray(json, ".calls.calldata");
        all.place = vm.parseJsonBytes32Array(json, ".calls.place");
        all.byte_ = vm.parseJsonUintArray(json, ".bits.byte");
        all.flippedError = vm.parseJsonUintArray(json, ".bits.error");
        all.by = column(json, "by");
        all.sentAt = column(json, "now");
        all.error_ = column(json, "error");
        all.bits = column(json, "bits");
        all.level = column(json, "level");
        all.stage = column(json, "stage");
        all.outcome = column(json, "outcome");
        all.height = column(json, "height");
        all.shown = column(json, "shown");
        all.index = column(json, "index");
        all.count = column(json, "count");
        all.defenderLeft = column(json, "defenderLeft");
        all.rivalLeft = column(json, "rivalLeft");
        all.since = column(json, "since");
    }

    function column(string memory json, string memory name) private pure returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, string.concat(".calls.", name));
    }
}
