// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A small made-up training run and what one side claims of it. Of its steps only one is worked out; the others have
/// roots made from a salt, as they would be hashed by whoever computed them.
///
/// Values of a step (operators of {TestJudge}; f32 unless said):
///   0 state `w` [1, WIDTH]   1 state `b` [3]        2 tokens i32 [2, 3]   3 targets i32 [2, 3]   4 rate [1]
///   5 constant [40]          6 mix(0) [1, WIDTH]    7 sum(6) [1, 1]       8 mix(4) [1]           9 … mix(before) [1]
/// After the step `w` is value 6, `b` stays; the loss is value 8.
abstract contract RunModel {
    enum Lie {
        none,
        word,
        padding,
        loss,
        entry,
        sum
    }

    /// @notice One side: what it lies about, if it does, from which step on.
    struct Side {
        Lie lie;
        /// @dev Value, or entry.
        uint32 where;
        /// @dev Element, leaf or chunk.
        uint32 place;
        uint32 step;
        /// @dev Makes the roots of the steps after it.
        bytes32 salt;
    }

    uint32 internal constant WIDTH_VALUE = 6;
    uint32 internal constant SUM_VALUE = 7;
    uint32 internal constant LOSS_VALUE = 8;
    uint64 internal constant TOKENS = 100;
    uint64 internal constant CONTEXT = 3;
    uint64 internal constant ROWS = 2;
    bytes32 internal constant SEED = "seed of the run";
    bytes32 internal constant PROGRAM = "program";
    bytes32 internal constant DATA = "data";
    bytes private constant DATA_ORDER = "weft/data-order/2";

    /// @dev 9 at least.
    function values() internal pure virtual returns (uint32) {
        return 40;
    }

    /// @dev Columns of the wide values: 3 leaves, the last one with padding, and 3 partial sums.
    function width() internal pure virtual returns (uint32) {
        return 70;
    }

    function steps() internal pure virtual returns (uint32) {
        return 40;
    }

    function firstStep() internal pure virtual returns (uint64) {
        return 0;
    }

    /// @notice The step in dispute.
    function step() internal pure virtual returns (uint64) {
        return firstStep() + 17;
    }

    // ---- the graph ------------------------------------------------------------------------------------------------

    function shapeOf(uint32 v) internal pure returns (uint32[] memory shape) {
        if (v == 0 || v == 6) return dims(1, width());
        if (v == 2 || v == 3) return dims(2, 3);
        if (v == 7) return dims(1, 1);
        shape = new uint32[](1);
        shape[0] = v == 1 ? 3 : v == 5 ? 40 : 1;
    }

    function dims(uint32 a, uint32 b) private pure returns (uint32[] memory shape) {
        shape = new uint32[](2);
        (shape[0], shape[1]) = (a, b);
    }

    function dtypeOf(uint32 v) internal pure returns (uint8) {
        return v == 2 || v == 3 ? 1 : 0;
    }

    function operandOf(uint32 v) internal pure returns (uint32) {
        return v == 6 ? 0 : v == 8 ? 4 : v - 1;
    }

    // ---- words ----------------------------------------------------------------------------------------------------

    /// @notice The words of a value as a side has them.
    function wordsOf(Side memory side, uint32 v) internal pure returns (uint32[] memory words) {
        words = trueWords(v);
        if (side.where != v) return words;
        if (side.lie == Lie.word) words[side.place] ^= 1;
        if (side.lie == Lie.sum) {
            uint32[] memory accs = accsOf(side);
            words[0] = accs[accs.length - 1];
        }
    }

    function trueWords(uint32 v) internal pure returns (uint32[] memory words) {
        if (v == 2 || v == 3) return batch(v == 3);
        if (v == 4) return single(rate(step()));
        if (v == 7) {
            Side memory honest;
            uint32[] memory accs = accsOf(honest);
            return single(accs[accs.length - 1]);
        }
        if (v < 6) return random(v);
        words = trueWords(operandOf(v));
        unchecked {
            for (uint256 i = 0; i < words.length; ++i) {
                words[i] = 32 * words[i] + 7;
            }
        }
    }

    function single(uint32 word) private pure returns (uint32[] memory words) {
        words = new uint32[](1);
        words[0] = word;
    }

    function random(uint32 v) private pure returns (uint32[] memory words) {
        uint32[] memory shape = shapeOf(v);
        uint256 count = shape.length == 2 ? uint256(shape[0]) * shape[1] : shape[0];
        words = new uint32[](count);
        uint256 x = uint256(keccak256(abi.encode("words", v)));
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                x = x * 6364136223846793005 + 1442695040888963407;
                words[i] = uint32(x >> 64);
            }
        }
        if (v == 0) words[0] = firstWord(words[0]);
    }

    /// @dev Word 0 of the state `w`.
    function firstWord(uint32 drawn) internal pure virtual returns (uint32) {
        return drawn;
    }

    function rate(uint64 index) internal pure returns (uint32) {
        return uint32(0x3f800000 + index);
    }

    function tokenAt(uint256 i) internal pure returns (uint32) {
        return uint32(uint256(keccak256(abi.encode("token", i))) % 50);
    }

    function batch(bool targets) private pure returns (uint32[] memory words) {
        words = new uint32[](ROWS * CONTEXT);
        bytes32 drawn = sha256(abi.encodePacked(SEED, DATA_ORDER, uint8(0), step(), uint64(0)));
        for (uint256 r = 0; r < ROWS; ++r) {
            uint256 p = (uint256(uint32(uint256(drawn) >> (224 - 32 * r))) * (TOKENS - CONTEXT)) >> 32;
            for (uint256 c = 0; c < CONTEXT; ++c) {
                words[r * CONTEXT + c] = tokenAt(p + c + (targets ? 1 : 0));
            }
        }
    }

    /// @notice Partial sums of value 7; one who lies about them has another sum from `place` on.
    function accsOf(Side memory side) internal pure returns (uint32[] memory accs) {
        uint32[] memory words = trueWords(WIDTH_VALUE);
        accs = new uint32[]((words.length + 31) / 32);
        uint32 acc = 0;
        unchecked {
            for (uint256 c = 0; c < accs.length; ++c) {
                acc *= 33;
                for (uint256 i = 32 * c; i < 32 * c + 32 && i < words.length; ++i) {
                    acc += words[i];
                }
                if (side.lie == Lie.sum && c == side.place) acc ^= 1;
                accs[c] = acc;
            }
        }
    }
}
