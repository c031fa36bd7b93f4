// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CourtProgram, IGames} from "../interfaces/IGames.sol";
import {ValueType} from "../types/StepValues.sol";

/// @notice The hashes of the commitment layout (spec/tensor.md §6, spec/court.md §1) above the Merkle trees.
library Layout {
    bytes1 private constant LEAF = 0x00;
    bytes1 private constant TENSOR = 0x02;
    bytes1 private constant STATE = 0x03;
    bytes1 private constant STEP = 0x04;
    bytes1 private constant COURT_PROGRAM = 0x07;

    function tensorRoot(ValueType memory type_, bytes32 leavesRoot) internal pure returns (bytes32) {
        bytes memory dimensions = "";
        for (uint256 i = 0; i < type_.shape.length; ++i) {
            dimensions = abi.encodePacked(dimensions, uint64(type_.shape[i]));
        }
        return sha256(abi.encodePacked(TENSOR, type_.dtype, uint8(type_.shape.length), dimensions, leavesRoot));
    }

    /// @notice Of one dimension.
    function tensorRoot(uint8 dtype, uint64 length, bytes32 leavesRoot) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(TENSOR, dtype, uint8(1), length, leavesRoot));
    }

    /// @param nextStep Number of the step that follows the state.
    function stateRoot(uint64 nextStep, uint64 entries, bytes32 entriesRoot) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(STATE, nextStep, entries, entriesRoot));
    }

    function stepRoot(bytes32 programHash, uint64 step, uint32 loss, bytes32 stateAfter)
        internal
        pure
        returns (bytes32)
    {
        return sha256(abi.encodePacked(STEP, programHash, step, loss, stateAfter));
    }

    /// @notice Leaf of a state's tree.
    function entryLeaf(bytes calldata name, bytes32 tensorRoot_) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(LEAF, uint8(name.length), name, tensorRoot_));
    }

    /// @notice Leaf of the court program's entries: which value an entry takes.
    function ruleLeaf(bytes calldata name, uint32 value) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(LEAF, uint8(name.length), name, value));
    }

    function hash(CourtProgram calldata p) internal pure returns (bytes32) {
        bytes memory run = abi.encodePacked(
            COURT_PROGRAM,
            p.programHash,
            p.dataRoot,
            p.numericsId,
            p.totalSteps,
            p.stepsPerSegment,
            p.startStep,
            p.startRoot
        );
        bytes memory graph = abi.encodePacked(
            p.values, p.recordsRoot, p.inputs, p.entries, p.entriesRoot, p.lossValue
        );
        bytes memory data = abi.encodePacked(
            p.ratesRoot, p.tokens, p.tokensRoot, p.context, p.rows, p.targets, p.seed
        );
        return sha256(abi.encodePacked(run, graph, data));
    }

    function checkProgram(CourtProgram calldata program, bytes32 expected) internal pure {
        bytes32 actual = hash(program);
        if (actual != expected) revert IGames.ProgramMismatch(expected, actual);
    }
}
