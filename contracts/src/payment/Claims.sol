// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Constants} from "../generated/Params.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {Pending} from "../libraries/Pending.sol";
import {Typed} from "../libraries/Typed.sol";
import {Escrow} from "./Escrow.sol";

/// @title What a provider claims of a channel, by voucher or by anchored receipts, and the release of what has matured.
abstract contract Claims is Escrow {
    using Pending for Pending.Channel;

    // ---- claims ----------------------------------------------------------------------------------------------------

    function claim(bytes32 channelId, uint128 cumulative, bytes calldata signature) external {
        (ClaimResult result, address recovered) = _claim(channelId, cumulative, signature);
        if (result == ClaimResult.claimed) return;
        Pending.Channel storage self = _channels[channelId];
        if (result == ClaimResult.channelUnknown) revert ChannelUnknown(channelId);
        if (result == ClaimResult.channelClosed) revert ChannelClosed(channelId, _claimUntil(channelId));
        if (result == ClaimResult.badSignature) revert VoucherInvalid(channelId, recovered, self.signer);
        revert NothingToClaim(channelId, cumulative, self.claimed);
    }

    function batchClaim(Claim[] calldata claims) external returns (ClaimResult[] memory results) {
        uint256 length = claims.length;
        if (length > Constants.MAX_BATCH_CLAIMS) revert BatchTooLarge(length, Constants.MAX_BATCH_CLAIMS);
        results = new ClaimResult[](length);
        for (uint256 i = 0; i < length; ++i) {
            Claim calldata c = claims[i];
            (results[i],) = _claim(c.channelId, c.cumulative, c.signature);
        }
    }

    function claimAccrued(bytes32 channelId) external {
        Pending.Channel storage self = _channels[channelId];
        if (self.nodeId == 0) revert ChannelUnknown(channelId);
        if (_isClosed(channelId, self.flags)) revert ChannelClosed(channelId, _claimUntil(channelId));
        uint64 anchored = self.anchored;
        (uint64 claimed, uint64 added) = self.add(anchored, RELEASE_DELAY);
        if (added == 0) revert NothingToClaim(channelId, anchored, claimed);
        emit Claimed(channelId, claimed, added);
    }

    function release(bytes32 channelId) external returns (uint64 amount) {
        Pending.Channel storage self = _channels[channelId];
        bytes20 nodeId = self.nodeId;
        if (nodeId == 0) revert ChannelUnknown(channelId);
        _onlyUnfrozen(channelId, self);
        amount = self.takeMatured(RELEASE_DELAY);
        if (amount != 0) _payOwner(channelId, nodeId, amount);
    }

    /// @dev Order of checks: cheap reads first, the recovery (3,000 gas) last.
    function _claim(bytes32 channelId, uint128 cumulative, bytes calldata signature)
        private
        returns (ClaimResult, address recovered)
    {
        Pending.Channel storage self = _channels[channelId];
        bytes20 nodeId = self.nodeId;
        if (nodeId == 0) return (ClaimResult.channelUnknown, recovered);
        if (_isClosed(channelId, self.flags)) return (ClaimResult.channelClosed, recovered);
        if (cumulative <= self.claimed) return (ClaimResult.nothingNew, recovered);
        bytes32 digest = _hashTypedDataV4(Typed.voucher(channelId, nodeId, cumulative));
        ECDSA.RecoverError problem;
        (recovered, problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem != ECDSA.RecoverError.NoError || recovered != self.signer) {
            return (ClaimResult.badSignature, recovered);
        }
        (uint64 claimed, uint64 added) = self.add(cumulative, RELEASE_DELAY);
        if (added == 0) return (ClaimResult.nothingNew, recovered);
        emit Claimed(channelId, claimed, added);
        return (ClaimResult.claimed, recovered);
    }

    // ---- internals -------------------------------------------------------------------------------------------------

    function _payOwner(bytes32 channelId, bytes20 nodeId, uint64 amount) internal {
        address owner = REGISTRY.ownerOf(nodeId);
        _accounts[owner].earned += amount;
        emit Released(channelId, nodeId, owner, amount);
    }

    function _onlyUnfrozen(bytes32 channelId, Pending.Channel storage self) internal view {
        uint32 until = self.frozenUntil();
        if (block.timestamp < until) revert ChannelFrozen(channelId, until);
    }

    /// @dev Market knows when the claim window of a closed lease ends; an open one costs no call.
    function _isClosed(bytes32 channelId, uint16 flags) private view returns (bool) {
        if (flags == 0) return false;
        return flags & Pending.SETTLED != 0 || block.timestamp > _claimUntil(channelId);
    }

    function _claimUntil(bytes32 channelId) internal view returns (uint32) {
        return IMarket(MARKET).claimUntil(channelId);
    }

    // ---- views -----------------------------------------------------------------------------------------------------

    function channel(bytes32 channelId) external view returns (ChannelView memory v) {
        Pending.Channel storage self = _channels[channelId];
        (uint48 matured,,) = self.roll(self.claimed, self.later, self.bucketAt, RELEASE_DELAY);
        v.nodeId = self.nodeId;
        v.signer = self.signer;
        v.cap = self.cap;
        v.claimed = self.claimed;
        v.released = self.released;
        v.pending = v.claimed - v.released;
        v.releasable = block.timestamp < self.frozenUntil() ? 0 : matured - v.released;
        v.anchored = self.anchored;
        v.auditSpent = self.auditSpent;
        v.bondSlashed = self.bondSlashed;
        v.claimUntil = self.flags == 0 ? 0 : _claimUntil(channelId);
        v.settled = self.flags & Pending.SETTLED != 0;
        v.frozenUntil = self.frozenUntil();
    }

    function nodeOf(bytes32 channelId) external view returns (bytes20) {
        return _channels[channelId].nodeId;
    }

    function partiesOf(bytes32 channelId) external view returns (bytes20 nodeId, address signer) {
        Pending.Channel storage self = _channels[channelId];
        return (self.nodeId, self.signer);
    }

    function voucherDigest(bytes32 channelId, bytes20 payee, uint128 cumulative) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.voucher(channelId, payee, cumulative));
    }
}
