// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The operators' numbers in records (spec/court-operators.md §1); packages/tensor/src/commit/operatorRecords.ts
/// mirrors this, spec/vectors/court/leaves.json has every one of them.
library OperatorCodes {
    uint8 internal constant MATMUL = 0;
    uint8 internal constant MATMUL_INT8 = 1;
    uint8 internal constant TO_FLOAT = 2;
    uint8 internal constant TO_INT8 = 3;
    uint8 internal constant ADD = 4;
    uint8 internal constant SUB = 5;
    uint8 internal constant MUL = 6;
    uint8 internal constant DIV = 7;
    uint8 internal constant MAX = 8;
    uint8 internal constant MIN = 9;
    uint8 internal constant GT = 10;
    uint8 internal constant SELECT = 11;
    uint8 internal constant NEG = 12;
    uint8 internal constant ABS = 13;
    uint8 internal constant SQRT = 14;
    uint8 internal constant EXP = 15;
    uint8 internal constant LOG = 16;
    uint8 internal constant TANH = 17;
    uint8 internal constant REDUCE_SUM = 18;
    uint8 internal constant REDUCE_MAX = 19;
    uint8 internal constant RESHAPE = 20;
    uint8 internal constant EXPAND = 21;
    uint8 internal constant TRANSPOSE = 22;
    uint8 internal constant SLICE = 23;
    uint8 internal constant CONCAT = 24;
    uint8 internal constant SWAP_PAIRS = 25;
    uint8 internal constant GATHER = 26;
    uint8 internal constant ONE_HOT = 27;
    uint8 internal constant SCATTER_ADD = 28;
}
