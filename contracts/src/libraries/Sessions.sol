// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../interfaces/IChannels.sol";

/// @notice Keys that may sign a buyer's orders, within a daily cap that is consumed at reservation.
library Sessions {
    uint256 internal constant MAX_ALLOWED = 64;

    ///  | anyPayee 8 | serial 24 | epoch 32 | day 24 | expiresAt 40 | spent 64 | dailyCap 64 |
    struct Session {
        uint64 dailyCap;
        uint64 spent;
        uint40 expiresAt;
        uint24 day;
        uint32 epoch;
        uint24 serial;
        bool anyPayee;
    }

    struct State {
        mapping(address buyer => mapping(address key => Session)) sessions;
        mapping(bytes32 list => mapping(bytes20 nodeId => bool)) allowed;
        mapping(address buyer => mapping(uint256 word => uint256)) usedGrants;
    }

    struct Grant {
        address buyer;
        address key;
        uint96 dailyCap;
        uint64 expiresAt;
        bool anyPayee;
    }

    /// @dev A new serial starts an empty allow-list; what was spent today stays spent.
    function grant(State storage self, Grant memory g, uint32 epoch, bytes20[] calldata nodeIds) internal {
        if (g.key == address(0)) revert IChannels.ZeroAddress();
        if (g.dailyCap > type(uint64).max) revert IChannels.SessionCapTooLarge(g.dailyCap);
        if (nodeIds.length > MAX_ALLOWED) revert IChannels.SessionAllowListTooLong(nodeIds.length, MAX_ALLOWED);
        Session storage s = self.sessions[g.buyer][g.key];
        s.dailyCap = uint64(g.dailyCap);
        s.expiresAt = g.expiresAt > type(uint40).max ? type(uint40).max : uint40(g.expiresAt);
        s.epoch = epoch;
        s.anyPayee = g.anyPayee;
        bytes32 list;
        unchecked {
            // A serial would wrap after 16 million grants of one key; the list id then meets an old list of its buyer.
            list = listOf(g.buyer, g.key, ++s.serial);
        }
        for (uint256 i = 0; i < nodeIds.length; ++i) {
            self.allowed[list][nodeIds[i]] = true;
        }
        emit IChannels.SessionGranted(g.buyer, g.key, g.dailyCap, g.expiresAt, g.anyPayee, nodeIds);
    }

    function useGrant(State storage self, address buyer, uint64 nonce) internal {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = self.usedGrants[buyer][nonce >> 8];
        if (word & bit != 0) revert IChannels.SessionGrantUsed(buyer, nonce);
        self.usedGrants[buyer][nonce >> 8] = word | bit;
    }

    function consume(State storage self, address buyer, address key, uint32 epoch, bytes20 nodeId, uint256 amount)
        internal
    {
        Session storage stored = self.sessions[buyer][key];
        Session memory s = stored;
        if (s.serial == 0 || s.epoch != epoch) revert IChannels.SessionRevoked(buyer, key);
        if (block.timestamp >= s.expiresAt) revert IChannels.SessionExpired(buyer, key, s.expiresAt);
        if (!s.anyPayee && !self.allowed[listOf(buyer, key, s.serial)][nodeId]) {
            revert IChannels.SessionPayeeNotAllowed(buyer, key, nodeId);
        }
        uint24 today = uint24(block.timestamp / 1 days);
        uint64 spent = s.day == today ? s.spent : 0;
        if (amount > type(uint64).max || spent + amount > s.dailyCap) {
            revert IChannels.SessionCapExceeded(buyer, key, s.dailyCap, spent, amount);
        }
        stored.spent = uint64(spent + amount);
        if (s.day != today) stored.day = today;
    }

    function viewOf(State storage self, address buyer, address key, uint32 epoch)
        internal
        view
        returns (IChannels.SessionView memory v)
    {
        Session memory s = self.sessions[buyer][key];
        v.dailyCap = s.dailyCap;
        v.spentToday = s.day == block.timestamp / 1 days ? s.spent : 0;
        v.expiresAt = s.expiresAt;
        v.anyPayee = s.anyPayee;
        v.live = s.serial != 0 && s.epoch == epoch && block.timestamp < s.expiresAt;
    }

    function allows(State storage self, address buyer, address key, bytes20 nodeId) internal view returns (bool) {
        Session memory s = self.sessions[buyer][key];
        return s.anyPayee || self.allowed[listOf(buyer, key, s.serial)][nodeId];
    }

    function listOf(address buyer, address key, uint24 serial) private pure returns (bytes32) {
        return keccak256(abi.encode(buyer, key, serial));
    }
}
