// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What a court knows of the values of a step's graph (spec/tensor.md §2, spec/court-operators.md §2).

// Element types, as in tensor roots.
uint8 constant DTYPE_F32 = 0;
uint8 constant DTYPE_I32 = 1;
uint8 constant DTYPE_I8 = 2;

struct ValueType {
    uint8 dtype;
    /// 1 to 6 dimensions, row-major, each 1 to 2^24.
    uint32[] shape;
}

/// An operator with the types around it. Operands stay in calldata, where the record is: there may be 64 of them, and no word
/// needs more than three (court/Operands.sol reads them).
struct Scope {
    uint8 op;
    uint32[] attributes;
    ValueType type_;
    /// How many.
    uint256 operands;
    /// Where in calldata the first one begins.
    uint256 first;
}

// Kinds of values.
uint8 constant KIND_STATE = 0;
uint8 constant KIND_BATCH = 1;
uint8 constant KIND_SCALAR = 2;
uint8 constant KIND_CONSTANT = 3;
uint8 constant KIND_NODE = 4;

/// A value that no operator computes.
struct Given {
    uint8 kind;
    ValueType type_;
    /// State: its place among the state inputs. Batch: 0 tokens, 1 targets. Scalar: 0 rate.
    uint32 source;
    /// Constants only.
    bytes32 tensorRoot;
}

/// 32 elements of an operand, already proven to lie under its tensor root. Words are little-endian.
struct OpenedLeaf {
    uint8 operand;
    uint64 leaf;
    bytes32[4] words;
}
