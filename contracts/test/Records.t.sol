// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Operands} from "../src/court/Operands.sol";
import {Records} from "../src/court/Records.sol";
import {Given, KIND_NODE, Scope, ValueType} from "../src/types/StepValues.sol";
import {vm} from "./base/Vm.sol";

/// @notice Records as packages/tensor writes them, and whatever else a caller may send in their place.
contract RecordsTest {
    string internal json;

    function setUp() public {
        json = vm.readFile("../spec/vectors/court/records.json");
    }

    function node(bytes calldata record) external pure returns (Scope memory) {
        return Records.node(record);
    }

    function operand(bytes calldata record, uint256 i) external pure returns (uint256, ValueType memory) {
        Scope memory scope = Records.node(record);
        return (Operands.valueOf(scope, i), Operands.typeOf(scope, i));
    }

    function given(bytes calldata record) external pure returns (Given memory) {
        return Records.given(record);
    }

    function typeOf(bytes calldata record) external pure returns (ValueType memory) {
        return Records.typeOf(record);
    }

    function path(string memory list, uint256 i, string memory field) internal pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "]", field);
    }

    function number(string memory key) internal view returns (uint256) {
        return vm.parseJsonUint(json, key);
    }

    function checkNumbers(uint32[] memory found, string memory key) internal view {
        uint256[] memory expected = vm.parseJsonUintArray(json, key);
        vm.assertEq(found.length, expected.length, key);
        for (uint256 i = 0; i < expected.length; ++i) {
            vm.assertEq(found[i], expected[i], key);
        }
    }

    function checkType(ValueType memory found, string memory key) internal view {
        vm.assertEq(found.dtype, number(string.concat(key, ".dtype")), key);
        checkNumbers(found.shape, string.concat(key, ".shape"));
    }

    function test_operators() public view {
        uint256 count;
        for (; vm.keyExistsJson(json, path("operators", count, "")); ++count) {
            bytes memory record = vm.parseJsonBytes(json, path("operators", count, ".record"));
            Scope memory scope = this.node(record);
            vm.assertEq(scope.op, number(path("operators", count, ".code")));
            checkNumbers(scope.attributes, path("operators", count, ".attributes"));
            checkType(scope.type_, path("operators", count, ".type"));
            checkType(this.typeOf(record), path("operators", count, ".type"));
            uint256[] memory values = vm.parseJsonUintArray(json, path("operators", count, ".values"));
            vm.assertEq(scope.operands, values.length);
            for (uint256 i = 0; i < values.length; ++i) {
                (uint256 value, ValueType memory type_) = this.operand(record, i);
                vm.assertEq(value, values[i]);
                string memory types = string.concat(".types[", vm.toString(i), "]");
                checkType(type_, path("operators", count, types));
            }
        }
        vm.assertGt(count, 60);
    }

    function test_given_values() public view {
        uint256 count;
        for (; vm.keyExistsJson(json, path("given", count, "")); ++count) {
            bytes memory record = vm.parseJsonBytes(json, path("given", count, ".record"));
            Given memory value = this.given(record);
            vm.assertEq(value.kind, number(path("given", count, ".kind")));
            vm.assertEq(value.source, number(path("given", count, ".source")));
            vm.assertEq(value.tensorRoot, vm.parseJsonBytes32(json, path("given", count, ".tensorRoot")));
            checkType(value.type_, path("given", count, ".type"));
            checkType(this.typeOf(record), path("given", count, ".type"));
        }
        vm.assertEq(count, 8);
    }

    function refuses(bytes memory record) internal {
        vm.expectRevert(Records.RecordMalformed.selector);
        this.node(record);
        vm.expectRevert(Records.RecordMalformed.selector);
        this.given(record);
    }

    /// @dev A byte less, a byte more, another kind.
    function test_nothing_but_whole_records() public {
        string[3] memory keys = [".operators[0].record", ".operators[40].record", ".given[6].record"];
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes memory record = vm.parseJsonBytes(json, keys[i]);
            refuses(bytes.concat(record, hex"00"));
            bytes memory other = bytes.concat(record);
            other[0] = 0x05;
            refuses(other);
            for (uint256 length = 0; length < record.length; ++length) {
                bytes memory part = bytes.concat(record);
                assembly ("memory-safe") {
                    mstore(part, length)
                }
                refuses(part);
            }
        }
    }

    function test_counts_within_their_limits() public {
        // kind, op, type f32 [1], no attributes, one operand 0 of f32 [1].
        bytes memory plain = hex"0404000100000001000100000000000100000001";
        this.node(plain);
        refuses(change(plain, 2, 3)); // dtype
        refuses(change(plain, 3, 0)); // rank
        refuses(change(plain, 3, 7));
        refuses(change(plain, 7, 0)); // a dimension of 0, of 2^24 + 1
        refuses(change(plain, 4, 1));
        refuses(change(plain, 8, 7)); // attributes
        refuses(change(plain, 9, 0)); // operands
        refuses(change(plain, 9, 65));
        vm.expectRevert(Records.RecordMalformed.selector);
        this.operand(plain, 1);
        refuses(change(plain, 14, 3)); // the operand's type
        refuses(change(plain, 15, 0));
        refuses(change(plain, 15, 7));
        refuses(change(plain, 16, 1));
        refuses(change(plain, 19, 0));
        bytes memory widest = change(plain, 4, 1);
        widest[7] = 0;
        this.node(widest);
        vm.expectRevert(Records.RecordMalformed.selector);
        this.typeOf(change(plain, 3, 7));
    }

    /// @dev Dimensions are checked side by side: none may hide behind its neighbour.
    function testFuzz_each_dimension_within_its_limits(uint8 rank, uint32[6] memory dimensions, uint8 small) public {
        rank = uint8(rank % 6 + 1);
        bytes memory shape;
        bool fits = true;
        for (uint256 i = 0; i < rank; ++i) {
            if (small >> i & 1 == 1) dimensions[i] = uint32(dimensions[i] % 4 + (i % 2) * ((1 << 24) - 2));
            fits = fits && dimensions[i] > 0 && dimensions[i] <= 1 << 24;
            shape = abi.encodePacked(shape, dimensions[i]);
        }
        bytes memory record = abi.encodePacked(hex"040400010000000100010000000000", rank, shape);
        if (!fits) vm.expectRevert(Records.RecordMalformed.selector);
        (, ValueType memory type_) = this.operand(record, 0);
        if (!fits) return;
        vm.assertEq(type_.shape.length, rank);
        for (uint256 i = 0; i < rank; ++i) {
            vm.assertEq(type_.shape[i], dimensions[i]);
        }
    }

    function change(bytes memory record, uint256 place, uint8 value) internal pure returns (bytes memory changed) {
        changed = bytes.concat(record);
        changed[place] = bytes1(value);
    }

    /// @dev Whatever comes is either a record, or refused without an overflow, an endless loop or a read past the end.
    function testFuzz_anything(bytes memory tail) public view {
        bytes memory record = bytes.concat(bytes1(KIND_NODE), tail);
        try this.node(record) returns (Scope memory scope) {
            vm.assertGt(scope.operands, 0);
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(Records.RecordMalformed.selector));
        }
    }
}
