// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccsClaim,
    Choice,
    CourtProgram,
    Facts,
    LeafChoice,
    Position,
    Record,
    StepBefore,
    StepClaim
} from "../interfaces/IGames.sol";
import {KIND_BATCH, KIND_NODE, ValueType} from "../types/StepValues.sol";
import {GameState} from "./GameState.sol";
import {JudgeBook} from "./JudgeBook.sol";
import {Judging} from "./Judging.sol";
import {Layout} from "./Layout.sol";
import {Narrowing} from "./Narrowing.sol";
import {Records} from "./Records.sol";
import {TensorLayout} from "./TensorLayout.sol";
import {Tree} from "./Tree.sol";
import {Words} from "./Words.sol";

/// @title From level to level: from the history into a step, a value, the partial sums of a word.
/// @dev The rival's last choice on a level already says what is behind its own side; the defender enters and reveals.
abstract contract Descent is Narrowing {
    JudgeBook private immutable JUDGES;

    constructor(JudgeBook judges) {
        JUDGES = judges;
    }

    // ---- into a step ----------------------------------------------------------------------------------------------

    function chooseStep(
        bytes20 id,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata c,
        StepClaim calldata claim,
        bytes calldata signature
    ) external {
        GameState state = _choiceAt(id, Level.steps, position);
        _checkFirst(state, position, c.index, Tree.leafOf(c.defender), Tree.leafOf(c.rival), c.siblings);
        Layout.checkProgram(program, position.facts.program);
        Facts memory facts = position.facts;
        facts.step = facts.firstStep + c.index;
        Tree.mustBe(c.rival, _stepRoot(program, facts.step, claim));
        _authorize(id, Level.values, claim.valuesRoot, signature, position.facts);
        (facts.loss, facts.entries, facts.values) = (claim.loss, claim.entriesRoot, claim.valuesRoot);
        _store(id, state, state.placed(0, c.index).entering(Level.values), _placeOf(facts, c.defender, 0));
        emit StepChosen(id, c.index, c.defender, claim);
    }

    function enterStep(
        bytes20 id,
        Position calldata position,
        CourtProgram calldata program,
        StepBefore calldata before,
        StepClaim calldata claim,
        bytes calldata content,
        bytes calldata signature
    ) external {
        GameState state = _turnAt(id, Level.values, Stage.enter, position);
        Facts memory facts = position.facts;
        Layout.checkProgram(program, facts.program);
        Tree.mustBe(position.defender, _stepRoot(program, facts.step, claim));
        _authorize(id, Level.values, claim.valuesRoot, signature, position.facts);
        uint256 index = state.index();
        // Left of the first difference: both sides have the step before.
        if (index != 0) {
            bytes32 leaf =
                Tree.leafOf(Layout.stepRoot(program.programHash, facts.step - 1, before.loss, before.state));
            Tree.mustBe(facts.history, Tree.rootFrom(state.count(), index - 1, leaf, before.path));
            facts.before = before.state;
        }
        bytes32 rivalEntries = facts.entries;
        (facts.loss, facts.entries, facts.firstStep, facts.history) = (claim.loss, 0, 0, 0);
        (facts.valueCount, facts.numericsId, facts.records) = (program.values, program.numericsId, program.recordsRoot);
        emit StepEntered(id, facts.before, claim, content);

        if (claim.valuesRoot != facts.values) {
            GameState values = _over(state, Level.values, program.values);
            bytes32 place = _placeOf(facts, claim.valuesRoot, facts.values);
            _store(id, state, _shown(values, claim.valuesRoot, content), place);
        } else if (claim.entriesRoot != rivalEntries) {
            GameState entries = _over(state, Level.entries, program.entries);
            bytes32 place = _placeOf(facts, claim.entriesRoot, rivalEntries);
            _store(id, state, _shown(entries, claim.entriesRoot, content), place);
        } else {
            if (content.length != 0) revert ContentLength(content.length, 0);
            _store(id, state, state.withLevel(Level.loss).withStage(Stage.choose), _placeOf(facts, 0, 0));
        }
    }

    function _stepRoot(CourtProgram calldata program, uint64 step, StepClaim calldata claim)
        private
        pure
        returns (bytes32)
    {
        bytes32 stateAfter = Layout.stateRoot(step + 1, program.entries, claim.entriesRoot);
        return Layout.stepRoot(program.programHash, step, claim.loss, stateAfter);
    }

    // ---- into a value ---------------------------------------------------------------------------------------------

    function chooseValue(
        bytes20 id,
        Position calldata position,
        Choice calldata c,
        Record calldata record,
        bytes32 leavesRoot
    ) external {
        GameState state = _choiceAt(id, Level.values, position);
        _checkFirst(state, position, c.index, Tree.leafOf(c.defender), Tree.leafOf(c.rival), c.siblings);
        Facts memory facts = position.facts;
        Tree.mustBe(facts.records, Tree.rootFrom(facts.valueCount, c.index, Tree.leafOf(record.data), record.path));
        uint8 kind = Records.kindOf(record.data);
        if (kind != KIND_NODE && kind != KIND_BATCH) revert RecordInvalid(kind);
        ValueType memory type_ = Records.typeOf(record.data);
        Tree.mustBe(c.rival, Layout.tensorRoot(type_, leavesRoot));
        (facts.value, facts.record) = (c.index, keccak256(record.data));
        GameState leaves = _over(state, Level.leaves, TensorLayout.leafCount(type_.shape));
        _store(id, state, leaves.withStage(Stage.enter), _placeOf(facts, c.defender, leavesRoot));
        emit ValueChosen(id, c.index, c.defender, leavesRoot);
    }

    function enterValue(
        bytes20 id,
        Position calldata position,
        bytes calldata record,
        bytes32 leavesRoot,
        bytes calldata content
    ) external {
        GameState state = _turnAt(id, Level.leaves, Stage.enter, position);
        Tree.mustBe(position.facts.record, keccak256(record));
        Tree.mustBe(position.defender, Layout.tensorRoot(Records.typeOf(record), leavesRoot));
        bytes32 place = _placeOf(position.facts, leavesRoot, position.rival);
        _store(id, state, _shown(state, leavesRoot, content), place);
        emit ValueEntered(id, leavesRoot, content);
    }

    // ---- into the partial sums of a word --------------------------------------------------------------------------

    function chooseWord(
        bytes20 id,
        Position calldata position,
        bytes calldata record,
        LeafChoice calldata c,
        AccsClaim calldata claim,
        bytes calldata signature
    ) external {
        (GameState state, uint256 i) = _leafChoice(id, position, c);
        Facts memory facts = position.facts;
        Tree.mustBe(facts.record, keccak256(record));
        (uint256 element, bool isPadding) = Words.elementOf(Records.typeOf(record).shape, c.index, i);
        if (isPadding) revert IsPadding(element);
        uint256 chunks = _chunksOf(facts, record);
        if (chunks == 0) revert OperatorFolds(false);
        uint32 rival = Words.wordOf(c.rival, i);
        Tree.mustBe(claim.root, Tree.rootFrom(chunks, chunks - 1, Tree.accLeaf(rival), claim.lastPath));
        _authorize(id, Level.accs, claim.root, signature, position.facts);
        (facts.element, facts.word, facts.accs) = (uint64(element), Words.wordOf(c.defender, i), claim.root);
        GameState accs = _over(state, Level.accs, chunks);
        _store(id, state, accs.withStage(Stage.enter), _placeOf(facts, 0, claim.root));
        emit WordChosen(id, facts.element, facts.word, rival, claim.root);
    }

    function enterFold(
        bytes20 id,
        Position calldata position,
        AccsClaim calldata claim,
        bytes calldata content,
        bytes calldata signature
    ) external {
        GameState state = _turnAt(id, Level.accs, Stage.enter, position);
        Facts memory facts = position.facts;
        uint256 chunks = state.count();
        Tree.mustBe(claim.root, Tree.rootFrom(chunks, chunks - 1, Tree.accLeaf(facts.word), claim.lastPath));
        _authorize(id, Level.accs, claim.root, signature, position.facts);
        bytes32 place = _placeOf(facts, claim.root, position.rival);
        _store(id, state, _shown(state, claim.root, content), place);
        emit FoldEntered(id, claim.root, content);
    }

    /// @dev A batch value's record has no operator: no judge answers for it.
    function _chunksOf(Facts memory facts, bytes calldata record) private view returns (uint256) {
        return Judging.judgeOf(JUDGES, record, facts.numericsId).chunks(record);
    }

    /// @dev A choice of the first leaf that differs, and the first word in it.
    function _leafChoice(bytes20 id, Position calldata position, LeafChoice calldata c)
        internal
        view
        returns (GameState state, uint256 i)
    {
        state = _choiceAt(id, Level.leaves, position);
        if (c.defender.length != Words.LEAF_BYTES) revert ContentLength(c.defender.length, Words.LEAF_BYTES);
        if (c.rival.length != Words.LEAF_BYTES) revert ContentLength(c.rival.length, Words.LEAF_BYTES);
        _checkFirst(state, position, c.index, Tree.leafOf(c.defender), Tree.leafOf(c.rival), c.siblings);
        i = Words.firstDifference(c.defender, c.rival);
    }
}
