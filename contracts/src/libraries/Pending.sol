// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One channel: who is paid, who signs, what is claimed, and when it matures.
///
///  slot 0: | flags 16 | bucketAt 32 | cap 48 | nodeId 160 |        written at open, at close, when a bucket opens
///  slot 1: | later 48 | claimed 48 | signer 160 |                  written at open and at every claim
///  slot 2: | bondSlashed 48 | courtFreezes 24 | auditFrozenUntil 32 | courtFrozenUntil 32 | released 48 | matured 48 |
///  slot 3: | auditSpent 64 | anchored 64 |
///
/// 48 bits hold 281 million in units of 1e-6: the limit of one lease, checked in Terms. A dispute freezes, then slashes: one slot.
///
/// Claims mature in two buckets. Everything claimed lies, in this order of age, in
/// [0, matured) [matured, claimed - later) [claimed - later, claimed). The middle was claimed at `bucketAt` or before and
/// matures at bucketAt + delay; what is claimed after `bucketAt` goes to `later`, which becomes the middle at
/// bucketAt + delay. So an amount waits at least `delay` and at most twice that, however many claims follow it.
library Pending {
    uint16 internal constant CLOSED = 1;
    uint16 internal constant SETTLED = 2;

    struct Channel {
        bytes20 nodeId;
        uint48 cap;
        uint32 bucketAt;
        uint16 flags;
        address signer;
        uint48 claimed;
        uint48 later;
        uint48 matured;
        uint48 released;
        uint32 courtFrozenUntil;
        uint32 auditFrozenUntil;
        uint24 courtFreezes;
        uint48 bondSlashed;
        uint64 anchored;
        uint64 auditSpent;
    }

    /// @dev Two stores for two slots: field by field the compiler would write three times.
    function open(Channel storage self, bytes20 nodeId, uint64 cap, address signer) internal {
        uint256 first = uint256(uint160(nodeId)) | uint256(cap) << 160;
        assembly ("memory-safe") {
            sstore(self.slot, first)
            sstore(add(self.slot, 1), signer)
        }
    }

    /// @notice Adds a claim up to `target`, at most `cap`. Returns what was added, 0 when there is nothing new.
    /// @dev Before the first bucket matures only slots 0 and 1 are touched.
    function add(Channel storage self, uint256 target, uint256 delay) internal returns (uint64 claimed, uint64 added) {
        (uint48 before, uint48 later) = (self.claimed, self.later);
        (uint48 cap, uint32 bucketAt) = (self.cap, self.bucketAt);
        if (target > cap) target = cap;
        if (target <= before) return (before, 0);
        // before < target <= cap, a uint48; later <= before.
        unchecked {
            added = uint64(target) - before;
            uint32 opened = bucketAt;
            if (bucketAt == 0) {
                opened = uint32(block.timestamp);
            } else if (block.timestamp >= bucketAt + delay) {
                uint48 matured;
                (matured, later, opened) = roll(self, before, later, bucketAt, delay);
                self.matured = matured;
                if (matured == before) opened = uint32(block.timestamp);
            }
            if (opened != block.timestamp) later += uint48(added);
            if (opened != bucketAt) self.bucketAt = opened;
        }
        claimed = uint64(target);
        (self.claimed, self.later) = (uint48(target), later);
    }

    /// @notice The buckets as of now, not stored.
    function roll(Channel storage self, uint48 claimed, uint48 later, uint32 bucketAt, uint256 delay)
        internal
        view
        returns (uint48, uint48, uint32)
    {
        if (block.timestamp >= bucketAt + 2 * delay) return (claimed, 0, bucketAt);
        // All of `later` came before bucketAt + delay, or it would have rolled then.
        if (block.timestamp >= bucketAt + delay) return (claimed - later, 0, uint32(bucketAt + delay));
        return (self.matured, later, bucketAt);
    }

    /// @notice Rolls, and takes everything matured and not yet released.
    function takeMatured(Channel storage self, uint256 delay) internal returns (uint64 amount) {
        uint32 bucketAt = self.bucketAt;
        (uint48 matured, uint48 later, uint32 opened) = roll(self, self.claimed, self.later, bucketAt, delay);
        amount = matured - self.released;
        (self.matured, self.released, self.later) = (matured, matured, later);
        if (opened != bucketAt) self.bucketAt = opened;
    }

    /// @notice Everything claimed is released: the end of a channel.
    function finish(Channel storage self) internal returns (uint64 claimed, uint64 owed) {
        uint48 all = self.claimed;
        claimed = all;
        owed = all - self.released;
        (self.matured, self.released, self.later) = (all, all, 0);
        self.flags |= SETTLED;
    }

    /// @notice Lowers the cap to `cap` or to what was released, and claws back what was claimed above.
    function void(Channel storage self, uint64 cap) internal returns (uint64 newCap, uint64 clawedBack) {
        newCap = cap < self.released ? self.released : cap;
        if (newCap >= self.cap) return (self.cap, 0);
        // Below the old cap, a uint48, from here on.
        self.cap = uint48(newCap);
        uint64 claimed = self.claimed;
        if (claimed <= newCap) return (newCap, 0);
        // The youngest money goes first.
        clawedBack = claimed - newCap;
        self.claimed = uint48(newCap);
        self.later = self.later > clawedBack ? self.later - uint48(clawedBack) : 0;
        if (self.matured > newCap) self.matured = uint48(newCap);
    }

    /// @notice One more game holds the money back: for `budget` seconds from now, whatever games before it took.
    function courtFreeze(Channel storage self, uint256 budget) internal returns (uint32 until) {
        until = uint32(block.timestamp + budget);
        (self.courtFreezes, self.courtFrozenUntil) = (self.courtFreezes + 1, until);
    }

    /// @notice One game less; the last one lets the money go. True when it did.
    function courtUnfreeze(Channel storage self) internal returns (bool) {
        uint24 freezes = self.courtFreezes;
        if (freezes == 0) return false;
        self.courtFreezes = freezes - 1;
        if (freezes != 1) return false;
        self.courtFrozenUntil = 0;
        return true;
    }

    function frozenUntil(Channel storage self) internal view returns (uint32) {
        return self.courtFrozenUntil > self.auditFrozenUntil ? self.courtFrozenUntil : self.auditFrozenUntil;
    }
}
