// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Records of operators within the limits of spec/tensor.md §2 and §3, from a seed: every operator, rank, number of
/// operands, small tensors and the largest. One choice in two is the most that is allowed.
abstract contract RecordMaker {
    uint256 internal constant MOST_ELEMENTS = 1 << 28;
    uint8 internal constant CONCAT = 24;

    struct Dice {
        uint256 state;
    }

    struct Made {
        uint8 op;
        uint32[] attributes;
        uint32[] shape;
        /// Shapes of the operands.
        uint32[][] operands;
        /// Number of operand 0, even; operand i has the one i later, of `select` all but the first are one value.
        uint32 base;
        bytes record;
    }

    function roll(Dice memory dice, uint256 sides) internal pure returns (uint256) {
        dice.state = uint256(keccak256(abi.encode(dice.state)));
        return (dice.state >> 8) % sides;
    }

    /// @dev 1 to `most`, the most itself in half of all cases.
    function upTo(Dice memory dice, uint256 most) internal pure returns (uint256) {
        return roll(dice, 2) == 0 ? most : 1 + roll(dice, most);
    }

    function make(Dice memory dice, uint8 op, uint32 base) internal pure returns (Made memory m) {
        (m.op, m.base) = (op, base);
        if (op <= 1) products(dice, m);
        else if (op <= 17) elementwise(dice, m);
        else if (op <= 19) reductions(dice, m);
        else if (op <= 25) moves(dice, m);
        else tables(dice, m);
        m.record = encode(m);
    }

    // ---- families -------------------------------------------------------------------------------------------------

    function products(Dice memory dice, Made memory m) private pure {
        uint256 rank = 1 + upTo(dice, 5);
        m.shape = shapeOf(dice, rank, MOST_ELEMENTS);
        uint256 leading = productOf(m.shape) / m.shape[rank - 1] / m.shape[rank - 2];
        uint256 wider = m.shape[rank - 1] > m.shape[rank - 2] ? m.shape[rank - 1] : m.shape[rank - 2];
        uint256 most = MOST_ELEMENTS / leading / wider;
        uint32 terms = uint32(upTo(dice, most > 1 << 24 ? 1 << 24 : most));
        (uint32[] memory a, uint32[] memory b) = (copyOf(m.shape), copyOf(m.shape));
        (a[rank - 1], b[rank - 1], b[rank - 2]) = (terms, terms, m.shape[rank - 1]);
        for (uint256 i = 0; i + 2 < rank; ++i) {
            if (roll(dice, 3) == 0) b[i] = 1;
        }
        m.operands = pair(a, b);
    }

    function elementwise(Dice memory dice, Made memory m) private pure {
        m.shape = shapeOf(dice, upTo(dice, 6), MOST_ELEMENTS);
        bool ofOne = m.op < 4 || m.op > 11;
        m.operands = new uint32[][](ofOne ? 1 : m.op == 11 ? 3 : 2);
        for (uint256 i = 0; i < m.operands.length; ++i) {
            m.operands[i] = m.shape;
        }
        if (m.operands.length == 2 && roll(dice, 2) == 0) m.operands[roll(dice, 2)] = narrowed(dice, m.shape);
    }

    function reductions(Dice memory dice, Made memory m) private pure {
        m.operands = single(shapeOf(dice, upTo(dice, 6), MOST_ELEMENTS));
        m.shape = copyOf(m.operands[0]);
        m.attributes = new uint32[](1);
        m.attributes[0] = uint32(roll(dice, 2) == 0 ? m.shape.length - 1 : roll(dice, m.shape.length));
        m.shape[m.attributes[0]] = 1;
    }

    function moves(Dice memory dice, Made memory m) private pure {
        if (m.op == CONCAT) return concat(dice, m);
        m.shape = shapeOf(dice, upTo(dice, 6), MOST_ELEMENTS / 2);
        uint256 rank = m.shape.length;
        uint32[] memory own = copyOf(m.shape);
        if (m.op == 20) {
            for (uint256 i = 0; i < rank; ++i) {
                own[i] = m.shape[rank - 1 - i];
            }
        } else if (m.op == 21) {
            own = narrowed(dice, own);
        } else if (m.op == 22) {
            m.attributes = new uint32[](rank);
            uint256 turn = roll(dice, rank);
            for (uint256 i = 0; i < rank; ++i) {
                m.attributes[i] = uint32((i + turn) % rank);
                own[m.attributes[i]] = m.shape[i];
            }
        } else if (m.op == 23) {
            m.attributes = new uint32[](2);
            uint256 axis = roll(dice, rank);
            m.shape[axis] = uint32(upTo(dice, own[axis]));
            m.attributes[0] = uint32(axis);
            m.attributes[1] = own[axis] - m.shape[axis];
        } else if (own[rank - 1] % 2 == 1) {
            ++own[rank - 1];
            m.shape = own;
        }
        m.operands = single(own);
    }

    function concat(Dice memory dice, Made memory m) private pure {
        m.operands = new uint32[][](upTo(dice, 64));
        m.shape = shapeOf(dice, upTo(dice, 6), MOST_ELEMENTS / 256);
        m.attributes = new uint32[](1);
        uint256 axis = roll(dice, m.shape.length);
        m.attributes[0] = uint32(axis);
        m.shape[axis] = 0;
        for (uint256 i = 0; i < m.operands.length; ++i) {
            m.operands[i] = copyOf(m.shape);
            m.operands[i][axis] = uint32(upTo(dice, 4));
        }
        for (uint256 i = 0; i < m.operands.length; ++i) {
            m.shape[axis] += m.operands[i][axis];
        }
    }

    function tables(Dice memory dice, Made memory m) private pure {
        uint32[] memory index = shapeOf(dice, upTo(dice, 5), MOST_ELEMENTS / 64);
        uint32[] memory rows = new uint32[](2);
        (rows[0], rows[1]) = (uint32(upTo(dice, 1 << 22)), uint32(upTo(dice, 64)));
        uint32[] memory wide = new uint32[](index.length + 1);
        for (uint256 i = 0; i < index.length; ++i) {
            wide[i] = index[i];
        }
        wide[index.length] = rows[1];
        (m.shape, m.operands) = (wide, pair(rows, index));
        if (m.op == 26) m.attributes = new uint32[](1);
        if (m.op == 27) m.operands = single(index);
        if (m.op == 28) (m.shape, m.operands) = (rows, pair(wide, index));
    }

    // ---- shapes ---------------------------------------------------------------------------------------------------

    function shapeOf(Dice memory dice, uint256 rank, uint256 elements) internal pure returns (uint32[] memory shape) {
        shape = new uint32[](rank);
        for (uint256 i = 0; i < rank; ++i) {
            shape[i] = 1;
        }
        // From a random axis on, so that not always the first is the largest.
        uint256 first = roll(dice, rank);
        for (uint256 i = 0; i < rank; ++i) {
            uint256 most = elements > 1 << 24 ? 1 << 24 : elements;
            // A large tensor whose every axis has more than one entry, most of the time.
            if (i + 1 < rank && roll(dice, 4) != 0) most = most > 32 ? 32 : most;
            uint256 size = upTo(dice, most);
            shape[(first + i) % rank] = uint32(size);
            elements /= size;
        }
    }

    function narrowed(Dice memory dice, uint32[] memory shape) private pure returns (uint32[] memory own) {
        own = copyOf(shape);
        for (uint256 i = 0; i < own.length; ++i) {
            if (roll(dice, 3) == 0) own[i] = 1;
        }
    }

    function productOf(uint32[] memory shape) internal pure returns (uint256 count) {
        count = 1;
        for (uint256 i = 0; i < shape.length; ++i) {
            count *= shape[i];
        }
    }

    function copyOf(uint32[] memory shape) private pure returns (uint32[] memory) {
        return abi.decode(abi.encode(shape), (uint32[]));
    }

    function single(uint32[] memory a) private pure returns (uint32[][] memory list) {
        list = new uint32[][](1);
        list[0] = a;
    }

    function pair(uint32[] memory a, uint32[] memory b) private pure returns (uint32[][] memory list) {
        list = new uint32[][](2);
        (list[0], list[1]) = (a, b);
    }

    // ---- bytes ----------------------------------------------------------------------------------------------------

    function valueOf(Made memory m, uint256 operand) internal pure returns (uint32) {
        return m.base + uint32(m.op == 11 && operand > 1 ? 1 : operand);
    }

    function encode(Made memory m) internal pure returns (bytes memory record) {
        record = abi.encodePacked(uint8(4), m.op, typeBytes(m.shape));
        record = abi.encodePacked(record, uint8(m.attributes.length), words(m.attributes), uint8(m.operands.length));
        for (uint256 i = 0; i < m.operands.length; ++i) {
            record = abi.encodePacked(record, valueOf(m, i), typeBytes(m.operands[i]));
        }
    }

    function typeBytes(uint32[] memory shape) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(0), uint8(shape.length), words(shape));
    }

    function words(uint32[] memory list) private pure returns (bytes memory out) {
        for (uint256 i = 0; i < list.length; ++i) {
            out = abi.encodePacked(out, list[i]);
        }
    }
}
