// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ProtocolParams} from "../generated/Params.sol";
import {Pending} from "../libraries/Pending.sol";
import {Sessions} from "../libraries/Sessions.sol";
import {Typed} from "../libraries/Typed.sol";
import {LeaseMoney} from "../types/Leases.sol";
import {SessionGrant} from "../types/Orders.sol";
import {Wiring} from "../types/Wiring.sol";
import {Claims} from "./Claims.sol";
import {Escrow} from "./Escrow.sol";

/// @title The stablecoin vault and ledger, see {IChannels}. Here: sessions, and what Market and Audits do to channels.
contract Channels is Claims {
    using Pending for Pending.Channel;
    using Sessions for Sessions.State;

    constructor(Wiring memory wiring, ProtocolParams memory params) Escrow(wiring, params) {}

    modifier onlyMarket() {
        if (msg.sender != MARKET) revert NotMarket(msg.sender);
        _;
    }

    modifier onlyAudits() {
        if (msg.sender != AUDITS) revert NotAudits(msg.sender);
        _;
    }

    // ---- sessions --------------------------------------------------------------------------------------------------

    function grantSession(
        address key,
        uint96 dailyCap,
        uint64 expiresAt,
        bool allowAnyPayee,
        bytes20[] calldata nodeIds
    ) external {
        Sessions.Grant memory g = Sessions.Grant(msg.sender, key, dailyCap, expiresAt, allowAnyPayee);
        _sessions.grant(g, _accounts[msg.sender].sessionEpoch, nodeIds);
    }

    function grantSessionBySig(SessionGrant calldata grant, bytes20[] calldata nodeIds, bytes calldata signature)
        external
    {
        uint32 epoch = _accounts[grant.buyer].sessionEpoch;
        if (grant.sessionEpoch != epoch) revert SessionEpochMismatch(grant.buyer, epoch, grant.sessionEpoch);
        bytes32 root = grant.anyPayee ? bytes32(0) : keccak256(abi.encode(nodeIds));
        if (grant.allowRoot != root || (grant.anyPayee && nodeIds.length != 0)) {
            revert SessionAllowListMismatch(grant.allowRoot, root);
        }
        _sessions.useGrant(grant.buyer, grant.nonce);
        bytes32 digest = _hashTypedDataV4(Typed.hash(grant));
        if (!SignatureChecker.isValidSignatureNowCalldata(grant.buyer, digest, signature)) {
            revert SessionGrantInvalid(grant.buyer, grant.key);
        }
        Sessions.Grant memory g =
            Sessions.Grant(grant.buyer, grant.key, grant.dailyCap, grant.expiresAt, grant.anyPayee);
        _sessions.grant(g, epoch, nodeIds);
    }

    function revokeAll() external {
        uint32 epoch = ++_accounts[msg.sender].sessionEpoch;
        emit SessionsRevoked(msg.sender, epoch);
    }

    function sessionOf(address buyer, address key) external view returns (SessionView memory) {
        return _sessions.viewOf(buyer, key, _accounts[buyer].sessionEpoch);
    }

    function sessionAllows(address buyer, address key, bytes20 nodeId) external view returns (bool) {
        return _sessions.allows(buyer, key, nodeId);
    }

    function sessionGrantDigest(SessionGrant calldata grant) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.hash(grant));
    }

    // ---- Market only -----------------------------------------------------------------------------------------------

    function reserve(Reservation calldata r) external onlyMarket returns (bool offersCancelled) {
        Pending.Channel storage self = _channels[r.channelId];
        if (self.nodeId != 0) revert ChannelExists(r.channelId);

        Account storage buyer = _accounts[r.buyer];
        (uint96 free, uint32 epoch) = (buyer.free, buyer.buyerEpoch);
        if (epoch != r.buyerEpoch) revert BuyerEpochMismatch(r.buyer, epoch, r.buyerEpoch);
        if (r.total > free) revert FreeTooLow(r.buyer, free, r.total);
        if (r.bySession) _sessions.consume(r.buyer, r.signer, buyer.sessionEpoch, r.nodeId, r.total);
        // `free` is the lowest field of its slot, and covers the total: checked just above.
        uint256 total = r.total;
        assembly ("memory-safe") {
            sstore(buyer.slot, sub(sload(buyer.slot), total))
        }
        offersCancelled = _lockBond(r.nodeId, r.bond);
        if (r.fee != 0) _accounts[r.matcher].earned += r.fee;
        self.open(r.nodeId, r.pay, r.signer);
    }

    function _lockBond(bytes20 nodeId, uint64 bond) private returns (bool) {
        Bonds storage stored = _bonds[nodeId];
        Bonds memory bonds = stored;
        if (bond > bonds.free) revert BondFreeTooLow(nodeId, bonds.free, bond);
        // `bond` goes from the lowest field, which was checked, to the next one, which is part of totalHeld and far below
        // 2^96: one store. Field by field the compiler would write the slot twice.
        assembly ("memory-safe") {
            sstore(stored.slot, add(sload(stored.slot), sub(shl(96, bond), bond)))
        }
        return bonds.offersCancelled;
    }

    function markOffersCancelled(bytes20 nodeId) external onlyMarket {
        _bonds[nodeId].offersCancelled = true;
    }

    function markClosed(bytes32 channelId) external onlyMarket returns (bytes20 nodeId) {
        Pending.Channel storage self = _channels[channelId];
        nodeId = self.nodeId;
        self.flags |= Pending.CLOSED;
    }

    function settle(bytes32 channelId, address buyer, LeaseMoney calldata money, bool startFeeDue, bool bondForfeit)
        external
        onlyMarket
    {
        Pending.Channel storage self = _channels[channelId];
        bytes20 nodeId = self.nodeId;
        if (nodeId == 0) revert ChannelUnknown(channelId);
        _onlyUnfrozen(channelId, self);

        // Everything claimed has waited for claimWindow + releaseDelay after the close, or longer.
        (uint64 claimed, uint64 owed) = self.finish();
        uint64 startFee = startFeeDue ? _least(money.startFee, money.pay - claimed) : 0;
        if (owed + startFee != 0) _payOwner(channelId, nodeId, owed + startFee);

        uint64 auditPaid = self.auditSpent;
        uint64 refund = money.pay - claimed - startFee + (money.auditPot - auditPaid);
        uint64 bond = money.bond - self.bondSlashed;
        Bonds storage bonds = _bonds[nodeId];
        (bonds.locked, bonds.unlockedAt) = (bonds.locked - bond, uint40(block.timestamp));
        if (bondForfeit) {
            _accounts[buyer].free += refund + bond;
        } else {
            _accounts[buyer].free += refund;
            bonds.free += bond;
        }
        emit ChannelSettled(channelId, claimed, auditPaid, startFee, refund, bondForfeit ? 0 : bond);
    }

    function bumpBuyerEpoch(address buyer) external onlyMarket returns (uint32 epoch) {
        epoch = ++_accounts[buyer].buyerEpoch;
        emit BuyerEpochBumped(buyer, epoch);
    }

    function courtFreeze(bytes32 channelId, uint256 budget) external onlyMarket returns (uint32 until) {
        until = _channels[channelId].courtFreeze(budget);
        emit Frozen(channelId, msg.sender, until);
    }

    function courtUnfreeze(bytes32 channelId) external onlyMarket {
        if (_channels[channelId].courtUnfreeze()) emit Unfrozen(channelId, msg.sender);
    }

    function courtVoid(bytes32 channelId, uint64 cap) external onlyMarket {
        _void(channelId, cap);
    }

    function slashBond(bytes32 channelId, uint64 bond, uint64 amount, address beneficiary) external onlyMarket {
        if (beneficiary == address(0)) revert ZeroAddress();
        Pending.Channel storage self = _channels[channelId];
        uint64 left = bond - self.bondSlashed;
        if (amount > left) revert BondTooLow(channelId, amount, left);
        // At most the bond, a uint48.
        self.bondSlashed += uint48(amount);
        _unlock(self.nodeId, amount);
        _grant(channelId, beneficiary, amount);
    }

    function splitBond(bytes32 channelId, uint64 bond, address finder, address buyer)
        external
        onlyMarket
        returns (uint64 toFinder, uint64 toBuyer)
    {
        Pending.Channel storage self = _channels[channelId];
        uint64 left = bond - self.bondSlashed;
        if (left == 0) return (0, 0);
        self.bondSlashed = uint48(bond);
        _unlock(self.nodeId, left);
        toFinder = left / 2;
        toBuyer = left - toFinder;
        if (toFinder != 0) _grant(channelId, finder, toFinder);
        _grant(channelId, buyer, toBuyer);
    }

    function _unlock(bytes20 nodeId, uint64 amount) private {
        Bonds storage bonds = _bonds[nodeId];
        (bonds.locked, bonds.unlockedAt) = (bonds.locked - amount, uint40(block.timestamp));
    }

    function _grant(bytes32 channelId, address beneficiary, uint64 amount) private {
        _accounts[beneficiary].earned += amount;
        emit BondSlashed(channelId, beneficiary, amount);
    }

    // ---- Audits only -----------------------------------------------------------------------------------------------

    function anchor(bytes32 channelId, uint64 amount) external onlyAudits {
        Pending.Channel storage self = _channels[channelId];
        if (self.nodeId == 0) revert ChannelUnknown(channelId);
        uint64 anchored = self.anchored + amount;
        self.anchored = anchored;
        emit Anchored(channelId, anchored);
    }

    function payAudit(bytes32 channelId, uint64 auditPot, address to, uint64 amount)
        external
        onlyAudits
        returns (uint64 paid)
    {
        Pending.Channel storage self = _channels[channelId];
        if (self.flags & Pending.SETTLED != 0) return 0;
        uint64 spent = self.auditSpent;
        paid = _least(amount, auditPot - spent);
        if (paid == 0) return 0;
        self.auditSpent = spent + paid;
        _accounts[to].earned += paid;
        emit AuditPaid(channelId, to, paid);
    }

    function auditFreeze(bytes32 channelId, uint32 until) external onlyAudits {
        _channels[channelId].auditFrozenUntil = until;
        if (until == 0) emit Unfrozen(channelId, msg.sender);
        else emit Frozen(channelId, msg.sender, until);
    }

    function voidFrom(bytes32 channelId, uint64 cap) external onlyAudits {
        _void(channelId, cap);
    }

    // ---- internals -------------------------------------------------------------------------------------------------

    function _void(bytes32 channelId, uint64 cap) private {
        Pending.Channel storage self = _channels[channelId];
        if (self.nodeId == 0) revert ChannelUnknown(channelId);
        (uint64 newCap, uint64 clawedBack) = self.void(cap);
        emit Voided(channelId, newCap, clawedBack);
    }

    function _least(uint64 a, uint64 b) private pure returns (uint64) {
        return a < b ? a : b;
    }
}
