// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../../src/generated/Params.sol";
import {Facts, IGames} from "../../src/interfaces/IGames.sol";
import {Wiring} from "../../src/types/Wiring.sol";
import {JudgesFixture} from "./JudgesFixture.sol";
import {vm} from "./Vm.sol";

/// @notice The games of spec/vectors/court/games.json, which packages/verification plays by its own copy of the rules, call by
/// call. Real steps, real judges; the registry and the court that opens games are this test.
abstract contract VectorGames is JudgesFixture {
    address private constant OPERATOR = address(0x0be7a704);
    address private constant STRANGER = address(0x57a49e4);
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

    IGames internal games;

    function operatorOf(bytes20) external pure returns (address) {
        return OPERATOR;
    }

    function ownerOf(bytes20) external pure returns (address) {
        return OPERATOR;
    }

    function setUp() public virtual override {
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

    /// @return call How many calls there were.
    function playAll(Calls memory all) internal returns (uint256 call) {
        string memory json = vectors();
        bytes[] memory ids = vm.parseJsonBytesArray(json, ".games.id");
        bytes[] memory facts = vm.parseJsonBytesArray(json, ".games.facts");
        bytes32[] memory defender = vm.parseJsonBytes32Array(json, ".games.defender");
        bytes32[] memory rival = vm.parseJsonBytes32Array(json, ".games.rival");
        uint256[] memory count = vm.parseJsonUintArray(json, ".games.count");
        uint256[] memory calls = vm.parseJsonUintArray(json, ".games.calls");
        for (uint256 i = 0; i < ids.length; ++i) {
            Facts memory known = abi.decode(facts[i], (Facts));
            vm.warp(1);
            games.open(bytes20(ids[i]), IGames.Level.steps, count[i], known, defender[i], rival[i]);
            games.start(bytes20(ids[i]));
            for (uint256 end = call + calls[i]; call < end; ++call) {
                vm.warp(all.sentAt[call]);
                play(bytes20(ids[i]), senderOf(all.by[call], known.sponsor), all, call);
            }
        }
    }

    function senderOf(uint256 by, address sponsor) private pure returns (address) {
        return by == 0 ? OPERATOR : by == 1 ? sponsor : STRANGER;
    }

    /// @dev Call number `i`, in the second that it was sent at.
    function play(bytes20 id, address sender, Calls memory all, uint256 i) internal virtual;

    /// @return The selector of the error, 0 when the call is taken; the most that there is where nothing was said.
    function send(address sender, bytes memory data) internal returns (uint256) {
        vm.prank(sender);
        (bool ok, bytes memory answer) = address(games).call(data);
        if (ok) return 0;
        return answer.length == 0 ? type(uint256).max : uint256(uint32(bytes4(answer)));
    }

    // ---- the file -------------------------------------------------------------------------------------------------

    function vectors() private view returns (string memory) {
        return vm.readFile("../spec/vectors/court/games.json");
    }

    function calls_() internal view returns (Calls memory all) {
        string memory json = vectors();
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
