// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StartWorld} from "./base/StartWorld.sol";
import {vm} from "./base/Vm.sol";

/// @notice A node that goes on from another's end and answers in time loses nothing, whatever the other one does with its lease.
contract CourtStartFuzzTest is StartWorld {
    uint256 internal constant ACTIONS = 60;

    function run(uint256 seed) internal {
        for (uint256 i = 0; i < ACTIONS; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            act(seed);
        }
        check();
    }

    /// @dev The deep profile makes ten thousand.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_WhoGoesOnFromAnothersEndLosesNothing(uint256 seed) public {
        run(seed);
    }

    /// @dev Seeded, so that no action is theatre.
    function test_EveryActionSucceedsOften() public {
        uint256[14] memory times;
        for (uint256 i = 0; i < 24; ++i) {
            uint256 state = vm.snapshotState();
            uint256[14] memory now_ = this.counted(uint256(keccak256(abi.encode("start world", i))));
            for (uint256 j = 0; j < 14; ++j) {
                times[j] += now_[j];
            }
            vm.revertToState(state);
        }
        for (uint256 j = 0; j < 14; ++j) {
            vm.assertGe(times[j], 5, names()[j]);
        }
    }

    /// @dev A call of its own: its memory goes with it.
    function counted(uint256 seed) external returns (uint256[14] memory times) {
        run(seed);
        for (uint256 j = 0; j < 14; ++j) {
            times[j] = done[names()[j]];
        }
    }

    function names() internal pure returns (string[14] memory) {
        return [
            "commit",
            "retract",
            "brought",
            "quit",
            "twice",
            "found",
            "take over",
            "go on",
            "own",
            "start",
            "history",
            "shown",
            "revealed",
            "conclude"
        ];
    }
}
