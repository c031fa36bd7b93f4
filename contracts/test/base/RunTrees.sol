// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CourtProgram} from "../../src/interfaces/IGames.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {RunModel} from "./RunModel.sol";

/// @notice The trees over a {RunModel}, from leaves to the history, and its court program.
abstract contract RunTrees is RunModel {
    // ---- records --------------------------------------------------------------------------------------------------

    function typeBytes(uint32 v) private pure returns (bytes memory out) {
        uint32[] memory shape = shapeOf(v);
        out = abi.encodePacked(dtypeOf(v), uint8(shape.length));
        for (uint256 i = 0; i < shape.length; ++i) {
            out = abi.encodePacked(out, shape[i]);
        }
    }

    function recordOf(uint32 v) internal pure returns (bytes memory) {
        if (v < 2) return abi.encodePacked(uint8(0), typeBytes(v), v);
        if (v < 4) return abi.encodePacked(uint8(1), typeBytes(v), uint8(v - 2));
        if (v == 4) return abi.encodePacked(uint8(2), typeBytes(v), uint8(0));
        if (v == 5) return abi.encodePacked(uint8(3), typeBytes(v), trueRoot(5));
        uint32 operand = operandOf(v);
        uint8 op = v == SUM_VALUE ? 201 : 200;
        return abi.encodePacked(uint8(4), op, typeBytes(v), uint8(0), uint8(1), operand, typeBytes(operand));
    }

    function recordLeaves() internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](values());
        for (uint32 v = 0; v < values(); ++v) {
            leaves[v] = sha256(abi.encodePacked(uint8(0), recordOf(v)));
        }
    }

    // ---- leaves and roots -----------------------------------------------------------------------------------------

    /// @notice The 128-byte leaves of a value.
    function leavesOf(Side memory side, uint32 v) internal pure returns (bytes[] memory leaves) {
        uint32[] memory words = wordsOf(side, v);
        uint32[] memory shape = shapeOf(v);
        uint256 columns = shape[shape.length - 1];
        uint256 perRow = (columns + 31) / 32;
        leaves = new bytes[](words.length / columns * perRow);
        for (uint256 l = 0; l < leaves.length; ++l) {
            uint256 first = l / perRow * columns + l % perRow * 32;
            uint256 count = columns - l % perRow * 32;
            leaves[l] = leafBytes(words, first, count < 32 ? count : 32);
        }
        if (side.lie == Lie.padding && side.where == v) leaves[side.place][127] = 0x01;
    }

    function leafBytes(uint32[] memory words, uint256 first, uint256 count) internal pure returns (bytes memory leaf) {
        leaf = new bytes(128);
        for (uint256 i = 0; i < count; ++i) {
            uint256 w = words[first + i];
            w = (w >> 24) | ((w >> 8) & 0xff00) | ((w << 8) & 0xff0000) | ((w & 0xff) << 24);
            assembly ("memory-safe") {
                let p := add(add(leaf, 32), shl(2, i))
                mstore(p, or(shl(224, w), shr(32, shl(32, mload(p)))))
            }
        }
    }

    function hashesOf(bytes[] memory leaves) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            hashes[i] = sha256(abi.encodePacked(uint8(0), leaves[i]));
        }
    }

    function leavesRootOf(Side memory side, uint32 v) internal pure returns (bytes32) {
        return MerkleTree.root(hashesOf(leavesOf(side, v)));
    }

    function tensorRootOf(Side memory side, uint32 v) internal pure returns (bytes32) {
        return tensorRoot(dtypeOf(v), shapeOf(v), leavesRootOf(side, v));
    }

    function trueRoot(uint32 v) internal pure returns (bytes32) {
        Side memory honest;
        return tensorRootOf(honest, v);
    }

    function tensorRoot(uint8 dtype, uint32[] memory shape, bytes32 root) internal pure returns (bytes32) {
        bytes memory header = abi.encodePacked(uint8(2), dtype, uint8(shape.length));
        for (uint256 i = 0; i < shape.length; ++i) {
            header = abi.encodePacked(header, uint64(shape[i]));
        }
        return sha256(abi.encodePacked(header, root));
    }

    function valueRoots(Side memory side) internal pure returns (bytes32[] memory roots) {
        roots = new bytes32[](values());
        for (uint32 v = 0; v < values(); ++v) {
            roots[v] = tensorRootOf(side, v);
        }
    }

    function valueLeaves(Side memory side) internal pure returns (bytes32[] memory) {
        return MerkleTree.leavesOf(valueRoots(side));
    }

    function accLeaves(Side memory side) internal pure returns (bytes32[] memory leaves) {
        uint32[] memory accs = accsOf(side);
        leaves = new bytes32[](accs.length);
        for (uint256 c = 0; c < accs.length; ++c) {
            leaves[c] = sha256(abi.encodePacked(uint8(0), reversed(accs[c])));
        }
    }

    function reversed(uint32 w) internal pure returns (uint32) {
        return (w >> 24) | ((w >> 8) & 0xff00) | ((w << 8) & 0xff0000) | (w << 24);
    }

    // ---- states and steps -----------------------------------------------------------------------------------------

    function entryName(uint256 i) internal pure returns (bytes memory) {
        return i == 0 ? bytes("w") : bytes("b");
    }

    /// @notice The value that holds an entry after the step.
    function entryValue(uint256 i) internal pure virtual returns (uint32) {
        return i == 0 ? WIDTH_VALUE : 1;
    }

    function entryLeaf(uint256 i, bytes32 root) internal pure returns (bytes32) {
        bytes memory name = entryName(i);
        return sha256(abi.encodePacked(uint8(0), uint8(name.length), name, root));
    }

    function ruleLeaves() internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](2);
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory name = entryName(i);
            leaves[i] = sha256(abi.encodePacked(uint8(0), uint8(name.length), name, entryValue(i)));
        }
    }

    function entriesBefore() internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](2);
        (leaves[0], leaves[1]) = (entryLeaf(0, trueRoot(0)), entryLeaf(1, trueRoot(1)));
    }

    /// @notice The state after the step. Who lies about a value has it in its state; who lies about an entry only there.
    function entriesAfter(Side memory side) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](2);
        for (uint256 i = 0; i < 2; ++i) {
            leaves[i] = entryLeaf(i, tensorRootOf(side, entryValue(i)));
        }
        if (side.lie == Lie.entry) leaves[side.where] = keccak256("another entry");
    }

    function stateRoot(uint64 next, bytes32[] memory entries) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(3), next, uint64(2), MerkleTree.root(entries)));
    }

    /// @dev Whoever lies about a value has another loss too: a lie that changes nothing after the step is none.
    function lossOf(Side memory side) internal pure virtual returns (uint32) {
        uint32 loss = wordsOf(side, LOSS_VALUE)[0];
        return side.lie == Lie.none || side.lie == Lie.entry ? loss : loss ^ 1;
    }

    function stepRoot(uint64 number, uint32 loss, bytes32 stateAfter) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(4), PROGRAM, number, loss, stateAfter));
    }

    function stepRoots(Side memory side) internal pure returns (bytes32[] memory roots) {
        roots = new bytes32[](steps());
        uint256 worked = step() - firstStep();
        for (uint256 i = 0; i < roots.length; ++i) {
            roots[i] = keccak256(abi.encode("step", i));
            if (i > worked && side.lie != Lie.none) roots[i] = keccak256(abi.encode(side.salt, i));
        }
        if (worked != 0) roots[worked - 1] = stepRoot(step() - 1, 5, stateRoot(step(), entriesBefore()));
        roots[worked] = stepRoot(step(), lossOf(side), stateRoot(step() + 1, entriesAfter(side)));
    }

    function historyLeaves(Side memory side) internal pure returns (bytes32[] memory) {
        return MerkleTree.leavesOf(stepRoots(side));
    }

    // ---- the court program ----------------------------------------------------------------------------------------

    function tokensLeaves() internal pure returns (bytes[] memory leaves) {
        uint32[] memory words = new uint32[](TOKENS);
        for (uint256 i = 0; i < TOKENS; ++i) {
            words[i] = tokenAt(i);
        }
        return lineLeaves(words);
    }

    function ratesLeaves() internal pure returns (bytes[] memory leaves) {
        uint32[] memory words = new uint32[](totalSteps());
        for (uint64 i = 0; i < words.length; ++i) {
            words[i] = rate(i);
        }
        return lineLeaves(words);
    }

    function lineLeaves(uint32[] memory words) private pure returns (bytes[] memory leaves) {
        leaves = new bytes[]((words.length + 31) / 32);
        for (uint256 l = 0; l < leaves.length; ++l) {
            uint256 count = words.length - 32 * l;
            leaves[l] = leafBytes(words, 32 * l, count < 32 ? count : 32);
        }
    }

    function lineRoot(uint8 dtype, uint256 length, bytes[] memory leaves) private pure returns (bytes32) {
        uint32[] memory shape = new uint32[](1);
        shape[0] = uint32(length);
        return tensorRoot(dtype, shape, MerkleTree.root(hashesOf(leaves)));
    }

    function totalSteps() internal pure returns (uint64) {
        return 4 * uint64(steps());
    }

    function courtProgram() internal pure returns (CourtProgram memory p) {
        p.programHash = PROGRAM;
        p.dataRoot = DATA;
        p.totalSteps = totalSteps();
        p.stepsPerSegment = steps();
        p.startRoot = startRoot();
        p.values = values();
        p.recordsRoot = MerkleTree.root(recordLeaves());
        p.inputs = 2;
        p.entries = 2;
        p.entriesRoot = MerkleTree.root(ruleLeaves());
        p.lossValue = LOSS_VALUE;
        p.ratesRoot = lineRoot(0, totalSteps(), ratesLeaves());
        p.tokens = TOKENS;
        p.tokensRoot = lineRoot(1, TOKENS, tokensLeaves());
        p.context = CONTEXT;
        p.rows = ROWS;
        p.seed = SEED;
    }

    /// @dev Of the run; the state before the step in dispute when that is the first.
    function startRoot() internal pure returns (bytes32) {
        return step() == 0 ? stateRoot(0, entriesBefore()) : bytes32("start state");
    }

    function courtProgramHash(CourtProgram memory p) internal pure returns (bytes32) {
        bytes memory run = abi.encodePacked(
            uint8(7), p.programHash, p.dataRoot, p.numericsId, p.totalSteps, p.stepsPerSegment, p.startStep, p.startRoot
        );
        bytes memory graph =
            abi.encodePacked(p.values, p.recordsRoot, p.inputs, p.entries, p.entriesRoot, p.lossValue);
        bytes memory data =
            abi.encodePacked(p.ratesRoot, p.tokens, p.tokensRoot, p.context, p.rows, p.targets, p.seed);
        return sha256(abi.encodePacked(run, graph, data));
    }
}
