// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Constants, ProtocolParams} from "../generated/Params.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {EXACT_COURT, EXACT_COURT_INDEX} from "../interfaces/ICourt.sol";
import {LeaseTerms} from "../libraries/LeaseTerms.sol";
import {Matching} from "../libraries/Matching.sol";
import {Terms} from "../libraries/Terms.sol";
import {Typed} from "../libraries/Typed.sol";
import {Lease, LeaseMoney} from "../types/Leases.sol";
import {Offer, Order} from "../types/Orders.sol";
import {Wiring} from "../types/Wiring.sol";
import {Fills} from "./Fills.sol";
import {LeaseBook} from "./LeaseBook.sol";
import {LeaseLife} from "./LeaseLife.sol";

/// @title The market, see {IMarket}. Here: how a lease opens, and how a node cancels offers.
contract Market is Fills, LeaseLife {
    constructor(Wiring memory wiring, ProtocolParams memory params) LeaseBook(wiring, params) {}

    // ---- opening ---------------------------------------------------------------------------------------------------

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
        uint256 court = _courtIndex(order.courtId);
        uint256 first = LeaseTerms.firstSlot(terms, order.buyer);
        uint256 second = LeaseTerms.secondSlot(terms, court);
        Lease storage self = _leases[leaseId];
        assembly ("memory-safe") {
            sstore(self.slot, first)
            sstore(add(self.slot, 1), second)
        }
    }

    function _courtIndex(bytes32 courtId) private view returns (uint256) {
        if (courtId == 0) return 0;
        return courtId == EXACT_COURT ? EXACT_COURT_INDEX : COURTS.indexOf(courtId);
    }

    // ---- cancelling ------------------------------------------------------------------------------------------------

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

    function _slotKey(bytes20 nodeId, uint32 poolId, uint8 slot) internal pure returns (bytes32) {
        return bytes32(nodeId) | bytes32(uint256(poolId) << 8 | slot);
    }

    // ---- views -----------------------------------------------------------------------------------------------------

    function minSeq(bytes20 nodeId, uint32 poolId, uint8 slot) external view returns (uint64) {
        return _minSeq[_slotKey(nodeId, poolId, slot)];
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

    function leaseIdOf(bytes32 orderHash_, bytes32 offerHash_, uint8 fill) external pure returns (bytes32) {
        return Typed.leaseIdOf(orderHash_, offerHash_, fill);
    }
}
