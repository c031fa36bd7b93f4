// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/// @notice Nodes that feed the beacon from hash onions of 200 layers.
abstract contract BeaconFixture is Fixture {
    uint256 internal constant LAYERS = 200;
    mapping(bytes20 nodeId => uint256) internal opened;

    function layer(bytes20 nodeId, uint256 depth) internal pure returns (bytes32 value) {
        value = keccak256(abi.encode("onion", nodeId));
        for (uint256 i = 0; i < depth; ++i) {
            value = keccak256(abi.encode(value));
        }
    }

    function enroll(NodeKeys memory n) internal virtual {
        opened[n.id] = 0;
        vm.prank(n.operator);
        beacon.enroll(n.id, layer(n.id, LAYERS));
    }

    function reveal(NodeKeys memory n, uint64 round) internal {
        uint256 depth = LAYERS - ++opened[n.id];
        beacon.reveal(n.id, round, layer(n.id, depth));
    }

    /// @notice Plays a requested round with the first `count` nodes and ends after it.
    function playRound(uint64 round, uint256 count) internal virtual {
        vm.warp(beacon.startOf(round));
        for (uint256 i = 0; i < count; ++i) {
            reveal(nodes[i], round);
        }
        vm.warp(beacon.startOf(round + 1));
    }
}
