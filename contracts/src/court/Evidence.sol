// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEvidence} from "../interfaces/IEvidence.sol";
import {
    AccBefore,
    AccChoice,
    Choice,
    CourtProgram,
    EntryOpening,
    EntryRule,
    Facts,
    IGames,
    LeafChoice,
    LeafOpening,
    Position,
    Record,
    TensorLeaf
} from "../interfaces/IGames.sol";
import {IOperatorJudge} from "../interfaces/IOperatorJudge.sol";
import {
    DTYPE_F32,
    DTYPE_I32,
    Given,
    KIND_BATCH,
    KIND_CONSTANT,
    KIND_SCALAR,
    KIND_STATE,
    OpenedLeaf,
    Scope,
    ValueType
} from "../types/StepValues.sol";
import {JudgeBook} from "./JudgeBook.sol";
import {Judging} from "./Judging.sol";
import {Layout} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {Records} from "./Records.sol";
import {TensorLayout} from "./TensorLayout.sol";
import {Tree} from "./Tree.sol";
import {Words} from "./Words.sol";

/// @title Evidence, see {IEvidence}: pure but for the judges it asks.
contract Evidence is IEvidence {
    uint256 private constant MAX_OPENINGS = 4;
    bytes private constant DATA_ORDER = "weft/data-order/2";

    JudgeBook private immutable JUDGES;

    constructor(JudgeBook judges) {
        JUDGES = judges;
    }

    // ---- values that no operator computes -------------------------------------------------------------------------

    function proveState(
        bytes20,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata c,
        Record calldata record,
        EntryOpening calldata entry
    ) external view returns (bool, bytes32) {
        Given memory given = _given(position.facts, c.index, record, KIND_STATE);
        Facts calldata facts = position.facts;
        Layout.checkProgram(program, facts.program);
        Tree.mustBe(facts.before, Layout.stateRoot(facts.step, program.inputs, entry.entriesRoot));
        bytes32 leaf = Layout.entryLeaf(entry.name, entry.tensorRoot);
        Tree.mustBe(entry.entriesRoot, Tree.rootFrom(program.inputs, given.source, leaf, entry.path));
        return (true, entry.tensorRoot);
    }

    function proveRate(
        bytes20,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata c,
        Record calldata record,
        TensorLeaf calldata rate
    ) external view returns (bool, bytes32) {
        _given(position.facts, c.index, record, KIND_SCALAR);
        Facts calldata facts = position.facts;
        Layout.checkProgram(program, facts.program);
        uint256 word = _wordIn(Line(DTYPE_F32, program.totalSteps, program.ratesRoot), facts.step, rate);
        // The only leaf of f32 [1]: that word and 124 zero bytes.
        bytes32 leaf = sha256(abi.encodePacked(uint8(0), uint32(Tree.reversed(word)), new bytes(124)));
        return (true, Layout.tensorRoot(DTYPE_F32, 1, leaf));
    }

    function proveConstant(bytes20, Position calldata position, Choice calldata c, Record calldata record)
        external
        view
        returns (bool, bytes32)
    {
        return (true, _given(position.facts, c.index, record, KIND_CONSTANT).tensorRoot);
    }

    function proveToken(
        bytes20,
        Position calldata position,
        CourtProgram calldata program,
        bytes calldata record,
        LeafChoice calldata c,
        TensorLeaf calldata token
    ) external view returns (bool, bytes32) {
        (uint256 element, bool isPadding) = _element(position.facts, record, c);
        if (isPadding) return (true, 0);
        Given memory given = Records.given(record);
        if (given.kind != KIND_BATCH) revert IGames.RecordInvalid(given.kind);
        Layout.checkProgram(program, position.facts.program);
        uint256 place = _tokenPlace(program, position.facts.step, given.source, element);
        return (true, bytes32(_wordIn(Line(DTYPE_I32, program.tokens, program.tokensRoot), place, token)));
    }

    /// @dev spec/tensor.md §7.6. Tokens, and targets of every position, are [rows, context]; targets of the last are [rows].
    function _tokenPlace(CourtProgram calldata program, uint64 step, uint256 source, uint256 element)
        private
        pure
        returns (uint256)
    {
        bool isTargets = source == 1;
        bool onlyLast = isTargets && program.targets == 1;
        (uint256 row, uint256 column) =
            onlyLast ? (element, program.context) : (element / program.context, element % program.context);
        if (isTargets && !onlyLast) ++column;
        bytes32 words = sha256(abi.encodePacked(program.seed, DATA_ORDER, uint8(0), step, uint64(row / 8)));
        uint256 word = uint32(uint256(words) >> (224 - 32 * (row % 8)));
        return ((word * (program.tokens - program.context)) >> 32) + column;
    }

    // ---- the state after a step, and its loss ---------------------------------------------------------------------

    function proveEntry(
        bytes20,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata c,
        EntryRule calldata rule,
        bytes32 tensorRoot,
        bytes32[] calldata valuePath
    ) external view returns (bool, bytes32) {
        Layout.checkProgram(program, position.facts.program);
        bytes32 leaf = Layout.ruleLeaf(rule.name, rule.value);
        Tree.mustBe(program.entriesRoot, Tree.rootFrom(program.entries, c.index, leaf, rule.path));
        _checkValue(position.facts, rule.value, tensorRoot, valuePath);
        return (true, Layout.entryLeaf(rule.name, tensorRoot));
    }

    function proveLoss(
        bytes20,
        Position calldata position,
        CourtProgram calldata program,
        bytes calldata leaf,
        bytes32[] calldata valuePath
    ) external view returns (bool, bytes32) {
        Layout.checkProgram(program, position.facts.program);
        bytes32 tensorRoot = Layout.tensorRoot(DTYPE_F32, 1, _leafOf(leaf));
        _checkValue(position.facts, program.lossValue, tensorRoot, valuePath);
        return (true, bytes32(uint256(Words.wordOf(leaf, 0))));
    }

    // ---- operators ------------------------------------------------------------------------------------------------

    function proveWord(
        bytes20,
        Position calldata position,
        bytes calldata record,
        LeafChoice calldata c,
        LeafOpening[] calldata openings
    ) external view returns (bool defined, bytes32 right) {
        (uint256 element, bool isPadding) = _element(position.facts, record, c);
        if (isPadding) return (true, 0);
        IOperatorJudge judge = _judgeOf(position.facts, record);
        if (judge.chunks(record) != 0) revert IGames.OperatorFolds(true);
        uint32 word;
        (defined, word) = judge.word(record, uint64(element), _opened(position.facts, record, openings));
        right = bytes32(uint256(word));
    }

    function proveFold(
        bytes20,
        Position calldata position,
        bytes calldata record,
        AccChoice calldata c,
        AccBefore calldata before,
        LeafOpening[] calldata openings
    ) external view returns (bool defined, bytes32 right) {
        Facts calldata facts = position.facts;
        Tree.mustBe(facts.record, keccak256(record));
        IOperatorJudge judge = _judgeOf(facts, record);
        if (c.index != 0) {
            bytes32 leaf = Tree.accLeaf(before.word);
            Tree.mustBe(facts.accs, Tree.rootFrom(judge.chunks(record), c.index - 1, leaf, before.path));
        }
        OpenedLeaf[] memory opened = _opened(facts, record, openings);
        uint32 acc;
        (defined, acc) = judge.fold(record, facts.element, c.index, before.word, opened);
        right = bytes32(uint256(acc));
    }

    // ---- openings -------------------------------------------------------------------------------------------------

    /// @dev A tensor of one dimension.
    struct Line {
        uint8 dtype;
        uint64 length;
        bytes32 tensorRoot;
    }

    function _wordIn(Line memory line, uint256 index, TensorLeaf calldata leaf) private view returns (uint256) {
        if (index >= line.length) revert IGames.IndexOutside(index, 0, line.length);
        Tree.mustBe(line.tensorRoot, Layout.tensorRoot(line.dtype, line.length, leaf.leavesRoot));
        uint256 leaves = (uint256(line.length) + Words.LEAF_WORDS - 1) / Words.LEAF_WORDS;
        bytes32 root = Tree.rootFrom(leaves, index / Words.LEAF_WORDS, _leafOf(leaf.data), leaf.path);
        Tree.mustBe(leaf.leavesRoot, root);
        return Words.wordOf(leaf.data, index % Words.LEAF_WORDS);
    }

    /// @dev Leaves of operands. Those have lower numbers than the value in dispute, so that both sides have the same there.
    function _opened(Facts calldata facts, bytes calldata record, LeafOpening[] calldata openings)
        private
        view
        returns (OpenedLeaf[] memory opened)
    {
        if (openings.length > MAX_OPENINGS) revert IGames.TooManyOpenings(openings.length, MAX_OPENINGS);
        Scope memory scope = Records.node(record);
        opened = new OpenedLeaf[](openings.length);
        for (uint256 i = 0; i < openings.length; ++i) {
            LeafOpening calldata o = openings[i];
            if (o.operand >= scope.operands) revert IGames.OperandUnknown(o.operand);
            uint256 value = Operands.valueOf(scope, o.operand);
            if (value >= facts.value) revert IGames.OperandUnknown(value);
            ValueType memory type_ = Operands.typeOf(scope, o.operand);
            uint256 leaves = TensorLayout.leafCount(type_.shape);
            // Types of a graph have 2^28 elements at most: only a record that says nonsense, and wants long paths.
            if (leaves > type(uint32).max) revert IGames.CountInvalid(leaves);
            Tree.mustBe(o.leavesRoot, Tree.rootFrom(leaves, o.leaf, _leafOf(o.data), o.path));
            _checkValue(facts, value, Layout.tensorRoot(type_, o.leavesRoot), o.valuePath);
            opened[i] = OpenedLeaf(o.operand, o.leaf, abi.decode(o.data, (bytes32[4])));
        }
    }

    function _leafOf(bytes calldata data) private view returns (bytes32) {
        if (data.length != Words.LEAF_BYTES) revert IGames.ContentLength(data.length, Words.LEAF_BYTES);
        return Tree.leafOf(data);
    }

    /// @dev A value's tensor root under the values root.
    function _checkValue(Facts calldata facts, uint256 value, bytes32 tensorRoot, bytes32[] calldata path)
        private
        view
    {
        Tree.mustBe(facts.values, Tree.rootFrom(facts.valueCount, value, Tree.leafOf(tensorRoot), path));
    }

    function _given(Facts calldata facts, uint256 value, Record calldata record, uint8 kind)
        private
        view
        returns (Given memory given)
    {
        bytes32 leaf = Tree.leafOf(record.data);
        Tree.mustBe(facts.records, Tree.rootFrom(facts.valueCount, value, leaf, record.path));
        given = Records.given(record.data);
        if (given.kind != kind) revert IGames.RecordInvalid(given.kind);
    }

    /// @dev Of the first word in which the chosen leaves differ.
    function _element(Facts calldata facts, bytes calldata record, LeafChoice calldata c)
        private
        pure
        returns (uint256, bool)
    {
        Tree.mustBe(facts.record, keccak256(record));
        uint256 i = Words.firstDifference(c.defender, c.rival);
        return Words.elementOf(Records.typeOf(record).shape, c.index, i);
    }

    function _judgeOf(Facts calldata facts, bytes calldata record) private view returns (IOperatorJudge) {
        return Judging.judgeOf(JUDGES, record, facts.numericsId);
    }
}
