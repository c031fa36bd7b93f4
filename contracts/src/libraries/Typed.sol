// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochCommitment, Request} from "../types/Epochs.sol";
import {Offer, Order, SegmentCommitment, SessionGrant} from "../types/Orders.sol";

/// @notice EIP-712 struct hashes of everything that is signed. All fields are static, so that the struct hash is the
/// hash of the type hash and the ABI words. packages/protocol mirrors this; both read
/// spec/vectors/protocol/typed.json.
library Typed {
    bytes32 internal constant OFFER = keccak256(
        "Offer(bytes20 nodeId,uint32 poolId,uint8 slot,uint64 seq,bytes8 class,uint128 attributes,uint32 units,uint96 pricePerUnitSecond,uint64 region,uint64 expiresAt,bytes32 orderHash,bytes32 detailsHash)"
    );
    bytes32 internal constant ORDER = keccak256(
        "Order(address buyer,address session,bytes8 class,uint128 minAttributes,uint32 units,uint32 durationSeconds,uint96 maxPricePerUnitSecond,uint8 priceRule,uint8 tier,uint8 mechanism,uint8 payMode,bytes32 jobCommitment,bytes32 detailsHash,address matcher,uint96 maxFee,uint96 budget,bytes32 courtId,bytes32 paramsHash,uint64 buyerEpoch,uint64 nonce,uint64 expiresAt,uint64 biddingEndsAt)"
    );
    bytes32 internal constant VOUCHER = keccak256("Voucher(bytes32 channelId,bytes20 payee,uint128 cumulative)");
    bytes32 internal constant SESSION_GRANT = keccak256(
        "SessionGrant(address buyer,address key,uint96 dailyCap,uint64 expiresAt,uint64 sessionEpoch,bool anyPayee,bytes32 allowRoot,uint64 nonce)"
    );
    bytes32 internal constant SEGMENT_COMMITMENT = keccak256(
        "SegmentCommitment(bytes32 leaseId,uint32 segment,uint64 firstStep,uint64 lastStep,bytes32 orderHash,bytes32 program,bytes32 dataRoot,bytes32 startRoot,bytes32 endRoot,bytes32 historyRoot,bytes32 checkpoint,uint32 meteredSeconds,uint64 tokens,uint64 beaconRound)"
    );
    bytes32 internal constant REQUEST = keccak256(
        "Request(address buyer,bytes20 nodeId,bytes32 program,bytes32 startRoot,uint96 price,uint64 nonce,uint64 deadline)"
    );
    bytes32 internal constant EPOCH_COMMITMENT =
        keccak256("EpochCommitment(bytes20 nodeId,uint64 epoch,uint32 results,uint96 value,bytes32 root)");
    bytes32 internal constant EPOCH_VOUCHER =
        keccak256("EpochVoucher(bytes32 channelId,bytes32 epoch,uint96 amount)");
    bytes32 internal constant HELD =
        keccak256("Held(bytes32 leaseId,uint32 segment,bytes32 checkpoint,bytes20 holder)");
    bytes32 internal constant START = keccak256("Start(bytes32 leaseId)");
    bytes32 internal constant OPERATOR_CONSENT =
        keccak256("OperatorConsent(bytes20 nodeId,address operator,uint64 nonce)");

    function hash(Offer calldata offer) internal pure returns (bytes32 h) {
        bytes32 typeHash = OFFER;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), offer, 384)
            h := keccak256(free, 416)
        }
    }

    /// @dev The raw words are hashed: one with dirty upper bits hashes to what nobody signed, or reverts when it is read.
    function hash(Order calldata order) internal pure returns (bytes32 h) {
        bytes32 typeHash = ORDER;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), order, 704)
            h := keccak256(free, 736)
        }
    }

    function hash(SegmentCommitment calldata commitment) internal pure returns (bytes32) {
        return keccak256(abi.encode(SEGMENT_COMMITMENT, commitment));
    }

    function hash(Request calldata request) internal pure returns (bytes32) {
        return keccak256(abi.encode(REQUEST, request));
    }

    function hash(EpochCommitment calldata commitment) internal pure returns (bytes32) {
        return keccak256(abi.encode(EPOCH_COMMITMENT, commitment));
    }

    function hash(SessionGrant calldata grant) internal pure returns (bytes32) {
        return keccak256(abi.encode(SESSION_GRANT, grant));
    }

    function voucher(bytes32 channelId, bytes20 payee, uint128 cumulative) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER, channelId, payee, cumulative));
    }

    function epochVoucher(bytes32 channelId, bytes32 epoch, uint96 amount) internal pure returns (bytes32) {
        return keccak256(abi.encode(EPOCH_VOUCHER, channelId, epoch, amount));
    }

    function held(bytes32 leaseId, uint32 segment, bytes32 checkpoint, bytes20 holder) internal pure returns (bytes32) {
        return keccak256(abi.encode(HELD, leaseId, segment, checkpoint, holder));
    }

    function start(bytes32 leaseId) internal pure returns (bytes32) {
        return keccak256(abi.encode(START, leaseId));
    }

    function operatorConsent(bytes20 nodeId, address operator, uint64 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPERATOR_CONSENT, nodeId, operator, nonce));
    }

    /// @notice keccak256(abi.encode(orderHash, offerHash, fill)): from content, never a counter.
    function leaseIdOf(bytes32 orderHash, bytes32 offerHash, uint8 fill) internal pure returns (bytes32) {
        return keccak256(abi.encode(orderHash, offerHash, fill));
    }
}
