// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JudgesFixture} from "./base/JudgesFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice What a court pays a judge: the dearest word or chunk of each family in spec/vectors/court/leaves.json, the call
/// to a cold judge and its calldata in memory included, the 21,000 and the calldata of a transaction not.
contract JudgeGasTest is JudgesFixture {
    /// @dev A leaf has 250,000 in all; two or three openings of depth 26 need the rest.
    uint256 internal constant LIMIT = 130_000;

    function record(string memory name, uint8 first, uint8 last) internal {
        uint256 most;
        Case[] memory cases = readCases();
        for (uint256 i = 0; i < cases.length; ++i) {
            Case memory c = cases[i];
            if (c.op < first || c.op > last) continue;
            uint256 used = executionGas(address(judgeOf(c)), callOf(c));
            if (used > most) most = used;
        }
        vm.snapshotValue("Gas", string.concat("judge, ", name), most);
        vm.assertLe(most, LIMIT, name);
        vm.assertGt(most, 0);
    }

    /// @dev Under `isolate` a call is a transaction of its own, every account cold: less what only a transaction pays.
    function executionGas(address judge, bytes memory data) internal returns (uint256) {
        (bool ok,) = judge.call(data);
        vm.assertTrue(ok);
        uint256 intrinsic = 21_000;
        for (uint256 i = 0; i < data.length; ++i) {
            intrinsic += data[i] == 0 ? 4 : 16;
        }
        // A transaction's target is warm; a court's call to it is not.
        return vm.lastCallGas().gasTotalUsed - intrinsic + 2600;
    }

    function test_matmul() public {
        record("a chunk of matmul", 0, 0);
    }

    function test_integers() public {
        record("a chunk of matmulInt8, toFloat, toInt8", 1, 3);
    }

    function test_arithmetic() public {
        record("a word of fp32 arithmetic", 4, 14);
    }

    function test_exp() public {
        record("a word of exp", 15, 15);
    }

    function test_log() public {
        record("a word of log", 16, 16);
    }

    function test_tanh() public {
        record("a word of tanh", 17, 17);
    }

    function test_reductions() public {
        record("a chunk of a reduction", 18, 19);
    }

    function test_moves() public {
        record("a word of a move", 20, 25);
    }

    function test_indexed() public {
        record("a word or chunk of gather, oneHot, scatterAdd", 26, 28);
    }
}
