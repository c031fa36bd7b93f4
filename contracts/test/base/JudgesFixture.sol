// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOperatorJudge} from "../../src/interfaces/IOperatorJudge.sol";
import {OpenedLeaf} from "../../src/types/StepValues.sol";
import {Artifacts} from "./Artifacts.sol";
import {vm} from "./Vm.sol";

interface IJudgeBook {
    function judgeOf(uint8 op, bytes32 numericsId) external view returns (IOperatorJudge judge);
}

struct BookEntry {
    uint8 op;
    bytes32 numericsId;
    address judge;
}

/// @notice The judges and their book, and the single words and chunks of spec/vectors/court/leaves.json.
abstract contract JudgesFixture {
    bytes32 internal constant FP32 = "fp32-seq-unfused";
    uint8 internal constant OPERATORS = 29;

    struct Case {
        uint8 op;
        bytes record;
        uint64 element;
        uint64 chunks;
        uint64 chunk;
        uint32 before;
        OpenedLeaf[] opened;
        bool defined;
        uint32 word;
    }

    IJudgeBook internal book;

    function setUp() public virtual {
        book = IJudgeBook(Artifacts.judgeBook());
    }

    function create(string memory artifact, bytes memory arguments) internal returns (address) {
        return Artifacts.create(artifact, arguments);
    }

    function numbers(string memory json, string memory key) private pure returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, key);
    }

    function readCases() internal view returns (Case[] memory cases) {
        string memory json = vm.readFile("../spec/vectors/court/leaves.json");
        bytes[] memory record = vm.parseJsonBytesArray(json, ".record");
        uint256[][6] memory columns = [
            numbers(json, ".element"),
            numbers(json, ".chunks"),
            numbers(json, ".chunk"),
            numbers(json, ".before"),
            numbers(json, ".defined"),
            numbers(json, ".word")
        ];
        cases = new Case[](record.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            Case memory c = cases[i];
            (c.record, c.op) = (record[i], uint8(record[i][1]));
            (c.element, c.chunks) = (uint64(columns[0][i]), uint64(columns[1][i]));
            (c.chunk, c.before) = (uint64(columns[2][i]), uint32(columns[3][i]));
            (c.defined, c.word) = (columns[4][i] == 1, uint32(columns[5][i]));
        }
        readOpened(cases, json);
    }

    function readOpened(Case[] memory cases, string memory json) private pure {
        uint256[] memory openings = numbers(json, ".openings");
        uint256[] memory operand = numbers(json, ".operand");
        uint256[] memory leaf = numbers(json, ".leaf");
        bytes[] memory data = vm.parseJsonBytesArray(json, ".data");
        uint256 next;
        for (uint256 i = 0; i < cases.length; ++i) {
            cases[i].opened = new OpenedLeaf[](openings[i]);
            for (uint256 k = 0; k < openings[i]; ++k) {
                bytes32[4] memory words = abi.decode(data[next], (bytes32[4]));
                cases[i].opened[k] = OpenedLeaf(uint8(operand[next]), uint64(leaf[next]), words);
                ++next;
            }
        }
    }

    function judgeOf(Case memory c) internal view returns (IOperatorJudge) {
        return book.judgeOf(c.op, FP32);
    }

    /// @notice The call that asks a case.
    function callOf(Case memory c) internal pure returns (bytes memory) {
        if (c.chunks == 0) return abi.encodeCall(IOperatorJudge.word, (c.record, c.element, c.opened));
        return abi.encodeCall(IOperatorJudge.fold, (c.record, c.element, c.chunk, c.before, c.opened));
    }
}
