// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./base/Vm.sol";

interface IFloat32Machine {
    function run(uint8 operation, bytes calldata operands) external pure returns (bytes memory results);
}

/// @notice Places where binary32 is easily got wrong, and laws that hold for every operand. Millions of results against a
/// processor's own are in tests/court.
contract Float32Test {
    uint8 internal constant ADD = 0;
    uint8 internal constant SUB = 1;
    uint8 internal constant MUL = 2;
    uint8 internal constant DIV = 3;
    uint8 internal constant SQRT = 4;
    uint8 internal constant EQ = 5;
    uint8 internal constant LT = 6;
    uint8 internal constant LE = 7;
    uint8 internal constant MAX = 8;
    uint8 internal constant MIN = 9;
    uint8 internal constant NEGATED = 10;
    uint8 internal constant MAGNITUDE = 11;
    uint8 internal constant FROM_INT32 = 12;
    uint8 internal constant TO_INT8 = 13;
    uint8 internal constant TO_INT32 = 14;

    uint32 internal constant ZERO = 0;
    uint32 internal constant MINUS_ZERO = 0x80000000;
    uint32 internal constant LEAST = 1;
    uint32 internal constant BELOW_NORMAL = 0x007fffff;
    uint32 internal constant LEAST_NORMAL = 0x00800000;
    uint32 internal constant ONE = 0x3f800000;
    uint32 internal constant MOST = 0x7f7fffff;
    uint32 internal constant INF = 0x7f800000;
    uint32 internal constant MINUS_INF = 0xff800000;
    uint32 internal constant NAN = 0x7fc00000;

    IFloat32Machine internal machine;

    function setUp() public {
        bytes memory code = vm.getCode("Float32Machine.sol:Float32Machine");
        address deployed;
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        machine = IFloat32Machine(deployed);
    }

    function op(uint8 operation, uint32 a, uint32 b) internal view returns (uint32) {
        return uint32(bytes4(machine.run(operation, abi.encodePacked(a, b))));
    }

    function holds(uint8 operation, uint32 a, uint32 b, uint32 result) internal view {
        vm.assertEq(op(operation, a, b), result);
    }

    function both(uint8 operation, uint32 a, uint32 b, uint32 result) internal view {
        holds(operation, a, b, result);
        holds(operation, b, a, result);
    }

    function isNaN(uint32 a) internal pure returns (bool) {
        return a & 0x7fffffff > INF;
    }

    function test_zeros_have_signs() public view {
        both(ADD, ZERO, MINUS_ZERO, ZERO);
        holds(ADD, MINUS_ZERO, MINUS_ZERO, MINUS_ZERO);
        holds(SUB, MINUS_ZERO, ZERO, MINUS_ZERO);
        holds(SUB, ONE, ONE, ZERO);
        holds(SUB, 0xbf800000, 0xbf800000, ZERO);
        both(MUL, MINUS_ZERO, ONE, MINUS_ZERO);
        holds(DIV, ONE, MINUS_INF, MINUS_ZERO);
        holds(DIV, MINUS_ZERO, ONE, MINUS_ZERO);
        holds(SQRT, MINUS_ZERO, 0, MINUS_ZERO);
        holds(EQ, ZERO, MINUS_ZERO, 1);
        both(LT, ZERO, MINUS_ZERO, 0);
        both(LE, ZERO, MINUS_ZERO, 1);
        // Of two zeros the first stays (spec/tensor.md §3.3).
        holds(MAX, MINUS_ZERO, ZERO, MINUS_ZERO);
        holds(MIN, ZERO, MINUS_ZERO, ZERO);
        holds(NEGATED, ZERO, 0, MINUS_ZERO);
    }

    function test_infinities() public view {
        both(ADD, INF, ONE, INF);
        both(ADD, INF, MINUS_INF, NAN);
        holds(SUB, INF, INF, NAN);
        both(MUL, INF, ZERO, NAN);
        both(MUL, MINUS_INF, LEAST, MINUS_INF);
        holds(DIV, INF, INF, NAN);
        holds(DIV, INF, MINUS_ZERO, MINUS_INF);
        holds(DIV, ONE, ZERO, INF);
        holds(DIV, ZERO, ZERO, NAN);
        holds(SQRT, INF, 0, INF);
        holds(SQRT, MINUS_INF, 0, NAN);
        holds(SQRT, 0x80000001, 0, NAN);
        holds(LT, MINUS_INF, INF, 1);
    }

    function test_nan_comes_out_canonical() public view {
        uint32[4] memory odd = [0x7f800001, 0xff800001, 0xffc00001, 0x7fffffff];
        for (uint256 i = 0; i < 4; ++i) {
            for (uint8 operation = ADD; operation <= DIV; ++operation) {
                both(operation, odd[i], ONE, NAN);
                both(operation, odd[i], INF, NAN);
                both(operation, odd[i], ZERO, NAN);
            }
            holds(SQRT, odd[i], 0, NAN);
            holds(NEGATED, odd[i], 0, NAN);
            holds(MAGNITUDE, odd[i], 0, NAN);
            holds(TO_INT8, odd[i], 0, 0);
            both(EQ, odd[i], odd[i], 0);
            both(LT, odd[i], ONE, 0);
            both(LE, odd[i], ONE, 0);
            // A NaN that leads stays, one that follows loses.
            holds(MAX, odd[i], ONE, NAN);
            holds(MAX, ONE, odd[i], ONE);
            holds(MIN, odd[i], ONE, NAN);
            holds(MIN, ONE, odd[i], ONE);
        }
    }

    function test_ties_go_to_even() public view {
        // 1 and 2^-24: half a place above 1, half of which is below.
        both(ADD, ONE, 0x33800000, ONE);
        both(ADD, 0x3f800001, 0x33800000, 0x3f800002);
        both(ADD, ONE, 0x33800001, 0x3f800001);
        holds(SUB, ONE, 0x33000000, ONE);
        holds(SUB, ONE, 0x33000001, 0x3f7fffff);
        holds(SUB, 0x3f800001, 0x33800000, ONE);
        holds(MUL, 0x3f800001, 0x3fc00000, 0x3fc00002);
        holds(MUL, 0x3f800003, 0x3fc00000, 0x3fc00004);
    }

    function test_overflow() public view {
        // Half of the last place is as much as overflows.
        holds(ADD, MOST, 0x73000000, INF);
        holds(ADD, MOST, 0x72ffffff, MOST);
        holds(MUL, MOST, 0x3f800001, INF);
        holds(MUL, 0x5f800000, 0xdf800000, MINUS_INF);
        holds(DIV, MOST, 0x3f7fffff, INF);
        holds(DIV, MOST, LEAST, INF);
    }

    function test_subnormals() public view {
        holds(ADD, LEAST, LEAST, 2);
        holds(SUB, LEAST_NORMAL, LEAST, BELOW_NORMAL);
        holds(ADD, BELOW_NORMAL, LEAST, LEAST_NORMAL);
        holds(MUL, LEAST_NORMAL, 0x3f000000, 0x00400000);
        // Half of the least is a tie with zero, a little more is not.
        holds(MUL, LEAST, 0x3f000000, ZERO);
        holds(MUL, LEAST, 0x3f000001, LEAST);
        holds(MUL, 3, 0x3f000000, 2);
        holds(MUL, LEAST, LEAST, ZERO);
        holds(MUL, 0x80000001, LEAST, MINUS_ZERO);
        holds(MUL, LEAST, 0x7f000000, 0x34800000);
        // Rounds up into the normal numbers.
        holds(MUL, 0x00ffffff, 0x3f000000, LEAST_NORMAL);
        holds(DIV, LEAST, 0x40000000, ZERO);
        holds(DIV, 3, 0x40000000, 2);
        holds(DIV, LEAST, MOST, ZERO);
        holds(DIV, LEAST, BELOW_NORMAL, 0x34000001);
        holds(SQRT, LEAST, 0, 0x1a3504f3);
    }

    function test_integers() public view {
        holds(FROM_INT32, 0, 0, ZERO);
        holds(FROM_INT32, 1, 0, ONE);
        holds(FROM_INT32, type(uint32).max, 0, 0xbf800000);
        holds(FROM_INT32, 0x80000000, 0, 0xcf000000);
        holds(FROM_INT32, 0x7fffffff, 0, 0x4f000000);
        holds(FROM_INT32, 0x01000001, 0, 0x4b800000);
        holds(FROM_INT32, 0x01000003, 0, 0x4b800002);
        holds(TO_INT8, 0x3f000000, 0, 0);
        holds(TO_INT8, 0x3fc00000, 0, 2);
        holds(TO_INT8, 0xc0200000, 0, uint32(int32(-2)));
        holds(TO_INT8, 0x42fd0000, 0, 126);
        holds(TO_INT8, 0x42fd0001, 0, 127);
        holds(TO_INT8, INF, 0, 127);
        holds(TO_INT8, MINUS_INF, 0, uint32(int32(-127)));
        holds(TO_INT8, LEAST, 0, 0);
    }

    function test_fractions_are_cut_off() public view {
        uint32 minus = type(uint32).max;
        holds(TO_INT32, 0x3f7fffff, 0, 0);
        holds(TO_INT32, MINUS_ZERO, 0, 0);
        holds(TO_INT32, LEAST, 0, 0);
        holds(TO_INT32, ONE, 0, 1);
        holds(TO_INT32, 0xbf7fffff, 0, 0);
        holds(TO_INT32, 0xbfffffff, 0, minus);
        holds(TO_INT32, 0xc0200000, 0, minus - 1);
        holds(TO_INT32, 0x4b7fffff, 0, 0x00ffffff);
        // The last below 2^31, 2^31, -2^31, and the first beyond it.
        holds(TO_INT32, 0x4effffff, 0, 0x7fffff80);
        holds(TO_INT32, 0x4f000000, 0, 0x7fffffff);
        holds(TO_INT32, 0xceffffff, 0, 0x80000080);
        holds(TO_INT32, 0xcf000000, 0, 0x80000000);
        holds(TO_INT32, 0xcf000001, 0, 0x80000000);
        holds(TO_INT32, INF, 0, 0x7fffffff);
        holds(TO_INT32, MINUS_INF, 0, 0x80000000);
        holds(TO_INT32, NAN, 0, 0);
        holds(TO_INT32, 0xff800001, 0, 0);
    }

    /// @dev What an fp32 holds exactly comes back.
    function testFuzz_integers_come_back(int24 integer) public view {
        uint32 word = uint32(int32(integer));
        vm.assertEq(op(TO_INT32, op(FROM_INT32, word, 0), 0), word);
    }

    function testFuzz_sums_and_products_commute(uint32 a, uint32 b) public view {
        vm.assertEq(op(ADD, a, b), op(ADD, b, a));
        vm.assertEq(op(MUL, a, b), op(MUL, b, a));
        vm.assertEq(op(SUB, a, b), op(ADD, a, b ^ 0x80000000));
    }

    function testFuzz_what_changes_nothing(uint32 a) public view {
        uint32 canonical = isNaN(a) ? NAN : a;
        vm.assertEq(op(MUL, a, ONE), canonical);
        vm.assertEq(op(DIV, a, ONE), canonical);
        vm.assertEq(op(ADD, a, MINUS_ZERO), canonical);
        vm.assertEq(op(NEGATED, op(NEGATED, a, 0), 0), canonical);
        vm.assertEq(op(MAX, a, a), canonical);
        bool finite = a & 0x7fffffff < INF;
        vm.assertEq(op(SUB, a, a), finite ? ZERO : NAN);
        if (finite && a & 0x7fffffff != 0) vm.assertEq(op(DIV, a, a), ONE);
    }

    function testFuzz_order(uint32 a, uint32 b) public view {
        uint256 less = op(LT, a, b);
        uint256 more = op(LT, b, a);
        uint256 equal = op(EQ, a, b);
        vm.assertEq(less + more + equal, isNaN(a) || isNaN(b) ? 0 : 1);
        vm.assertEq(op(LE, a, b), less + equal);
        vm.assertEq(op(MAX, a, b), less == 1 ? b : isNaN(a) ? NAN : a);
        vm.assertEq(op(MIN, a, b), more == 1 ? b : isNaN(a) ? NAN : a);
    }

    /// @dev Rounding keeps order.
    function testFuzz_sums_and_roots_are_monotone(uint32 a, uint32 b, uint32 c) public view {
        if (op(LT, a, b) == 0) return;
        vm.assertEq(op(LT, op(ADD, b, c), op(ADD, a, c)), 0);
        vm.assertEq(op(LT, op(SQRT, b, 0), op(SQRT, a, 0)), 0);
    }

    function testFuzz_square_of_root_is_near(uint32 a) public view {
        a = (a % 0x7f000000) + LEAST_NORMAL;
        if (a >= INF) return;
        uint32 root = op(SQRT, a, 0);
        vm.assertLe(op(MUL, root - 1, root - 1), a);
        vm.assertGe(op(MUL, root + 1, root + 1), a);
    }

    function test_unknown_operation() public {
        vm.expectPartialRevert(bytes4(keccak256("UnknownOperation(uint8)")));
        machine.run(15, abi.encodePacked(ONE, ONE));
        vm.assertEq(machine.run(0, "").length, 0);
    }
}
