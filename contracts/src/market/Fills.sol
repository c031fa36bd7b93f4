// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../interfaces/IChannels.sol";
import {Typed} from "../libraries/Typed.sol";
import {CloseReason, LEASE_SUCCEEDED, Lease, LeaseMoney, LeaseState} from "../types/Leases.sol";
import {Order} from "../types/Orders.sol";
import {LeaseBook} from "./LeaseBook.sol";

/// @title Which fill of an order may open, and what the earlier ones used up.
abstract contract Fills is LeaseBook {
    /// @dev Fill 0 uses the order's nonce up. Fill n+1 hangs on fill n, which it marks as succeeded: so each fill of an
    /// order exists at most once.
    function _takeFill(Order calldata order, bytes32 orderHash_, uint8 fill, bytes32 previousOfferHash, bytes32 leaseId)
        internal
        returns (Carry memory carry)
    {
        (uint256 word, uint256 bit) = (order.nonce >> 8, 1 << (order.nonce & 0xff));
        if (fill == 0) {
            uint256 used = _usedNonces[order.buyer][word];
            if (used & bit != 0) revert NonceUsed(order.buyer, order.nonce);
            _usedNonces[order.buyer][word] = used | bit;
            return carry;
        }
        if (fill >= MAX_FILLS) revert FillTooHigh(fill, MAX_FILLS);
        if (_withdrawnNonces[order.buyer][word] & bit != 0) revert OrderWithdrawn(order.buyer, order.nonce);
        // fill > 0 was checked.
        unchecked {
            carry = _succeed(order, Typed.leaseIdOf(orderHash_, previousOfferHash, fill - 1));
        }
        _carries[leaseId] = carry;
    }

    /// @dev What the earlier fill may still be paid counts as spent: its whole escrow while claims are possible, what
    /// was claimed and audited after that. Its matcher's fee counts at the order's maximum.
    function _succeed(Order calldata order, bytes32 previousId) private returns (Carry memory carry) {
        Lease storage previous = _leases[previousId];
        LeaseState state = previous.state;
        CloseReason reason = previous.reason;
        bool refillable = reason == CloseReason.providerSilent || reason == CloseReason.providerQuit
            || reason == CloseReason.unstarted || reason == CloseReason.falseSegment;
        if (!refillable) revert FillNotAllowed(previousId, state, reason);
        if (previous.flags & LEASE_SUCCEEDED != 0) revert FillTaken(previousId);
        previous.flags |= LEASE_SUCCEEDED;

        IChannels.ChannelView memory channel = CHANNELS.channel(previousId);
        LeaseMoney memory money = _moneyOf(previous);
        carry = _carries[previousId];
        bool claimable = state != LeaseState.settled && block.timestamp <= channel.claimUntil;
        uint256 spent = claimable ? uint256(channel.cap) : channel.claimed;
        if (state != LeaseState.settled) spent += money.auditPot;
        else spent += channel.auditSpent;
        carry.spent += uint128(spent + order.maxFee);
        uint256 secondsPaid = carry.secondsPaid + channel.claimed / previous.rate;
        if (secondsPaid >= order.durationSeconds) revert NothingLeftToFill(previousId);
        carry.secondsPaid = uint32(secondsPaid);
    }

    function cancelOrder(uint64 nonce) external {
        (uint256 word, uint256 bit) = (nonce >> 8, 1 << (nonce & 0xff));
        _usedNonces[msg.sender][word] |= bit;
        _withdrawnNonces[msg.sender][word] |= bit;
        emit OrderCancelled(msg.sender, nonce);
    }

    function nonceUsed(address buyer, uint64 nonce) external view returns (bool) {
        return _usedNonces[buyer][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }
}
