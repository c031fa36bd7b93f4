// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {IChannels} from "../src/interfaces/IChannels.sol";
import {EXACT_COURT} from "../src/interfaces/ICourt.sol";
import {IDrandBeacon} from "../src/interfaces/IDrandBeacon.sol";
import {CloseReason} from "../src/types/Leases.sol";
import {MECHANISM_REVERSE_AUCTION, Offer, Order} from "../src/types/Orders.sol";
import {DrandChain} from "../src/types/Drand.sol";
import {DrandGroup} from "./base/DrandGroup.sol";
import {Fixture} from "./base/Fixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Gas of the calls that the network lives on, as whole transactions: execution with every account and slot cold,
/// plus 21,000 and the calldata. Values go to snapshots/Gas.json and are diffed by snapshots.ts.
/// @dev Steady state: balances, bonds and the nonce word are already non-zero, as for anyone's second lease.
contract GasTest is Fixture, DrandGroup {
    NodeKeys internal node;

    function preset() internal pure override returns (ProtocolParams memory) {
        return Presets.standard();
    }

    function setUp() public override {
        super.setUp();
        node = addNode();
        addNode();
        fundBuyer(node.owner, 4 * FUNDS);
        vm.prank(node.owner);
        channels.fundBonds(node.id, 4 * FUNDS);
        bytes memory first = openCall(500, 0);
        (bool ok,) = address(market).call(first);
        vm.assertTrue(ok);
    }

    /// @dev Under `isolate` the gas of a call is that of a whole transaction: 21,000, calldata, cold slots, refunds.
    function record(string memory name, address target, bytes memory data, uint256 limit) internal {
        (bool ok,) = target.call(data);
        uint256 total = vm.snapshotGasLastCall("Gas", name);
        vm.assertTrue(ok, name);
        vm.assertLe(total, limit, name);
    }

    function openCall(uint96 fee, uint8 payMode) internal returns (bytes memory) {
        Offer memory offer = offerOf(node);
        Order memory order = orderOf(buyer);
        order.payMode = payMode;
        bytes memory offerSig = signOffer(offer, node.operatorKey);
        bytes memory orderSig = signOrder(order, buyerKey);
        return abi.encodeCall(market.open, (offer, offerSig, order, orderSig, 0, 0, fee));
    }

    /// @dev As a gateway does it: its session signs the order, which pins the court, matches it and sends it, for no fee; the offer
    /// is a bid.
    function auctionCall() internal returns (bytes memory) {
        Order memory order = orderOf(buyer);
        order.mechanism = MECHANISM_REVERSE_AUCTION;
        order.biddingEndsAt = uint64(time());
        order.matcher = session;
        order.maxFee = 0;
        order.detailsHash = 0;
        order.courtId = EXACT_COURT;
        Offer memory offer = offerOf(node);
        offer.orderHash = market.orderHash(order);
        offer.detailsHash = 0;
        bytes memory offerSig = signOffer(offer, node.operatorKey);
        return abi.encodeCall(market.open, (offer, offerSig, order, signOrder(order, sessionKey), 0, 0, 0));
    }

    function test_open_lease() public {
        vm.prank(buyer);
        channels.grantSession(session, FUNDS, uint64(time() + 30 days), true, new bytes20[](0));
        bytes memory first = auctionCall();
        bytes memory second = auctionCall();
        vm.startPrank(session);
        (bool ok,) = address(market).call(first);
        vm.assertTrue(ok);
        record("open lease", address(market), second, 180_000);
        vm.stopPrank();
    }

    function test_open_lease_posted() public {
        record("open lease, posted price, signed by the buyer", address(market), openCall(0, 0), 180_000);
    }

    function test_open_lease_with_fee() public {
        record("open lease with matcher fee", address(market), openCall(500, 0), 190_000);
    }

    function test_claim_first() public {
        bytes32 id = openLease(node);
        bytes memory data = abi.encodeCall(channels.claim, (id, 5000, voucher(id, 5000)));
        record("claim, first", address(channels), data, 75_000);
    }

    function test_claim_second() public {
        bytes32 id = openLease(node);
        channels.claim(id, 5000, voucher(id, 5000));
        skip(60);
        bytes memory data = abi.encodeCall(channels.claim, (id, 9000, voucher(id, 9000)));
        record("claim, second", address(channels), data, 75_000);
    }

    function test_claim_steady() public {
        bytes32 id = openLease(node);
        for (uint128 i = 1; i < 4; ++i) {
            channels.claim(id, 5000 * i, voucher(id, 5000 * i));
            skip(60);
        }
        bytes memory data = abi.encodeCall(channels.claim, (id, 50_000, voucher(id, 50_000)));
        record("claim, steady", address(channels), data, 75_000);
    }

    function batch(uint256 size, uint256 earlier) internal returns (bytes memory) {
        IChannels.Claim[] memory claims = new IChannels.Claim[](size);
        for (uint256 i = 0; i < size; ++i) {
            Order memory order = orderOf(buyer);
            order.units = 1;
            bytes32 id = openLease(node, order);
            for (uint128 k = 1; k <= earlier; ++k) {
                vm.warp(time() + 1);
                channels.claim(id, 1000 * k, voucher(id, 1000 * k));
            }
            claims[i] = IChannels.Claim(id, 50_000, voucher(id, 50_000));
        }
        skip(1);
        return abi.encodeCall(channels.batchClaim, (claims));
    }

    function recordBatch(string memory name, uint256 earlier) internal {
        bytes memory data = batch(50, earlier);
        (bool ok,) = address(channels).call(data);
        vm.assertTrue(ok, name);
        uint256 each = vm.lastCallGas().gasTotalUsed / 50;
        vm.snapshotValue("Gas", name, each);
        vm.assertLe(each, 41_000, name);
    }

    function test_batch_claim_first() public {
        recordBatch("batch claim of 50, each, first claims", 0);
    }

    function test_batch_claim_second() public {
        recordBatch("batch claim of 50, each, second claims", 1);
    }

    function test_batch_claim_steady() public {
        recordBatch("batch claim of 50, each, steady", 2);
    }

    function test_life() public {
        bytes32 id = openLease(node);
        bytes memory data = abi.encodeCall(market.start, (id, signed(node.operatorKey, market.startDigest(id))));
        record("start", address(market), data, 75_000);
        channels.claim(id, 5000, voucher(id, 5000));
        skip(DURATION + 1);
        record("close", address(market), abi.encodeCall(market.close, (id, CloseReason.expired)), 90_000);
        skip(params.releaseDelaySeconds + 1);
        record("release", address(channels), abi.encodeCall(channels.release, (id)), 110_000);
        skip(params.claimWindowSeconds);
        record("settle", address(market), abi.encodeCall(market.settle, (id)), 120_000);
    }

    function test_bring() public {
        DrandChain memory evmnet = chainOf(".evmnet");
        vm.warp(evmnet.genesis + 989 * evmnet.period);
        wiring.beacon = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        IDrandBeacon drand = IDrandBeacon(create("DrandBeacon.sol:DrandBeacon", abi.encode(wiring, params, evmnet)));
        vm.assertEq(drand.drandRoundOf(0), 1000);
        vm.warp(drand.startOf(1));
        bytes memory signature = bytes.concat(drandColumn(".evmnet.rounds.x")[2], drandColumn(".evmnet.rounds.y")[2]);
        record("bring a drand round", address(drand), abi.encodeCall(drand.bring, (0, signature)), 200_000);
    }
}
