// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Constants} from "../generated/Params.sol";
import {Typed} from "../libraries/Typed.sol";
import {Lease, LeaseState} from "../types/Leases.sol";
import {SegmentCommitment} from "../types/Orders.sol";
import {Retraction} from "./Retraction.sol";

/// @title Two signatures of one provider for two different contents of one segment.
/// @dev Content is every field but the beacon's round. A commitment that did not reach the chain before its round passed
/// is signed again for a later one, and that is no fault: only one of the two can ever be recorded, at a moment when
/// the round it names is still in the future, so that nothing is chosen after a value is known.
abstract contract Equivocation is Retraction {
    function reportEquivocation(
        SegmentCommitment calldata first,
        bytes calldata firstSignature,
        SegmentCommitment calldata second,
        bytes calldata secondSignature
    ) external {
        (bytes32 a, bytes32 b) = (Typed.hash(first), Typed.hash(second));
        if (first.leaseId != second.leaseId || first.segment != second.segment) revert CommitmentMismatch(a, b);
        (bytes32 contentA, bytes32 contentB) = (_contentOf(first), _contentOf(second));
        if (contentA == contentB) revert SameContent(a, b);
        bytes32 leaseId = first.leaseId;
        // No such segment can be recorded; numbers of those that are void have 24 bits.
        if (first.segment >= Constants.MAX_SEGMENTS) revert SegmentUnknown(leaseId, first.segment);
        bytes32 recorded = _segments[leaseId][first.segment].commitmentHash;
        if ((recorded != a && _isRetracted(contentA)) || (recorded != b && _isRetracted(contentB))) {
            revert Retracted(leaseId, first.segment);
        }
        Lease memory lease = MARKET.lease(leaseId);
        if (lease.state == LeaseState.none || lease.state == LeaseState.settled) revert LeaseOver(leaseId);
        (bytes20 nodeId,) = CHANNELS.partiesOf(leaseId);
        _checkEverSigner(a, firstSignature, nodeId, lease.openedAt);
        _checkEverSigner(b, secondSignature, nodeId, lease.openedAt);
        Trace storage trace = _traces[leaseId];
        if (trace.voidedFrom != 0 && first.segment + 1 >= trace.voidedFrom) {
            revert SegmentVoided(leaseId, first.segment);
        }
        emit Equivocated(leaseId, first.segment, nodeId, a, b);
        uint256 cap;
        if (first.segment < trace.segments) {
            cap = uint256(lease.rate) * _segments[leaseId][first.segment].meteredBefore;
        } else {
            // Nothing on chain says what came before: what was claimed by now stays, nothing more comes.
            uint256 claimed = CHANNELS.channel(leaseId).claimed;
            cap = uint256(lease.rate) * trace.meteredSeconds;
            if (cap < claimed) cap = claimed;
        }
        _void(leaseId, first.segment, cap);
    }

    /// @dev A key that was rotated out after the lease opened still answers for what it signed.
    function _checkEverSigner(bytes32 structHash, bytes calldata signature, bytes20 nodeId, uint256 since)
        private
        view
    {
        (address recovered, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        (bytes20 signerNode, uint40 until) = REGISTRY.operatorRecord(recovered);
        if (problem != ECDSA.RecoverError.NoError || signerNode != nodeId || (until != 0 && until <= since)) {
            revert SignatureInvalid(recovered, REGISTRY.operatorOf(nodeId));
        }
    }
}
