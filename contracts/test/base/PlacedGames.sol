// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccBefore,
    AccChoice,
    AccsClaim,
    Choice,
    Facts,
    IGames,
    LeafChoice,
    LeafOpening,
    Position,
    Record
} from "../../src/interfaces/IGames.sol";
import {IOperatorJudge} from "../../src/interfaces/IOperatorJudge.sol";
import {OpenedLeaf} from "../../src/types/StepValues.sol";
import {TensorLayout} from "../../src/court/TensorLayout.sol";
import {Artifacts} from "./Artifacts.sol";
import {Fixture} from "./Fixture.sol";
import {IJudgeBook} from "./JudgesFixture.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {RecordMaker} from "./RecordMaker.sol";
import {vm} from "./Vm.sol";

/// @notice Games put at any place over any record, and the right move there: the trees have one true path each, all else in
/// them is a hash of nothing. The real judges answer.
abstract contract PlacedGames is Fixture, RecordMaker {
    /// @dev Inputs, constants and nodes of the largest graph.
    uint256 internal constant VALUES = 73_728;
    bytes20 internal constant GAME = "game";
    address internal constant SPONSOR = address(0x5905);
    bytes32 private constant FP32 = "fp32-seq-unfused";

    IJudgeBook internal book;

    /// @notice Where a game is, but for its clocks.
    struct Where {
        IGames.Level level;
        IGames.Stage stage;
        uint256 height;
        uint256 shown;
        uint256 index;
        uint256 count;
    }

    /// @notice An element of a value, of a fold a chunk of it, and what its judge needs opened.
    struct Question {
        Made made;
        uint64 element;
        uint64 chunks;
        uint64 chunk;
        uint32 before;
        OpenedLeaf[] opened;
        bytes32 salt;
    }

    function deployJudges() internal override returns (address judges) {
        judges = Artifacts.judgeBook();
        book = IJudgeBook(judges);
    }

    function put(Where memory w, Position memory p) internal {
        uint256 state = uint256(w.level) | uint256(w.stage) << 8 | w.height << 16 | w.shown << 24 | w.index << 32;
        state |= w.count << 64 | 3600 << 96 | 3600 << 128 | time() << 160;
        bytes32 slot = keccak256(abi.encode(GAME, uint256(2)));
        vm.store(address(games), slot, bytes32(state));
        bytes32 place = keccak256(abi.encode(keccak256(abi.encode(p.facts)), p.defender, p.rival));
        vm.store(address(games), bytes32(uint256(slot) + 1), place);
    }

    // ---- trees ----------------------------------------------------------------------------------------------------

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"01", left, right));
    }

    function leafOf(bytes memory data) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"00", data));
    }

    function accLeaf(uint32 word) internal pure returns (bytes32) {
        return leafOf(abi.encodePacked(turned(word)));
    }

    function turned(uint32 w) internal pure returns (uint32) {
        return (w >> 24) | ((w >> 8) & 0xff00) | ((w << 8) & 0xff0000) | (w << 24);
    }

    function heightOf(uint256 count) internal pure returns (uint256 h) {
        while (1 << h < count) ++h;
    }

    /// @notice The siblings of a leaf, made up, and the root above it.
    function lift(uint256 count, uint256 index, bytes32 leaf, bytes32 salt)
        internal
        pure
        returns (bytes32[] memory path, bytes32 root)
    {
        path = new bytes32[](64);
        uint256 used;
        root = leaf;
        for (uint256 width = count; width > 1; width = (width + 1) / 2) {
            if (index % 2 == 1 || index + 1 < width) {
                bytes32 sibling = keccak256(abi.encode(salt, used));
                path[used++] = sibling;
                root = index % 2 == 1 ? node(sibling, root) : node(root, sibling);
            }
            index /= 2;
        }
        trim(path, used);
    }

    function trim(bytes32[] memory list, uint256 length) private pure {
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }

    /// @notice The siblings of a choice among the lowest `w.height` levels, and the two nodes above.
    function climb(Where memory w, uint256 index, Position memory p, bytes32 salt)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        siblings = new bytes32[](64);
        uint256 used;
        uint256 width = w.count;
        for (uint256 h = 0; h < w.height; ++h) {
            bytes32 a = keccak256(abi.encode(salt, h, "a"));
            bytes32 b = keccak256(abi.encode(salt, h, "b"));
            if (index % 2 == 1) {
                siblings[used++] = a;
                (p.defender, p.rival) = (node(a, p.defender), node(a, p.rival));
            } else if (index + 1 < width) {
                (siblings[used], siblings[used + 1]) = (a, b);
                used += 2;
                (p.defender, p.rival) = (node(p.defender, a), node(p.rival, b));
            }
            (index, width) = (index / 2, (width + 1) / 2);
        }
        trim(siblings, used);
    }

    // ---- questions ------------------------------------------------------------------------------------------------

    /// @notice About a random element of a random record of an operator.
    function question(uint8 op, uint256 seed) internal view returns (Question memory q) {
        Dice memory dice = Dice(seed);
        q.salt = keccak256(abi.encode(seed));
        q.made = make(dice, op, uint32(2 * roll(dice, VALUES / 2 - 64)));
        uint256 count = productOf(q.made.shape);
        q.element = uint64(roll(dice, 2) == 0 ? count - 1 : roll(dice, count));
        q.chunks = book.judgeOf(op, FP32).chunks(q.made.record);
        if (q.chunks != 0) q.chunk = uint64(roll(dice, 2) == 0 ? q.chunks - 1 : roll(dice, q.chunks));
        q.before = floatFrom(dice);
        while (!answered(q)) {
            q.opened = more(dice, q);
        }
    }

    function callOf(Question memory q) private pure returns (bytes memory) {
        if (q.chunks == 0) return abi.encodeCall(IOperatorJudge.word, (q.made.record, q.element, q.opened));
        return abi.encodeCall(IOperatorJudge.fold, (q.made.record, q.element, q.chunk, q.before, q.opened));
    }

    function answered(Question memory q) private view returns (bool ok) {
        (ok,) = address(book.judgeOf(q.made.op, FP32)).staticcall(callOf(q));
    }

    /// @dev A judge names the leaf that it misses.
    function more(Dice memory dice, Question memory q) private view returns (OpenedLeaf[] memory list) {
        (, bytes memory out) = address(book.judgeOf(q.made.op, FP32)).staticcall(callOf(q));
        vm.assertEq(bytes32(bytes4(out)), bytes32(IOperatorJudge.NotOpened.selector), vm.toString(q.made.op));
        uint256 operand;
        uint256 leaf;
        assembly ("memory-safe") {
            operand := mload(add(out, 36))
            leaf := mload(add(out, 68))
        }
        list = new OpenedLeaf[](q.opened.length + 1);
        for (uint256 i = 0; i < q.opened.length; ++i) {
            list[i] = q.opened[i];
        }
        bytes memory data = dataFor(dice, q, operand);
        list[q.opened.length] = OpenedLeaf(uint8(operand), uint64(leaf), abi.decode(data, (bytes32[4])));
    }

    /// @dev Of an index the row that is asked about, so that what it points to is read too.
    function dataFor(Dice memory dice, Question memory q, uint256 operand) private pure returns (bytes memory data) {
        uint8 op = q.made.op;
        bool isIndex = op == 27 || (op >= 26 && operand == 1);
        uint32 row = 0;
        if (op == 26) row = uint32(roll(dice, q.made.operands[0][0]));
        if (op == 28) row = uint32(q.element / q.made.shape[1]);
        for (uint256 i = 0; i < 32; ++i) {
            data = abi.encodePacked(data, turned(isIndex ? row : floatFrom(dice)));
        }
    }

    /// @dev Mostly what is dear: subnormals, and numbers near each other.
    function floatFrom(Dice memory dice) private pure returns (uint32) {
        uint256 kind = roll(dice, 4);
        uint32 word = uint32(roll(dice, 1 << 32));
        if (kind == 0) return word;
        if (kind == 1) return word & 0x80ffffff;
        return word & 0x807fffff | 0x3f000000;
    }

    // ---- openings -------------------------------------------------------------------------------------------------

    function tensorRoot(uint32[] memory shape, bytes32 leavesRoot) internal pure returns (bytes32) {
        bytes memory dimensions;
        for (uint256 i = 0; i < shape.length; ++i) {
            dimensions = abi.encodePacked(dimensions, uint64(shape[i]));
        }
        return sha256(abi.encodePacked(hex"0200", uint8(shape.length), dimensions, leavesRoot));
    }

    /// @notice Every leaf that is needed with its paths, and the values root that all of them lead to.
    function openingsOf(Question memory q) internal pure returns (LeafOpening[] memory list, bytes32 root) {
        list = new LeafOpening[](q.opened.length);
        bytes32[] memory leaves = new bytes32[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            (list[i], leaves[i]) = opening(q, i);
        }
        uint32 value = valueOf(q.made, q.opened[0].operand);
        if (list.length == 1) {
            (list[0].valuePath, root) = lift(VALUES, value, leaves[0], q.salt);
            return (list, root);
        }
        // Two neighbours: the first of them has an even number.
        bool turn = value % 2 == 1;
        bytes32 parent = turn ? node(leaves[1], leaves[0]) : node(leaves[0], leaves[1]);
        bytes32[] memory path;
        (path, root) = lift(VALUES / 2, value / 2, parent, q.salt);
        list[0].valuePath = below(leaves[1], path);
        list[1].valuePath = below(leaves[0], path);
    }

    function opening(Question memory q, uint256 i) private pure returns (LeafOpening memory o, bytes32 valueLeaf) {
        OpenedLeaf memory leaf = q.opened[i];
        uint32[] memory shape = q.made.operands[leaf.operand];
        (o.operand, o.leaf, o.data) = (leaf.operand, leaf.leaf, abi.encode(leaf.words));
        bytes32 salt = keccak256(abi.encode(q.salt, i));
        (o.path, o.leavesRoot) = lift(TensorLayout.leafCount(shape), leaf.leaf, leafOf(o.data), salt);
        valueLeaf = leafOf(abi.encode(tensorRoot(shape, o.leavesRoot)));
    }

    function below(bytes32 sibling, bytes32[] memory path) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](path.length + 1);
        longer[0] = sibling;
        for (uint256 i = 0; i < path.length; ++i) {
            longer[i + 1] = path[i];
        }
    }

    /// @dev Whatever a move doesn't look at is no zero: calldata at its dearest.
    function factsOf(Question memory q) internal pure returns (Facts memory f) {
        bytes32 full = keccak256(abi.encode(q.salt, "full"));
        (f.node, f.sponsor, f.program, f.history, f.before) = (bytes20(full), SPONSOR, full, full, full);
        (f.firstStep, f.step, f.loss, f.entries) = (uint64(uint256(full)), uint64(uint256(full)), 1, full);
        (f.values, f.valueCount, f.records, f.accs) = (full, uint64(VALUES), full, full);
        (f.value, f.record, f.element) = (uint64(VALUES - 1), keccak256(q.made.record), q.element);
        f.word = uint32(uint256(full));
    }

    // ---- moves ----------------------------------------------------------------------------------------------------

    /// @notice The choice of the leaf that holds the element, whose word is the first that differs.
    function leafChoice(Question memory q, Where memory w, Position memory p)
        internal
        pure
        returns (LeafChoice memory c)
    {
        (uint256 leaf, uint256 word) = TensorLayout.leafOf(q.made.shape, q.element);
        w.count = TensorLayout.leafCount(q.made.shape);
        w.height = heightOf(w.count) > 3 ? 3 : heightOf(w.count);
        w.index = leaf >> w.height;
        (w.level, w.stage) = (IGames.Level.leaves, IGames.Stage.choose);
        bytes32 r = keccak256(abi.encode(q.salt, "words"));
        c.index = uint32(leaf);
        (c.defender, c.rival) = (abi.encode(r, r, r, r), abi.encode(r, r, r, r));
        c.rival[4 * word] ^= 0x01;
        (p.defender, p.rival) = (leafOf(c.defender), leafOf(c.rival));
        c.siblings = climb(w, leaf, p, q.salt);
    }

    function wordProof(Question memory q) internal returns (bytes memory) {
        Where memory w;
        Position memory p;
        p.facts = factsOf(q);
        LeafChoice memory c = leafChoice(q, w, p);
        LeafOpening[] memory openings;
        (openings, p.facts.values) = openingsOf(q);
        put(w, p);
        return abi.encodeCall(IGames.proveWord, (GAME, p, q.made.record, c, openings));
    }

    function foldProof(Question memory q) internal returns (bytes memory) {
        Where memory w = Where(IGames.Level.accs, IGames.Stage.choose, heightOf(q.chunks), 0, 0, q.chunks);
        if (w.height > 7) w.height = 7;
        w.index = q.chunk >> w.height;
        Position memory p;
        p.facts = factsOf(q);
        AccChoice memory c = AccChoice(uint32(q.chunk), 0xdeadbeef, 0xbeefdead, new bytes32[](0));
        (p.defender, p.rival) = (accLeaf(c.defender), accLeaf(c.rival));
        c.siblings = climb(w, q.chunk, p, q.salt);
        AccBefore memory before;
        if (q.chunk != 0) {
            before.word = q.before;
            (before.path, p.facts.accs) = lift(q.chunks, q.chunk - 1, accLeaf(q.before), q.salt);
        }
        LeafOpening[] memory openings;
        (openings, p.facts.values) = openingsOf(q);
        put(w, p);
        return abi.encodeCall(IGames.proveFold, (GAME, p, q.made.record, c, before, openings));
    }

    function wordChoice(Question memory q) internal returns (bytes memory) {
        Where memory w;
        Position memory p;
        p.facts = factsOf(q);
        LeafChoice memory c = leafChoice(q, w, p);
        (, uint256 word) = TensorLayout.leafOf(q.made.shape, q.element);
        uint32 claimed;
        bytes memory rival = c.rival;
        assembly ("memory-safe") {
            claimed := shr(224, mload(add(add(rival, 32), mul(4, word))))
        }
        AccsClaim memory claim;
        (claim.lastPath, claim.root) = lift(q.chunks, q.chunks - 1, accLeaf(turned(claimed)), q.salt);
        put(w, p);
        return abi.encodeCall(IGames.chooseWord, (GAME, p, q.made.record, c, claim, ""));
    }

    function valueChoice(Question memory q) internal returns (bytes memory) {
        Where memory w = Where(IGames.Level.values, IGames.Stage.choose, 5, 0, (VALUES - 1) >> 5, VALUES);
        Position memory p;
        p.facts = factsOf(q);
        Record memory record;
        record.data = q.made.record;
        (record.path, p.facts.records) = lift(VALUES, VALUES - 1, leafOf(record.data), q.salt);
        Choice memory c = Choice(uint32(VALUES - 1), q.salt, tensorRoot(q.made.shape, q.salt), new bytes32[](0));
        (p.defender, p.rival) = (leafOf(abi.encode(c.defender)), leafOf(abi.encode(c.rival)));
        c.siblings = climb(w, c.index, p, q.salt);
        put(w, p);
        return abi.encodeCall(IGames.chooseValue, (GAME, p, c, record, q.salt));
    }

    function valueEntry(Question memory q) internal returns (bytes memory) {
        uint256 count = TensorLayout.leafCount(q.made.shape);
        uint256 height = heightOf(count);
        Position memory p;
        p.facts = factsOf(q);
        uint256 shown = height <= 3 ? 0 : height > 8 ? height - 5 : 3;
        uint256 items = (count + (1 << shown) - 1) >> shown;
        bytes memory content;
        bytes32[] memory hashes = new bytes32[](items);
        for (uint256 i = 0; i < items; ++i) {
            bytes32 r = keccak256(abi.encode(q.salt, i, "leaf"));
            bytes memory item = shown == 0 ? abi.encode(r, r, r, r) : abi.encode(r);
            hashes[i] = shown == 0 ? leafOf(item) : r;
            content = abi.encodePacked(content, item);
        }
        bytes32 root = MerkleTree.root(hashes);
        (p.defender, p.rival) = (tensorRoot(q.made.shape, root), q.salt);
        put(Where(IGames.Level.leaves, IGames.Stage.enter, height, 0, 0, count), p);
        return abi.encodeCall(IGames.enterValue, (GAME, p, q.made.record, root, content));
    }
}
