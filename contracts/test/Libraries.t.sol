// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attributes} from "../src/libraries/Attributes.sol";
import {MerkleSha256} from "../src/libraries/MerkleSha256.sol";
import {Pending} from "../src/libraries/Pending.sol";
import {Terms} from "../src/libraries/Terms.sol";
import {LeaseMoney} from "../src/types/Leases.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {vm} from "./base/Vm.sol";

/// @notice The pure parts against the plainest model of each.
contract LibrariesTest {
    using Pending for Pending.Channel;

    Pending.Channel internal channel;
    uint256 internal constant DELAY = 100;

    // ---- Attributes -----------------------------------------------------------------------------------------------

    function coversOneByOne(uint128 offered, uint128 required) internal pure returns (bool) {
        for (uint256 i = 0; i < 7; ++i) {
            if (uint16(offered >> (16 * i)) < uint16(required >> (16 * i))) return false;
        }
        uint16 flags = uint16(required >> 112);
        return uint16(offered >> 112) & flags == flags;
    }

    function testFuzz_AttributesEqualTheLoop(uint128 offered, uint128 required) public pure {
        vm.assertEq(Attributes.covers(offered, required), coversOneByOne(offered, required));
    }

    /// @dev Random words hardly ever cover each other: here required is offered with a few fields moved by a little.
    function testFuzz_AttributesNearEquality(uint128 offered, uint8 field, uint16 by, bool up) public pure {
        uint256 shift = 16 * (uint256(field) % 8);
        uint16 value = uint16(offered >> shift);
        uint16 moved;
        unchecked {
            moved = up ? value + by : value - by;
        }
        uint128 required = uint128((uint256(offered) & ~(uint256(0xffff) << shift)) | uint256(moved) << shift);
        vm.assertEq(Attributes.covers(offered, required), coversOneByOne(offered, required));
        vm.assertTrue(Attributes.covers(offered, offered));
        vm.assertTrue(Attributes.covers(type(uint128).max, offered));
        vm.assertTrue(Attributes.covers(offered, 0));
    }

    // ---- Terms ----------------------------------------------------------------------------------------------------

    function rules() internal pure returns (Terms.Rules memory) {
        return Terms.Rules(60, 2500, 300_000, 3600, 1000);
    }

    function moneyOf(uint64 rate, uint32 seconds_) external pure returns (LeaseMoney memory) {
        return Terms.money(rules(), rate, seconds_, 1);
    }

    function testFuzz_TermsAreExactOrRefused(uint64 rate, uint32 seconds_) public view {
        rate = uint64(rate % 1e12);
        try this.moneyOf(rate, seconds_) returns (LeaseMoney memory m) {
            uint256 pay = uint256(rate) * seconds_;
            vm.assertEq(m.pay, pay);
            vm.assertEq(m.auditPot, pay / 4);
            vm.assertLe(m.startFee, pay);
            vm.assertTrue(m.startFee == pay || m.startFee == uint256(rate) * 60);
            // bond >= gain (1 - q) / q: the bond times q covers the gain times (1 - q).
            vm.assertGe(uint256(m.bond) * 300_000, uint256(rate) * 3600 * 700_000);
            vm.assertGe(m.bond, 1000);
        } catch {
            bool tooMuchPay = uint256(rate) * seconds_ > type(uint48).max;
            vm.assertTrue(tooMuchPay || uint256(rate) * 3600 * 7 / 3 > type(uint48).max - 1);
        }
    }

    function test_BareLeasesHaveNoAuditPot() public pure {
        vm.assertEq(Terms.money(rules(), 1000, 100, 0).auditPot, 0);
    }

    // ---- MerkleSha256 ---------------------------------------------------------------------------------------------

    function verify(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        return MerkleSha256.verify(root, count, index, leaf, path);
    }

    function testFuzz_MerklePathsVerifyAndNothingElseDoes(uint256 count, uint256 index, uint256 other) public view {
        count = 1 + count % 40;
        index %= count;
        bytes32[] memory leaves = MerkleTree.leavesOf(MerkleTree.stepRoots("tree", count));
        bytes32 root = MerkleTree.root(leaves);
        bytes32[] memory path = MerkleTree.path(leaves, index);
        vm.assertTrue(this.verify(root, count, index, leaves[index], path));
        vm.assertFalse(this.verify(root, count, count, leaves[index], path));
        vm.assertFalse(this.verify(root, 0, 0, leaves[index], path));
        other %= count;
        if (other != index) vm.assertFalse(this.verify(root, count, other, leaves[index], path));
        vm.assertFalse(this.verify(root, count, index, keccak256("x"), path));
        vm.assertFalse(this.verify(keccak256("x"), count, index, leaves[index], path));
        bytes32[] memory longer = new bytes32[](path.length + 1);
        for (uint256 i = 0; i < path.length; ++i) {
            longer[i] = path[i];
        }
        vm.assertFalse(this.verify(root, count, index, leaves[index], longer));
        if (path.length == 0) return;
        assembly ("memory-safe") {
            mstore(path, sub(mload(path), 1))
        }
        vm.assertFalse(this.verify(root, count, index, leaves[index], path));
    }

    function test_ANodeIsNeverReadAsALeaf() public pure {
        vm.assertNotEq(MerkleSha256.parent("a", "b"), sha256(abi.encodePacked(hex"00", bytes32("a"), bytes32("b"))));
        vm.assertEq(MerkleSha256.leaf("a"), sha256(abi.encodePacked(hex"00", bytes32("a"))));
    }

    // ---- Pending: void --------------------------------------------------------------------------------------------

    function testFuzz_VoidTakesTheYoungestMoneyFirst(uint48[6] memory amounts, uint64 cap, uint8 waits) public {
        channel.open(bytes20(address(1)), type(uint48).max, address(2));
        uint256 target = 0;
        uint256 now_ = 1_000_000;
        for (uint256 i = 0; i < 6; ++i) {
            target += amounts[i] % 1e12;
            vm.warp(now_ += 20 + (uint256(waits) * (i + 1)) % 90);
            channel.add(target, DELAY);
            if (i == 3) channel.takeMatured(DELAY);
        }
        uint64 released = channel.released;
        uint64 claimed = channel.claimed;
        vm.assertEq(claimed, target);
        cap = uint64(cap % (target + 2));
        (uint64 newCap, uint64 clawedBack) = channel.void(cap);
        vm.assertGe(newCap, released, "released money is gone");
        vm.assertEq(channel.claimed, claimed - clawedBack);
        vm.assertLe(channel.claimed, newCap);
        vm.assertLe(uint256(channel.matured) + channel.later, channel.claimed);
        // The rest still matures and pays out exactly.
        vm.warp(now_ + 3 * DELAY);
        vm.assertEq(channel.takeMatured(DELAY), channel.claimed - released);
        // And nothing more can be claimed.
        (, uint64 added) = channel.add(type(uint128).max, DELAY);
        vm.assertLe(uint256(channel.claimed), newCap);
        vm.assertEq(added, newCap - (claimed - clawedBack));
    }

    function test_StorageLayoutOfAnOpenedChannel() public {
        channel.open(bytes20(address(0xabc)), 77, address(0xdef));
        vm.assertEq(bytes32(channel.nodeId), bytes32(bytes20(address(0xabc))));
        vm.assertEq(channel.cap, 77);
        vm.assertEq(channel.signer, address(0xdef));
        vm.assertEq(uint256(channel.claimed) + channel.later + channel.bucketAt + channel.flags, 0);
    }
}
