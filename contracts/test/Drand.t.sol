// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254Bls} from "../src/libraries/Bn254Bls.sol";
import {IBeacon} from "../src/interfaces/IBeacon.sol";
import {IDrandBeacon} from "../src/interfaces/IDrandBeacon.sol";
import {DrandChain} from "../src/types/Drand.sol";
import {MispredictedAddress} from "../src/types/Wiring.sol";
import {Calls} from "./base/Calls.sol";
import {DrandGroup} from "./base/DrandGroup.sol";
import {Fixture} from "./base/Fixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Rounds of a drand network brought to the chain: recorded ones, those of a group of one, and none else.
contract DrandTest is Fixture, DrandGroup, Calls {
    IDrandBeacon internal drand;
    address internal who = address(0xa11);

    function setUp() public override {
        super.setUp();
        params.roundSeconds = 30;
        drand = make(chainOf(".signed"));
    }

    function make(DrandChain memory chain) public returns (IDrandBeacon) {
        wiring.beacon = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        return IDrandBeacon(create("DrandBeacon.sol:DrandBeacon", abi.encode(wiring, params, chain)));
    }

    function bringData(uint64 round, bytes memory signature) internal pure returns (bytes memory) {
        return abi.encodeCall(IDrandBeacon.bring, (round, signature));
    }

    /// @notice What the group signs for `round` of the beacon.
    function signatureOf(uint64 round) internal view returns (bytes memory) {
        return signDrand(uint64(drand.drandRoundOf(round)));
    }

    /// @notice A round that is over.
    function over() internal returns (uint64 round) {
        round = drand.currentRound() + 1;
        vm.warp(drand.startOf(round + 1));
    }

    function assertUnknown(uint64 round) internal view {
        (bool ready, bytes32 value) = drand.random(round);
        vm.assertFalse(ready);
        vm.assertEq(value, 0);
    }

    function assertKnown(uint64 round, bytes memory signature) internal view {
        (bool ready, bytes32 value) = drand.random(round);
        vm.assertTrue(ready);
        vm.assertEq(value, sha256(signature));
    }

    // ---- rounds and time ------------------------------------------------------------------------------------------

    function test_RoundsStandOnTheNetworksOwn() public {
        DrandChain memory chain = chainOf(".signed");
        vm.warp(chain.genesis + 1001 * chain.period + 1);
        drand = make(chain);
        vm.assertEq(drand.genesis(), chain.genesis + 1001 * chain.period, "with the latest round");
        vm.assertEq(drand.roundSeconds(), 30);
        vm.assertEq(drand.currentRound(), 0);
        vm.warp(drand.startOf(7) - 1);
        vm.assertEq(drand.currentRound(), 6);
        vm.warp(drand.startOf(7));
        vm.assertEq(drand.currentRound(), 7);
    }

    /// @notice The first drand round published at the end of a round or after it, wherever the deployment fell.
    function testFuzz_TheFirstRoundAtTheEndDecides(uint32 late, uint40 round, uint8 period) public {
        DrandChain memory chain = chainOf(".signed");
        chain.period = bound(period, 0, 1) == 0 ? 3 : 5;
        vm.warp(uint256(chain.genesis) + late);
        drand = make(chain);
        uint256 end = drand.startOf(round) + drand.roundSeconds();
        vm.assertEq(end, drand.startOf(uint64(round) + 1));
        uint256 publishedAt = chain.genesis + (drand.drandRoundOf(round) - 1) * chain.period;
        vm.assertGe(publishedAt, end);
        vm.assertLt(publishedAt - chain.period, end);
    }

    function test_NothingOverflowsAtTheLastRound() public {
        uint64 last = type(uint64).max;
        vm.assertGt(drand.startOf(last), time());
        vm.assertGt(drand.drandRoundOf(last), last);
        assertUnknown(last);
        revertsWith(who, address(drand), bringData(last, new bytes(64)), IDrandBeacon.RoundNotOver.selector);
    }

    function test_ARequestOnlySaysThatARoundWillBeWanted() public {
        uint64 round = drand.currentRound() + 3;
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(drand));
            emit IBeacon.RoundRequested(round);
            succeeds(who, address(drand), abi.encodeCall(IBeacon.request, (round)));
        }
        assertUnknown(round);
        uint64 current = drand.currentRound();
        bytes memory data = abi.encodeCall(IBeacon.request, (current));
        reverts(who, address(drand), data, abi.encodeWithSelector(IBeacon.RoundNotFuture.selector, current, current));
        uint64 latest = current + uint64(params.maxRoundsAhead);
        succeeds(who, address(drand), abi.encodeCall(IBeacon.request, (latest)));
        data = abi.encodeCall(IBeacon.request, (latest + 1));
        reverts(who, address(drand), data, abi.encodeWithSelector(IBeacon.RoundTooFar.selector, latest + 1, latest));
    }

    // ---- bringing -------------------------------------------------------------------------------------------------

    /// @dev Deployed so that its round 0 ends with the recorded one.
    function bringRecorded(string memory name, uint256 i) internal {
        DrandChain memory chain = chainOf(name);
        uint64 recorded = uint64(uint256(drandColumn(string.concat(name, ".rounds.round"))[i]));
        bytes memory signature = bytes.concat(
            drandColumn(string.concat(name, ".rounds.x"))[i], drandColumn(string.concat(name, ".rounds.y"))[i]
        );
        params.roundSeconds = 3;
        vm.warp(chain.genesis + (recorded - 2) * chain.period);
        drand = make(chain);
        vm.assertEq(drand.drandRoundOf(0), recorded);
        vm.warp(drand.startOf(1));
        succeeds(who, address(drand), bringData(0, signature));
        assertKnown(0, signature);
        (, bytes32 value) = drand.random(0);
        bytes32 published = drandColumn(string.concat(name, ".rounds.randomness"))[i];
        if (published != 0) vm.assertEq(value, published);
    }

    function test_RecordedRoundsOfEvmnet() public {
        for (uint256 i = 1; i < 4; ++i) {
            bringRecorded(".evmnet", i);
        }
    }

    function test_RecordedRoundsOfAnotherNetwork() public {
        for (uint256 i = 1; i < 3; ++i) {
            bringRecorded(".earlyEvmnet", i);
        }
    }

    function test_AnyoneBringsARoundThatIsOver() public {
        uint64 round = over();
        assertUnknown(round);
        bytes memory signature = signatureOf(round);
        vm.expectEmit(address(drand));
        emit IDrandBeacon.Brought(round, uint64(drand.drandRoundOf(round)), sha256(signature));
        succeeds(who, address(drand), bringData(round, signature));
        assertKnown(round, signature);
        assertUnknown(round + 1);
        assertUnknown(round - 1);
    }

    function test_NoRoundIsBroughtBeforeItIsOver() public {
        uint64 round = drand.currentRound() + 1;
        bytes memory data = bringData(round, signatureOf(round));
        bytes memory early = abi.encodeWithSelector(IDrandBeacon.RoundNotOver.selector, round);
        vm.warp(drand.startOf(round + 1) - 1);
        reverts(who, address(drand), data, early);
        vm.warp(drand.startOf(round + 1));
        succeeds(who, address(drand), data);
    }

    function test_ARoundIsBroughtOnce() public {
        uint64 round = over();
        bytes memory signature = signatureOf(round);
        succeeds(who, address(drand), bringData(round, signature));
        bytes memory known = abi.encodeWithSelector(IDrandBeacon.AlreadyBrought.selector, round);
        reverts(who, address(drand), bringData(round, signature), known);
        reverts(who, address(drand), bringData(round, signatureOf(round + 1)), known);
        reverts(who, address(drand), bringData(round, ""), known);
        assertKnown(round, signature);
    }

    function test_ALateRoundIsWorthAsMuch() public {
        uint64 round = over();
        skip(365 days);
        bytes memory signature = signatureOf(round);
        succeeds(who, address(drand), bringData(round, signature));
        assertKnown(round, signature);
    }

    // ---- what is refused ------------------------------------------------------------------------------------------

    function refused(uint64 round, bytes memory signature, bytes memory expected) internal {
        reverts(who, address(drand), bringData(round, signature), expected);
        assertUnknown(round);
    }

    function wrong(uint64 round) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IDrandBeacon.SignatureWrong.selector, round, drand.drandRoundOf(round));
    }

    function test_SignaturesOfOtherRoundsAndGroups() public {
        uint64 round = over();
        refused(round, signatureOf(round - 1), wrong(round));
        refused(round, signatureOf(round + 1), wrong(round));
        uint64 drandRound = uint64(drand.drandRoundOf(round));
        refused(round, signDrand(drandRound - 1), wrong(round));
        refused(round, signDrand(drandRound + 1), wrong(round));
        refused(round, signDrandWith(42, drandRound), wrong(round));
        refused(round, abi.encode(1, 2), wrong(round));
    }

    function test_ASignatureOfAnotherRoundIsNoReplay() public {
        uint64 round = over();
        bytes memory signature = signatureOf(round);
        succeeds(who, address(drand), bringData(round, signature));
        vm.warp(drand.startOf(round + 2));
        refused(round + 1, signature, wrong(round + 1));
    }

    function test_AnotherTagIsAnotherSignature() public {
        DrandChain memory chain = chainOf(".signed");
        chain.dst = "another tag";
        drand = make(chain);
        uint64 round = over();
        refused(round, signatureOf(round), wrong(round));
    }

    function test_SignaturesOfTheWrongLength() public {
        uint64 round = over();
        bytes memory signature = signatureOf(round);
        bytes memory short = new bytes(63);
        for (uint256 i = 0; i < 63; ++i) {
            short[i] = signature[i];
        }
        refused(round, short, abi.encodeWithSelector(IDrandBeacon.SignatureLengthWrong.selector, 63));
        refused(round, "", abi.encodeWithSelector(IDrandBeacon.SignatureLengthWrong.selector, 0));
        bytes memory long = bytes.concat(signature, hex"00");
        refused(round, long, abi.encodeWithSelector(IDrandBeacon.SignatureLengthWrong.selector, 65));
    }

    function notOnCurve(uint64 round, uint256 x, uint256 y) internal {
        refused(round, abi.encode(x, y), abi.encodeWithSelector(IDrandBeacon.SignatureNotOnCurve.selector, x, y));
    }

    function test_WhatIsNoPoint() public {
        uint64 round = over();
        (uint256 x, uint256 y) = abi.decode(signatureOf(round), (uint256, uint256));
        notOnCurve(round, 0, 0);
        notOnCurve(round, x, y + 1);
        notOnCurve(round, x + Bn254Bls.P, y);
        notOnCurve(round, x, y + Bn254Bls.P);
        notOnCurve(round, type(uint256).max, type(uint256).max);
        refused(round, abi.encode(x, Bn254Bls.P - y), wrong(round));
    }

    function testFuzz_NothingButTheSignaturePasses(uint256 word, uint8 kind) public {
        uint64 round = over();
        bytes memory signature = signatureOf(round);
        bytes memory other = kind % 2 == 0
            ? signDrandWith(bound(word, 1, ORDER - 1), uint64(drand.drandRoundOf(round)))
            : abi.encode(word, keccak256(abi.encode(word)));
        vm.assume(keccak256(other) != keccak256(signature));
        vm.prank(who);
        (bool ok,) = address(drand).call(bringData(round, other));
        vm.assertFalse(ok);
        assertUnknown(round);
    }

    // ---- deployment -----------------------------------------------------------------------------------------------

    function test_TheNetworkIsNamed() public view {
        vm.assertEq(keccak256(abi.encode(drand.drandChain())), keccak256(abi.encode(chainOf(".signed"))));
    }

    function unsafe(DrandChain memory chain, string memory field) internal {
        bytes memory expected = abi.encodeWithSelector(IDrandBeacon.ChainUnsafe.selector, field);
        reverts(address(this), address(this), abi.encodeCall(this.make, (chain)), expected);
    }

    function test_UnsafeNetworks() public {
        DrandChain memory chain = chainOf(".signed");
        chain.period = 0;
        unsafe(chain, "period");
        chain.period = 7;
        unsafe(chain, "period");
        chain.period = 60;
        unsafe(chain, "period");
        chain = chainOf(".signed");
        chain.genesis = uint64(time() + 1);
        unsafe(chain, "genesis");
        chain = chainOf(".signed");
        chain.dst = "";
        unsafe(chain, "dst");
        chain.dst = new bytes(64);
        unsafe(chain, "dst");
        chain = chainOf(".signed");
        chain.publicKey = new bytes(128);
        unsafe(chain, "publicKey");
        chain.publicKey = new bytes(127);
        unsafe(chain, "publicKey");
        chain.publicKey = chainOf(".signed").publicKey;
        chain.publicKey[127] = bytes1(uint8(chain.publicKey[127]) ^ 1);
        unsafe(chain, "publicKey");
    }

    function test_TheLongestTag() public {
        DrandChain memory chain = chainOf(".signed");
        chain.dst = "123456789 123456789 123456789 123456789 123456789 123456789 123";
        drand = make(chain);
        vm.assertEq(keccak256(drand.drandChain().dst), keccak256(chain.dst));
    }

    function makeElsewhere() external {
        create("DrandBeacon.sol:DrandBeacon", abi.encode(wiring, params, chainOf(".signed")));
    }

    function test_NoDeploymentElsewhere() public {
        bytes memory data = abi.encodeCall(this.makeElsewhere, ());
        revertsWith(address(this), address(this), data, MispredictedAddress.selector);
    }
}
