// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

// Generated from spec/params.json by `npm run generate`. Do not edit.

/// Preset-dependent parameters; a lease pins keccak256(abi.encode(this)).
struct ProtocolParams {
    /// Billing interval; the start fee is one interval's pay.
    uint256 intervalSeconds;
    /// From lease open to the provider's start.
    uint256 startDeadlineSeconds;
    /// From close to settle: last claims.
    uint256 claimWindowSeconds;
    /// A claim stays pending this long; longer than rounds ahead, opening and turns of an audit together.
    uint256 releaseDelaySeconds;
    /// A buyer's notice before unreserved escrow leaves.
    uint256 exitDelaySeconds;
    /// Stake exit; longer than release delay plus the longest dispute.
    uint256 unbondDelaySeconds;
    /// Adding a slasher takes longer than unbonding.
    uint256 slasherDelaySeconds;
    /// Share of segments drawn for audit (exact tier).
    uint256 auditRatePpm;
    /// Pay of one proven check, as a share of the segment's pay.
    uint256 auditPayPpm;
    /// Least pay of one proven check, as a share of the lease's audit pot.
    uint256 auditFloorPpm;
    /// Part of a lease's price reserved for audits on top.
    uint256 auditShareBps;
    /// Time to replay a segment and seal the verdict: the first auditor's alone, then the others' together.
    uint256 auditCommitSeconds;
    /// From the sealed verdict to its opening.
    uint256 auditRevealSeconds;
    /// Auditors drawn for one segment at most.
    uint256 maxAuditors;
    /// Checkpoint holders drawn per segment.
    uint256 holdersDrawn;
    /// Pay that may be wrongly gained before an audit; sizes the lease bond.
    uint256 exposureSeconds;
    /// Smallest lease bond.
    uint256 minBond;
    /// WEFT stake that admits a node.
    uint256 minStake;
    /// Stake above this does not raise a node's chance to be drawn. A draw tries until stake/cap lets a node pass, so a cap far above usual stakes costs gas.
    uint256 drawStakeCap;
    /// Length of a beacon round.
    uint256 roundSeconds;
    /// Reveals that make a beacon round count.
    uint256 minReveals;
    /// How far in the future a commitment may name its round.
    uint256 maxRoundsAhead;
    /// WEFT lost for a missing reveal in a requested round.
    uint256 revealPenalty;
    /// Missing reveals before a staker is removed from the beacon.
    uint256 maxMisses;
    /// Leases one order may open, one after another.
    uint256 maxFills;
    /// Longest lease.
    uint256 maxDurationSeconds;
    /// A commitment may be challenged this long; long enough to replay it after the draw, shorter than the release delay.
    uint256 challengeWindowSeconds;
    /// Nodes that one reveal of a court game shows at most, a power of two.
    uint256 courtFanout;
    /// A side's time for all moves of a court game.
    uint256 courtClockSeconds;
    /// Least time left to a side after each of its moves.
    uint256 courtExtensionSeconds;
    /// How long the chain may hold a move back without cost to its side.
    uint256 courtInclusionSeconds;
    /// A rival's bond on the level of steps; twice what the other side's moves there cost at worst.
    uint256 courtBondSteps;
    /// The same on the levels of values and leaves.
    uint256 courtBondValues;
    /// The same on the level of partial sums; with the other two at most the smallest lease bond.
    uint256 courtBondAccs;
    /// Part of a node's stake lost for a first segment proven false.
    uint256 faultSlashPpm;
    /// Part lost for each further one within the memory.
    uint256 patternSlashPpm;
    /// How long a fault makes the next one part of a pattern.
    uint256 faultMemorySeconds;
}

/// Preset-independent constants.
library Constants {
    /// Version carried by every message.
    uint32 internal constant PROTOCOL_VERSION = 1;
    /// Standing offer slots of one pool; a new seq in a slot replaces the old offer.
    uint8 internal constant MAX_OFFER_SLOTS = 16;
    /// Capacity pools of one node.
    uint32 internal constant MAX_POOLS = 16;
    /// Largest gossip message.
    uint32 internal constant MAX_GOSSIP_BYTES = 16384;
    /// Largest framed message on a stream.
    uint32 internal constant MAX_MESSAGE_BYTES = 1048576;
    /// Largest training text.
    uint32 internal constant MAX_CORPUS_BYTES = 67108864;
    /// Largest checkpoint a holder is asked to keep.
    uint32 internal constant MAX_CHECKPOINT_BYTES = 268435456;
    /// Segments of one lease.
    uint32 internal constant MAX_SEGMENTS = 65535;
    /// Depth of the Merkle tree over the steps of a segment.
    uint32 internal constant MAX_HISTORY_DEPTH = 24;
    /// Channels claimed in one transaction.
    uint32 internal constant MAX_BATCH_CLAIMS = 100;
    /// Bids a matcher keeps for one order.
    uint32 internal constant MAX_BIDS_PER_ORDER = 512;
    /// Offers a node keeps in its book.
    uint32 internal constant MAX_OFFERS_KEPT = 65536;
    /// Gas that no move of a court game needs more of, whatever records a program has.
    uint32 internal constant COURT_MOVE_GAS = 300000;
    /// What the verdict needs beside it at most, where a move ends the game and brings it.
    uint32 internal constant COURT_VERDICT_GAS = 350000;
    /// The segment number that stands for a job's inputs in a Held statement.
    uint32 internal constant INPUTS_SEGMENT = 4294967295;
}

library Presets {
    function standard() internal pure returns (ProtocolParams memory p) {
        p.intervalSeconds = 60;
        p.startDeadlineSeconds = 600;
        p.claimWindowSeconds = 3600;
        p.releaseDelaySeconds = 86400;
        p.exitDelaySeconds = 3600;
        p.unbondDelaySeconds = 1209600;
        p.slasherDelaySeconds = 1814400;
        p.auditRatePpm = 100000;
        p.auditPayPpm = 1250000;
        p.auditFloorPpm = 5000;
        p.auditShareBps = 2500;
        p.auditCommitSeconds = 3600;
        p.auditRevealSeconds = 1800;
        p.maxAuditors = 5;
        p.holdersDrawn = 3;
        p.exposureSeconds = 3600;
        p.minBond = 1000000;
        p.minStake = 1000000000000000000000;
        p.drawStakeCap = 10000000000000000000000;
        p.roundSeconds = 30;
        p.minReveals = 3;
        p.maxRoundsAhead = 20;
        p.revealPenalty = 1000000000000000000;
        p.maxMisses = 20;
        p.maxFills = 16;
        p.maxDurationSeconds = 31536000;
        p.challengeWindowSeconds = 43200;
        p.courtFanout = 32;
        p.courtClockSeconds = 14400;
        p.courtExtensionSeconds = 900;
        p.courtInclusionSeconds = 300;
        p.courtBondSteps = 400000;
        p.courtBondValues = 300000;
        p.courtBondAccs = 200000;
        p.faultSlashPpm = 50000;
        p.patternSlashPpm = 500000;
        p.faultMemorySeconds = 7776000;
    }

    function local() internal pure returns (ProtocolParams memory p) {
        p.intervalSeconds = 5;
        p.startDeadlineSeconds = 60;
        p.claimWindowSeconds = 3;
        p.releaseDelaySeconds = 83;
        p.exitDelaySeconds = 10;
        p.unbondDelaySeconds = 600;
        p.slasherDelaySeconds = 1200;
        p.auditRatePpm = 300000;
        p.auditPayPpm = 1250000;
        p.auditFloorPpm = 10000;
        p.auditShareBps = 5000;
        p.auditCommitSeconds = 20;
        p.auditRevealSeconds = 4;
        p.maxAuditors = 3;
        p.holdersDrawn = 3;
        p.exposureSeconds = 60;
        p.minBond = 1000;
        p.minStake = 1000000000000000000000;
        p.drawStakeCap = 2000000000000000000000;
        p.roundSeconds = 2;
        p.minReveals = 2;
        p.maxRoundsAhead = 4;
        p.revealPenalty = 1000000000000000000;
        p.maxMisses = 20;
        p.maxFills = 8;
        p.maxDurationSeconds = 86400;
        p.challengeWindowSeconds = 60;
        p.courtFanout = 32;
        p.courtClockSeconds = 150;
        p.courtExtensionSeconds = 2;
        p.courtInclusionSeconds = 2;
        p.courtBondSteps = 400;
        p.courtBondValues = 300;
        p.courtBondAccs = 200;
        p.faultSlashPpm = 50000;
        p.patternSlashPpm = 500000;
        p.faultMemorySeconds = 86400;
    }

    function minimal() internal pure returns (ProtocolParams memory p) {
        p.intervalSeconds = 1;
        p.startDeadlineSeconds = 20;
        p.claimWindowSeconds = 1;
        p.releaseDelaySeconds = 21;
        p.exitDelaySeconds = 2;
        p.unbondDelaySeconds = 120;
        p.slasherDelaySeconds = 240;
        p.auditRatePpm = 500000;
        p.auditPayPpm = 1250000;
        p.auditFloorPpm = 10000;
        p.auditShareBps = 10000;
        p.auditCommitSeconds = 3;
        p.auditRevealSeconds = 2;
        p.maxAuditors = 3;
        p.holdersDrawn = 3;
        p.exposureSeconds = 10;
        p.minBond = 1000;
        p.minStake = 1000000000000000000;
        p.drawStakeCap = 100000000000000000000;
        p.roundSeconds = 1;
        p.minReveals = 2;
        p.maxRoundsAhead = 4;
        p.revealPenalty = 1000000000000000;
        p.maxMisses = 20;
        p.maxFills = 8;
        p.maxDurationSeconds = 86400;
        p.challengeWindowSeconds = 15;
        p.courtFanout = 32;
        p.courtClockSeconds = 8;
        p.courtExtensionSeconds = 1;
        p.courtInclusionSeconds = 0;
        p.courtBondSteps = 400;
        p.courtBondValues = 300;
        p.courtBondAccs = 200;
        p.faultSlashPpm = 50000;
        p.patternSlashPpm = 500000;
        p.faultMemorySeconds = 86400;
    }

}
