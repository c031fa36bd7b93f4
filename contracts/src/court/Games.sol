// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IEvidence} from "../interfaces/IEvidence.sol";
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
} from "../interfaces/IGames.sol";
import {Wiring} from "../types/Wiring.sol";
import {Descent} from "./Descent.sol";
import {GameBook} from "./GameBook.sol";
import {GameState} from "./GameState.sol";
import {JudgeBook} from "./JudgeBook.sol";
import {Tree} from "./Tree.sol";
import {Words} from "./Words.sol";

/// @title Games, see {IGames}. Here: how they end by proof.
/// @dev {IEvidence} gets the same calldata and says what is right at the place; here the first difference is found, and what
/// the defender has there.
contract Games is Descent {
    IEvidence private immutable EVIDENCE;

    constructor(Wiring memory wiring, ProtocolParams memory params, JudgeBook judges, IEvidence evidence)
        GameBook(wiring, params)
        Descent(judges)
    {
        EVIDENCE = evidence;
    }

    function proveState(
        bytes20 id,
        Position calldata position,
        CourtProgram calldata,
        Choice calldata c,
        Record calldata,
        EntryOpening calldata
    ) external {
        _proveValue(id, position, c);
    }

    function proveRate(
        bytes20 id,
        Position calldata position,
        CourtProgram calldata,
        Choice calldata c,
        Record calldata,
        TensorLeaf calldata
    ) external {
        _proveValue(id, position, c);
    }

    function proveConstant(bytes20 id, Position calldata position, Choice calldata c, Record calldata) external {
        _proveValue(id, position, c);
    }

    function proveEntry(
        bytes20 id,
        Position calldata position,
        CourtProgram calldata,
        Choice calldata c,
        EntryRule calldata,
        bytes32,
        bytes32[] calldata
    ) external {
        GameState state = _choiceAt(id, Level.entries, position);
        _checkFirst(state, position, c.index, c.defender, c.rival, c.siblings);
        _decide(id, state, c.defender);
    }

    function proveLoss(
        bytes20 id,
        Position calldata position,
        CourtProgram calldata,
        bytes calldata,
        bytes32[] calldata
    ) external {
        GameState state = _turnAt(id, Level.loss, Stage.choose, position);
        _decide(id, state, bytes32(uint256(position.facts.loss)));
    }

    function proveToken(
        bytes20 id,
        Position calldata position,
        CourtProgram calldata,
        bytes calldata,
        LeafChoice calldata c,
        TensorLeaf calldata
    ) external {
        _proveWord(id, position, c);
    }

    function proveWord(
        bytes20 id,
        Position calldata position,
        bytes calldata,
        LeafChoice calldata c,
        LeafOpening[] calldata
    ) external {
        _proveWord(id, position, c);
    }

    function proveFold(
        bytes20 id,
        Position calldata position,
        bytes calldata,
        AccChoice calldata c,
        AccBefore calldata,
        LeafOpening[] calldata
    ) external {
        GameState state = _choiceAt(id, Level.accs, position);
        _checkFirst(state, position, c.index, Tree.accLeaf(c.defender), Tree.accLeaf(c.rival), c.siblings);
        _decide(id, state, bytes32(uint256(c.defender)));
    }

    // ---- internals ------------------------------------------------------------------------------------------------

    function _proveValue(bytes20 id, Position calldata position, Choice calldata c) private {
        GameState state = _choiceAt(id, Level.values, position);
        _checkFirst(state, position, c.index, Tree.leafOf(c.defender), Tree.leafOf(c.rival), c.siblings);
        _decide(id, state, c.defender);
    }

    function _proveWord(bytes20 id, Position calldata position, LeafChoice calldata c) private {
        (GameState state, uint256 i) = _leafChoice(id, position, c);
        _decide(id, state, bytes32(uint256(Words.wordOf(c.defender, i))));
    }

    function _decide(bytes20 id, GameState state, bytes32 defenders) private {
        (bool ok, bytes memory answer) = address(EVIDENCE).staticcall(msg.data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        (bool defined, bytes32 right) = abi.decode(answer, (bool, bytes32));
        if (defined && right == defenders) revert DefenderRight();
        _end(id, state, Outcome.rival, false);
    }
}
