// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Typed} from "../libraries/Typed.sol";
import {LEASE_ACCRUES, Lease} from "../types/Leases.sol";
import {SegmentCommitment} from "../types/Orders.sol";
import {SegmentDraw} from "./SegmentDraw.sol";

/// @title Who holds a segment's checkpoint, and, where the buyer may be offline, the pay that follows from it.
abstract contract Availability is SegmentDraw {
    uint256 private constant ANCHORS_PER_CALL = 32;

    function proveHeld(SegmentCommitment calldata c, bytes20[] calldata holders, bytes[] calldata signatures) external {
        if (holders.length != signatures.length || holders.length > MAX_DRAWN) {
            revert LengthMismatch(holders.length, signatures.length);
        }
        Segment storage segment_ = _committed(c);
        bytes20[] memory drawn = _drawHolders(_seedOf(c.leaseId, c.segment, segment_), c.leaseId, segment_);
        for (uint256 i = 0; i < holders.length; ++i) {
            uint256 bit = 1 << _indexIn(drawn, holders[i]);
            if (segment_.heldMask & bit != 0) revert AlreadyHeld(holders[i]);
            bytes32 digest = Typed.held(c.leaseId, c.segment, c.checkpoint, holders[i]);
            _checkSigner(digest, signatures[i], REGISTRY.operatorOf(holders[i]));
            segment_.heldMask |= uint8(bit);
            ++segment_.heldCount;
            emit HeldProved(c.leaseId, c.segment, holders[i]);
        }
        uint256 needed = drawn.length < HOLDERS_NEEDED ? drawn.length : HOLDERS_NEEDED;
        if (segment_.available || needed == 0 || segment_.heldCount < needed) return;
        segment_.available = true;
        emit SegmentAvailable(c.leaseId, c.segment);
        anchorAvailable(c.leaseId);
    }

    /// @dev In order: then the pay before a void segment never contains that segment's.
    function anchorAvailable(bytes32 leaseId) public {
        Lease memory lease = MARKET.lease(leaseId);
        if (lease.flags & LEASE_ACCRUES == 0) return;
        Trace storage trace = _traces[leaseId];
        uint32 end = trace.voidedFrom == 0 ? trace.segments : trace.voidedFrom - 1;
        uint32 next = trace.anchoredSegments;
        uint256 metered = 0;
        for (uint256 i = 0; i < ANCHORS_PER_CALL && next < end; ++i) {
            Segment storage segment_ = _segments[leaseId][next];
            if (!segment_.available) break;
            metered += segment_.meteredSeconds;
            ++next;
        }
        if (next == trace.anchoredSegments) return;
        trace.anchoredSegments = next;
        CHANNELS.anchor(leaseId, uint64(lease.rate * metered));
    }

    function heldDigest(bytes32 leaseId, uint32 segment_, bytes32 checkpoint, bytes20 holder)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(Typed.held(leaseId, segment_, checkpoint, holder));
    }

    function isHeld(bytes32 leaseId, uint32 segment_, bytes32 checkpoint, bytes20 holder, bytes calldata signature)
        external
        view
        returns (bool)
    {
        bytes32 digest = _hashTypedDataV4(Typed.held(leaseId, segment_, checkpoint, holder));
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        return problem == ECDSA.RecoverError.NoError && recovered == REGISTRY.operatorOf(holder);
    }
}
