// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Records} from "../src/court/Records.sol";
import {IOperatorJudge} from "../src/interfaces/IOperatorJudge.sol";
import {PlacedGames} from "./base/PlacedGames.sol";
import {vm} from "./base/Vm.sol";

/// @notice Records that no program has, but whose bytes somebody put under a root: another operator's number, attributes or operands
/// missing, shapes that don't fit each other. A judge answers, or refuses by name: no panic, no loop, no gas without end.
contract HostileRecordsTest is PlacedGames {
    uint256 private constant MOST_GAS = 150_000;

    function spoil(Dice memory dice, bytes memory record) private pure returns (bytes memory) {
        uint256 changes = 1 + roll(dice, 3);
        for (uint256 i = 0; i < changes; ++i) {
            uint256 kind = roll(dice, 4);
            uint256 place = roll(dice, record.length);
            if (kind == 0) record[1] = bytes1(uint8(roll(dice, 29)));
            else if (kind == 1) record[place] = bytes1(uint8(roll(dice, 8)));
            else if (kind == 2) record[place] ^= bytes1(uint8(1 << roll(dice, 8)));
            else record = without(record, place, 1 + roll(dice, 4));
        }
        return record;
    }

    function without(bytes memory record, uint256 place, uint256 count) private pure returns (bytes memory shorter) {
        if (record.length < place + count + 3) return record;
        shorter = new bytes(record.length - count);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = record[i < place ? i : i + count];
        }
    }

    /// @dev Attributes or operands fewer or more than the operator has, everything else as it was.
    function recount(Dice memory dice, Made memory m) private pure returns (bytes memory) {
        uint256 count = m.operands.length;
        uint32[][] memory operands = new uint32[][](1 + roll(dice, count + 1));
        for (uint256 i = 0; i < operands.length; ++i) {
            operands[i] = roll(dice, 3) == 0 ? shapeOf(dice, 1 + roll(dice, 6), 64) : m.operands[i % count];
        }
        m.operands = operands;
        uint32[] memory attributes = new uint32[](roll(dice, 7));
        for (uint256 i = 0; i < attributes.length; ++i) {
            attributes[i] = uint32(roll(dice, 8));
        }
        if (roll(dice, 2) == 0) m.attributes = attributes;
        if (roll(dice, 4) == 0) m.shape = shapeOf(dice, 1 + roll(dice, 6), 64);
        return encode(m);
    }

    function asked(IOperatorJudge judge, bytes memory data) private {
        (bool ok, bytes memory out) = address(judge).call(data);
        uint256 intrinsic = 21_000;
        for (uint256 i = 0; i < data.length; ++i) {
            intrinsic += data[i] == 0 ? 4 : 16;
        }
        vm.assertLe(vm.lastCallGas().gasTotalUsed, MOST_GAS + intrinsic);
        if (ok) return;
        bytes4 error_ = bytes4(out);
        bool named = error_ == Records.RecordMalformed.selector || error_ == IOperatorJudge.NotOpened.selector
            || error_ == IOperatorJudge.NoSuchElement.selector || error_ == IOperatorJudge.NoSuchChunk.selector
            || error_ == IOperatorJudge.OperatorUnknown.selector;
        vm.assertTrue(named, vm.toString(uint256(uint32(error_))));
    }

    /// forge-config: default.fuzz.runs = 512
    function testFuzz_no_record_surprises_a_judge(uint8 op, uint256 seed) public {
        Question memory q = question(op % 29, seed);
        Dice memory dice = Dice(seed);
        q.made.record = roll(dice, 2) == 0 ? spoil(dice, q.made.record) : recount(dice, q.made);
        uint8 other = uint8(q.made.record[1]);
        IOperatorJudge judge = book.judgeOf(other < 29 ? other : q.made.op, "fp32-seq-unfused");
        q.element = uint64(roll(dice, 2) == 0 ? roll(dice, 64) : q.element);
        asked(judge, abi.encodeCall(IOperatorJudge.chunks, (q.made.record)));
        asked(judge, abi.encodeCall(IOperatorJudge.word, (q.made.record, q.element, q.opened)));
        asked(
            judge, abi.encodeCall(IOperatorJudge.fold, (q.made.record, q.element, q.chunk, q.before, q.opened))
        );
    }
}
