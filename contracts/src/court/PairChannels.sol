// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ProtocolParams} from "../generated/Params.sol";
import {Typed} from "../libraries/Typed.sol";
import {EpochCommitment, Request} from "../types/Epochs.sol";
import {Wiring} from "../types/Wiring.sol";
import {EpochBook} from "./EpochBook.sol";

/// @title One channel for each buyer and node: money that goes to the node against epochs that are final.
/// @dev A voucher names the epoch, whose root its buyer has seen: what is paid can be disputed, and what no bond stands behind
/// can't be paid. Vouchers without an epoch would let a node be paid for lies of one epoch against the bond of another.
abstract contract PairChannels is EpochBook, EIP712 {
    /// @dev slot 0: | funds 96 | signer 160 |   slot 1: | exitAt 40 |
    struct Channel {
        address signer;
        uint96 funds;
        uint40 exitAt;
    }

    /// @dev Longer than window and longest game together ({Verdicts} makes sure), so that what was earned can still be taken.
    uint256 private immutable NOTICE;

    mapping(bytes32 channelId => Channel) private _channels;
    mapping(bytes32 channelId => mapping(bytes32 epoch => uint96)) private _released;

    constructor(Wiring memory wiring, ProtocolParams memory params, address treasury)
        EpochBook(wiring, params, treasury)
        EIP712("Weft", "1")
    {
        NOTICE = params.unbondDelaySeconds;
    }

    function fundChannel(bytes20 nodeId, address signer, uint96 amount) external {
        if (amount == 0) revert ZeroAmount();
        _lock(msg.sender, amount);
        Channel storage self = _channels[channelIdOf(msg.sender, nodeId)];
        uint96 funds = self.funds;
        // Whoever could change it would take back vouchers that it gave.
        if (funds != 0 && signer != self.signer) revert SignerFixed(self.signer);
        (self.signer, self.funds) = (signer, funds + amount);
        if (self.exitAt != 0) self.exitAt = 0;
        emit ChannelFunded(msg.sender, nodeId, signer, amount);
    }

    function requestChannelExit(bytes20 nodeId) external {
        uint40 exitAt = uint40(block.timestamp + NOTICE);
        _channels[channelIdOf(msg.sender, nodeId)].exitAt = exitAt;
        emit ChannelExitRequested(msg.sender, nodeId, exitAt);
    }

    function exitChannel(bytes20 nodeId) external {
        Channel storage self = _channels[channelIdOf(msg.sender, nodeId)];
        uint256 exitAt = self.exitAt;
        if (exitAt == 0 || block.timestamp < exitAt) revert ChannelExitTooEarly(exitAt);
        uint96 amount = self.funds;
        (self.funds, self.exitAt) = (0, 0);
        _deposits[msg.sender] += amount;
        emit ChannelExited(msg.sender, nodeId, amount);
    }

    function release(EpochCommitment calldata e, address buyer, uint96 promised, bytes calldata signature)
        external
        returns (uint96 amount)
    {
        bytes32 epoch = Typed.hash(e);
        _checkFinal(epoch);
        bytes32 channelId = channelIdOf(buyer, e.nodeId);
        Channel storage self = _channels[channelId];
        bytes32 digest = _hashTypedDataV4(Typed.epochVoucher(channelId, epoch, promised));
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer == address(0) || signer != self.signer) revert EpochVoucherInvalid(channelId, signer);
        uint96 released = _released[channelId][epoch];
        amount = _least(promised > released ? promised - released : 0, self.funds, _roomOf(epoch, e.value));
        if (amount == 0) revert ZeroAmount();
        _released[channelId][epoch] = released + amount;
        self.funds -= amount;
        _epochs[epoch].released += amount;
        _deposits[REGISTRY.ownerOf(e.nodeId)] += amount;
        emit EpochReleased(epoch, buyer, e.nodeId, amount);
    }

    function _least(uint96 a, uint96 b, uint96 c) private pure returns (uint96 least) {
        least = a < b ? a : b;
        if (c < least) least = c;
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    function requestHash(Request calldata request) external pure returns (bytes32) {
        return Typed.hash(request);
    }

    function requestDigest(Request calldata request) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.hash(request));
    }

    function voucherDigest(address buyer, bytes20 nodeId, bytes32 epoch, uint96 amount)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(Typed.epochVoucher(channelIdOf(buyer, nodeId), epoch, amount));
    }

    function channelIdOf(address buyer, bytes20 nodeId) public pure returns (bytes32) {
        return keccak256(abi.encode(buyer, nodeId));
    }

    function channelOf(address buyer, bytes20 nodeId) external view returns (ChannelView memory) {
        Channel memory self = _channels[channelIdOf(buyer, nodeId)];
        return ChannelView(self.signer, self.funds, self.exitAt);
    }
}
