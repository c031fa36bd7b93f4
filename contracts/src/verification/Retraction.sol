// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LeaseState} from "../types/Leases.sol";
import {SegmentCommitment} from "../types/Orders.sol";
import {SegmentBook} from "./SegmentBook.sol";

/// @title Segments taken back by their own node, and the content of commitments.
/// @dev Only before the named round begins: until then nobody knows anything of the draw, so nothing is gained but the
/// chance to undo an honest fault. Rounds of a lease's segments don't decrease: when one's round has not begun, neither has
/// any later one's. And only while the lease runs: a later fill opens after that, so that nobody has begun where a segment
/// ended that is taken back.
abstract contract Retraction is SegmentBook {
    mapping(bytes32 contentHash => bool) private _retracted;

    function retract(SegmentCommitment calldata c, SegmentCommitment calldata before) external {
        (bytes20 nodeId,) = CHANNELS.partiesOf(c.leaseId);
        if (msg.sender != REGISTRY.operatorOf(nodeId) && msg.sender != REGISTRY.ownerOf(nodeId)) {
            revert NotOperator(nodeId, msg.sender);
        }
        if (MARKET.lease(c.leaseId).state != LeaseState.running) revert LeaseNotRunning(c.leaseId);
        _committed(c);
        Trace storage trace = _traces[c.leaseId];
        if (c.segment + 1 != trace.segments) revert SegmentOutOfOrder(c.leaseId, c.segment, trace.segments - 1);
        uint64 current = BEACON.currentRound();
        if (current >= c.beaconRound) revert RoundNotAllowed(c.beaconRound, current + 1, type(uint64).max);

        bytes32 hash = _segments[c.leaseId][c.segment].commitmentHash;
        trace.segments = c.segment;
        trace.meteredSeconds = _segments[c.leaseId][c.segment].meteredBefore;
        if (c.segment != 0) {
            if (before.leaseId != c.leaseId || before.segment != c.segment - 1) revert CommitmentMismatch(hash, 0);
            _committed(before);
            (trace.endRoot, trace.lastStep) = (before.endRoot, before.lastStep);
        }
        delete _segments[c.leaseId][c.segment];
        // Whoever has the signed commitment could bring it again: the next one in its place names a later round.
        _segments[c.leaseId][c.segment].beaconRound = c.beaconRound;
        _retracted[_contentOf(c)] = true;
        emit SegmentRetracted(c.leaseId, c.segment, hash);
    }

    function _isRetracted(bytes32 content) internal view returns (bool) {
        return _retracted[content];
    }

    /// @dev All but the last word, the beacon's round, raw: Typed.hash has refused words with dirty upper bits.
    function _contentOf(SegmentCommitment calldata c) internal pure returns (bytes32 h) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, c, 416)
            h := keccak256(free, 416)
        }
    }
}
