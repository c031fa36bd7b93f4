// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One channel: who is paid, who signs, what is claimed, and when it matures.
///
///  slot 0: | claimUntil 32 | cap 64 | nodeId 160 |                 written at open, at close
///  slot 1: | bucketAt 32 | claimed 64 | signer 160 |               written at open, at every claim
///  slot 2: | auditFrozenUntil 32 | courtFrozenUntil 32 | released 64 | matured 64 | later 64 |
///  slot 3: | bondSlashed 64 | auditSpent 64 | anchored 64 |
///
/// Claims mature in two buckets. Everything claimed lies, in this order of age, in
/// [0, matured) [matured, claimed - later) [claimed - later, claimed). The middle part was claimed at or after
/// `bucketAt` and matures at bucketAt + delay ... bucketAt + delay; what comes after `bucketAt` goes to `later`, which
/// becomes the middle at bucketAt + delay. So an amount waits at least `delay` and at most twice that.
library Pending {
    struct Channel {
        bytes20 nodeId;
        uint64 cap;
        uint32 claimUntil;
        address signer;
        uint64 claimed;
        uint32 bucketAt;
        uint64 later;
        uint64 matured;
        uint64 released;
        uint32 courtFrozenUntil;
        uint32 auditFrozenUntil;
        uint64 anchored;
        uint64 auditSpent;
        uint64 bondSlashed;
    }

    /// @notice Adds a claim up to `target`, at most `cap`. Returns what was added, 0 when there is nothing new.
    /// @dev The first claim of an empty bucket leaves slot 2 untouched.
    function add(Channel storage self, uint256 target, uint256 delay) internal returns (uint64 claimed, uint64 added) {
        claimed = self.claimed;
        uint64 cap = self.cap;
        if (target > cap) target = cap;
        if (target <= claimed) return (claimed, 0);
        uint32 bucketAt = self.bucketAt;
        uint32 now_ = uint32(block.timestamp);
        // No underflow and no overflow: claimed < target <= cap, a uint64; later <= claimed.
        unchecked {
            added = uint64(target) - claimed;
            if (bucketAt == 0) {
                self.bucketAt = now_;
            } else if (bucketAt != now_) {
                (uint64 matured, uint64 later, uint32 opened) = roll(self, claimed, bucketAt, delay);
                if (matured == claimed) {
                    if (matured != self.matured) self.matured = matured;
                    if (self.later != 0) self.later = 0;
                    self.bucketAt = now_;
                } else {
                    self.matured = matured;
                    self.later = opened == now_ ? later : later + added;
                    if (opened != bucketAt) self.bucketAt = opened;
                }
            }
            claimed = uint64(target);
        }
        self.claimed = claimed;
    }

    /// @notice The buckets as of now, not stored.
    function roll(Channel storage self, uint64 claimed, uint32 bucketAt, uint256 delay)
        internal
        view
        returns (uint64 matured, uint64 later, uint32 opened)
    {
        matured = self.matured;
        later = self.later;
        opened = bucketAt;
        if (matured == claimed) return (matured, 0, opened);
        if (block.timestamp >= bucketAt + 2 * delay) return (claimed, 0, opened);
        if (block.timestamp >= bucketAt + delay) {
            // All of `later` came before bucketAt + delay, or it would have rolled then.
            return (claimed - later, 0, uint32(bucketAt + delay));
        }
    }

    /// @notice Rolls, and takes everything matured and not yet released.
    function takeMatured(Channel storage self, uint256 delay) internal returns (uint64 amount) {
        uint32 bucketAt = self.bucketAt;
        (uint64 matured, uint64 later, uint32 opened) = roll(self, self.claimed, bucketAt, delay);
        amount = matured - self.released;
        self.matured = matured;
        self.later = later;
        self.released = matured;
        if (opened != bucketAt) self.bucketAt = opened;
    }

    /// @notice Lowers the cap to `cap` or to what was released, and claws back what was claimed above.
    function void(Channel storage self, uint64 cap) internal returns (uint64 newCap, uint64 clawedBack) {
        newCap = cap < self.released ? self.released : cap;
        if (newCap >= self.cap) return (self.cap, 0);
        self.cap = newCap;
        uint64 claimed = self.claimed;
        if (claimed <= newCap) return (newCap, 0);
        // The youngest money goes first.
        clawedBack = claimed - newCap;
        self.claimed = newCap;
        self.later = self.later > clawedBack ? self.later - clawedBack : 0;
        if (self.matured > newCap) self.matured = newCap;
    }

    function frozenUntil(Channel storage self) internal view returns (uint32) {
        return self.courtFrozenUntil > self.auditFrozenUntil ? self.courtFrozenUntil : self.auditFrozenUntil;
    }
}
