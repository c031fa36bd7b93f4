// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @notice Contracts by artifact, so that the tests compile without the sources' slow pipeline.
library Artifacts {
    bytes32 private constant FP32 = "fp32-seq-unfused";
    uint256 private constant OPERATORS = 29;

    function create(string memory artifact, bytes memory arguments) internal returns (address deployed) {
        bytes memory code = abi.encodePacked(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
            if iszero(deployed) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }

    /// @notice The book of every operator's judge under fp32.
    function judgeBook() internal returns (address) {
        bytes32[3][] memory entries = new bytes32[3][](OPERATORS);
        enter(entries, "MatmulJudge", 0, 0);
        enter(entries, "IntegerJudge", 1, 3);
        enter(entries, "ArithmeticJudge", 4, 14);
        enter(entries, "RecipeJudge", 15, 17);
        enter(entries, "ReductionJudge", 18, 19);
        enter(entries, "MoveJudge", 20, 25);
        enter(entries, "IndexJudge", 26, 28);
        return create("JudgeBook.sol:JudgeBook", abi.encode(entries));
    }

    function enter(bytes32[3][] memory entries, string memory name, uint256 first, uint256 last) private {
        address judge = create(string.concat(name, ".sol:", name), "");
        for (uint256 op = first; op <= last; ++op) {
            entries[op] = [bytes32(op), FP32, bytes32(uint256(uint160(judge)))];
        }
    }
}
