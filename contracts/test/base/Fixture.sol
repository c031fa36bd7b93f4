// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../../src/generated/Params.sol";
import {IAudits} from "../../src/interfaces/IAudits.sol";
import {IChannels} from "../../src/interfaces/IChannels.sol";
import {ICommitRevealBeacon} from "../../src/interfaces/ICommitRevealBeacon.sol";
import {ICourts, IExactCourt} from "../../src/interfaces/ICourt.sol";
import {IEpochCourt} from "../../src/interfaces/IEpochCourt.sol";
import {IGames} from "../../src/interfaces/IGames.sol";
import {IMarket} from "../../src/interfaces/IMarket.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {Typed} from "../../src/libraries/Typed.sol";
import {CloseReason, Lease, LeaseMoney, LeaseState} from "../../src/types/Leases.sol";
import {Offer, Order, SegmentCommitment, TIER_EXACT} from "../../src/types/Orders.sol";
import {Wiring} from "../../src/types/Wiring.sol";
import {Artifacts} from "./Artifacts.sol";
import {IStable, IWeft} from "./Tokens.sol";
import {vm} from "./Vm.sol";

/// @notice One deployment with nodes and buyers that own real keys. Nothing in here is a mock.
/// @dev Time is read through the cheatcode: the IR optimiser takes block.timestamp for constant within a call.
abstract contract Fixture {
    struct NodeKeys {
        bytes20 id;
        address owner;
        address operator;
        uint256 operatorKey;
    }

    /// @notice cpu 8, memory 32, disk 100, 200 Gflops, flags 1.
    uint128 internal constant ATTRIBUTES = 8 | (32 << 16) | (100 << 32) | (200 << 48) | (1 << 112);
    bytes8 internal constant CLASS = "cpu.std";
    uint96 internal constant PRICE = 1000;
    uint32 internal constant UNITS = 2;
    uint32 internal constant DURATION = 600;
    uint32 internal constant CAPACITY = 64;
    uint96 internal constant FUNDS = 1_000_000_000;

    ProtocolParams internal params;
    Wiring internal wiring;
    IStable internal stable;
    IWeft internal weft;
    IRegistry internal registry;
    IChannels internal channels;
    IMarket internal market;
    IAudits internal audits;
    ICommitRevealBeacon internal beacon;
    ICourts internal courts;
    IGames internal games;
    IExactCourt internal court;
    IEpochCourt internal epochs;

    NodeKeys[] internal nodes;
    address internal governance = address(0x600);
    address internal treasury = address(0x7ea5);
    address internal matcher = address(0x3a7c);
    uint256 internal buyerKey = 0xb0b;
    address internal buyer = vm.addr(0xb0b);
    uint256 internal sessionKey = 0x5e55;
    address internal session = vm.addr(0x5e55);
    uint64 internal nextNonce;

    function preset() internal pure virtual returns (ProtocolParams memory) {
        return Presets.local();
    }

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.chainId(31_337);
        params = preset();
        deploy();
        fundBuyer(buyer, FUNDS);
    }

    function deploy() internal {
        address judges = deployJudges();
        address evidence = create("Evidence.sol:Evidence", abi.encode(judges));
        uint256 nonce = vm.getNonce(address(this));
        wiring = Wiring({
            stable: vm.computeCreateAddress(address(this), nonce),
            weft: vm.computeCreateAddress(address(this), nonce + 1),
            registry: vm.computeCreateAddress(address(this), nonce + 2),
            channels: vm.computeCreateAddress(address(this), nonce + 3),
            market: vm.computeCreateAddress(address(this), nonce + 4),
            audits: vm.computeCreateAddress(address(this), nonce + 5),
            beacon: vm.computeCreateAddress(address(this), nonce + 6),
            courts: vm.computeCreateAddress(address(this), nonce + 7),
            games: vm.computeCreateAddress(address(this), nonce + 8),
            court: vm.computeCreateAddress(address(this), nonce + 10),
            epochs: vm.computeCreateAddress(address(this), nonce + 11)
        });
        stable = IStable(create("TestStable.sol:TestStable", ""));
        weft = IWeft(create("WeftToken.sol:WeftToken", abi.encode(address(this), 1_000_000_000e18)));
        registry = IRegistry(create("Registry.sol:Registry", abi.encode(wiring, params, governance)));
        channels = IChannels(create("Channels.sol:Channels", abi.encode(wiring, params)));
        market = IMarket(create("Market.sol:Market", abi.encode(wiring, params)));
        audits = IAudits(create("Audits.sol:Audits", abi.encode(wiring, params)));
        beacon = ICommitRevealBeacon(createBeacon());
        courts = ICourts(create("Courts.sol:Courts", abi.encode(wiring, params, governance)));
        games = IGames(create("Games.sol:Games", abi.encode(wiring, params, judges, evidence)));
        address grounds = create("Grounds.sol:Grounds", abi.encode(wiring));
        court = IExactCourt(create("Court.sol:Court", abi.encode(wiring, params, grounds, treasury)));
        epochs = IEpochCourt(create("EpochCourt.sol:EpochCourt", abi.encode(wiring, params, treasury)));
    }

    /// @dev Without judges no operator can be judged; tests of games say which.
    function deployJudges() internal virtual returns (address judges) {
        judges = create("JudgeBook.sol:JudgeBook", abi.encode(new bytes32[](0)));
    }

    function createBeacon() internal virtual returns (address) {
        return create("CommitRevealBeacon.sol:CommitRevealBeacon", abi.encode(wiring, params));
    }

    function create(string memory artifact, bytes memory arguments) internal returns (address) {
        return Artifacts.create(artifact, arguments);
    }

    // ---- time -----------------------------------------------------------------------------------------------------

    function time() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function skip(uint256 seconds_) internal {
        vm.warp(time() + seconds_);
    }

    // ---- actors ---------------------------------------------------------------------------------------------------

    function fundBuyer(address account, uint96 amount) internal {
        stable.mint(account, amount);
        vm.startPrank(account);
        stable.approve(address(channels), amount);
        channels.deposit(amount);
        vm.stopPrank();
    }

    /// @notice A staked, bonded node with one pool.
    function addNode() internal returns (NodeKeys memory n) {
        n = addBareNode();
        addStake(n.id, uint96(params.minStake) * 10);
        fundBuyer(n.owner, FUNDS);
        vm.startPrank(n.owner);
        registry.addPool(n.id, CLASS, CAPACITY, ATTRIBUTES);
        channels.fundBonds(n.id, FUNDS);
        vm.stopPrank();
    }

    function addBareNode() internal returns (NodeKeys memory n) {
        uint256 i = nodes.length;
        n.owner = vm.addr(0x1000 + i);
        n.operatorKey = 0x2000 + i;
        n.operator = vm.addr(n.operatorKey);
        n.id = nodeIdOf(n.owner, bytes32(i));
        bytes memory consent = signConsent(n.operatorKey, n.id, 0);
        vm.prank(n.owner);
        registry.register(n.operator, bytes32(i), "/ip4/10.0.0.1/tcp/1", uint64(i), consent);
        nodes.push(n);
    }

    function addStake(bytes20 nodeId, uint96 amount) internal {
        weft.approve(address(registry), amount);
        registry.stake(nodeId, amount);
    }

    function nodeIdOf(address owner, bytes32 salt) internal pure returns (bytes20) {
        return bytes20(keccak256(abi.encode(owner, salt)));
    }

    // ---- signing --------------------------------------------------------------------------------------------------

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function domainOf(address verifier) internal view returns (bytes32) {
        return domainOf(verifier, block.chainid);
    }

    function domainOf(address verifier, uint256 chainId) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Weft"),
                keccak256("1"),
                chainId,
                verifier
            )
        );
    }

    function digestIn(address verifier, bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domainOf(verifier), structHash));
    }

    function signConsent(uint256 key, bytes20 nodeId, uint64 nonce) internal view returns (bytes memory) {
        bytes32 structHash = Typed.operatorConsent(nodeId, vm.addr(key), nonce);
        return signed(key, digestIn(address(registry), structHash));
    }

    function signOffer(Offer memory offer, uint256 key) internal view returns (bytes memory) {
        return signed(key, market.offerDigest(offer));
    }

    function signOrder(Order memory order, uint256 key) internal view returns (bytes memory) {
        return signed(key, market.orderDigest(order));
    }

    function voucher(bytes32 channelId, uint128 cumulative) internal view returns (bytes memory) {
        return voucherBy(sessionKey, channelId, cumulative);
    }

    function voucherBy(uint256 key, bytes32 channelId, uint128 cumulative) internal view returns (bytes memory) {
        (bytes20 payee,) = channels.partiesOf(channelId);
        return signed(key, channels.voucherDigest(channelId, payee, cumulative));
    }

    // ---- nouns ----------------------------------------------------------------------------------------------------

    function offerOf(NodeKeys memory n) internal view returns (Offer memory) {
        return Offer({
            nodeId: n.id,
            poolId: 0,
            slot: 0,
            seq: 1,
            class: CLASS,
            attributes: ATTRIBUTES,
            units: CAPACITY,
            pricePerUnitSecond: PRICE,
            region: 0x8928308280fffff,
            expiresAt: uint64(time() + 30 days),
            orderHash: 0,
            detailsHash: keccak256("offer details")
        });
    }

    function orderOf(address who) internal returns (Order memory) {
        return Order({
            buyer: who,
            session: session,
            class: CLASS,
            minAttributes: ATTRIBUTES,
            units: UNITS,
            durationSeconds: DURATION,
            maxPricePerUnitSecond: PRICE * 2,
            priceRule: 0,
            tier: TIER_EXACT,
            mechanism: 0,
            payMode: 0,
            jobCommitment: keccak256("job"),
            detailsHash: keccak256("order details"),
            matcher: address(0),
            maxFee: 1000,
            budget: FUNDS,
            courtId: 0,
            paramsHash: market.paramsHash(),
            buyerEpoch: 0,
            nonce: nextNonce++,
            expiresAt: uint64(time() + 30 days),
            biddingEndsAt: 0
        });
    }

    // ---- leases ---------------------------------------------------------------------------------------------------

    function openLease(NodeKeys memory n) internal returns (bytes32) {
        return openLease(n, orderOf(buyer));
    }

    function openLease(NodeKeys memory n, Order memory order) internal returns (bytes32) {
        return openFill(offerOf(n), n.operatorKey, order, 0, 0);
    }

    function openFill(Offer memory offer, uint256 key, Order memory order, uint8 fill, bytes32 previousOfferHash)
        internal
        returns (bytes32)
    {
        bytes memory offerSig = signOffer(offer, key);
        bytes memory orderSig = signOrder(order, buyerKey);
        vm.prank(matcher);
        return market.open(offer, offerSig, order, orderSig, fill, previousOfferHash, 0);
    }

    function startLease(bytes32 leaseId, NodeKeys memory n) internal {
        vm.prank(n.operator);
        market.start(leaseId, "");
    }

    function runningLease(NodeKeys memory n) internal returns (bytes32 leaseId) {
        leaseId = openLease(n);
        startLease(leaseId, n);
    }

    function closeAs(address who, bytes32 leaseId, CloseReason reason) internal {
        vm.prank(who);
        market.close(leaseId, reason);
    }

    function settleLease(bytes32 leaseId) internal {
        uint256 dueAt = market.settleableAt(leaseId);
        if (time() < dueAt) vm.warp(dueAt);
        market.settle(leaseId);
    }

    function stateOf(bytes32 leaseId) internal view returns (LeaseState state) {
        (state,) = market.stateOf(leaseId);
    }

    function assertState(bytes32 leaseId, LeaseState expected) internal view {
        vm.assertEq(uint256(stateOf(leaseId)), uint256(expected), "lease state");
    }

    function free(address account) internal view returns (uint256) {
        return channels.accountOf(account).free;
    }

    function earned(address account) internal view returns (uint256) {
        return channels.accountOf(account).earned;
    }
}
