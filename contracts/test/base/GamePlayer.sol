// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccBefore,
    AccChoice,
    AccsClaim,
    Choice,
    EntryOpening,
    EntryRule,
    Facts,
    IGames,
    LeafChoice,
    LeafOpening,
    Place,
    Position,
    Record,
    StepBefore,
    StepClaim,
    TensorLeaf
} from "../../src/interfaces/IGames.sol";
import {GameTrees} from "./GameTrees.sol";
import {MerkleTree} from "./MerkleTree.sol";

/// @notice Plays games of a {RunModel}: what is agreed on in each game, and the one move that the rules leave to a side that
/// has its data. Honest or not, a side claims what it claimed from the start.
abstract contract GamePlayer is GameTrees {
    /// @notice Calldata of a move, and where the game stands after it.
    struct Move {
        bytes data;
        Position then;
    }

    mapping(bytes20 game => Position) private _positions;

    function games_() internal view virtual returns (IGames);

    function positionOf(bytes20 id) internal view returns (Position memory) {
        return _positions[id];
    }

    function track(bytes20 id, Position memory position) internal {
        _positions[id] = position;
    }

    function place(Position memory p) internal pure returns (Place memory) {
        return Place(keccak256(abi.encode(p.facts)), p.defender, p.rival);
    }

    // ---- one move -------------------------------------------------------------------------------------------------

    /// @notice The move of the side to move, given what both claim.
    function moveOf(bytes20 id, Side memory defender, Side memory rival) internal view returns (Move memory) {
        IGames.GameView memory v = games_().game(id);
        if (v.stage == IGames.Stage.reveal) return revealMove(id, v, defender);
        if (v.stage == IGames.Stage.enter) {
            if (v.level == IGames.Level.values) return enterStep(id, v, defender, rival);
            if (v.level == IGames.Level.leaves) return enterValue(id, v, defender);
            return enterFold(id, v, defender);
        }
        if (v.level == IGames.Level.loss) return proveLoss(id, rival);
        if (v.shown != 0) return choose(id, v, defender, rival);
        if (v.level == IGames.Level.steps) return chooseStep(id, v, defender, rival);
        if (v.level == IGames.Level.values) return atValue(id, v, defender, rival);
        if (v.level == IGames.Level.entries) return proveEntry(id, v, defender, rival);
        if (v.level == IGames.Level.leaves) return atLeaf(id, v, defender, rival);
        return proveFold(id, v, defender, rival);
    }

    // ---- narrowing ------------------------------------------------------------------------------------------------

    function revealMove(bytes20 id, IGames.GameView memory v, Side memory side) internal view returns (Move memory m) {
        Position memory p = positionOf(id);
        m.then = p;
        m.data = abi.encodeCall(IGames.reveal, (id, place(p), contentOf(v, side, p.facts.value)));
    }

    function choose(bytes20 id, IGames.GameView memory v, Side memory defender, Side memory rival)
        internal
        view
        returns (Move memory m)
    {
        Position memory p = positionOf(id);
        (bytes32[] memory a, bytes32[] memory b) = treesOf(v.level, defender, rival, p.facts.value);
        Difference memory d = firstDifference(v, a, b);
        Choice memory c = Choice(uint32(d.index), nodesAt(a, v.shown)[d.index], nodesAt(b, v.shown)[d.index], d.siblings);
        m.data = abi.encodeCall(IGames.choose, (id, place(p), c));
        m.then = Position(p.facts, c.defender, c.rival);
    }

    // ---- into a step ----------------------------------------------------------------------------------------------

    function chooseStep(bytes20 id, IGames.GameView memory v, Side memory defender, Side memory rival)
        internal
        view
        returns (Move memory m)
    {
        Position memory p = positionOf(id);
        Choice memory c = contentChoice(v, stepRoots(defender), stepRoots(rival));
        StepClaim memory claim = claimOf(rival);
        m.data = abi.encodeCall(IGames.chooseStep, (id, p, courtProgram(), c, claim, ""));
        p = copy(p);
        p.facts.step = p.facts.firstStep + c.index;
        (p.facts.loss, p.facts.entries, p.facts.values) = (claim.loss, claim.entriesRoot, claim.valuesRoot);
        (p.defender, p.rival) = (c.defender, 0);
        m.then = p;
    }

    function claimOf(Side memory side) internal pure returns (StepClaim memory) {
        return StepClaim(
            lossOf(side), MerkleTree.root(entriesAfter(side)), MerkleTree.root(valueLeaves(side))
        );
    }

    function enterStep(bytes20 id, IGames.GameView memory v, Side memory defender, Side memory rival)
        internal
        view
        returns (Move memory m)
    {
        Position memory p = positionOf(id);
        (StepClaim memory mine, StepClaim memory theirs) = (claimOf(defender), claimOf(rival));
        StepBefore memory before = StepBefore(0, 0, new bytes32[](0));
        Position memory next = copy(p);
        if (v.index != 0) {
            before = StepBefore(
                5, stateRoot(p.facts.step, entriesBefore()), MerkleTree.path(historyLeaves(defender), v.index - 1)
            );
            next.facts.before = before.state;
        }
        next.facts.loss = mine.loss;
        (next.facts.entries, next.facts.firstStep, next.facts.history) = (0, 0, 0);
        (next.facts.valueCount, next.facts.records) = (values(), MerkleTree.root(recordLeaves()));
        bytes memory content = "";
        if (mine.valuesRoot != theirs.valuesRoot) {
            content = nodesOf(valueLeaves(defender), valueRoots(defender), 5);
            (next.defender, next.rival) = (mine.valuesRoot, theirs.valuesRoot);
        } else if (mine.entriesRoot != theirs.entriesRoot) {
            content = pack(entriesAfter(defender), 0, 2);
            (next.defender, next.rival) = (mine.entriesRoot, theirs.entriesRoot);
        } else {
            (next.defender, next.rival) = (0, 0);
        }
        m.data = abi.encodeCall(IGames.enterStep, (id, p, courtProgram(), before, mine, content, ""));
        m.then = next;
    }

    function proveEntry(bytes20 id, IGames.GameView memory v, Side memory defender, Side memory rival)
        internal
        view
        returns (Move memory m)
    {
        (bytes32[] memory a, bytes32[] memory b) = (entriesAfter(defender), entriesAfter(rival));
        Difference memory d = firstDifference(v, a, b);
        Choice memory c = Choice(uint32(d.index), a[d.index], b[d.index], d.siblings);
        uint32 value = entryValue(d.index);
        EntryRule memory rule = EntryRule(entryName(d.index), value, MerkleTree.path(ruleLeaves(), d.index));
        m.data = abi.encodeCall(
            IGames.proveEntry,
            (
                id,
                positionOf(id),
                courtProgram(),
                c,
                rule,
                tensorRootOf(rival, value),
                MerkleTree.path(valueLeaves(rival), value)
            )
        );
    }

    function proveLoss(bytes20 id, Side memory rival) internal view returns (Move memory m) {
        bytes memory leaf = leavesOf(rival, LOSS_VALUE)[0];
        bytes32[] memory path = MerkleTree.path(valueLeaves(rival), LOSS_VALUE);
        m.data = abi.encodeCall(IGames.proveLoss, (id, positionOf(id), courtProgram(), leaf, path));
    }

    // ---- into a value ---------------------------------------------------------------------------------------------

    function atValue(bytes20 id, IGames.GameView memory v, Side memory defender, Side memory rival)
        internal
        view
        returns (Move memory m)
    {
        Choice memory c = contentChoice(v, valueRoots(defender), valueRoots(rival));
        Position memory p = positionOf(id);
        Record memory r = Record(recordOf(c.index), MerkleTree.path(recordLeaves(), c.index));
        if (c.index < 2) {
            bytes32[] memory leaves = entriesBefore();
            EntryOpening memory entry = EntryOpening(
                entryName(c.index), trueRoot(c.index), MerkleTree.root(leaves), MerkleTree.path(leaves, c.index)
            );
            m.data = abi.encodeCall(IGames.proveState, (id, p, courtProgram(), c, r, entry));
        } else if (c.index == 4) {
            TensorLeaf memory leaf = lineLeaf(ratesLeaves(), p.facts.step);
            m.data = abi.encodeCall(IGames.proveRate, (id, p, courtProgram(), c, r, leaf));
        } else if (c.index == 5) {
            m.data = abi.encodeCall(IGames.proveConstant, (id, p, c, r));
        } else {
            bytes32 root = leavesRootOf(rival, c.index);
            m.data = abi.encodeCall(IGames.chooseValue, (id, p, c, r, root));
            m.then = copy(p);
            (m.then.facts.value, m.then.facts.record) = (c.index, keccak256(r.data));
            (m.then.defender, m.then.rival) = (c.defender, root);
        }
    }

    function enterValue(bytes20 id, IGames.GameView memory v, Side memory side) internal view returns (Move memory m) {
        Position memory p = positionOf(id);
        uint32 value = uint32(p.facts.value);
        bytes32 root = leavesRootOf(side, value);
        bytes memory content = contentOf(v, side, value);
        m.data = abi.encodeCall(IGames.enterValue, (id, p, recordOf(value), root, content));
        m.then = copy(p);
        m.then.defender = root;
    }

    // ---- into a word ----------------------------------------------------------------------------------------------

    function atLeaf(bytes20 id, IGames.GameView memory v, Side memory defender, Side memory rival)
        internal
        view
        returns (Move memory m)
    {
        Position memory p = positionOf(id);
        uint32 value = uint32(p.facts.value);
        (LeafChoice memory c, uint256 word) = leafChoice(v, defender, rival, value);
        bytes memory r = recordOf(value);
        uint256 columns = shapeOf(value)[shapeOf(value).length - 1];
        uint256 perRow = (columns + 31) / 32;
        uint256 column = c.index % perRow * 32 + word;
        if (value < 4) {
            m.data = abi.encodeCall(
                IGames.proveToken, (id, p, courtProgram(), r, c, tokenLeaf(value, c.index * columns + column))
            );
        } else if (value != SUM_VALUE || column >= columns) {
            LeafOpening[] memory openings = new LeafOpening[](column < columns ? 1 : 0);
            if (column < columns) openings[0] = opening(rival, operandOf(value), c.index);
            m.data = abi.encodeCall(IGames.proveWord, (id, p, r, c, openings));
        } else {
            AccsClaim memory claim = accsClaim(rival);
            m.data = abi.encodeCall(IGames.chooseWord, (id, p, r, c, claim, ""));
            m.then = copy(p);
            (m.then.facts.word, m.then.facts.accs) = (wordsOf(defender, SUM_VALUE)[0], claim.root);
            (m.then.defender, m.then.rival) = (0, claim.root);
        }
    }

    function leafChoice(IGames.GameView memory v, Side memory defender, Side memory rival, uint32 value)
        internal
        pure
        returns (LeafChoice memory c, uint256 word)
    {
        (bytes[] memory a, bytes[] memory b) = (leavesOf(defender, value), leavesOf(rival, value));
        Difference memory d = firstDifference(v, hashesOf(a), hashesOf(b));
        c = LeafChoice(uint32(d.index), a[d.index], b[d.index], d.siblings);
        uint256 i = 0;
        while (c.defender[i] == c.rival[i]) ++i;
        word = i / 4;
    }

    function accsClaim(Side memory side) internal pure returns (AccsClaim memory) {
        bytes32[] memory leaves = accLeaves(side);
        return AccsClaim(MerkleTree.root(leaves), MerkleTree.path(leaves, leaves.length - 1));
    }

    function enterFold(bytes20 id, IGames.GameView memory v, Side memory side) internal view returns (Move memory m) {
        Position memory p = positionOf(id);
        AccsClaim memory claim = accsClaim(side);
        bytes memory content = contentOf(v, side, 0);
        m.data = abi.encodeCall(IGames.enterFold, (id, p, claim, content, ""));
        m.then = copy(p);
        m.then.defender = claim.root;
    }

    function proveFold(bytes20 id, IGames.GameView memory v, Side memory defender, Side memory rival)
        internal
        view
        returns (Move memory m)
    {
        (uint32[] memory a, uint32[] memory b) = (accsOf(defender), accsOf(rival));
        Difference memory d = firstDifference(v, accLeaves(defender), accLeaves(rival));
        AccChoice memory c = AccChoice(uint32(d.index), a[d.index], b[d.index], d.siblings);
        AccBefore memory before = AccBefore(0, new bytes32[](0));
        if (d.index != 0) {
            before = AccBefore(a[d.index - 1], MerkleTree.path(accLeaves(rival), d.index - 1));
        }
        LeafOpening[] memory openings = new LeafOpening[](1);
        openings[0] = opening(rival, WIDTH_VALUE, uint32(d.index));
        m.data =
            abi.encodeCall(IGames.proveFold, (id, positionOf(id), recordOf(SUM_VALUE), c, before, openings));
    }

    // ---- claims ---------------------------------------------------------------------------------------------------

    /// @notice The root that a move claims for its side, and its level; none for most moves.
    function deepClaim(bytes memory data, Side memory defender, Side memory rival)
        internal
        pure
        returns (bool claims, IGames.Level level, bytes32 root)
    {
        bytes4 selector = bytes4(data);
        if (selector == IGames.chooseStep.selector) return (true, IGames.Level.values, claimOf(rival).valuesRoot);
        if (selector == IGames.enterStep.selector) return (true, IGames.Level.values, claimOf(defender).valuesRoot);
        if (selector == IGames.chooseWord.selector) return (true, IGames.Level.accs, accsClaim(rival).root);
        if (selector == IGames.enterFold.selector) return (true, IGames.Level.accs, accsClaim(defender).root);
    }

    /// @notice The same calldata with a signature in its last, empty, argument.
    function signedData(bytes memory data, bytes memory signature) internal pure returns (bytes memory) {
        // The last argument is the length of nothing: its word is the last one.
        uint256 length = signature.length;
        assembly ("memory-safe") {
            mstore(add(data, mload(data)), length)
        }
        return abi.encodePacked(data, signature, new bytes(31 - (length + 31) % 32));
    }
}
