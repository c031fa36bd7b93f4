// Generated from spec/params.json by `npm run generate`. Do not edit.

/** Version carried by every message. */
export const protocolVersion = 1;
/** Standing offer slots of one pool; a new seq in a slot replaces the old offer. */
export const maxOfferSlots = 16;
/** Capacity pools of one node. */
export const maxPools = 16;
/** Largest gossip message. */
export const maxGossipBytes = 16384;
/** Largest framed message on a stream. */
export const maxMessageBytes = 1048576;
/** Largest training text. */
export const maxCorpusBytes = 67108864;
/** Largest checkpoint a holder is asked to keep. */
export const maxCheckpointBytes = 268435456;
/** Segments of one lease. */
export const maxSegments = 65535;
/** Depth of the Merkle tree over the steps of a segment. */
export const maxHistoryDepth = 24;
/** Channels claimed in one transaction. */
export const maxBatchClaims = 100;
/** Bids a matcher keeps for one order. */
export const maxBidsPerOrder = 512;
/** Offers a node keeps in its book. */
export const maxOffersKept = 65536;
/** Gas that no move of a court game needs more of, whatever records a program has. */
export const courtMoveGas = 300000;
/** What the verdict needs beside it at most, where a move ends the game and brings it. */
export const courtVerdictGas = 350000;
/** The segment number that stands for a job's inputs in a Held statement. */
export const inputsSegment = 4294967295;

/** Preset-dependent parameters, in the order of the Solidity struct. */
export interface ProtocolParams {
  /** Billing interval; the start fee is one interval's pay. */
  intervalSeconds: bigint;
  /** From lease open to the provider's start. */
  startDeadlineSeconds: bigint;
  /** From close to settle: last claims. */
  claimWindowSeconds: bigint;
  /** A claim stays pending this long; longer than rounds ahead, opening and turns of an audit together. */
  releaseDelaySeconds: bigint;
  /** A buyer's notice before unreserved escrow leaves. */
  exitDelaySeconds: bigint;
  /** Stake exit; longer than release delay plus the longest dispute. */
  unbondDelaySeconds: bigint;
  /** Adding a slasher takes longer than unbonding. */
  slasherDelaySeconds: bigint;
  /** Share of segments drawn for audit (exact tier). */
  auditRatePpm: bigint;
  /** Pay of one proven check, as a share of the segment's pay. */
  auditPayPpm: bigint;
  /** Least pay of one proven check, as a share of the lease's audit pot. */
  auditFloorPpm: bigint;
  /** Part of a lease's price reserved for audits on top. */
  auditShareBps: bigint;
  /** Time to replay a segment and seal the verdict: the first auditor's alone, then the others' together. */
  auditCommitSeconds: bigint;
  /** From the sealed verdict to its opening. */
  auditRevealSeconds: bigint;
  /** Auditors drawn for one segment at most. */
  maxAuditors: bigint;
  /** Checkpoint holders drawn per segment. */
  holdersDrawn: bigint;
  /** Pay that may be wrongly gained before an audit; sizes the lease bond. */
  exposureSeconds: bigint;
  /** Smallest lease bond. */
  minBond: bigint;
  /** WEFT stake that admits a node. */
  minStake: bigint;
  /** Stake above this does not raise a node's chance to be drawn. A draw tries until stake/cap lets a node pass, so a cap far above usual stakes costs gas. */
  drawStakeCap: bigint;
  /** Length of a beacon round. */
  roundSeconds: bigint;
  /** Reveals that make a beacon round count. */
  minReveals: bigint;
  /** How far in the future a commitment may name its round. */
  maxRoundsAhead: bigint;
  /** WEFT lost for a missing reveal in a requested round. */
  revealPenalty: bigint;
  /** Missing reveals before a staker is removed from the beacon. */
  maxMisses: bigint;
  /** Leases one order may open, one after another. */
  maxFills: bigint;
  /** Longest lease. */
  maxDurationSeconds: bigint;
  /** A commitment may be challenged this long; long enough to replay it after the draw, shorter than the release delay. */
  challengeWindowSeconds: bigint;
  /** Nodes that one reveal of a court game shows at most, a power of two. */
  courtFanout: bigint;
  /** A side's time for all moves of a court game. */
  courtClockSeconds: bigint;
  /** Least time left to a side after each of its moves. */
  courtExtensionSeconds: bigint;
  /** How long the chain may hold a move back without cost to its side. */
  courtInclusionSeconds: bigint;
  /** A rival's bond on the level of steps; twice what the other side's moves there cost at worst. */
  courtBondSteps: bigint;
  /** The same on the levels of values and leaves. */
  courtBondValues: bigint;
  /** The same on the level of partial sums; with the other two at most the smallest lease bond. */
  courtBondAccs: bigint;
  /** Part of a node's stake lost for a first segment proven false. */
  faultSlashPpm: bigint;
  /** Part lost for each further one within the memory. */
  patternSlashPpm: bigint;
  /** How long a fault makes the next one part of a pattern. */
  faultMemorySeconds: bigint;
}

export const paramFields = [
  "intervalSeconds",
  "startDeadlineSeconds",
  "claimWindowSeconds",
  "releaseDelaySeconds",
  "exitDelaySeconds",
  "unbondDelaySeconds",
  "slasherDelaySeconds",
  "auditRatePpm",
  "auditPayPpm",
  "auditFloorPpm",
  "auditShareBps",
  "auditCommitSeconds",
  "auditRevealSeconds",
  "maxAuditors",
  "holdersDrawn",
  "exposureSeconds",
  "minBond",
  "minStake",
  "drawStakeCap",
  "roundSeconds",
  "minReveals",
  "maxRoundsAhead",
  "revealPenalty",
  "maxMisses",
  "maxFills",
  "maxDurationSeconds",
  "challengeWindowSeconds",
  "courtFanout",
  "courtClockSeconds",
  "courtExtensionSeconds",
  "courtInclusionSeconds",
  "courtBondSteps",
  "courtBondValues",
  "courtBondAccs",
  "faultSlashPpm",
  "patternSlashPpm",
  "faultMemorySeconds"
] as const;

export type PresetName = "standard" | "local" | "minimal";

export const presets: Record<PresetName, ProtocolParams> = {
  standard: {
    intervalSeconds: 60n,
    startDeadlineSeconds: 600n,
    claimWindowSeconds: 3600n,
    releaseDelaySeconds: 86400n,
    exitDelaySeconds: 3600n,
    unbondDelaySeconds: 1209600n,
    slasherDelaySeconds: 1814400n,
    auditRatePpm: 100000n,
    auditPayPpm: 1250000n,
    auditFloorPpm: 5000n,
    auditShareBps: 2500n,
    auditCommitSeconds: 3600n,
    auditRevealSeconds: 1800n,
    maxAuditors: 5n,
    holdersDrawn: 3n,
    exposureSeconds: 3600n,
    minBond: 1000000n,
    minStake: 1000000000000000000000n,
    drawStakeCap: 10000000000000000000000n,
    roundSeconds: 30n,
    minReveals: 3n,
    maxRoundsAhead: 20n,
    revealPenalty: 1000000000000000000n,
    maxMisses: 20n,
    maxFills: 16n,
    maxDurationSeconds: 31536000n,
    challengeWindowSeconds: 43200n,
    courtFanout: 32n,
    courtClockSeconds: 14400n,
    courtExtensionSeconds: 900n,
    courtInclusionSeconds: 300n,
    courtBondSteps: 400000n,
    courtBondValues: 300000n,
    courtBondAccs: 200000n,
    faultSlashPpm: 50000n,
    patternSlashPpm: 500000n,
    faultMemorySeconds: 7776000n,
  },
  local: {
    intervalSeconds: 5n,
    startDeadlineSeconds: 60n,
    claimWindowSeconds: 3n,
    releaseDelaySeconds: 83n,
    exitDelaySeconds: 10n,
    unbondDelaySeconds: 600n,
    slasherDelaySeconds: 1200n,
    auditRatePpm: 300000n,
    auditPayPpm: 1250000n,
    auditFloorPpm: 10000n,
    auditShareBps: 5000n,
    auditCommitSeconds: 20n,
    auditRevealSeconds: 4n,
    maxAuditors: 3n,
    holdersDrawn: 3n,
    exposureSeconds: 60n,
    minBond: 1000n,
    minStake: 1000000000000000000000n,
    drawStakeCap: 2000000000000000000000n,
    roundSeconds: 2n,
    minReveals: 2n,
    maxRoundsAhead: 4n,
    revealPenalty: 1000000000000000000n,
    maxMisses: 20n,
    maxFills: 8n,
    maxDurationSeconds: 86400n,
    challengeWindowSeconds: 60n,
    courtFanout: 32n,
    courtClockSeconds: 150n,
    courtExtensionSeconds: 2n,
    courtInclusionSeconds: 2n,
    courtBondSteps: 400n,
    courtBondValues: 300n,
    courtBondAccs: 200n,
    faultSlashPpm: 50000n,
    patternSlashPpm: 500000n,
    faultMemorySeconds: 86400n,
  },
  minimal: {
    intervalSeconds: 1n,
    startDeadlineSeconds: 20n,
    claimWindowSeconds: 1n,
    releaseDelaySeconds: 21n,
    exitDelaySeconds: 2n,
    unbondDelaySeconds: 120n,
    slasherDelaySeconds: 240n,
    auditRatePpm: 500000n,
    auditPayPpm: 1250000n,
    auditFloorPpm: 10000n,
    auditShareBps: 10000n,
    auditCommitSeconds: 3n,
    auditRevealSeconds: 2n,
    maxAuditors: 3n,
    holdersDrawn: 3n,
    exposureSeconds: 10n,
    minBond: 1000n,
    minStake: 1000000000000000000n,
    drawStakeCap: 100000000000000000000n,
    roundSeconds: 1n,
    minReveals: 2n,
    maxRoundsAhead: 4n,
    revealPenalty: 1000000000000000n,
    maxMisses: 20n,
    maxFills: 8n,
    maxDurationSeconds: 86400n,
    challengeWindowSeconds: 15n,
    courtFanout: 32n,
    courtClockSeconds: 8n,
    courtExtensionSeconds: 1n,
    courtInclusionSeconds: 0n,
    courtBondSteps: 400n,
    courtBondValues: 300n,
    courtBondAccs: 200n,
    faultSlashPpm: 50000n,
    patternSlashPpm: 500000n,
    faultMemorySeconds: 86400n,
  },
};
