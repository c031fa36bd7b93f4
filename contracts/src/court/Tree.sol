// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../interfaces/IGames.sol";

/// @notice The Merkle tree of the commitment layout (see MerkleSha256) as the court reads it: from anywhere in the middle, and
/// cheaply. A place (height h, index i) covers leaves i·2^h … min((i+1)·2^h, count) - 1. packages/verification/src/court
/// mirrors this.
/// @dev A node is SHA-256(01 ‖ left ‖ right). Every preimage is laid out right behind its tag byte in free memory. The
/// precompile can only fail for want of gas, which is checked all the same.
library Tree {
    /// @dev Where the next levels of a tree of `count` leaves end: the least h with count <= 2^h.
    function heightOf(uint256 count) internal pure returns (uint256 h) {
        while ((1 << h) < count) ++h;
    }

    /// @notice Nodes at height `h` of a tree of `count` leaves.
    function widthAt(uint256 count, uint256 h) internal pure returns (uint256) {
        return (count + (1 << h) - 1) >> h;
    }

    /// @notice SHA-256(00 ‖ data).
    function leafOf(bytes calldata data) internal view returns (bytes32 h) {
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore8(p, 0)
            calldatacopy(add(p, 1), data.offset, data.length)
            if iszero(staticcall(gas(), 2, p, add(data.length, 1), 0, 32)) { revert(0, 0) }
            h := mload(0)
        }
    }

    /// @notice SHA-256(00 ‖ 32 bytes).
    function leafOf(bytes32 data) internal view returns (bytes32 h) {
        assembly ("memory-safe") {
            mstore8(0, 0)
            mstore(1, data)
            if iszero(staticcall(gas(), 2, 0, 33, 0, 32)) { revert(0, 0) }
            h := mload(0)
        }
    }

    /// @notice SHA-256(00 ‖ acc word, little-endian).
    function accLeaf(uint32 word) internal view returns (bytes32 h) {
        uint256 turned = reversed(word);
        assembly ("memory-safe") {
            // 00, then the four bytes.
            mstore(0, shl(216, turned))
            if iszero(staticcall(gas(), 2, 0, 5, 0, 32)) { revert(0, 0) }
            h := mload(0)
        }
    }

    /// @notice The same four bytes from behind.
    function reversed(uint256 word) internal pure returns (uint256) {
        unchecked {
            return (word >> 24) | ((word >> 8) & 0xff00) | ((word << 8) & 0xff0000) | ((word & 0xff) << 24);
        }
    }

    /// @notice The hash of the node above `items` neighbours, which are aligned to a power of two not below their number.
    /// @param size Bytes of one item. 32-byte items are hashes as they are unless `tagged`; tagged ones are hashed as leaves.
    function rootOf(bytes calldata content, uint256 items, uint256 size, bool tagged)
        internal
        view
        returns (bytes32 root)
    {
        assembly ("memory-safe") {
            // A gap ahead for the first tag byte; the items' hashes; room for one leaf's preimage.
            let hashes := add(mload(0x40), 32)
            let ok := 1
            switch tagged
            case 0 { calldatacopy(hashes, content.offset, shl(5, items)) }
            default {
                let preimage := add(hashes, shl(5, items))
                mstore8(preimage, 0)
                let from := content.offset
                for { let i := 0 } lt(i, items) { i := add(i, 1) } {
                    calldatacopy(add(preimage, 1), from, size)
                    ok := and(ok, staticcall(gas(), 2, preimage, add(size, 1), add(hashes, shl(5, i)), 32))
                    from := add(from, size)
                }
            }
            for { let width := items } gt(width, 1) { width := shr(1, add(width, 1)) } {
                let pairs := shr(1, width)
                for { let j := 0 } lt(j, pairs) { j := add(j, 1) } {
                    // The tag goes where the pair before it ended: that one is done with.
                    let pair := sub(add(hashes, shl(6, j)), 1)
                    mstore8(pair, 1)
                    ok := and(ok, staticcall(gas(), 2, pair, 65, add(hashes, shl(5, j)), 32))
                }
                // A lone last node is carried up.
                if and(width, 1) { mstore(add(hashes, shl(5, pairs)), mload(add(hashes, shl(6, pairs)))) }
            }
            if iszero(ok) { revert(0, 0) }
            root := mload(hashes)
        }
    }

    /// @notice Both sides' nodes at `height`, from their nodes `defender` and `rival` at `shown` below it with their siblings.
    /// @dev A sibling on the left is one hash for both sides: this is what makes a choice the first difference. Siblings are
    /// counted at the end: reading beyond them gives nothing that is used.
    function climb(
        uint256 count,
        uint256 index,
        uint256 shown,
        uint256 height,
        bytes32 defender,
        bytes32 rival,
        bytes32[] calldata siblings
    ) internal view returns (bytes32, bytes32) {
        uint256 width = widthAt(count, shown);
        bool fits;
        assembly ("memory-safe") {
            let pair := mload(0x40)
            let left := add(pair, 1)
            let right := add(pair, 33)
            let from := siblings.offset
            let ok := 1
            mstore8(pair, 1)
            for { let h := shown } lt(h, height) { h := add(h, 1) } {
                switch and(index, 1)
                case 1 {
                    mstore(left, calldataload(from))
                    mstore(right, defender)
                    ok := and(ok, staticcall(gas(), 2, pair, 65, 0, 32))
                    defender := mload(0)
                    mstore(right, rival)
                    ok := and(ok, staticcall(gas(), 2, pair, 65, 0, 32))
                    rival := mload(0)
                    from := add(from, 32)
                }
                default {
                    if lt(add(index, 1), width) {
                        mstore(left, defender)
                        mstore(right, calldataload(from))
                        ok := and(ok, staticcall(gas(), 2, pair, 65, 0, 32))
                        defender := mload(0)
                        mstore(left, rival)
                        mstore(right, calldataload(add(from, 32)))
                        ok := and(ok, staticcall(gas(), 2, pair, 65, 0, 32))
                        rival := mload(0)
                        from := add(from, 64)
                    }
                }
                index := shr(1, index)
                width := shr(1, add(width, 1))
            }
            if iszero(ok) { revert(0, 0) }
            fits := eq(from, add(siblings.offset, shl(5, siblings.length)))
        }
        if (!fits) revert IGames.SiblingsWrong(siblings.length);
        return (defender, rival);
    }

    /// @notice The root above leaf `index` of a tree of `count` leaves, from the siblings of its path.
    /// @dev Siblings are counted at the end, as in `climb`.
    function rootFrom(uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        internal
        view
        returns (bytes32 node)
    {
        if (index >= count) revert IGames.IndexOutside(index, 0, count);
        node = leaf;
        bool fits;
        assembly ("memory-safe") {
            let pair := mload(0x40)
            let left := add(pair, 1)
            let right := add(pair, 33)
            let from := path.offset
            let ok := 1
            mstore8(pair, 1)
            for { let width := count } gt(width, 1) { width := shr(1, add(width, 1)) } {
                let isRight := and(index, 1)
                if or(isRight, lt(add(index, 1), width)) {
                    switch isRight
                    case 1 {
                        mstore(left, calldataload(from))
                        mstore(right, node)
                    }
                    default {
                        mstore(left, node)
                        mstore(right, calldataload(from))
                    }
                    ok := and(ok, staticcall(gas(), 2, pair, 65, 0, 32))
                    node := mload(0)
                    from := add(from, 32)
                }
                index := shr(1, index)
            }
            if iszero(ok) { revert(0, 0) }
            fits := eq(from, add(path.offset, shl(5, path.length)))
        }
        if (!fits) revert IGames.SiblingsWrong(path.length);
    }

    /// @dev Reverts unless `actual` is `expected`.
    function mustBe(bytes32 expected, bytes32 actual) internal pure {
        if (expected != actual) revert IGames.HashMismatch(expected, actual);
    }
}
