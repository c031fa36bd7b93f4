// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ProtocolParams} from "../generated/Params.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {EXACT_COURT_INDEX, ICourts} from "../interfaces/ICourt.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Terms} from "../libraries/Terms.sol";
import {Lease, LeaseMoney, LeaseState} from "../types/Leases.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title The leases and their deadlines and amounts: all that {Market} stores, and what can be read of it.
abstract contract LeaseBook is IMarket, EIP712 {
    /// @dev What earlier fills of an order used up; only written for fill 1 and later.
    struct Carry {
        uint128 spent;
        uint32 secondsPaid;
    }

    IRegistry internal immutable REGISTRY;
    IChannels internal immutable CHANNELS;
    IAudits internal immutable AUDITS;
    ICourts internal immutable COURTS;
    address private immutable FIRST_COURT;
    bytes32 internal immutable PARAMS_HASH;
    uint256 private immutable INTERVAL;
    uint256 private immutable START_DEADLINE;
    uint256 internal immutable CLAIM_WINDOW;
    uint256 private immutable RELEASE_DELAY;
    uint256 internal immutable COURT_FREEZE;
    uint256 private immutable AUDIT_SHARE_BPS;
    uint256 private immutable AUDIT_RATE_PPM;
    uint256 private immutable EXPOSURE;
    uint256 private immutable MIN_BOND;
    uint256 internal immutable MAX_FILLS;
    uint256 internal immutable MAX_DURATION;

    mapping(bytes32 leaseId => Lease) internal _leases;
    mapping(bytes32 leaseId => Carry) internal _carries;
    mapping(address buyer => mapping(uint256 word => uint256)) internal _usedNonces;
    mapping(address buyer => mapping(uint256 word => uint256)) internal _withdrawnNonces;
    mapping(bytes32 slotKey => uint64) internal _minSeq;

    constructor(Wiring memory wiring, ProtocolParams memory params) EIP712("Weft", "1") {
        if (wiring.market != address(this)) revert MispredictedAddress(wiring.market, address(this));
        REGISTRY = IRegistry(wiring.registry);
        CHANNELS = IChannels(wiring.channels);
        AUDITS = IAudits(wiring.audits);
        COURTS = ICourts(wiring.courts);
        FIRST_COURT = wiring.court;
        PARAMS_HASH = keccak256(abi.encode(params));
        INTERVAL = params.intervalSeconds;
        START_DEADLINE = params.startDeadlineSeconds;
        CLAIM_WINDOW = params.claimWindowSeconds;
        RELEASE_DELAY = params.releaseDelaySeconds;
        COURT_FREEZE = params.unbondDelaySeconds;
        AUDIT_SHARE_BPS = params.auditShareBps;
        AUDIT_RATE_PPM = params.auditRatePpm;
        EXPOSURE = params.exposureSeconds;
        // Every lease's bond is at least that, and fits into a channel's uint48.
        if (params.minBond > Terms.MAX_PAY) revert Terms.LeaseAmountTooLarge("minBond", params.minBond, Terms.MAX_PAY);
        MIN_BOND = params.minBond;
        MAX_FILLS = params.maxFills;
        MAX_DURATION = params.maxDurationSeconds;
    }

    // ---- internals -------------------------------------------------------------------------------------------------

    function _known(bytes32 leaseId) internal view returns (Lease storage self) {
        self = _leases[leaseId];
        if (self.state == LeaseState.none) revert LeaseUnknown(leaseId);
    }

    /// @dev The first court's place never changes: it is known without asking.
    function _isCourt(uint16 index, address sender) internal view returns (bool) {
        if (index == 0) return false;
        return sender == (index == EXACT_COURT_INDEX ? FIRST_COURT : COURTS.courtAt(index));
    }

    function _isNodeKey(bytes20 nodeId, address key) internal view returns (bool) {
        return key == REGISTRY.operatorOf(nodeId) || key == REGISTRY.ownerOf(nodeId);
    }

    function _startDeadline(Lease storage self) internal view returns (uint256) {
        uint256 since = self.state == LeaseState.inputsReady ? self.readyAt : self.openedAt;
        return since + START_DEADLINE;
    }

    function _settleableAt(Lease storage self) internal view returns (uint256) {
        return self.closedAt + CLAIM_WINDOW + RELEASE_DELAY + 1;
    }

    function _moneyOf(Lease storage self) internal view returns (LeaseMoney memory) {
        return Terms.money(_rules(), self.rate, self.durationSeconds, self.tier);
    }

    function _rules() internal view returns (Terms.Rules memory) {
        return Terms.Rules(INTERVAL, AUDIT_SHARE_BPS, AUDIT_RATE_PPM, EXPOSURE, MIN_BOND);
    }

    // ---- views -----------------------------------------------------------------------------------------------------

    function lease(bytes32 leaseId) external view returns (Lease memory) {
        return _leases[leaseId];
    }

    function stateOf(bytes32 leaseId) external view returns (LeaseState state, bool disputed) {
        Lease storage self = _leases[leaseId];
        state = self.state;
        if (state == LeaseState.closing && block.timestamp > self.closedAt + CLAIM_WINDOW) state = LeaseState.settling;
        disputed = state != LeaseState.none && state != LeaseState.settled
            && block.timestamp < CHANNELS.channel(leaseId).frozenUntil;
    }

    function moneyOf(bytes32 leaseId) external view returns (LeaseMoney memory) {
        return _moneyOf(_known(leaseId));
    }

    function quote(uint96 pricePerUnitSecond, uint32 units, uint32 durationSeconds, uint8 tier)
        external
        view
        returns (LeaseMoney memory)
    {
        uint64 rate = Terms.fit("rate", uint256(pricePerUnitSecond) * units);
        return Terms.money(_rules(), rate, durationSeconds, tier);
    }

    function startDeadline(bytes32 leaseId) external view returns (uint256) {
        return _startDeadline(_known(leaseId));
    }

    function settleableAt(bytes32 leaseId) external view returns (uint256) {
        Lease storage self = _known(leaseId);
        return self.state == LeaseState.closing ? _settleableAt(self) : 0;
    }

    function claimUntil(bytes32 leaseId) external view returns (uint32) {
        uint256 closedAt = _leases[leaseId].closedAt;
        return closedAt == 0 ? 0 : uint32(closedAt + CLAIM_WINDOW);
    }
}
