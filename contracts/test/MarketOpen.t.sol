// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ProtocolParams} from "../src/generated/Params.sol";
import {IChannels} from "../src/interfaces/IChannels.sol";
import {ICourts} from "../src/interfaces/ICourt.sol";
import {IMarket} from "../src/interfaces/IMarket.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Terms} from "../src/libraries/Terms.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {CloseReason, Lease, LeaseMoney, LeaseState} from "../src/types/Leases.sol";
import {Offer, Order} from "../src/types/Orders.sol";
import {Wiring} from "../src/types/Wiring.sol";
import {Calls} from "./base/Calls.sol";
import {Fixture} from "./base/Fixture.sol";
import {Vm, vm} from "./base/Vm.sol";

/// @dev A buyer that is a contract: it accepts what its owner key signed.
contract WalletBuyer is IERC1271 {
    address private immutable OWNER;
    bool public answers = true;

    constructor(address owner) {
        OWNER = owner;
    }

    function setAnswers(bool answers_) external {
        answers = answers_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (!answers) return 0xffffffff;
        return ECDSA.recover(digest, signature) == OWNER ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @notice P2: no lease without both signatures. And every refusal of `open`, one by one, with its operands.
contract MarketOpenTest is Fixture, Calls {
    NodeKeys internal node;
    Offer internal offer;
    Order internal order;

    function setUp() public override {
        super.setUp();
        node = addNode();
        offer = offerOf(node);
        order = orderOf(buyer);
    }

    function openData(uint256 offerKey, uint256 orderKey, uint96 fee) internal view returns (bytes memory) {
        return
            abi.encodeCall(
                market.open, (offer, signOffer(offer, offerKey), order, signOrder(order, orderKey), 0, 0, fee)
            );
    }

    function refused(bytes memory expected) internal {
        refusedWithFee(expected, 0);
    }

    function refusedWithFee(bytes memory expected, uint96 fee) internal {
        uint256 freeBefore = free(buyer);
        reverts(matcher, address(market), openData(node.operatorKey, buyerKey, fee), expected);
        vm.assertEq(free(buyer), freeBefore, "a refusal moves nothing");
        vm.assertEq(registry.pool(node.id, 0).used, 0, "a refusal takes no units");
    }

    function opened() internal returns (bytes32) {
        return abi.decode(succeeds(matcher, address(market), openData(node.operatorKey, buyerKey, 0)), (bytes32));
    }

    // ---- what opens -----------------------------------------------------------------------------------------------

    function test_OpensWithBothSignatures() public {
        bytes32 id = opened();
        vm.assertEq(id, keccak256(abi.encode(market.orderHash(order), market.offerHash(offer), uint8(0))), "leaseId");
        Lease memory lease = market.lease(id);
        vm.assertEq(lease.buyer, buyer);
        vm.assertEq(lease.rate, uint256(PRICE) * UNITS);
        vm.assertEq(uint256(lease.state), uint256(LeaseState.open));
        vm.assertEq(uint256(lease.reason), 0);
        vm.assertEq(lease.tier, order.tier);
        vm.assertEq(lease.fill, 0);
        vm.assertEq(lease.poolId, 0);
        vm.assertEq(lease.units, UNITS);
        vm.assertEq(lease.durationSeconds, DURATION);
        vm.assertEq(lease.openedAt, time());
        vm.assertEq(uint256(lease.readyAt) + lease.startedAt + lease.closedAt + lease.court + lease.flags, 0);
        vm.assertEq(registry.pool(node.id, 0).used, UNITS);
        (bytes20 nodeId, address signer) = channels.partiesOf(id);
        vm.assertEq(bytes32(nodeId), bytes32(node.id));
        vm.assertEq(signer, session);
    }

    function test_StoredLeaseKeepsEveryFieldApart() public {
        offer.poolId = addPool(type(uint32).max);
        offer.units = type(uint32).max;
        offer.pricePerUnitSecond = 1;
        order.units = 77_777;
        order.durationSeconds = 86_399;
        order.payMode = 1;
        order.budget = type(uint96).max;
        fundBuyer(buyer, 20 * FUNDS);
        fundBuyer(node.owner, 5 * FUNDS);
        vm.prank(node.owner);
        channels.fundBonds(node.id, 5 * FUNDS);
        Lease memory lease = market.lease(opened());
        vm.assertEq(lease.poolId, 1);
        vm.assertEq(lease.units, 77_777);
        vm.assertEq(lease.durationSeconds, 86_399);
        vm.assertEq(lease.rate, 77_777);
        vm.assertEq(lease.flags, 1);
        vm.assertEq(lease.tier, 1);
    }

    /// @dev What libraries/LeaseTerms.sol draws, and packages/chain/src/leaseTerms.ts reads.
    function test_LeaseOpenedTellsEverything() public {
        offer.poolId = addPool(type(uint32).max);
        (order.payMode, order.tier) = (1, 1);
        vm.recordLogs();
        bytes32 id =
            abi.decode(succeeds(matcher, address(market), openData(node.operatorKey, buyerKey, 700)), (bytes32));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs[0].topics[0], IMarket.LeaseOpened.selector);
        vm.assertEq(logs[0].topics[1], id);
        vm.assertEq(logs[0].topics[2], bytes32(node.id));
        vm.assertEq(logs[0].topics[3], bytes32(uint256(uint160(buyer))));
        (bytes32 orderHash, bytes32 offerHash, bytes32 job, address signer, uint256 terms, uint256 money) =
            abi.decode(logs[0].data, (bytes32, bytes32, bytes32, address, uint256, uint256));
        vm.assertEq(orderHash, market.orderHash(order));
        vm.assertEq(offerHash, market.offerHash(offer));
        vm.assertEq(job, order.jobCommitment);
        vm.assertEq(signer, session);
        bytes memory packed = abi.encodePacked(
            uint72(0), order.payMode, uint8(0), order.tier, uint64(PRICE * UNITS), DURATION, UNITS, offer.poolId
        );
        vm.assertEq(bytes32(terms), bytes32(packed));
        LeaseMoney memory m = market.moneyOf(id);
        vm.assertEq(bytes32(money), bytes32(abi.encodePacked(m.bond, m.startFee, m.auditPot, m.pay)));
        vm.assertEq(logs[1].topics[0], IMarket.MatcherPaid.selector);
        vm.assertEq(logs[1].topics[2], bytes32(uint256(uint160(matcher))));
        vm.assertEq(abi.decode(logs[1].data, (uint256)), 700);
        vm.assertEq(logs.length, 2);
    }

    function addPool(uint32 capacity) internal returns (uint32) {
        vm.prank(node.owner);
        return registry.addPool(node.id, CLASS, capacity, ATTRIBUTES);
    }

    function test_ReservesPayAndAuditShareAndPaysTheFee() public {
        succeeds(matcher, address(market), openData(node.operatorKey, buyerKey, 700));
        LeaseMoney memory m = market.quote(PRICE, UNITS, DURATION, 1);
        vm.assertEq(m.pay, 1_200_000);
        vm.assertEq(m.auditPot, 600_000);
        vm.assertEq(m.startFee, 10_000);
        vm.assertEq(m.bond, 280_000);
        vm.assertEq(free(buyer), FUNDS - m.pay - m.auditPot - 700);
        vm.assertEq(earned(matcher), 700);
        vm.assertEq(channels.bondsOf(node.id).free, FUNDS - m.bond);
        vm.assertEq(channels.bondsOf(node.id).locked, m.bond);
    }

    function test_CeilingRulePaysTheCeiling() public {
        order.priceRule = 1;
        vm.assertEq(market.lease(opened()).rate, uint256(PRICE) * 2 * UNITS);
    }

    function test_BareTierReservesNoAuditShare() public {
        order.tier = 0;
        vm.assertEq(market.moneyOf(opened()).auditPot, 0);
    }

    function test_BidThatNamesTheOrderOpensIt() public {
        offer.orderHash = market.orderHash(order);
        opened();
    }

    function test_AuctionOpensAfterBidding() public {
        order.mechanism = 1;
        order.biddingEndsAt = uint64(time() + 100);
        offer.orderHash = market.orderHash(order);
        refused(abi.encodeWithSelector(IMarket.BiddingOpen.selector, order.biddingEndsAt, time()));
        skip(100);
        opened();
    }

    function test_NamedMatcherOpens() public {
        order.matcher = matcher;
        opened();
    }

    function test_ContractBuyerOpensByErc1271() public {
        WalletBuyer wallet = new WalletBuyer(buyer);
        fundBuyer(address(wallet), FUNDS);
        order.buyer = address(wallet);
        bytes32 id = opened();
        vm.assertEq(market.lease(id).buyer, address(wallet));
    }

    function test_ContractBuyerMaySayNo() public {
        WalletBuyer wallet = new WalletBuyer(buyer);
        fundBuyer(address(wallet), FUNDS);
        wallet.setAnswers(false);
        order.buyer = address(wallet);
        refused(
            abi.encodeWithSelector(
                IMarket.OrderSignatureInvalid.selector, market.orderHash(order), buyer, address(wallet)
            )
        );
    }

    // ---- P2: signatures -------------------------------------------------------------------------------------------

    function test_P2_RefusesForeignOfferSignature() public {
        bytes memory expected = abi.encodeWithSelector(
            IMarket.OfferSignatureInvalid.selector, market.offerHash(offer), vm.addr(0xbad), node.operator
        );
        reverts(matcher, address(market), openData(0xbad, buyerKey, 0), expected);
    }

    function test_P2_RefusesForeignOrderSignature() public {
        bytes memory expected = abi.encodeWithSelector(
            IMarket.OrderSignatureInvalid.selector, market.orderHash(order), vm.addr(0xbad), buyer
        );
        reverts(matcher, address(market), openData(node.operatorKey, 0xbad, 0), expected);
    }

    function test_P2_RefusesTheOwnersKeyOnAnOffer() public {
        revertsWith(matcher, address(market), openData(0x1000, buyerKey, 0), IMarket.OfferSignatureInvalid.selector);
    }

    function test_P2_RefusesTheOldOperatorAfterRotation() public {
        bytes memory data = openData(node.operatorKey, buyerKey, 0);
        uint256 newKey = 0xfeed;
        bytes memory consent = signConsent(newKey, node.id, 1);
        vm.prank(node.owner);
        registry.rotateOperator(node.id, vm.addr(newKey), consent);
        revertsWith(matcher, address(market), data, IMarket.OfferSignatureInvalid.selector);
        succeeds(matcher, address(market), openData(newKey, buyerKey, 0));
    }

    function testFuzz_P2_RefusesAnyChangeAfterSigning(uint256 field, uint256 by) public {
        bytes memory offerSig = signOffer(offer, node.operatorKey);
        bytes memory orderSig = signOrder(order, buyerKey);
        by = bound(by, 1, 1000);
        field = bound(field, 0, 5);
        // Changes that every other check lets through: only the signature is in the way.
        if (field == 0) offer.pricePerUnitSecond -= uint96(by);
        if (field == 1) offer.expiresAt += uint64(by);
        if (field == 2) offer.seq += uint64(by);
        if (field == 3) order.durationSeconds += uint32(by);
        if (field == 4) order.maxPricePerUnitSecond += uint96(by);
        if (field == 5) order.budget += uint96(by);
        bytes memory data = abi.encodeCall(market.open, (offer, offerSig, order, orderSig, 0, 0, 0));
        bytes4 expected = field < 3 ? IMarket.OfferSignatureInvalid.selector : IMarket.OrderSignatureInvalid.selector;
        revertsWith(matcher, address(market), data, expected);
    }

    function test_P2_RefusesAnotherChainsSignature() public {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domainOf(address(market), 1), market.orderHash(order)));
        bytes memory data = abi.encodeCall(
            market.open, (offer, signOffer(offer, node.operatorKey), order, signed(buyerKey, digest), 0, 0, 0)
        );
        revertsWith(matcher, address(market), data, IMarket.OrderSignatureInvalid.selector);
    }

    function test_P2_RefusesAnotherContractsDomain() public {
        bytes32 digest = digestIn(address(channels), market.offerHash(offer));
        bytes memory data = abi.encodeCall(
            market.open, (offer, signed(node.operatorKey, digest), order, signOrder(order, buyerKey), 0, 0, 0)
        );
        revertsWith(matcher, address(market), data, IMarket.OfferSignatureInvalid.selector);
    }

    function test_P2_RefusesMalleatedSignatures() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(node.operatorKey, market.offerDigest(offer));
        uint256 n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory twin = abi.encodePacked(r, bytes32(n - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        bytes memory data = abi.encodeCall(market.open, (offer, twin, order, signOrder(order, buyerKey), 0, 0, 0));
        revertsWith(matcher, address(market), data, IMarket.OfferSignatureInvalid.selector);
        (v, r, s) = vm.sign(buyerKey, market.orderDigest(order));
        twin = abi.encodePacked(r, bytes32(n - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        data = abi.encodeCall(market.open, (offer, signOffer(offer, node.operatorKey), order, twin, 0, 0, 0));
        revertsWith(matcher, address(market), data, IMarket.OrderSignatureInvalid.selector);
    }

    function test_P2_RefusesEmptyAndShortSignatures() public {
        bytes memory data = abi.encodeCall(market.open, (offer, "", order, signOrder(order, buyerKey), 0, 0, 0));
        revertsWith(matcher, address(market), data, IMarket.OfferSignatureInvalid.selector);
        data = abi.encodeCall(market.open, (offer, signOffer(offer, node.operatorKey), order, hex"01", 0, 0, 0));
        revertsWith(matcher, address(market), data, IMarket.OrderSignatureInvalid.selector);
    }

    function test_P2_SessionKeyZeroNeverOpens() public {
        (order.session, order.payMode) = (address(0), 1);
        bytes memory data =
            abi.encodeCall(market.open, (offer, signOffer(offer, node.operatorKey), order, new bytes(65), 0, 0, 0));
        revertsWith(matcher, address(market), data, IMarket.OrderSignatureInvalid.selector);
    }

    // ---- replays --------------------------------------------------------------------------------------------------

    function test_RefusesTheSameOrderTwice() public {
        opened();
        reverts(
            matcher,
            address(market),
            openData(node.operatorKey, buyerKey, 0),
            abi.encodeWithSelector(IMarket.NonceUsed.selector, buyer, order.nonce)
        );
    }

    function test_RefusesTheSameNonceWithAnotherOffer() public {
        opened();
        offer.seq = 2;
        revertsWith(matcher, address(market), openData(node.operatorKey, buyerKey, 0), IMarket.NonceUsed.selector);
    }

    function test_RefusesACancelledOrder() public {
        vm.prank(buyer);
        market.cancelOrder(order.nonce);
        vm.assertTrue(market.nonceUsed(buyer, order.nonce));
        refused(abi.encodeWithSelector(IMarket.NonceUsed.selector, buyer, order.nonce));
    }

    function test_RefusesAnOldBuyerEpoch() public {
        vm.prank(buyer);
        market.bumpBuyerEpoch();
        refused(abi.encodeWithSelector(IChannels.BuyerEpochMismatch.selector, buyer, 1, 0));
        order.buyerEpoch = 1;
        opened();
    }

    function test_RefusesCancelledOffers() public {
        vm.prank(node.operator);
        market.cancelOffers(node.id, 0, 0, 2);
        vm.assertEq(market.minSeq(node.id, 0, 0), 2);
        refused(abi.encodeWithSelector(IMarket.OfferCancelled.selector, 1, 2));
        offer.slot = 1;
        opened();
        (offer.slot, offer.seq, order.nonce) = (0, 2, nextNonce++);
        opened();
    }

    function test_CancellingOnePoolLeavesOthersAndOtherNodes() public {
        NodeKeys memory other = addNode();
        offer.poolId = addPool(CAPACITY);
        vm.prank(node.operator);
        market.cancelOffers(node.id, 0, 0, 2);
        opened();
        openLease(other);
        vm.assertEq(market.minSeq(node.id, 1, 0), 0);
    }

    function test_CancelOffersIsTheNodesAndOnlyForward() public {
        bytes memory data = abi.encodeCall(market.cancelOffers, (node.id, 0, 0, 5));
        reverts(buyer, address(market), data, abi.encodeWithSelector(IMarket.NotNodeKey.selector, node.id, buyer));
        succeeds(node.owner, address(market), data);
        reverts(node.owner, address(market), data, abi.encodeWithSelector(IMarket.SeqNotRaised.selector, 5, 5));
        data = abi.encodeCall(market.cancelOffers, (node.id, 0, 16, 5));
        reverts(node.owner, address(market), data, abi.encodeWithSelector(IMarket.OfferSlotUnknown.selector, 16));
    }

    // ---- each refusal ---------------------------------------------------------------------------------------------

    function test_RefusesExpiredOffer() public {
        offer.expiresAt = uint64(time());
        refused(abi.encodeWithSelector(IMarket.OfferExpired.selector, time(), time()));
    }

    function test_RefusesExpiredOrder() public {
        order.expiresAt = uint64(time());
        refused(abi.encodeWithSelector(IMarket.OrderExpired.selector, time(), time()));
    }

    function test_RefusesUnknownSlot() public {
        offer.slot = 16;
        refused(abi.encodeWithSelector(IMarket.OfferSlotUnknown.selector, 16));
    }

    function test_RefusesAnotherClass() public {
        order.class = "gpu.a100";
        refused(abi.encodeWithSelector(IMarket.ClassMismatch.selector, CLASS, order.class));
    }

    function test_RefusesPoolOfAnotherClass() public {
        (offer.class, order.class) = (bytes8("gpu.a100"), bytes8("gpu.a100"));
        refused(abi.encodeWithSelector(IRegistry.PoolClassMismatch.selector, node.id, 0, CLASS, offer.class));
    }

    function test_RefusesTooLowAttributes() public {
        order.minAttributes = ATTRIBUTES + 1;
        refused(abi.encodeWithSelector(IMarket.AttributesTooLow.selector, ATTRIBUTES, order.minAttributes));
    }

    function test_RefusesAMissingFlag() public {
        order.minAttributes = uint128(2) << 112;
        refused(abi.encodeWithSelector(IMarket.AttributesTooLow.selector, ATTRIBUTES, order.minAttributes));
    }

    function test_RefusesOffersBeyondTheirPool() public {
        offer.attributes = ATTRIBUTES + 1;
        refused(abi.encodeWithSelector(IRegistry.PoolAttributesTooLow.selector, node.id, 0, ATTRIBUTES, ATTRIBUTES + 1));
    }

    function test_RefusesPriceAboveCeiling() public {
        offer.pricePerUnitSecond = PRICE * 2 + 1;
        refused(abi.encodeWithSelector(IMarket.PriceAboveCeiling.selector, PRICE * 2 + 1, PRICE * 2));
    }

    function test_RefusesZeroPrice() public {
        offer.pricePerUnitSecond = 0;
        refused(abi.encodeWithSelector(IMarket.ZeroPrice.selector));
    }

    function test_RefusesZeroUnitsAndTooManyUnits() public {
        order.units = 0;
        refused(abi.encodeWithSelector(IMarket.ZeroUnits.selector));
        order.units = CAPACITY + 1;
        refused(abi.encodeWithSelector(IMarket.UnitsUnavailable.selector, CAPACITY, CAPACITY + 1));
    }

    function test_RefusesUnknownKinds() public {
        order.priceRule = 2;
        refused(abi.encodeWithSelector(IMarket.PriceRuleUnknown.selector, 2));
        order.priceRule = 0;
        order.tier = 2;
        refused(abi.encodeWithSelector(IMarket.TierUnknown.selector, 2));
        order.tier = 0;
        order.payMode = 2;
        refused(abi.encodeWithSelector(IMarket.PayModeUnknown.selector, 2));
        order.payMode = 0;
        order.mechanism = 2;
        refused(abi.encodeWithSelector(IMarket.MechanismUnknown.selector, 2));
    }

    function test_RefusesVoucherOrdersWithoutASession() public {
        order.session = address(0);
        refused(abi.encodeWithSelector(IMarket.SessionMissing.selector));
        order.payMode = 1;
        (, address signer) = channels.partiesOf(opened());
        vm.assertEq(signer, address(0));
    }

    function test_RefusesBidsForAnotherOrderAndStandingOffersInAuctions() public {
        offer.orderHash = keccak256("another");
        refused(abi.encodeWithSelector(IMarket.OfferForAnotherOrder.selector, offer.orderHash, market.orderHash(order)));
        offer.orderHash = 0;
        order.mechanism = 1;
        refused(abi.encodeWithSelector(IMarket.OfferForAnotherOrder.selector, bytes32(0), market.orderHash(order)));
    }

    function test_RefusesDurations() public {
        order.durationSeconds = 0;
        refused(abi.encodeWithSelector(IMarket.DurationInvalid.selector, 0, params.maxDurationSeconds));
        order.durationSeconds = uint32(params.maxDurationSeconds + 1);
        refused(
            abi.encodeWithSelector(
                IMarket.DurationInvalid.selector, params.maxDurationSeconds + 1, params.maxDurationSeconds
            )
        );
    }

    function test_RefusesOtherParams() public {
        order.paramsHash = keccak256("other");
        refused(abi.encodeWithSelector(IMarket.ParamsMismatch.selector, order.paramsHash, market.paramsHash()));
        vm.assertEq(market.paramsHash(), keccak256(abi.encode(params)));
    }

    function test_RefusesOtherMatchers() public {
        order.matcher = address(0xdead);
        refused(abi.encodeWithSelector(IMarket.MatcherNotAllowed.selector, matcher, address(0xdead)));
    }

    function test_RefusesAFeeAboveMax() public {
        refusedWithFee(abi.encodeWithSelector(IMarket.FeeAboveMax.selector, 1001, 1000), 1001);
    }

    function test_RefusesAboveBudget() public {
        order.budget = 1_800_000;
        refusedWithFee(abi.encodeWithSelector(IMarket.BudgetExceeded.selector, 1_800_001, 1_800_000), 1);
        opened();
    }

    function test_RefusesTooLittleEscrow() public {
        vm.prank(buyer);
        channels.requestExit(FUNDS - 1_799_999);
        refused(abi.encodeWithSelector(IChannels.FreeTooLow.selector, buyer, 1_799_999, 1_800_000));
    }

    function test_RefusesTooLittleBond() public {
        vm.prank(node.owner);
        channels.defundBonds(node.id, FUNDS - 279_999);
        refused(abi.encodeWithSelector(IChannels.BondFreeTooLow.selector, node.id, 279_999, 280_000));
    }

    function test_RefusesTooLittleStake() public {
        vm.prank(node.owner);
        registry.requestUnstake(node.id, uint96(params.minStake) * 9 + 1);
        refused(abi.encodeWithSelector(IRegistry.StakeTooLow.selector, node.id, params.minStake - 1, params.minStake));
    }

    function test_RefusesAFullPool() public {
        vm.prank(node.owner);
        registry.resizePool(node.id, 0, 1);
        refused(abi.encodeWithSelector(IRegistry.PoolFull.selector, node.id, 0, UNITS, 1));
    }

    function test_RefusesUnknownPoolsAndNodes() public {
        offer.poolId = 1;
        refused(abi.encodeWithSelector(IRegistry.PoolUnknown.selector, node.id, 1));
        offer.poolId = 0;
        offer.nodeId = bytes20(address(1));
        refused(abi.encodeWithSelector(IRegistry.PoolUnknown.selector, offer.nodeId, 0));
    }

    function test_RefusesUnknownCourts() public {
        order.courtId = "nobody";
        refused(abi.encodeWithSelector(ICourts.CourtUnknown.selector, order.courtId));
    }

    function test_RefusesAmountsThatDoNotFit() public {
        offer.pricePerUnitSecond = type(uint96).max;
        order.maxPricePerUnitSecond = type(uint96).max;
        refused(
            abi.encodeWithSelector(
                Terms.LeaseAmountTooLarge.selector, bytes32("rate"), uint256(type(uint96).max) * UNITS, type(uint64).max
            )
        );
        offer.pricePerUnitSecond = type(uint48).max;
        refused(
            abi.encodeWithSelector(
                Terms.LeaseAmountTooLarge.selector,
                bytes32("pay"),
                uint256(type(uint48).max) * UNITS * DURATION,
                type(uint48).max
            )
        );
        // The pay of a second fits, the bond of many doesn't.
        (offer.pricePerUnitSecond, order.durationSeconds) = (type(uint48).max / 4, 1);
        uint256 gain = uint256(type(uint48).max / 4) * UNITS * params.exposureSeconds;
        uint256 q = params.auditRatePpm;
        uint256 bond = (gain * (1e6 - q) + q - 1) / q;
        refused(abi.encodeWithSelector(Terms.LeaseAmountTooLarge.selector, bytes32("bond"), bond, type(uint48).max));
    }

    function deployMarket(ProtocolParams memory p) external {
        Wiring memory w = wiring;
        w.market = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        create("Market.sol:Market", abi.encode(w, p));
    }

    function test_NoMarketWhoseLeastBondDoesNotFit() public {
        uint256 most = type(uint48).max;
        ProtocolParams memory p = params;
        p.minBond = most;
        succeeds(address(this), address(this), abi.encodeCall(this.deployMarket, (p)));
        p.minBond = most + 1;
        bytes memory expected =
            abi.encodeWithSelector(Terms.LeaseAmountTooLarge.selector, bytes32("minBond"), most + 1, most);
        reverts(address(this), address(this), abi.encodeCall(this.deployMarket, (p)), expected);
    }

    function test_RefusesDirtyCalldata() public {
        bytes memory data = openData(node.operatorKey, buyerKey, 0);
        // Word 11 of the head: offer.units is the 7th offer field; its upper bytes must be zero.
        data[4 + 32 * 6] = 0x01;
        vm.prank(matcher);
        (bool ok,) = address(market).call(data);
        vm.assertFalse(ok);
    }

    function testFuzz_OpensExactlyWhatFits(uint96 price, uint32 units, uint32 seconds_, uint96 budget) public {
        price = uint96(bound(price, 1, PRICE * 2));
        units = uint32(bound(units, 1, CAPACITY));
        seconds_ = uint32(bound(seconds_, 1, 86_400));
        offer.pricePerUnitSecond = price;
        order.units = units;
        order.durationSeconds = seconds_;
        LeaseMoney memory m = market.quote(price, units, seconds_, 1);
        uint256 total = uint256(m.pay) + m.auditPot;
        order.budget = uint96(bound(budget, 1, 2 * total));
        fundBuyer(buyer, uint96(2 * total));
        fundBuyer(node.owner, m.bond);
        vm.prank(node.owner);
        channels.fundBonds(node.id, m.bond);
        if (total > order.budget) {
            refused(abi.encodeWithSelector(IMarket.BudgetExceeded.selector, total, order.budget));
        } else {
            bytes32 id = opened();
            vm.assertEq(channels.channel(id).cap, m.pay);
        }
    }
}
