// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @notice Stake-weighted draws among the nodes that were seated at a past time.
/// @dev A node takes a seat when its stake reaches the minimum and gives it up when it falls below: registering costs only
/// gas, so a draw that tried whoever registered could be starved by names without stake. The last seat moves into one
/// that is given up, so that every seat below the count is taken, now and at any time before.
/// Owners are looked up at the snapshot too: a transfer after the fact changes no draw. Whoever sells and whoever buys
/// the work that is drawn for is left out.
library Draw {
    using Checkpoints for Checkpoints.Trace208;
    using Checkpoints for Checkpoints.Trace160;

    uint256 internal constant MAX_DRAWN = 8;
    uint256 private constant ATTEMPTS = 64;
    uint256 private constant SCAN = 64;

    /// @dev One slot: every change of a node's stake reads it.
    struct Standing {
        /// @dev The seat plus one; 0 when the node has none.
        uint64 seat;
        /// @dev Of the last fault that the stake was slashed for; 0 when there was none.
        uint40 faultedAt;
        /// @dev What the last fault was one of, cut.
        bytes19 cause;
    }

    struct State {
        /// @dev Who sat there, over time.
        mapping(uint256 seat => Checkpoints.Trace160) seats;
        /// @dev How many seats were taken, over time.
        Checkpoints.Trace208 count;
        mapping(bytes20 nodeId => Standing) standings;
        mapping(bytes20 nodeId => Checkpoints.Trace208) stakes;
        mapping(bytes20 nodeId => Checkpoints.Trace160) owners;
    }

    struct Query {
        bytes32 seed;
        uint48 time;
        uint256 cap;
        address provider;
        address buyer;
        address[] drawnOwners;
    }

    /// @param minStake The same at every call.
    function recordStake(State storage self, bytes20 nodeId, uint256 stake, uint256 minStake) internal {
        self.stakes[nodeId].push(uint48(block.timestamp), uint208(stake));
        uint256 seat = self.standings[nodeId].seat;
        if (stake >= minStake) {
            if (seat == 0) _sit(self, nodeId);
        } else if (seat != 0) {
            _leave(self, nodeId, seat - 1);
        }
    }

    function _sit(State storage self, bytes20 nodeId) private {
        uint256 seat = self.count.latest();
        self.seats[seat].push(uint96(block.timestamp), uint160(nodeId));
        self.standings[nodeId].seat = uint64(seat + 1);
        self.count.push(uint48(block.timestamp), uint208(seat + 1));
    }

    function _leave(State storage self, bytes20 nodeId, uint256 seat) private {
        uint256 last = self.count.latest() - 1;
        if (seat != last) {
            uint160 moved = self.seats[last].latest();
            self.seats[seat].push(uint96(block.timestamp), moved);
            self.standings[bytes20(moved)].seat = uint64(seat + 1);
        }
        self.standings[nodeId].seat = 0;
        self.count.push(uint48(block.timestamp), uint208(last));
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

    /// @notice Nodes that were seated at `time`.
    function countAt(State storage self, uint48 time) internal view returns (uint256) {
        return self.count.upperLookupRecent(time);
    }

    /// @notice Who sat there at `time`; `seat` is below the count of that time.
    function seatAt(State storage self, uint256 seat, uint48 time) internal view returns (bytes20) {
        return bytes20(self.seats[seat].upperLookupRecent(time));
    }

    /// @return bytes20(0) when no node fits within the bounds.
    function pick(State storage self, Query memory q) internal view returns (bytes20) {
        uint256 count = countAt(self, q.time);
        if (count == 0) return 0;
        for (uint256 i = 0; i < ATTEMPTS; ++i) {
            uint256 word = uint256(keccak256(abi.encode(q.seed, i)));
            bytes20 nodeId = seatAt(self, word % count, q.time);
            // The upper half of the word decides, the whole of it chose the node: the bias is below 2^-96.
            if ((word >> 128) % q.cap < stakeAt(self, nodeId, q.time) && fits(self, q, nodeId)) return nodeId;
        }
        uint256 first = uint256(keccak256(abi.encode(q.seed, ATTEMPTS))) % count;
        uint256 turns = count < SCAN ? count : SCAN;
        for (uint256 i = 0; i < turns; ++i) {
            bytes20 nodeId = seatAt(self, (first + i) % count, q.time);
            if (fits(self, q, nodeId)) return nodeId;
        }
        return 0;
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
