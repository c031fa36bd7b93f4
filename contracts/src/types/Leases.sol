// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice `settling` is never stored: it is `closing` seen after the claim window. `disputed` is an overlay.
enum LeaseState {
    none,
    open,
    inputsReady,
    running,
    closing,
    settling,
    settled
}

enum CloseReason {
    none,
    completed,
    buyerCancelled,
    providerSilent,
    providerQuit,
    unstarted,
    inputsMissing,
    falseSegment,
    expired
}

/// @notice Stored lease, two slots. The node and the voucher key live in the channel of the same id; the amounts
/// follow from `rate`, `durationSeconds` and the immutable parameters (see Terms).
///
///  slot 0: | fill 8 | tier 8 | reason 8 | state 8 | rate 64 | buyer 160 |
///  slot 1: | spare 8 | flags 8 | court 16 | closedAt 32 | startedAt 32 | readyAt 32 | openedAt 32 | duration 32 | units 32 | pool 32 |
struct Lease {
    address buyer;
    uint64 rate;
    LeaseState state;
    CloseReason reason;
    uint8 tier;
    uint8 fill;
    uint32 poolId;
    uint32 units;
    uint32 durationSeconds;
    uint32 openedAt;
    uint32 readyAt;
    uint32 startedAt;
    uint32 closedAt;
    uint16 court;
    uint8 flags;
}

uint8 constant LEASE_ACCRUES = 1;
uint8 constant LEASE_SUCCEEDED = 2;
uint8 constant LEASE_START_FEE_DUE = 4;
uint8 constant LEASE_BOND_FORFEIT = 8;

/// @notice What a lease sets aside: the buyer's `pay` for the work and `auditPot` for auditors (exact tier), the
/// provider's `bond`. `startFee` is the part of `pay` that a buyer loses when the work never starts by its fault.
struct LeaseMoney {
    uint64 pay;
    uint64 auditPot;
    uint64 startFee;
    uint64 bond;
}
