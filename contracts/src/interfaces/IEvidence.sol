// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccBefore,
    AccChoice,
    Choice,
    CourtProgram,
    EntryOpening,
    EntryRule,
    LeafChoice,
    LeafOpening,
    Position,
    Record,
    TensorLeaf
} from "./IGames.sol";

/// @title What follows from what both sides of a game agree on, opened by whoever calls.
/// @notice Each function takes the calldata of the proof of the same name in {IGames}, which forwards it after it has made sure
/// that the position is the game's and the choice its first difference. None of that is checked again here.
interface IEvidence {
    /// @return defined False when no value follows at all, so that whatever the defender has is wrong.
    /// @return right The word, tensor root or leaf hash that the defender should have.
    function proveState(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata choice,
        Record calldata record,
        EntryOpening calldata entry
    ) external view returns (bool defined, bytes32 right);
    function proveRate(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata choice,
        Record calldata record,
        TensorLeaf calldata rate
    ) external view returns (bool defined, bytes32 right);
    function proveConstant(
        bytes20 game,
        Position calldata position,
        Choice calldata choice,
        Record calldata record
    ) external view returns (bool defined, bytes32 right);
    function proveEntry(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata choice,
        EntryRule calldata rule,
        bytes32 tensorRoot,
        bytes32[] calldata valuePath
    ) external view returns (bool defined, bytes32 right);
    function proveLoss(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        bytes calldata leaf,
        bytes32[] calldata valuePath
    ) external view returns (bool defined, bytes32 right);
    function proveToken(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        bytes calldata record,
        LeafChoice calldata choice,
        TensorLeaf calldata token
    ) external view returns (bool defined, bytes32 right);
    function proveWord(
        bytes20 game,
        Position calldata position,
        bytes calldata record,
        LeafChoice calldata choice,
        LeafOpening[] calldata openings
    ) external view returns (bool defined, bytes32 right);
    function proveFold(
        bytes20 game,
        Position calldata position,
        bytes calldata record,
        AccChoice calldata choice,
        AccBefore calldata before,
        LeafOpening[] calldata openings
    ) external view returns (bool defined, bytes32 right);
}
