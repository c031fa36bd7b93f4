// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Records} from "../src/court/Records.sol";
import {IOperatorJudge} from "../src/interfaces/IOperatorJudge.sol";
import {OpenedLeaf} from "../src/types/StepValues.sol";
import {BookEntry, IJudgeBook, JudgesFixture} from "./base/JudgesFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice The judges on spec/vectors/court/leaves.json, and on what a court must never be able to get out of them.
contract JudgesTest is JudgesFixture {
    uint8 internal constant MATMUL = 0;
    uint8 internal constant TRANSPOSE = 22;
    uint8 internal constant CONCAT = 24;

    function ask(Case memory c) internal view returns (bool ok, bytes memory result) {
        return address(judgeOf(c)).staticcall(callOf(c));
    }

    function refused(Case memory c, bytes memory reason) internal view {
        (bool ok, bytes memory result) = ask(c);
        vm.assertFalse(ok);
        vm.assertEq(keccak256(result), keccak256(reason));
    }

    function test_vectors() public view {
        Case[] memory cases = readCases();
        vm.assertGt(cases.length, 70);
        for (uint256 i = 0; i < cases.length; ++i) {
            Case memory c = cases[i];
            vm.assertEq(judgeOf(c).chunks(c.record), c.chunks, vm.toString(i));
            (bool ok, bytes memory result) = ask(c);
            vm.assertTrue(ok, vm.toString(i));
            (bool defined, uint32 word) = abi.decode(result, (bool, uint32));
            vm.assertTrue(defined == c.defined, vm.toString(i));
            if (defined) vm.assertEq(word, c.word, vm.toString(i));
        }
    }

    /// @dev Each leaf left out is the one that is missed, whatever else is opened.
    function test_every_leaf_is_needed() public view {
        Case[] memory cases = readCases();
        for (uint256 i = 0; i < cases.length; ++i) {
            Case memory c = cases[i];
            for (uint256 k = 0; k < c.opened.length; ++k) {
                uint64 leaf = c.opened[k].leaf;
                c.opened[k].leaf = leaf + 1;
                (bool ok, bytes memory reason) = ask(c);
                vm.assertFalse(ok);
                vm.assertEq(bytes32(bytes4(reason)), bytes32(IOperatorJudge.NotOpened.selector));
                (uint256 operand, uint256 missed) = pair(reason);
                vm.assertEq(missed, leaf);
                // Of a value that is two operands, the one that was looked for.
                if (c.op != MATMUL && c.op != CONCAT) vm.assertEq(operand, c.opened[k].operand);
                c.opened[k].leaf = leaf;
            }
        }
    }

    function pair(bytes memory reason) internal pure returns (uint256 first, uint256 second) {
        assembly ("memory-safe") {
            first := mload(add(reason, 36))
            second := mload(add(reason, 68))
        }
    }

    /// @dev A leaf counts for every operand that is its value, and leaves that aren't needed change nothing.
    function test_a_value_is_opened_once() public view {
        Case memory c = caseOf(TRANSPOSE);
        OpenedLeaf[] memory more = new OpenedLeaf[](c.opened.length + 1);
        more[0].leaf = c.opened[0].leaf + 7;
        more[0].words[0] = bytes32(type(uint256).max);
        for (uint256 k = 0; k < c.opened.length; ++k) {
            more[k + 1] = c.opened[k];
        }
        c.opened = more;
        (bool ok, bytes memory result) = ask(c);
        vm.assertTrue(ok);
        (, uint32 word) = abi.decode(result, (bool, uint32));
        vm.assertEq(word, c.word);
        // The leaf of an operand that isn't there.
        more[1].operand = 1;
        (ok,) = ask(c);
        vm.assertFalse(ok);
    }

    function caseOf(uint8 op) internal view returns (Case memory c) {
        Case[] memory cases = readCases();
        uint256 i;
        while (cases[i].op != op) ++i;
        return cases[i];
    }

    /// @dev No judge answers for another family's operator, for a fold as if it were direct, or the other way round.
    function test_only_what_is_asked_of_them() public view {
        Case[] memory cases = readCases();
        for (uint256 i = 0; i < cases.length; ++i) {
            Case memory c = cases[i];
            bytes memory unknown = abi.encodeWithSelector(IOperatorJudge.OperatorUnknown.selector, c.op);
            bytes memory call = callOf(c);
            address own = address(judgeOf(c));
            for (uint8 op = 0; op < OPERATORS; ++op) {
                address judge = address(book.judgeOf(op, FP32));
                if (judge == own) continue;
                (bool ok, bytes memory result) = judge.staticcall(call);
                vm.assertTrue(!ok && keccak256(result) == keccak256(unknown), vm.toString(i));
                (ok, result) = judge.staticcall(abi.encodeCall(IOperatorJudge.chunks, (c.record)));
                vm.assertTrue(!ok && keccak256(result) == keccak256(unknown), vm.toString(i));
            }
            c.chunks = c.chunks == 0 ? 1 : 0;
            refused(c, unknown);
        }
    }

    function test_places_that_are_not_there() public view {
        uint64[3] memory far = [uint64(1 << 28), 1 << 63, type(uint64).max];
        Case[] memory cases = readCases();
        for (uint256 i = 0; i < cases.length; i += 3) {
            Case memory c = cases[i];
            if (c.chunks > 0) {
                uint64 chunk = c.chunk;
                c.chunk = c.chunks;
                refused(c, abi.encodeWithSelector(IOperatorJudge.NoSuchChunk.selector, c.chunk));
                c.chunk = type(uint64).max;
                refused(c, abi.encodeWithSelector(IOperatorJudge.NoSuchChunk.selector, c.chunk));
                c.chunk = chunk;
            }
            for (uint256 k = 0; k < far.length; ++k) {
                c.element = far[k];
                refused(c, abi.encodeWithSelector(IOperatorJudge.NoSuchElement.selector, far[k]));
            }
        }
        Case memory last = caseOf(0);
        last.record[last.record.length - 1] ^= 0x80;
        last.record = bytes.concat(last.record, hex"00");
        refused(last, abi.encodeWithSelector(Records.RecordMalformed.selector));
    }

    function test_the_book_is_filled_once() public {
        address judge = address(book.judgeOf(MATMUL, FP32));
        BookEntry[] memory entries = new BookEntry[](2);
        entries[0] = BookEntry(MATMUL, FP32, judge);
        entries[1] = BookEntry(MATMUL, "int8-int32", judge);
        IJudgeBook other = IJudgeBook(create("JudgeBook.sol:JudgeBook", abi.encode(entries)));
        vm.assertEq(address(other.judgeOf(MATMUL, "int8-int32")), judge);
        vm.expectPartialRevert(bytes4(keccak256("JudgeUnknown(uint8,bytes32)")));
        other.judgeOf(TRANSPOSE, FP32);
        vm.expectPartialRevert(bytes4(keccak256("JudgeUnknown(uint8,bytes32)")));
        book.judgeOf(MATMUL, "int8-int32");
        entries[1].numericsId = FP32;
        vm.expectPartialRevert(bytes4(keccak256("EntryInvalid(uint8,bytes32)")));
        this.make(entries);
        entries[1] = BookEntry(TRANSPOSE, FP32, address(0xdead));
        vm.expectPartialRevert(bytes4(keccak256("EntryInvalid(uint8,bytes32)")));
        this.make(entries);
    }

    function make(BookEntry[] calldata entries) external {
        create("JudgeBook.sol:JudgeBook", abi.encode(entries));
    }
}
