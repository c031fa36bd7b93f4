// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Constants} from "../generated/Params.sol";
import {Typed} from "../libraries/Typed.sol";
import {
    CloseReason,
    LEASE_BOND_FORFEIT,
    LEASE_START_FEE_DUE,
    Lease,
    LeaseState
} from "../types/Leases.sol";
import {LeaseBook} from "./LeaseBook.sol";

/// @title The life of an open lease: start, close, settle, and what its court may do.
abstract contract LeaseLife is LeaseBook {
    // ---- life ------------------------------------------------------------------------------------------------------

    function markInputsReady(bytes32 leaseId, bytes32 jobCommitment, bytes20 holder, bytes calldata signature)
        external
    {
        Lease storage self = _known(leaseId);
        if (self.state != LeaseState.open) revert WrongState(leaseId, self.state);
        uint256 deadline = _startDeadline(self);
        if (block.timestamp > deadline) revert StartTooLate(leaseId, deadline);
        (bytes20 nodeId,) = CHANNELS.partiesOf(leaseId);
        address holderOwner = REGISTRY.ownerOf(holder);
        if (
            holderOwner == address(0) || holderOwner == self.buyer || holderOwner == REGISTRY.ownerOf(nodeId)
                || REGISTRY.stakeOf(holder) < REGISTRY.minStake()
                || !AUDITS.isHeld(leaseId, Constants.INPUTS_SEGMENT, jobCommitment, holder, signature)
        ) revert HolderInvalid(leaseId, holder);
        self.state = LeaseState.inputsReady;
        self.readyAt = uint32(block.timestamp);
        emit InputsReady(leaseId, holder);
    }

    function start(bytes32 leaseId, bytes calldata signature) external {
        Lease storage self = _known(leaseId);
        LeaseState state = self.state;
        if (state != LeaseState.open && state != LeaseState.inputsReady) revert WrongState(leaseId, state);
        uint256 deadline = _startDeadline(self);
        if (block.timestamp > deadline) revert StartTooLate(leaseId, deadline);
        (bytes20 nodeId,) = CHANNELS.partiesOf(leaseId);
        address key = msg.sender;
        if (signature.length != 0) {
            (key,,) = ECDSA.tryRecoverCalldata(_hashTypedDataV4(Typed.start(leaseId)), signature);
        }
        if (key == address(0) || !_isNodeKey(nodeId, key)) revert NotProvider(leaseId, key);
        self.state = LeaseState.running;
        self.startedAt = uint32(block.timestamp);
        emit LeaseStarted(leaseId, uint32(block.timestamp), uint32(block.timestamp + self.durationSeconds));
    }

    function closeUnstarted(bytes32 leaseId) external {
        Lease storage self = _known(leaseId);
        LeaseState state = self.state;
        if (state != LeaseState.open && state != LeaseState.inputsReady) revert WrongState(leaseId, state);
        uint256 deadline = _startDeadline(self);
        if (block.timestamp <= deadline) revert StartStillPossible(leaseId, deadline);
        if (state == LeaseState.inputsReady) {
            self.flags |= LEASE_BOND_FORFEIT;
            _close(leaseId, self, CloseReason.unstarted);
        } else {
            self.flags |= LEASE_START_FEE_DUE;
            _close(leaseId, self, CloseReason.inputsMissing);
        }
    }

    function close(bytes32 leaseId, CloseReason reason) external {
        Lease storage self = _known(leaseId);
        if (msg.sender == address(AUDITS) || _isCourt(self.court, msg.sender)) {
            _closeForFault(leaseId, self, reason);
            return;
        }
        LeaseState state = self.state;
        if (state > LeaseState.running) revert WrongState(leaseId, state);
        (bytes20 nodeId, address signer) = CHANNELS.partiesOf(leaseId);
        bool isOver = state == LeaseState.running && block.timestamp >= uint256(self.startedAt) + self.durationSeconds;
        bool isBuyer = msg.sender == self.buyer || msg.sender == signer;

        if (isBuyer && _isBuyerReason(reason, state)) {
            if (state != LeaseState.running) self.flags |= LEASE_START_FEE_DUE;
        } else if (reason == CloseReason.expired) {
            if (!isOver) revert ReasonNotAllowed(leaseId, reason, msg.sender);
        } else if (_isNodeKey(nodeId, msg.sender)) {
            bool allowed = reason == CloseReason.providerQuit || (reason == CloseReason.completed && isOver);
            if (!allowed) revert ReasonNotAllowed(leaseId, reason, msg.sender);
        } else if (isBuyer) {
            revert ReasonNotAllowed(leaseId, reason, msg.sender);
        } else {
            revert NotParty(leaseId, msg.sender);
        }
        _close(leaseId, self, reason);
    }

    function settle(bytes32 leaseId) external {
        Lease storage self = _known(leaseId);
        if (self.state != LeaseState.closing) revert WrongState(leaseId, self.state);
        uint256 dueAt = _settleableAt(self);
        if (block.timestamp < dueAt) revert SettleTooEarly(leaseId, dueAt);
        self.state = LeaseState.settled;
        uint8 flags = self.flags;
        CHANNELS.settle(
            leaseId, self.buyer, _moneyOf(self), flags & LEASE_START_FEE_DUE != 0, flags & LEASE_BOND_FORFEIT != 0
        );
        emit LeaseSettled(leaseId);
    }

    /// @dev After the end of a lease its fault is only recorded: money was dealt with by whoever found it.
    function _closeForFault(bytes32 leaseId, Lease storage self, CloseReason reason) private {
        if (reason != CloseReason.falseSegment) revert ReasonNotAllowed(leaseId, reason, msg.sender);
        LeaseState state = self.state;
        if (state == LeaseState.settled) revert WrongState(leaseId, state);
        if (state == LeaseState.closing) {
            self.reason = reason;
            emit LeaseFaulted(leaseId, reason, msg.sender);
        } else {
            _close(leaseId, self, reason);
        }
    }

    function _close(bytes32 leaseId, Lease storage self, CloseReason reason) private {
        self.state = LeaseState.closing;
        self.reason = reason;
        self.closedAt = uint32(block.timestamp);
        bytes20 nodeId = CHANNELS.markClosed(leaseId);
        REGISTRY.give(nodeId, self.poolId, self.units);
        emit LeaseClosed(leaseId, reason, msg.sender, uint32(block.timestamp + CLAIM_WINDOW));
    }

    function _isBuyerReason(CloseReason reason, LeaseState state) private pure returns (bool) {
        return reason == CloseReason.completed || reason == CloseReason.buyerCancelled
            || (reason == CloseReason.providerSilent && state == LeaseState.running);
    }

    // ---- the lease's court -----------------------------------------------------------------------------------------

    function courtFreeze(bytes32 leaseId) external returns (uint32) {
        _ofCourt(leaseId);
        return CHANNELS.courtFreeze(leaseId, COURT_FREEZE);
    }

    function courtUnfreeze(bytes32 leaseId) external {
        _ofCourt(leaseId);
        CHANNELS.courtUnfreeze(leaseId);
    }

    function courtVoid(bytes32 leaseId, uint64 cap) external {
        _ofCourt(leaseId);
        CHANNELS.courtVoid(leaseId, cap);
    }

    function courtSlash(bytes32 leaseId, uint64 amount, address beneficiary) external {
        Lease storage self = _ofCourt(leaseId);
        CHANNELS.slashBond(leaseId, _moneyOf(self).bond, amount, beneficiary);
    }

    function courtSplitBond(bytes32 leaseId, address finder) external returns (uint64, uint64) {
        Lease storage self = _ofCourt(leaseId);
        return CHANNELS.splitBond(leaseId, _moneyOf(self).bond, finder, self.buyer);
    }

    function _ofCourt(bytes32 leaseId) private view returns (Lease storage self) {
        self = _known(leaseId);
        if (!_isCourt(self.court, msg.sender)) revert NotCourt(leaseId, msg.sender);
        if (self.state == LeaseState.settled) revert WrongState(leaseId, LeaseState.settled);
    }

    function startDigest(bytes32 leaseId) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.start(leaseId));
    }
}
