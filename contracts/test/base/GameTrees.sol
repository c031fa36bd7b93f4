// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Choice, IGames, LeafOpening, Position, TensorLeaf} from "../../src/interfaces/IGames.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {RunTrees} from "./RunTrees.sol";

/// @notice What a player of a game reads off the trees of a side: reveals, first differences, openings.
abstract contract GameTrees is RunTrees {
    /// @notice The first difference of two trees among the nodes shown, and the siblings up to the place.
    struct Difference {
        uint256 index;
        bytes32[] siblings;
    }

    // ---- trees ----------------------------------------------------------------------------------------------------

    function treesOf(IGames.Level level, Side memory defender, Side memory rival, uint64 value)
        internal
        pure
        returns (bytes32[] memory a, bytes32[] memory b)
    {
        return (treeOf(level, defender, value), treeOf(level, rival, value));
    }

    function treeOf(IGames.Level level, Side memory side, uint64 value) internal pure returns (bytes32[] memory) {
        if (level == IGames.Level.steps) return historyLeaves(side);
        if (level == IGames.Level.values) return valueLeaves(side);
        if (level == IGames.Level.entries) return entriesAfter(side);
        if (level == IGames.Level.leaves) return hashesOf(leavesOf(side, uint32(value)));
        return accLeaves(side);
    }

    /// @notice Nodes at a height.
    function nodesAt(bytes32[] memory leaves, uint256 height) internal pure returns (bytes32[] memory) {
        for (uint256 h = 0; h < height; ++h) {
            leaves = MerkleTree.parents(leaves);
        }
        return leaves;
    }

    /// @dev For a fanout of 32.
    function shownBelow(IGames.Level level, uint256 height) internal pure returns (uint256) {
        uint256 last = level == IGames.Level.leaves ? 3 : level == IGames.Level.accs ? 7 : 0;
        if (last == 0) return height > 5 ? height - 5 : 0;
        return height <= last ? 0 : height > last + 5 ? height - 5 : last;
    }

    /// @notice What the defender reveals below the place.
    function contentOf(IGames.GameView memory v, Side memory side, uint64 value)
        internal
        pure
        returns (bytes memory out)
    {
        uint256 shown = shownBelow(v.level, v.height);
        uint256 first = uint256(v.index) << (v.height - shown);
        bytes32[] memory nodes = nodesAt(treeOf(v.level, side, value), shown);
        uint256 end = first + (1 << (v.height - shown));
        if (end > nodes.length) end = nodes.length;
        if (shown == 0 && v.level == IGames.Level.steps) return pack(stepRoots(side), first, end);
        if (shown == 0 && v.level == IGames.Level.values) return pack(valueRoots(side), first, end);
        if (shown == 0 && v.level == IGames.Level.leaves) {
            bytes[] memory leaves = leavesOf(side, uint32(value));
            for (uint256 i = first; i < end; ++i) {
                out = abi.encodePacked(out, leaves[i]);
            }
            return out;
        }
        if (shown == 0 && v.level == IGames.Level.accs) {
            uint32[] memory accs = accsOf(side);
            for (uint256 i = first; i < end; ++i) {
                out = abi.encodePacked(out, reversed(accs[i]));
            }
            return out;
        }
        return pack(nodes, first, end);
    }

    /// @notice The first reveal of a tree that isn't entered yet.
    function nodesOf(bytes32[] memory leaves, bytes32[] memory contents, uint256 narrowing)
        internal
        pure
        returns (bytes memory)
    {
        uint256 height = 0;
        while (1 << height < leaves.length) ++height;
        bytes32[] memory nodes = height <= narrowing ? contents : nodesAt(leaves, height - narrowing);
        return pack(nodes, 0, nodes.length);
    }

    function pack(bytes32[] memory words, uint256 first, uint256 end) internal pure returns (bytes memory out) {
        out = new bytes(32 * (end - first));
        for (uint256 i = first; i < end; ++i) {
            bytes32 word = words[i];
            assembly ("memory-safe") {
                mstore(add(add(out, 32), shl(5, sub(i, first))), word)
            }
        }
    }

    function contentChoice(IGames.GameView memory v, bytes32[] memory a, bytes32[] memory b)
        internal
        pure
        returns (Choice memory)
    {
        Difference memory d = firstDifference(v, MerkleTree.leavesOf(a), MerkleTree.leavesOf(b));
        return Choice(uint32(d.index), a[d.index], b[d.index], d.siblings);
    }

    function firstDifference(IGames.GameView memory v, bytes32[] memory a, bytes32[] memory b)
        internal
        pure
        returns (Difference memory d)
    {
        (a, b) = (nodesAt(a, v.shown), nodesAt(b, v.shown));
        d.index = uint256(v.index) << (v.height - v.shown);
        while (a[d.index] == b[d.index]) ++d.index;
        bytes32[] memory siblings = new bytes32[](128);
        uint256 used = 0;
        uint256 i = d.index;
        for (uint256 h = v.shown; h < v.height; ++h) {
            if (i % 2 == 1) {
                siblings[used++] = a[i - 1];
            } else if (i + 1 < a.length) {
                siblings[used++] = a[i + 1];
                siblings[used++] = b[i + 1];
            }
            (a, b, i) = (MerkleTree.parents(a), MerkleTree.parents(b), i / 2);
        }
        assembly ("memory-safe") {
            mstore(siblings, used)
        }
        d.siblings = siblings;
    }

    function copy(Position memory p) internal pure returns (Position memory) {
        return abi.decode(abi.encode(p), (Position));
    }

    // ---- openings -------------------------------------------------------------------------------------------------

    function opening(Side memory side, uint32 value, uint32 leaf) internal pure returns (LeafOpening memory o) {
        bytes[] memory leaves = leavesOf(side, value);
        bytes32[] memory hashes = hashesOf(leaves);
        o.leaf = leaf;
        o.data = leaves[leaf];
        o.leavesRoot = MerkleTree.root(hashes);
        o.path = MerkleTree.path(hashes, leaf);
        o.valuePath = MerkleTree.path(valueLeaves(side), value);
    }

    function lineLeaf(bytes[] memory leaves, uint256 index) internal pure returns (TensorLeaf memory) {
        bytes32[] memory hashes = hashesOf(leaves);
        return TensorLeaf(leaves[index / 32], MerkleTree.root(hashes), MerkleTree.path(hashes, index / 32));
    }

    function tokenLeaf(uint32 value, uint256 element) internal pure returns (TensorLeaf memory) {
        bytes32 drawn = sha256(abi.encodePacked(SEED, "weft/data-order/2", uint8(0), step(), uint64(0)));
        uint256 word = uint32(uint256(drawn) >> (224 - 32 * (element / CONTEXT)));
        uint256 p = (word * (TOKENS - CONTEXT)) >> 32;
        return lineLeaf(tokensLeaves(), p + element % CONTEXT + (value == 3 ? 1 : 0));
    }
}
