// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets} from "../src/generated/Params.sol";
import {MerkleSha256} from "../src/libraries/MerkleSha256.sol";
import {EpochCommitment, Request} from "../src/types/Epochs.sol";
import {Offer, Order, SegmentCommitment} from "../src/types/Orders.sol";
import {Fixture} from "./base/Fixture.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {vm} from "./base/Vm.sol";

/// @notice The nouns' hashes and the history tree, against what the TypeScript side wrote. Digests and signatures of the
/// same file are checked against a running chain by packages/chain; draws, seals and prices in Mirrors.t.sol.
contract VectorsTest is Fixture {
    string internal json;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("../spec/vectors/protocol/typed.json");
    }

    function number(string memory path) internal view returns (uint256) {
        return vm.parseJsonUint(json, path);
    }

    function word(string memory path) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, path);
    }

    function short(string memory path) internal view returns (bytes20) {
        return bytes20(vm.parseJsonBytes(json, path));
    }

    function test_OfferHash() public view {
        Offer memory o;
        o.nodeId = short(".Offer.message.nodeId");
        o.poolId = uint32(number(".Offer.message.poolId"));
        o.slot = uint8(number(".Offer.message.slot"));
        o.seq = uint64(number(".Offer.message.seq"));
        o.class = bytes8(vm.parseJsonBytes(json, ".Offer.message.class"));
        o.attributes = uint128(number(".Offer.message.attributes"));
        o.units = uint32(number(".Offer.message.units"));
        o.pricePerUnitSecond = uint96(number(".Offer.message.pricePerUnitSecond"));
        o.region = uint64(number(".Offer.message.region"));
        o.expiresAt = uint64(number(".Offer.message.expiresAt"));
        o.orderHash = word(".Offer.message.orderHash");
        o.detailsHash = word(".Offer.message.detailsHash");
        vm.assertEq(market.offerHash(o), word(".Offer.structHash"));
    }

    function test_OrderHash() public view {
        Order memory o;
        o.buyer = vm.parseJsonAddress(json, ".Order.message.buyer");
        o.session = vm.parseJsonAddress(json, ".Order.message.session");
        o.class = bytes8(vm.parseJsonBytes(json, ".Order.message.class"));
        o.minAttributes = uint128(number(".Order.message.minAttributes"));
        o.units = uint32(number(".Order.message.units"));
        o.durationSeconds = uint32(number(".Order.message.durationSeconds"));
        o.maxPricePerUnitSecond = uint96(number(".Order.message.maxPricePerUnitSecond"));
        o.priceRule = uint8(number(".Order.message.priceRule"));
        o.tier = uint8(number(".Order.message.tier"));
        o.mechanism = uint8(number(".Order.message.mechanism"));
        o.payMode = uint8(number(".Order.message.payMode"));
        o.jobCommitment = word(".Order.message.jobCommitment");
        o.detailsHash = word(".Order.message.detailsHash");
        o.matcher = vm.parseJsonAddress(json, ".Order.message.matcher");
        o.maxFee = uint96(number(".Order.message.maxFee"));
        o.budget = uint96(number(".Order.message.budget"));
        o.courtId = word(".Order.message.courtId");
        o.paramsHash = word(".Order.message.paramsHash");
        o.buyerEpoch = uint64(number(".Order.message.buyerEpoch"));
        o.nonce = uint64(number(".Order.message.nonce"));
        o.expiresAt = uint64(number(".Order.message.expiresAt"));
        o.biddingEndsAt = uint64(number(".Order.message.biddingEndsAt"));
        vm.assertEq(market.orderHash(o), word(".Order.structHash"));
    }

    function test_SegmentHash() public view {
        SegmentCommitment memory c;
        c.leaseId = word(".SegmentCommitment.message.leaseId");
        c.segment = uint32(number(".SegmentCommitment.message.segment"));
        c.firstStep = uint64(number(".SegmentCommitment.message.firstStep"));
        c.lastStep = uint64(number(".SegmentCommitment.message.lastStep"));
        c.orderHash = word(".SegmentCommitment.message.orderHash");
        c.program = word(".SegmentCommitment.message.program");
        c.dataRoot = word(".SegmentCommitment.message.dataRoot");
        c.startRoot = word(".SegmentCommitment.message.startRoot");
        c.endRoot = word(".SegmentCommitment.message.endRoot");
        c.historyRoot = word(".SegmentCommitment.message.historyRoot");
        c.checkpoint = word(".SegmentCommitment.message.checkpoint");
        c.meteredSeconds = uint32(number(".SegmentCommitment.message.meteredSeconds"));
        c.tokens = uint64(number(".SegmentCommitment.message.tokens"));
        c.beaconRound = uint64(number(".SegmentCommitment.message.beaconRound"));
        vm.assertEq(audits.commitmentHash(c), word(".SegmentCommitment.structHash"));
    }

    function test_RequestAndEpochHashes() public view {
        Request memory r;
        r.buyer = vm.parseJsonAddress(json, ".Request.message.buyer");
        r.nodeId = short(".Request.message.nodeId");
        r.program = word(".Request.message.program");
        r.startRoot = word(".Request.message.startRoot");
        r.price = uint96(number(".Request.message.price"));
        r.nonce = uint64(number(".Request.message.nonce"));
        r.deadline = uint64(number(".Request.message.deadline"));
        vm.assertEq(epochs.requestHash(r), word(".Request.structHash"));
        EpochCommitment memory e;
        e.nodeId = short(".EpochCommitment.message.nodeId");
        e.epoch = uint64(number(".EpochCommitment.message.epoch"));
        e.results = uint32(number(".EpochCommitment.message.results"));
        e.value = uint96(number(".EpochCommitment.message.value"));
        e.root = word(".EpochCommitment.message.root");
        vm.assertEq(epochs.epochHash(e), word(".EpochCommitment.structHash"));
        bytes32 channelId = epochs.channelIdOf(r.buyer, r.nodeId);
        vm.assertEq(channelId, word(".EpochVoucher.message.channelId"));
    }

    function test_NodeIdAndParams() public view {
        address owner = vm.parseJsonAddress(json, ".nodeId.owner");
        vm.assertEq(bytes32(nodeIdOf(owner, word(".nodeId.salt"))), bytes32(short(".nodeId.nodeId")));
        vm.assertEq(keccak256(abi.encode(Presets.standard())), word(".paramsHash.standard"));
        vm.assertEq(keccak256(abi.encode(Presets.local())), word(".paramsHash.local"));
        vm.assertEq(keccak256(abi.encode(Presets.minimal())), word(".paramsHash.minimal"));
    }

    function test_HistoryRoot() public view {
        string memory layout = vm.readFile("../spec/vectors/tensor/layout.json");
        bytes32[] memory leaves = MerkleTree.leavesOf(vm.parseJsonBytes32Array(layout, ".history.stepRoots"));
        bytes32[] memory roots = vm.parseJsonBytes32Array(layout, ".history.roots");
        for (uint256 count = 1; count <= leaves.length; ++count) {
            bytes32[] memory some = new bytes32[](count);
            for (uint256 i = 0; i < count; ++i) {
                some[i] = leaves[i];
            }
            for (uint256 i = 0; i < count; ++i) {
                vm.assertTrue(this.verify(roots[count - 1], count, i, leaves[i], MerkleTree.path(some, i)));
            }
        }
        for (uint256 i = 0; i < leaves.length; ++i) {
            string memory key = string.concat(".history.paths[", vm.toString(i), "]");
            bytes32[] memory path = vm.parseJsonBytes32Array(layout, key);
            vm.assertTrue(this.verify(roots[leaves.length - 1], leaves.length, i, leaves[i], path));
        }
    }

    function verify(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        return MerkleSha256.verify(root, count, index, leaf, path);
    }
}
