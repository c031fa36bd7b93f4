// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a provider signs: units of one pool, at a price, until a time.
/// Attributes are eight packed uint16, field i at bits [16i, 16i+15]:
///
///   127      112 111       96 95        80 79       64 63      48 47        32 31        16 15         0
///  +------------+------------+------------+-----------+----------+------------+------------+------------+
///  | flags      | netMbps/10 | gpuMemGiB  | gpuCount  | fp32Gflop| diskGiB    | memoryGiB  | cpuThreads |
///  +------------+------------+------------+-----------+----------+------------+------------+------------+
struct Offer {
    bytes20 nodeId;
    uint32 poolId;
    uint8 slot;
    uint64 seq;
    bytes8 class;
    uint128 attributes;
    uint32 units;
    uint96 pricePerUnitSecond;
    uint64 region;
    uint64 expiresAt;
    bytes32 orderHash;
    bytes32 detailsHash;
}

/// @notice What a buyer (or a live session of the buyer) signs.
struct Order {
    address buyer;
    address session;
    bytes8 class;
    uint128 minAttributes;
    uint32 units;
    uint32 durationSeconds;
    uint96 maxPricePerUnitSecond;
    uint8 priceRule;
    uint8 tier;
    uint8 mechanism;
    uint8 payMode;
    bytes32 jobCommitment;
    bytes32 detailsHash;
    address matcher;
    uint96 maxFee;
    uint96 budget;
    bytes32 courtId;
    bytes32 paramsHash;
    uint64 buyerEpoch;
    uint64 nonce;
    uint64 expiresAt;
    uint64 biddingEndsAt;
}

/// @notice One signed stretch of work. `program` binds the numericsId and the seed.
struct SegmentCommitment {
    bytes32 leaseId;
    uint32 segment;
    uint64 firstStep;
    uint64 lastStep;
    bytes32 orderHash;
    bytes32 program;
    bytes32 dataRoot;
    bytes32 startRoot;
    bytes32 endRoot;
    bytes32 historyRoot;
    bytes32 checkpoint;
    uint32 meteredSeconds;
    uint64 tokens;
    uint64 beaconRound;
}

/// @notice What a buyer signs to let `key` open leases for it, see {IChannels-grantSession}.
struct SessionGrant {
    address buyer;
    address key;
    uint96 dailyCap;
    uint64 expiresAt;
    uint64 sessionEpoch;
    bool anyPayee;
    bytes32 allowRoot;
    uint64 nonce;
}

uint8 constant PRICE_RULE_ASK = 0;
uint8 constant PRICE_RULE_CEILING = 1;
uint8 constant TIER_BARE = 0;
uint8 constant TIER_EXACT = 1;
uint8 constant MECHANISM_POSTED_PRICE = 0;
uint8 constant MECHANISM_REVERSE_AUCTION = 1;
uint8 constant PAY_MODE_VOUCHER = 0;
uint8 constant PAY_MODE_ACCRUE = 1;
