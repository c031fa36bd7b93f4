// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254Bls} from "../src/libraries/Bn254Bls.sol";
import {Calls} from "./base/Calls.sol";
import {DrandGroup} from "./base/DrandGroup.sol";
import {vm} from "./base/Vm.sol";

/// @notice The hash to the curve against published points and the TypeScript implementation; signatures of recorded
/// rounds and of the vectors' group.
contract Bn254BlsTest is DrandGroup, Calls {
    uint256 private constant P = Bn254Bls.P;

    Bn254Bls.G2 private _key;
    bytes private _dst;

    function setUp() public {
        _key = keyOf(".signed");
        _dst = chainOf(".signed").dst;
    }

    function keyOf(string memory name) private view returns (Bn254Bls.G2 memory) {
        return abi.decode(chainOf(name).publicKey, (Bn254Bls.G2));
    }

    function pointAt(string memory name, string memory x, string memory y, uint256 i)
        private
        view
        returns (Bn254Bls.G1 memory)
    {
        return Bn254Bls.G1(
            uint256(drandColumn(string.concat(name, x))[i]), uint256(drandColumn(string.concat(name, y))[i])
        );
    }

    function assertSame(Bn254Bls.G1 memory a, Bn254Bls.G1 memory b, string memory what) private pure {
        vm.assertEq(a.x, b.x, what);
        vm.assertEq(a.y, b.y, what);
    }

    function messageOf(uint64 round) private pure returns (bytes memory) {
        return bytes.concat(keccak256(abi.encodePacked(round)));
    }

    // ---- the hash -------------------------------------------------------------------------------------------------

    function test_MappedPointsAreThosePublished() public view {
        bytes32[] memory u = drandColumn(".mapped.u");
        vm.assertGt(u.length, 8);
        for (uint256 i = 0; i < u.length; ++i) {
            assertSame(Bn254Bls.mapToG1(uint256(u[i])), pointAt(".mapped", ".x", ".y", i), "mapped");
        }
    }

    function test_FieldElementsAreThosePublished() public view {
        bytes32[] memory u0 = drandColumn(".elements.u0");
        bytes32[] memory u1 = drandColumn(".elements.u1");
        bytes32[] memory message = drandColumn(".elements.message");
        vm.assertGt(u0.length, 1);
        for (uint256 i = 0; i < u0.length; ++i) {
            (uint256 a, uint256 b) = Bn254Bls.hashToField(chainOf(".evmnet").dst, bytes.concat(message[i]));
            vm.assertEq(a, uint256(u0[i]));
            vm.assertEq(b, uint256(u1[i]));
        }
    }

    function test_HashedMessagesAreThosePublished() public view {
        uint256 count = drandColumn(".hashed.x").length;
        vm.assertGt(count, 3);
        for (uint256 i = 0; i < count; ++i) {
            string memory input = string.concat(".hashed.inputs[", vm.toString(i), "]");
            bytes memory dst = vm.parseJsonBytes(drandJson, string.concat(input, ".dst"));
            bytes memory message = vm.parseJsonBytes(drandJson, string.concat(input, ".message"));
            assertSame(Bn254Bls.hashToG1(dst, message), pointAt(".hashed", ".x", ".y", i), "hashed");
        }
    }

    /// @dev 1 - 4u^2 is zero for u = 1/2 and -1/2: there is nothing to invert.
    function test_ElementsWithoutAnInverseHaveAPointToo() public view {
        uint256 half = (P + 1) / 2;
        uint256[5] memory us = [0, 1, P - 1, half, P - half];
        for (uint256 i = 0; i < us.length; ++i) {
            Bn254Bls.G1 memory q = Bn254Bls.mapToG1(us[i]);
            vm.assertTrue(Bn254Bls.isOnCurve(q));
            vm.assertEq(q.y & 1, us[i] & 1);
        }
    }

    function testFuzz_EveryElementMapsToAPointOfItsSign(uint256 u) public view {
        u = u % P;
        Bn254Bls.G1 memory q = Bn254Bls.mapToG1(u);
        vm.assertTrue(Bn254Bls.isOnCurve(q));
        vm.assertEq(q.y & 1, u & 1);
    }

    // ---- points ---------------------------------------------------------------------------------------------------

    function test_OnlyTheOneEncodingOfAPointIsOnTheCurve() public pure {
        vm.assertTrue(Bn254Bls.isOnCurve(Bn254Bls.G1(1, 2)));
        vm.assertTrue(Bn254Bls.isOnCurve(Bn254Bls.G1(1, P - 2)));
        vm.assertFalse(Bn254Bls.isOnCurve(Bn254Bls.G1(0, 0)), "zero");
        vm.assertFalse(Bn254Bls.isOnCurve(Bn254Bls.G1(1, 3)));
        vm.assertFalse(Bn254Bls.isOnCurve(Bn254Bls.G1(1 + P, 2)), "x again");
        vm.assertFalse(Bn254Bls.isOnCurve(Bn254Bls.G1(1, 2 + P)), "y again");
    }

    function test_KeysAreThePointsOfG2() public view {
        vm.assertTrue(Bn254Bls.isKey(Bn254Bls.generator()));
        vm.assertTrue(Bn254Bls.isKey(keyOf(".evmnet")));
        vm.assertFalse(Bn254Bls.isKey(Bn254Bls.G2(0, 0, 0, 0)), "zero");
        Bn254Bls.G2 memory key = keyOf(".evmnet");
        (key.xIm, key.xRe) = (key.xRe, key.xIm);
        vm.assertFalse(Bn254Bls.isKey(key), "parts in the other order");
    }

    // ---- signatures -----------------------------------------------------------------------------------------------

    function test_RecordedRoundsAreSigned() public view {
        string[2] memory names = [".evmnet", ".earlyEvmnet"];
        for (uint256 n = 0; n < names.length; ++n) {
            bytes32[] memory rounds = drandColumn(string.concat(names[n], ".rounds.round"));
            vm.assertGt(rounds.length, 2);
            for (uint256 i = 0; i < rounds.length; ++i) {
                Bn254Bls.G1 memory signature = pointAt(names[n], ".rounds.x", ".rounds.y", i);
                bytes memory dst = chainOf(names[n]).dst;
                Bn254Bls.G1 memory hashed = Bn254Bls.hashToG1(dst, messageOf(uint64(uint256(rounds[i]))));
                vm.assertTrue(Bn254Bls.verify(keyOf(names[n]), hashed, signature), names[n]);
                vm.assertFalse(Bn254Bls.verify(keyOf(names[1 - n]), hashed, signature), "under the other key");
            }
        }
    }

    /// @notice What the TypeScript implementation signed, from its own hash to the curve.
    function test_RoundsOfTheVectorsAreSigned() public view {
        bytes32[] memory rounds = drandColumn(".signed.rounds.round");
        bytes memory dst = _dst;
        vm.assertGt(rounds.length, 30);
        for (uint256 i = 0; i < rounds.length; ++i) {
            uint64 round = uint64(uint256(rounds[i]));
            Bn254Bls.G1 memory hashed = Bn254Bls.hashToG1(dst, messageOf(round));
            assertSame(hashed, pointAt(".signed.rounds", ".hashX", ".hashY", i), "hashed");
            Bn254Bls.G1 memory signature = pointAt(".signed.rounds", ".x", ".y", i);
            vm.assertTrue(Bn254Bls.verify(_key, hashed, signature));
            Bn254Bls.G1 memory again = abi.decode(signDrand(round), (Bn254Bls.G1));
            assertSame(again, signature, "there is one signature");
        }
    }

    function testFuzz_OnlyTheSecretSigns(uint64 round, uint256 other) public view {
        uint256 secret = uint256(keccak256("vectors")) % ORDER;
        other = bound(other, 1, ORDER - 1);
        vm.assume(other != secret);
        bytes memory dst = _dst;
        Bn254Bls.G2 memory key = _key;
        Bn254Bls.G1 memory hashed = Bn254Bls.hashToG1(dst, messageOf(round));
        Bn254Bls.G1 memory good = abi.decode(signDrandWith(secret, round), (Bn254Bls.G1));
        vm.assertTrue(Bn254Bls.verify(key, hashed, good));
        Bn254Bls.G1 memory bad = abi.decode(signDrandWith(other, round), (Bn254Bls.G1));
        vm.assertFalse(Bn254Bls.verify(key, hashed, bad), "another secret");
        vm.assertFalse(Bn254Bls.verify(key, hashed, Bn254Bls.G1(good.x, P - good.y)), "the other sign");
        Bn254Bls.G1 memory next = Bn254Bls.hashToG1(dst, messageOf(round ^ 1));
        vm.assertFalse(Bn254Bls.verify(key, next, good), "another round");
    }

    function verifyAt(Bn254Bls.G1 memory signature) external view returns (bool) {
        Bn254Bls.G1 memory hashed = Bn254Bls.hashToG1("tag", "message");
        return Bn254Bls.verify(Bn254Bls.generator(), hashed, signature);
    }

    function test_APrecompileThatFailsIsNamed() public {
        reverts(
            address(this),
            address(this),
            abi.encodeCall(this.verifyAt, (Bn254Bls.G1(1, 3))),
            abi.encodeWithSelector(Bn254Bls.PrecompileFailed.selector, address(0x08))
        );
    }
}
