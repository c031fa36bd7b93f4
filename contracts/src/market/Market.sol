// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Constants, ProtocolParams} from "../generated/Params.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {ICourts} from "../interfaces/ICourt.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {LeaseTerms} from "../libraries/LeaseTerms.sol";
import {Matching} from "../libraries/Matching.sol";
import {Terms} from "../libraries/Terms.sol";
import {Typed} from "../libraries/Typed.sol";
import {
    CloseReason,
    LEASE_BOND_FORFEIT,
    LEASE_COURT_FROZE,
    LEASE_START_FEE_DUE,
    LEASE_SUCCEEDED,
    Lease,
    LeaseMoney,
    LeaseState
} from "../types/Leases.sol";
import {Offer, Order} from "../types/Orders.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title The market, see {IMarket}.
contract Market is IMarket, EIP712 {
    /// @dev What earlier fills of an order used up; only written for fill 1 and later.
    struct Carry {
        uint128 spent;
        uint32 secondsPaid;
    }

    IRegistry private immutable REGISTRY;
    IChannels private immutable CHANNELS;
    IAudits private immutable AUDITS;
    ICourts private immutable COURTS;
    bytes32 private immutable PARAMS_HASH;
    uint256 private immutable INTERVAL;
    uint256 private immutable START_DEADLINE;
    uint256 private immutable CLAIM_WINDOW;
    uint256 private immutable RELEASE_DELAY;
    uint256 private immutable COURT_FREEZE;
    uint256 private immutable AUDIT_SHARE_BPS;
    uint256 private immutable AUDIT_RATE_PPM;
    uint256 private immutable EXPOSURE;
    uint256 private immutable MIN_BOND;
    uint256 private immutable MAX_FILLS;
    uint256 private immutable MAX_DURATION;

    mapping(bytes32 leaseId => Lease) private _leases;
    mapping(bytes32 leaseId => Carry) private _carries;
    mapping(address buyer => mapping(uint256 word => uint256)) private _usedNonces;
    mapping(address buyer => mapping(uint256 word => uint256)) private _withdrawnNonces;
    mapping(bytes32 slotKey => uint64) private _minSeq;

    constructor(Wiring memory wiring, ProtocolParams memory params) EIP712("Weft", "1") {
        if (wiring.market != address(this)) revert MispredictedAddress(wiring.market, address(this));
        REGISTRY = IRegistry(wiring.registry);
        CHANNELS = IChannels(wiring.channels);
        AUDITS = IAudits(wiring.audits);
        COURTS = ICourts(wiring.courts);
        PARAMS_HASH = keccak256(abi.encode(params));
        INTERVAL = params.intervalSeconds;
        START_DEADLINE = params.startDeadlineSeconds;
        CLAIM_WINDOW = params.claimWindowSeconds;
        RELEASE_DELAY = params.releaseDelaySeconds;
        COURT_FREEZE = params.unbondDelaySeconds;
        AUDIT_SHARE_BPS = params.auditShareBps;
        AUDIT_RATE_PPM = params.auditRatePpm;
        EXPOSURE = params.exposureSeconds;
        MIN_BOND = params.minBond;
        MAX_FILLS = params.maxFills;
        MAX_DURATION = params.maxDurationSeconds;
    }

    // ---- opening --------------------------------------------------------------------------------------------------

    function open(
        Offer calldata offer,
        bytes calldata offerSignature,
        Order calldata order,
        bytes calldata orderSignature,
        uint8 fill,
        bytes32 previousOfferHash,
        uint96 fee
    ) external returns (bytes32 leaseId) {
        bytes32 orderHash_ = Typed.hash(order);
        bytes32 offerHash_ = Typed.hash(offer);
        leaseId = Typed.leaseIdOf(orderHash_, offerHash_, fill);

        Matching.check(offer, order, orderHash_);
        _checkTransaction(order, fee);
        Carry memory carry = _takeFill(order, orderHash_, fill, previousOfferHash, leaseId);

        bool bySession = _checkOrderSignature(order, orderHash_, orderSignature);
        address operator = REGISTRY.take(offer.nodeId, offer.poolId, order.units, offer.class, offer.attributes);
        _checkOfferSignature(offerHash_, offerSignature, operator);

        uint64 rate = Matching.rate(offer, order);
        uint32 durationSeconds = order.durationSeconds - carry.secondsPaid;
        LeaseMoney memory money = Terms.money(_rules(), rate, durationSeconds, order.tier);
        uint256 total = uint256(money.pay) + money.auditPot + fee;
        if (carry.spent + total > order.budget) revert BudgetExceeded(carry.spent + total, order.budget);

        uint256 terms = LeaseTerms.pack(offer, order, rate, durationSeconds, fill);
        _writeLease(leaseId, order, terms);
        emit LeaseOpened(
            leaseId,
            offer.nodeId,
            order.buyer,
            orderHash_,
            offerHash_,
            order.jobCommitment,
            order.session,
            terms,
            LeaseTerms.pack(money)
        );
        if (order.courtId != 0) emit CourtPinned(leaseId, order.courtId);
        if (fee != 0) emit MatcherPaid(leaseId, msg.sender, fee);
        bool offersCancelled = CHANNELS.reserve(
            IChannels.Reservation({
                channelId: leaseId,
                nodeId: offer.nodeId,
                buyer: order.buyer,
                signer: order.session,
                bySession: bySession,
                buyerEpoch: order.buyerEpoch,
                total: total,
                pay: money.pay,
                bond: money.bond,
                matcher: msg.sender,
                fee: fee
            })
        );
        if (offersCancelled) _checkSeq(offer);
    }

    function _checkSeq(Offer calldata offer) private view {
        uint64 lowest = _minSeq[_slotKey(offer.nodeId, offer.poolId, offer.slot)];
        if (offer.seq < lowest) revert OfferCancelled(offer.seq, lowest);
    }

    function _checkTransaction(Order calldata order, uint96 fee) private view {
        if (order.paramsHash != PARAMS_HASH) revert ParamsMismatch(order.paramsHash, PARAMS_HASH);
        if (order.durationSeconds == 0 || order.durationSeconds > MAX_DURATION) {
            revert DurationInvalid(order.durationSeconds, MAX_DURATION);
        }
        if (order.matcher != address(0) && order.matcher != msg.sender) {
            revert MatcherNotAllowed(msg.sender, order.matcher);
        }
        if (fee > order.maxFee) revert FeeAboveMax(fee, order.maxFee);
    }

    /// @dev Fill 0 uses the order's nonce up. Fill n+1 hangs on fill n, which it marks as succeeded: so each fill of an
    /// order exists at most once.
    function _takeFill(Order calldata order, bytes32 orderHash_, uint8 fill, bytes32 previousOfferHash, bytes32 leaseId)
        private
        returns (Carry memory carry)
    {
        (uint256 word, uint256 bit) = (order.nonce >> 8, 1 << (order.nonce & 0xff));
        if (fill == 0) {
            uint256 used = _usedNonces[order.buyer][word];
            if (used & bit != 0) revert NonceUsed(order.buyer, order.nonce);
            _usedNonces[order.buyer][word] = used | bit;
            return carry;
        }
        if (fill >= MAX_FILLS) revert FillTooHigh(fill, MAX_FILLS);
        if (_withdrawnNonces[order.buyer][word] & bit != 0) revert OrderWithdrawn(order.buyer, order.nonce);
        // fill > 0 was checked.
        unchecked {
            carry = _succeed(order, Typed.leaseIdOf(orderHash_, previousOfferHash, fill - 1));
        }
        _carries[leaseId] = carry;
    }

    /// @dev What the earlier fill may still be paid counts as spent: its whole escrow while claims are possible, what
    /// was claimed and audited after that. Its matcher's fee counts at the order's maximum.
    function _succeed(Order calldata order, bytes32 previousId) private returns (Carry memory carry) {
        Lease storage previous = _leases[previousId];
        LeaseState state = previous.state;
        CloseReason reason = previous.reason;
        bool refillable = reason == CloseReason.providerSilent || reason == CloseReason.providerQuit
            || reason == CloseReason.unstarted || reason == CloseReason.falseSegment;
        if (!refillable) revert FillNotAllowed(previousId, state, reason);
        if (previous.flags & LEASE_SUCCEEDED != 0) revert FillTaken(previousId);
        previous.flags |= LEASE_SUCCEEDED;

        IChannels.ChannelView memory channel = CHANNELS.channel(previousId);
        LeaseMoney memory money = _moneyOf(previous);
        carry = _carries[previousId];
        bool claimable = state != LeaseState.settled && block.timestamp <= channel.claimUntil;
        uint256 spent = claimable ? uint256(channel.cap) : channel.claimed;
        if (state != LeaseState.settled) spent += money.auditPot;
        else spent += channel.auditSpent;
        carry.spent += uint128(spent + order.maxFee);
        uint256 secondsPaid = carry.secondsPaid + channel.claimed / previous.rate;
        if (secondsPaid >= order.durationSeconds) revert NothingLeftToFill(previousId);
        carry.secondsPaid = uint32(secondsPaid);
    }

    /// @return bySession Whether the session signed, not the buyer.
    function _checkOrderSignature(Order calldata order, bytes32 orderHash_, bytes calldata signature)
        private
        view
        returns (bool bySession)
    {
        bytes32 digest = _hashTypedDataV4(orderHash_);
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem == ECDSA.RecoverError.NoError) {
            if (recovered == order.buyer) return false;
            if (recovered == order.session) return true;
        }
        if (order.buyer.code.length != 0) {
            if (SignatureChecker.isValidERC1271SignatureNowCalldata(order.buyer, digest, signature)) return false;
        }
        revert OrderSignatureInvalid(orderHash_, recovered, order.buyer);
    }

    function _checkOfferSignature(bytes32 offerHash_, bytes calldata signature, address operator) private view {
        (address recovered, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(offerHash_), signature);
        if (problem != ECDSA.RecoverError.NoError || recovered != operator) {
            revert OfferSignatureInvalid(offerHash_, recovered, operator);
        }
    }

    /// @dev Packs the two slots by hand, as drawn in types/Leases.sol: the compiler would write every field apart
    /// (about 2,600 gas more). A test reads every field back.
    function _writeLease(bytes32 leaseId, Order calldata order, uint256 terms) private {
        uint256 court = order.courtId == 0 ? 0 : COURTS.indexOf(order.courtId);
        uint256 first = LeaseTerms.firstSlot(terms, order.buyer);
        uint256 second = LeaseTerms.secondSlot(terms, court);
        Lease storage self = _leases[leaseId];
        assembly ("memory-safe") {
            sstore(self.slot, first)
            sstore(add(self.slot, 1), second)
        }
    }

    // ---- cancelling -----------------------------------------------------------------------------------------------

    function cancelOffers(bytes20 nodeId, uint32 poolId, uint8 slot, uint64 minSeq_) external {
        if (!_isNodeKey(nodeId, msg.sender)) revert NotNodeKey(nodeId, msg.sender);
        if (slot >= Constants.MAX_OFFER_SLOTS) revert OfferSlotUnknown(slot);
        bytes32 key = _slotKey(nodeId, poolId, slot);
        uint64 current = _minSeq[key];
        if (minSeq_ <= current) revert SeqNotRaised(minSeq_, current);
        _minSeq[key] = minSeq_;
        CHANNELS.markOffersCancelled(nodeId);
        emit OffersCancelled(nodeId, poolId, slot, minSeq_);
    }

    function bumpBuyerEpoch() external {
        CHANNELS.bumpBuyerEpoch(msg.sender);
    }

    function cancelOrder(uint64 nonce) external {
        (uint256 word, uint256 bit) = (nonce >> 8, 1 << (nonce & 0xff));
        _usedNonces[msg.sender][word] |= bit;
        _withdrawnNonces[msg.sender][word] |= bit;
        emit OrderCancelled(msg.sender, nonce);
    }

    // ---- life -----------------------------------------------------------------------------------------------------

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
        if (msg.sender == address(AUDITS) || (self.court != 0 && msg.sender == COURTS.courtAt(self.court))) {
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

    // ---- the lease's court ----------------------------------------------------------------------------------------

    function courtFreeze(bytes32 leaseId) external {
        Lease storage self = _ofCourt(leaseId);
        if (self.flags & LEASE_COURT_FROZE != 0) revert CourtFreezeUsed(leaseId);
        self.flags |= LEASE_COURT_FROZE;
        CHANNELS.courtFreeze(leaseId, uint32(block.timestamp + COURT_FREEZE));
    }

    function courtUnfreeze(bytes32 leaseId) external {
        _ofCourt(leaseId);
        CHANNELS.courtFreeze(leaseId, 0);
    }

    function courtVoid(bytes32 leaseId, uint64 cap) external {
        _ofCourt(leaseId);
        CHANNELS.courtVoid(leaseId, cap);
    }

    function courtSlash(bytes32 leaseId, uint64 amount, address beneficiary) external {
        Lease storage self = _ofCourt(leaseId);
        CHANNELS.slashBond(leaseId, _moneyOf(self).bond, amount, beneficiary);
    }

    function _ofCourt(bytes32 leaseId) private view returns (Lease storage self) {
        self = _known(leaseId);
        if (self.court == 0 || msg.sender != COURTS.courtAt(self.court)) revert NotCourt(leaseId, msg.sender);
        if (self.state == LeaseState.settled) revert WrongState(leaseId, LeaseState.settled);
    }

    // ---- internals ------------------------------------------------------------------------------------------------

    function _known(bytes32 leaseId) private view returns (Lease storage self) {
        self = _leases[leaseId];
        if (self.state == LeaseState.none) revert LeaseUnknown(leaseId);
    }

    function _isNodeKey(bytes20 nodeId, address key) private view returns (bool) {
        return key == REGISTRY.operatorOf(nodeId) || key == REGISTRY.ownerOf(nodeId);
    }

    function _startDeadline(Lease storage self) private view returns (uint256) {
        uint256 since = self.state == LeaseState.inputsReady ? self.readyAt : self.openedAt;
        return since + START_DEADLINE;
    }

    function _settleableAt(Lease storage self) private view returns (uint256) {
        return self.closedAt + CLAIM_WINDOW + RELEASE_DELAY + 1;
    }

    function _moneyOf(Lease storage self) private view returns (LeaseMoney memory) {
        return Terms.money(_rules(), self.rate, self.durationSeconds, self.tier);
    }

    function _rules() private view returns (Terms.Rules memory) {
        return Terms.Rules(INTERVAL, AUDIT_SHARE_BPS, AUDIT_RATE_PPM, EXPOSURE, MIN_BOND);
    }

    function _slotKey(bytes20 nodeId, uint32 poolId, uint8 slot) private pure returns (bytes32) {
        return bytes32(nodeId) | bytes32(uint256(poolId) << 8 | slot);
    }

    // ---- views ----------------------------------------------------------------------------------------------------

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
        uint64 rate = Terms.fit(uint256(pricePerUnitSecond) * units);
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

    function minSeq(bytes20 nodeId, uint32 poolId, uint8 slot) external view returns (uint64) {
        return _minSeq[_slotKey(nodeId, poolId, slot)];
    }

    function nonceUsed(address buyer, uint64 nonce) external view returns (bool) {
        return _usedNonces[buyer][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    function paramsHash() external view returns (bytes32) {
        return PARAMS_HASH;
    }

    function offerHash(Offer calldata offer) external pure returns (bytes32) {
        return Typed.hash(offer);
    }

    function orderHash(Order calldata order) external pure returns (bytes32) {
        return Typed.hash(order);
    }

    function offerDigest(Offer calldata offer) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.hash(offer));
    }

    function orderDigest(Order calldata order) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.hash(order));
    }

    function startDigest(bytes32 leaseId) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.start(leaseId));
    }

    function leaseIdOf(bytes32 orderHash_, bytes32 offerHash_, uint8 fill) external pure returns (bytes32) {
        return Typed.leaseIdOf(orderHash_, offerHash_, fill);
    }
}
