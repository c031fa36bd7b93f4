// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @notice Stake-weighted draws from the append-only node list as it stood at a past time.
/// @dev Owners are looked up at the snapshot too: a transfer after the fact changes no draw. Whoever sells and whoever buys
/// the work that is drawn for is left out.
library Draw {
    using Checkpoints for Checkpoints.Trace208;
    using Checkpoints for Checkpoints.Trace160;

    uint256 internal constant MAX_DRAWN = 8;
    uint256 private constant ATTEMPTS = 64;
    uint256 private constant SCAN = 64;

    struct Entry {
        bytes20 nodeId;
        uint40 registeredAt;
    }

    struct State {
        Entry[] entries;
        mapping(bytes20 nodeId => Checkpoints.Trace208) stakes;
        mapping(bytes20 nodeId => Checkpoints.Trace160) owners;
    }

    struct Query {
        bytes32 seed;
        uint48 time;
        uint256 minStake;
        uint256 cap;
        address provider;
        address buyer;
        address[] drawnOwners;
    }

    function append(State storage self, bytes20 nodeId, address owner) internal {
        self.entries.push(Entry(nodeId, uint40(block.timestamp)));
        self.owners[nodeId].push(uint96(block.timestamp), uint160(owner));
    }

    function recordStake(State storage self, bytes20 nodeId, uint256 stake) internal {
        self.stakes[nodeId].push(uint48(block.timestamp), uint208(stake));
    }

    function recordOwner(State storage self, bytes20 nodeId, address owner) internal {
        self.owners[nodeId].push(uint96(block.timestamp), uint160(owner));
    }

    function stakeAt(State storage self, bytes20 nodeId, uint48 time) internal view returns (uint256) {
        return self.stakes[nodeId].upperLookupRecent(time);
    }

    function ownerAt(State storage self, bytes20 nodeId, uint48 time) internal view returns (address) {
        return address(self.owners[nodeId].upperLookupRecent(time));
    }

    /// @notice How many nodes were registered at `time` or before: binary search over the append-only list.
    function countAt(State storage self, uint48 time) internal view returns (uint256 low) {
        uint256 high = self.entries.length;
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            if (self.entries[middle].registeredAt <= time) low = middle + 1;
            else high = middle;
        }
    }

    /// @return bytes20(0) when no node fits within the bounds.
    function pick(State storage self, Query memory q) internal view returns (bytes20) {
        uint256 count = countAt(self, q.time);
        if (count == 0) return 0;
        for (uint256 i = 0; i < ATTEMPTS; ++i) {
            uint256 word = uint256(keccak256(abi.encode(q.seed, i)));
            bytes20 nodeId = self.entries[word % count].nodeId;
            uint256 weight = weightOf(self, q, nodeId);
            // The upper half of the word decides, the whole of it chose the node: the bias is below 2^-96.
            if (weight != 0 && (word >> 128) % q.cap < weight && fits(self, q, nodeId)) return nodeId;
        }
        uint256 first = uint256(keccak256(abi.encode(q.seed, ATTEMPTS))) % count;
        uint256 turns = count < SCAN ? count : SCAN;
        for (uint256 i = 0; i < turns; ++i) {
            bytes20 nodeId = self.entries[(first + i) % count].nodeId;
            if (weightOf(self, q, nodeId) != 0 && fits(self, q, nodeId)) return nodeId;
        }
        return 0;
    }

    function weightOf(State storage self, Query memory q, bytes20 nodeId) private view returns (uint256 weight) {
        weight = stakeAt(self, nodeId, q.time);
        if (weight < q.minStake) return 0;
        if (weight > q.cap) weight = q.cap;
    }

    function fits(State storage self, Query memory q, bytes20 nodeId) private view returns (bool) {
        address owner = ownerAt(self, nodeId, q.time);
        if (owner == q.provider || owner == q.buyer) return false;
        for (uint256 i = 0; i < q.drawnOwners.length; ++i) {
            if (owner == q.drawnOwners[i]) return false;
        }
        return true;
    }
}
