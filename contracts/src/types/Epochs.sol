// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Small jobs: one run of a graph each, too cheap for a lease of its own (spec/court.md §11).

/// What a buyer signs for one run (EIP-712).
struct Request {
    address buyer;
    bytes20 nodeId;
    /// Court program of the model.
    bytes32 program;
    /// State root of step 0 over the inputs of the graph: weights and what the buyer gives.
    bytes32 startRoot;
    uint96 price;
    uint64 nonce;
    /// Last second in which an epoch that answers it may be committed; later the buyer owes nothing.
    uint64 deadline;
}

/// All results of a node since its last epoch.
struct EpochCommitment {
    bytes20 nodeId;
    /// 0, 1, 2 and so on.
    uint64 epoch;
    uint32 results;
    /// Most that buyers may be asked for them.
    uint96 value;
    /// Merkle root over 00 ‖ request hash ‖ end root.
    bytes32 root;
}

/// One result of an epoch, and its path.
struct EpochResult {
    uint32 index;
    Request request;
    /// State root of step 1 over the outputs of the graph.
    bytes32 endRoot;
    bytes32[] path;
}

/// What a rival has for a result: the root over the outputs' entries, and the root of all values of the run.
struct EpochAnswer {
    bytes32 entriesRoot;
    bytes32 valuesRoot;
}
