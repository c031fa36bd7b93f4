// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MispredictedAddress, Wiring} from "../src/types/Wiring.sol";
import {Calls} from "./base/Calls.sol";
import {Fixture} from "./base/Fixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice The two tokens, and that a deployment with a wrong prediction does not come to be.
contract TokensTest is Fixture, Calls {
    address internal who = address(0xa11);
    bytes32 internal constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    struct Auth {
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    function auth(bytes32 nonce) internal view returns (Auth memory) {
        return Auth(who, 10, time() - 1, time() + 1, nonce);
    }

    function transferData(Auth memory a) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TRANSFER, buyer, a.to, a.value, a.validAfter, a.validBefore, a.nonce));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(buyerKey, keccak256(abi.encodePacked(hex"1901", stable.DOMAIN_SEPARATOR(), structHash)));
        return abi.encodeCall(
            stable.transferWithAuthorization, (buyer, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s)
        );
    }

    function fails(bytes memory data) internal {
        vm.prank(matcher);
        (bool ok,) = address(stable).call(data);
        vm.assertFalse(ok);
    }

    function test_StableHasSixDecimalsAndMints() public {
        vm.assertEq(stable.decimals(), 6);
        stable.mint(who, 5);
        vm.assertEq(stable.balanceOf(who), 5);
    }

    function test_StableExistsOnlyOnDevelopmentChains() public {
        vm.chainId(1);
        bytes memory code = vm.getCode("TestStable.sol:TestStable");
        address deployed;
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        vm.assertTrue(deployed == address(0));
    }

    function test_TransfersWithAuthorizationOnceAndInTime() public {
        stable.mint(buyer, 100);
        bytes memory data = transferData(auth("a"));
        succeeds(matcher, address(stable), data);
        vm.assertEq(stable.balanceOf(who), 10);
        vm.assertTrue(stable.authorizationState(buyer, "a"));
        fails(data);
        Auth memory a = auth("b");
        a.validAfter = time();
        fails(transferData(a));
        a = auth("b");
        a.validBefore = time();
        fails(transferData(a));
    }

    function test_ACancelledAuthorizationIsWorthless() public {
        stable.mint(buyer, 100);
        bytes32 structHash = keccak256(
            abi.encode(keccak256("CancelAuthorization(address authorizer,bytes32 nonce)"), buyer, bytes32("c"))
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(buyerKey, keccak256(abi.encodePacked(hex"1901", stable.DOMAIN_SEPARATOR(), structHash)));
        stable.cancelAuthorization(buyer, "c", v, r, s);
        fails(transferData(auth("c")));
        fails(abi.encodeCall(stable.cancelAuthorization, (buyer, "c", v, r, s)));
    }

    function test_ReceivingIsThePayees() public {
        bytes memory data = abi.encodeCall(
            stable.receiveWithAuthorization, (buyer, who, 1, 0, type(uint256).max, bytes32("d"), 27, 0, 0)
        );
        fails(data);
    }

    function test_WeftVotesByTimestampAndBurns() public {
        weft.transfer(who, 100);
        vm.prank(who);
        weft.delegate(who);
        vm.assertEq(weft.getVotes(who), 100);
        vm.assertEq(weft.clock(), time());
        vm.assertEq(keccak256(bytes(weft.CLOCK_MODE())), keccak256("mode=timestamp"));
        uint256 supply = weft.totalSupply();
        vm.prank(who);
        weft.burn(40);
        vm.assertEq(weft.totalSupply(), supply - 40);
        vm.assertEq(weft.getVotes(who), 60);
    }

    function test_NoContractExistsAtAnotherAddressThanWired() public {
        string[5] memory wired = [
            "Channels.sol:Channels",
            "Market.sol:Market",
            "Audits.sol:Audits",
            "CommitRevealBeacon.sol:CommitRevealBeacon",
            "Registry.sol:Registry"
        ];
        for (uint256 i = 0; i < wired.length; ++i) {
            bytes memory arguments = i == 4 ? abi.encode(wiring, params, governance) : abi.encode(wiring, params);
            bytes memory code = abi.encodePacked(vm.getCode(wired[i]), arguments);
            address deployed;
            assembly ("memory-safe") {
                deployed := create(0, add(code, 0x20), mload(code))
            }
            vm.assertTrue(deployed == address(0), wired[i]);
        }
    }
}
