// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Presets, ProtocolParams} from "../src/generated/Params.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Calls} from "./base/Calls.sol";
import {Fixture} from "./base/Fixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Identity, capacity, stake, slashers and draws.
contract RegistryTest is Fixture, Calls {
    NodeKeys internal node;
    address internal who = address(0xa11);

    /// @dev A wide cap, so that unequal stakes show in the draws.
    function preset() internal pure override returns (ProtocolParams memory p) {
        p = Presets.local();
        p.drawStakeCap = 100 * p.minStake;
    }

    function setUp() public override {
        super.setUp();
        node = addNode();
    }

    // ---- identity -------------------------------------------------------------------------------------------------

    function test_TheNodeIdComesFromOwnerAndSalt() public view {
        vm.assertEq(bytes32(node.id), bytes32(bytes20(keccak256(abi.encode(node.owner, bytes32(0))))));
        IRegistry.NodeView memory v = registry.node(node.id);
        vm.assertEq(v.owner, node.owner);
        vm.assertEq(v.operator, node.operator);
        vm.assertEq(v.registeredAt, time());
        vm.assertEq(v.poolCount, 1);
        vm.assertEq(v.operatorNonce, 1);
        vm.assertEq(registry.seatCount(), 1);
        vm.assertEq(bytes32(registry.seatAt(0)), bytes32(node.id));
        vm.assertEq(bytes32(registry.seatAt(1)), 0);
    }

    function test_RegistersOncePerSalt() public {
        bytes memory consent = signConsent(0x99, node.id, 0);
        bytes memory data = abi.encodeCall(registry.register, (vm.addr(0x99), bytes32(0), "", 0, consent));
        reverts(node.owner, address(registry), data, abi.encodeWithSelector(IRegistry.NodeExists.selector, node.id));
    }

    function test_AnOwnerMayOperateItself() public {
        vm.prank(who);
        bytes20 id = registry.register(who, 0, "", 0, "");
        vm.assertEq(registry.operatorOf(id), who);
    }

    function test_NobodyClaimsAnothersOperatorKey() public {
        // Not without consent,
        bytes memory data = abi.encodeCall(registry.register, (vm.addr(0x99), bytes32(0), "", 0, ""));
        revertsWith(who, address(registry), data, IRegistry.OperatorConsentInvalid.selector);
        // not with a consent to another node,
        bytes memory consent = signConsent(0x99, node.id, 0);
        data = abi.encodeCall(registry.register, (vm.addr(0x99), bytes32(0), "", 0, consent));
        revertsWith(who, address(registry), data, IRegistry.OperatorConsentInvalid.selector);
        // and not a key that is or was another node's.
        consent = signConsent(node.operatorKey, nodeIdOf(who, 0), 0);
        data = abi.encodeCall(registry.register, (node.operator, bytes32(0), "", 0, consent));
        bytes memory expected = abi.encodeWithSelector(IRegistry.OperatorTaken.selector, node.operator, node.id);
        reverts(who, address(registry), data, expected);
        data = abi.encodeCall(registry.register, (address(0), bytes32(0), "", 0, ""));
        revertsWith(who, address(registry), data, IRegistry.ZeroAddress.selector);
    }

    function test_RotationKeepsTheOldKeyOnRecord() public {
        bytes memory consent = signConsent(0x99, node.id, 1);
        bytes memory data = abi.encodeCall(registry.rotateOperator, (node.id, vm.addr(0x99), consent));
        revertsWith(node.operator, address(registry), data, IRegistry.NotOwner.selector);
        skip(10);
        succeeds(node.owner, address(registry), data);
        vm.assertEq(registry.operatorOf(node.id), vm.addr(0x99));
        (bytes20 id, uint40 until) = registry.operatorRecord(node.operator);
        vm.assertEq(bytes32(id), bytes32(node.id));
        vm.assertEq(until, time());
        // A consent counts once: the nonce moved on, and the key is taken.
        revertsWith(node.owner, address(registry), data, IRegistry.OperatorTaken.selector);
        consent = signConsent(0x98, node.id, 1);
        data = abi.encodeCall(registry.rotateOperator, (node.id, vm.addr(0x98), consent));
        revertsWith(node.owner, address(registry), data, IRegistry.OperatorConsentInvalid.selector);
    }

    function test_OwnershipMovesInTwoSteps() public {
        bytes memory accept = abi.encodeCall(registry.acceptOwnership, (node.id));
        revertsWith(who, address(registry), accept, IRegistry.NotPendingOwner.selector);
        bytes memory offer = abi.encodeCall(registry.offerOwnership, (node.id, who));
        revertsWith(node.operator, address(registry), offer, IRegistry.NotOwner.selector);
        uint48 before = uint48(time());
        skip(10);
        succeeds(node.owner, address(registry), offer);
        succeeds(who, address(registry), accept);
        vm.assertEq(registry.ownerOf(node.id), who);
        vm.assertEq(registry.ownerAt(node.id, before), node.owner);
        vm.assertEq(registry.ownerAt(node.id, uint48(time())), who);
        revertsWith(who, address(registry), accept, IRegistry.NotPendingOwner.selector);
    }

    function test_EndpointsAreBoundedAndTheNodes() public {
        bytes memory data = abi.encodeCall(registry.setEndpoint, (node.id, string(new bytes(257)), 0));
        reverts(
            node.owner, address(registry), data, abi.encodeWithSelector(IRegistry.EndpointTooLong.selector, 257, 256)
        );
        data = abi.encodeCall(registry.setEndpoint, (node.id, string(new bytes(256)), 0));
        succeeds(node.operator, address(registry), data);
        revertsWith(who, address(registry), data, IRegistry.NotOwner.selector);
    }

    // ---- pools ----------------------------------------------------------------------------------------------------

    function test_P3_NeverResizedBelowUsed() public {
        openLease(node);
        bytes memory data = abi.encodeCall(registry.resizePool, (node.id, 0, UNITS - 1));
        bytes memory expected = abi.encodeWithSelector(IRegistry.PoolBelowUsed.selector, node.id, 0, UNITS - 1, UNITS);
        reverts(node.owner, address(registry), data, expected);
        data = abi.encodeCall(registry.resizePool, (node.id, 0, UNITS));
        succeeds(node.operator, address(registry), data);
        vm.assertEq(registry.pool(node.id, 0).capacity, UNITS);
    }

    function test_PoolsAreBoundedAndTheNodes() public {
        bytes memory data = abi.encodeCall(registry.addPool, (node.id, CLASS, 1, ATTRIBUTES));
        revertsWith(who, address(registry), data, IRegistry.NotOwner.selector);
        for (uint256 i = 1; i < 16; ++i) {
            succeeds(node.owner, address(registry), data);
        }
        reverts(
            node.owner, address(registry), data, abi.encodeWithSelector(IRegistry.TooManyPools.selector, node.id, 16)
        );
        data = abi.encodeCall(registry.resizePool, (node.id, 16, 1));
        revertsWith(node.owner, address(registry), data, IRegistry.PoolUnknown.selector);
    }

    function test_UnitsMoveOnlyByTheMarket() public {
        bytes memory expected = abi.encodeWithSelector(IRegistry.NotMarket.selector, who);
        bytes memory data = abi.encodeCall(registry.take, (node.id, 0, 1, CLASS, ATTRIBUTES));
        reverts(who, address(registry), data, expected);
        reverts(who, address(registry), abi.encodeCall(registry.give, (node.id, 0, 1)), expected);
    }

    // ---- stake ----------------------------------------------------------------------------------------------------

    function test_UnstakingTakesTheDelayAndStaysSlashable() public {
        uint96 amount = uint96(params.minStake);
        vm.prank(node.owner);
        registry.requestUnstake(node.id, amount);
        vm.assertEq(registry.stakeOf(node.id), amount * 9);
        bytes memory data = abi.encodeCall(registry.unstake, (node.id, who));
        bytes memory expected =
            abi.encodeWithSelector(IRegistry.StillUnbonding.selector, node.id, time() + params.unbondDelaySeconds);
        reverts(node.owner, address(registry), data, expected);
        vm.prank(address(beacon));
        vm.assertEq(registry.slash(node.id, amount * 9 + 1), amount * 9 + 1);
        vm.assertEq(registry.stakeOf(node.id), 0);
        skip(params.unbondDelaySeconds);
        succeeds(node.owner, address(registry), data);
        vm.assertEq(weft.balanceOf(who), amount - 1);
        revertsWith(node.owner, address(registry), data, IRegistry.NothingUnbonding.selector);
    }

    function test_AskingAgainRestartsTheDelay() public {
        vm.startPrank(node.owner);
        registry.requestUnstake(node.id, 1);
        skip(params.unbondDelaySeconds - 1);
        registry.requestUnstake(node.id, 1);
        skip(params.unbondDelaySeconds - 1);
        vm.stopPrank();
        bytes memory data = abi.encodeCall(registry.unstake, (node.id, who));
        revertsWith(node.owner, address(registry), data, IRegistry.StillUnbonding.selector);
        skip(1);
        succeeds(node.owner, address(registry), data);
        vm.assertEq(weft.balanceOf(who), 2);
    }

    function test_StakeRefusals() public {
        revertsWith(who, address(registry), abi.encodeCall(registry.stake, (node.id, 0)), IRegistry.ZeroAmount.selector);
        bytes memory data = abi.encodeCall(registry.stake, (bytes20(address(1)), 1));
        revertsWith(who, address(registry), data, IRegistry.NodeUnknown.selector);
        data = abi.encodeCall(registry.requestUnstake, (node.id, uint96(params.minStake) * 10 + 1));
        revertsWith(node.owner, address(registry), data, IRegistry.StakeInsufficient.selector);
        data = abi.encodeCall(registry.requestUnstake, (node.id, 1));
        revertsWith(node.operator, address(registry), data, IRegistry.NotOwner.selector);
        data = abi.encodeCall(registry.unstake, (node.id, who));
        revertsWith(node.operator, address(registry), data, IRegistry.NotOwner.selector);
    }

    function test_SlashingTakesAtMostWhatIsThere() public {
        vm.prank(address(beacon));
        uint96 slashed = registry.slash(node.id, type(uint96).max);
        vm.assertEq(slashed, params.minStake * 10);
        vm.prank(address(beacon));
        vm.assertEq(registry.slash(node.id, 1), 0);
        vm.assertEq(registry.slashedUnburnt(), slashed);
    }

    /// @dev What is slashed is nobody's at once, and leaves the supply when somebody says so, for many slashes together.
    function test_WhatWasSlashedIsBurntByAnyoneButForOneUnit() public {
        NodeKeys memory second = addNode();
        uint256 supply = weft.totalSupply();
        uint256 held = weft.balanceOf(address(registry));
        bytes memory burn = abi.encodeCall(registry.burnSlashed, ());
        reverts(who, address(registry), burn, abi.encodeWithSelector(IRegistry.ZeroAmount.selector));
        vm.startPrank(address(beacon));
        registry.slash(node.id, 30);
        registry.slash(second.id, 12);
        vm.stopPrank();
        vm.assertEq(weft.totalSupply(), supply);
        succeeds(who, address(registry), burn);
        vm.assertEq(weft.totalSupply(), supply - 41);
        vm.assertEq(weft.balanceOf(address(registry)), held - 41);
        vm.assertEq(registry.slashedUnburnt(), 1);
        reverts(who, address(registry), burn, abi.encodeWithSelector(IRegistry.ZeroAmount.selector));
        vm.prank(address(beacon));
        registry.slash(node.id, 7);
        succeeds(who, address(registry), burn);
        vm.assertEq(weft.totalSupply(), supply - 48);
        // Every owner still gets all that is its own.
        vm.startPrank(second.owner);
        registry.requestUnstake(second.id, uint96(params.minStake) * 10 - 12);
        skip(params.unbondDelaySeconds);
        registry.unstake(second.id, who);
        vm.stopPrank();
        vm.assertEq(weft.balanceOf(who), params.minStake * 10 - 12);
        vm.assertEq(weft.balanceOf(address(registry)), uint256(registry.stakeOf(node.id)) + 1);
    }

    function test_AFaultTakesAShareAndAFurtherOneWithinTheMemoryAnother() public {
        uint96 all = uint96(params.minStake) * 10;
        uint96 apart = uint96(params.minStake);
        vm.prank(node.owner);
        registry.requestUnstake(node.id, apart);
        vm.assertEq(registry.lastFaultOf(node.id), 0);
        (uint96 slashed, bool pattern) = fault(address(court), "one");
        vm.assertEq(slashed, all / 20);
        vm.assertFalse(pattern);
        vm.assertEq(registry.lastFaultOf(node.id), time());
        vm.assertEq(registry.node(node.id).unbonding, apart);
        vm.assertEq(registry.stakeOf(node.id), all - apart - all / 20);
        skip(100);
        all -= slashed;
        // Whoever slashes: the memory is one.
        (slashed, pattern) = fault(address(beacon), "other");
        vm.assertEq(slashed, all / 2);
        vm.assertTrue(pattern);
        skip(101);
        all -= slashed;
        (slashed, pattern) = fault(address(court), "one");
        vm.assertEq(slashed, all / 20);
        vm.assertFalse(pattern);
        vm.assertEq(registry.seatCount(), 1, "the seat stays");
        vm.assertEq(bytes32(registry.seatAt(0)), bytes32(node.id));

        bytes memory data = abi.encodeCall(registry.slashFault, (node.id, 0, 1, 1, 1));
        reverts(who, address(registry), data, abi.encodeWithSelector(IRegistry.NotSlasher.selector, who));
        data = abi.encodeCall(registry.slashFault, (node.id, 0, 1e6 + 1, 0, 1));
        reverts(address(court), address(registry), data, abi.encodeWithSelector(IRegistry.ShareTooLarge.selector));
        data = abi.encodeCall(registry.slashFault, (node.id, 0, 0, 1e6 + 1, 1));
        reverts(address(court), address(registry), data, abi.encodeWithSelector(IRegistry.ShareTooLarge.selector));
    }

    /// @dev A twentieth of the stake, within 100 seconds of another one a half.
    function fault(address slasher, bytes32 cause) internal returns (uint96 slashed, bool pattern) {
        vm.prank(slasher);
        return registry.slashFault(node.id, cause, 50_000, 500_000, 100);
    }

    /// @notice Faults of one cause are no pattern, however many; another one is, and then the first again.
    function test_FaultsOfOneCauseAreNoPattern() public {
        bytes32 one = keccak256("one lease");
        bool[6] memory patterns = [false, false, true, false, true, false];
        bytes32[6] memory causes = [one, one, keccak256("another"), keccak256("another"), one, one];
        for (uint256 i = 0; i < 6; ++i) {
            uint96 all = registry.stakeOf(node.id);
            (uint96 slashed, bool pattern) = fault(address(court), causes[i]);
            vm.assertTrue(pattern == patterns[i]);
            vm.assertEq(slashed, pattern ? all / 2 : all / 20);
            skip(100);
        }
        // The memory is of the last fault, whatever its cause.
        skip(1);
        (, bool late) = fault(address(court), "third");
        vm.assertFalse(late);
    }

    function test_StakeHistoryIsKept() public {
        uint48 first = uint48(time());
        skip(100);
        addStake(node.id, 5);
        vm.assertEq(registry.stakeAt(node.id, first), params.minStake * 10);
        vm.assertEq(registry.stakeAt(node.id, first + 99), params.minStake * 10);
        vm.assertEq(registry.stakeAt(node.id, first + 100), params.minStake * 10 + 5);
        vm.assertEq(registry.stakeAt(node.id, first - 1), 0);
    }

    // ---- slashers -------------------------------------------------------------------------------------------------

    function test_ASlasherArrivesLaterThanStakeCanLeave() public {
        bytes memory data = abi.encodeCall(registry.proposeSlasher, (who));
        revertsWith(who, address(registry), data, IRegistry.NotGovernance.selector);
        succeeds(governance, address(registry), data);
        vm.prank(node.owner);
        registry.requestUnstake(node.id, uint96(params.minStake) * 10);
        bytes memory activate = abi.encodeCall(registry.activateSlasher, (who));
        revertsWith(who, address(registry), activate, IRegistry.SlasherNotActive.selector);
        skip(params.unbondDelaySeconds);
        vm.prank(node.owner);
        registry.unstake(node.id, node.owner);
        revertsWith(who, address(registry), activate, IRegistry.SlasherNotActive.selector);
        skip(params.slasherDelaySeconds - params.unbondDelaySeconds);
        succeeds(who, address(registry), activate);
        vm.assertTrue(registry.isSlasher(who));
        vm.prank(who);
        vm.assertEq(registry.slash(node.id, 1), 0);
        revertsWith(who, address(registry), activate, IRegistry.SlasherUnknown.selector);
        succeeds(governance, address(registry), abi.encodeCall(registry.removeSlasher, (who)));
        data = abi.encodeCall(registry.slash, (node.id, 1));
        reverts(who, address(registry), data, abi.encodeWithSelector(IRegistry.NotSlasher.selector, who));
    }

    // ---- draws ----------------------------------------------------------------------------------------------------

    function drawn(bytes32 seed, uint256 count, uint48 at) internal view returns (bytes20[] memory) {
        return registry.drawMany(seed, count, at, node.id, buyer);
    }

    function test_DrawsFollowCappedStake() public {
        NodeKeys memory a = addNode();
        NodeKeys memory b = addNode();
        NodeKeys memory whale = addNode();
        addStake(b.id, uint96(params.minStake) * 20);
        addStake(whale.id, uint96(params.drawStakeCap) * 5);
        skip(1);
        uint256[3] memory hits;
        for (uint256 i = 0; i < 600; ++i) {
            bytes20 picked = drawn(keccak256(abi.encode(i)), 1, uint48(time() - 1))[0];
            if (picked == a.id) ++hits[0];
            else if (picked == b.id) ++hits[1];
            else if (picked == whale.id) ++hits[2];
            else revert("drew the excluded node");
        }
        // Weights 10 : 30 : 100 (capped): of 600, 43 : 129 : 429.
        vm.assertGt(hits[0], 20);
        vm.assertLt(hits[0], 75);
        vm.assertGt(hits[1], 90);
        vm.assertLt(hits[1], 170);
        vm.assertGt(hits[2], 370);
    }

    function test_DrawsAreDistinctDeclumpedAndStable() public {
        for (uint256 i = 0; i < 6; ++i) {
            addNode();
        }
        // A second node of the provider's owner, well staked.
        bytes memory consent = signConsent(0x99, nodeIdOf(node.owner, "twin"), 0);
        vm.prank(node.owner);
        bytes20 twin = registry.register(vm.addr(0x99), "twin", "", 0, consent);
        addStake(twin, uint96(params.drawStakeCap));
        skip(10);
        uint48 at = uint48(time() - 1);
        bytes20[] memory first = drawn("seed", 5, at);
        vm.assertEq(first.length, 5);
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertTrue(first[i] != twin && first[i] != node.id);
            for (uint256 k = 0; k < i; ++k) {
                vm.assertTrue(first[i] != first[k]);
            }
        }
        // What happens after the snapshot changes nothing: new nodes, new stake, a new owner.
        NodeKeys memory late = addNode();
        addStake(late.id, uint96(params.drawStakeCap));
        vm.prank(node.owner);
        registry.offerOwnership(twin, who);
        vm.prank(who);
        registry.acceptOwnership(twin);
        skip(10);
        bytes20[] memory second = drawn("seed", 5, at);
        vm.assertEq(keccak256(abi.encode(first)), keccak256(abi.encode(second)));
    }

    function test_TheBuyersOwnNodesAreNotDrawn() public {
        for (uint256 i = 0; i < 4; ++i) {
            addNode();
        }
        NodeKeys memory own = nodes[nodes.length - 1];
        skip(1);
        uint48 at = uint48(time() - 1);
        vm.assertTrue(isIn(own.id, drawn("seed", 8, at)), "drawn for anyone else");
        bytes20[] memory fewer = registry.drawMany("seed", 8, at, node.id, own.owner);
        vm.assertFalse(isIn(own.id, fewer));
        vm.assertEq(fewer.length, 3);
    }

    function isIn(bytes20 nodeId, bytes20[] memory list) internal pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == nodeId) return true;
        }
        return false;
    }

    function test_DrawsFindNobodyRatherThanTheWrongOne() public {
        skip(1);
        vm.assertEq(drawn("seed", 3, uint48(time() - 1)).length, 0);
        // A node below the minimum stake does not count.
        NodeKeys memory poor = addBareNode();
        addStake(poor.id, uint96(params.minStake) - 1);
        skip(1);
        vm.assertEq(drawn("seed", 3, uint48(time() - 1)).length, 0);
        addStake(poor.id, 1);
        skip(1);
        vm.assertEq(drawn("seed", 3, uint48(time() - 1)).length, 1);
    }

    function test_NamesWithoutStakeStarveNoDraw() public {
        for (uint256 i = 0; i < 400; ++i) {
            addBareNode();
        }
        for (uint256 i = 0; i < 3; ++i) {
            addNode();
        }
        skip(1);
        for (uint256 i = 0; i < 20; ++i) {
            vm.assertEq(drawn(keccak256(abi.encode(i)), 3, uint48(time() - 1)).length, 3);
        }
        vm.assertEq(registry.seatCount(), 4);
    }

    function test_ASeatLastsAsLongAsTheStake() public {
        NodeKeys memory second = addNode();
        NodeKeys memory third = addNode();
        skip(1);
        uint48 before = uint48(time() - 1);
        bytes20[] memory then = drawn("seed", 8, before);
        vm.assertEq(then.length, 2);

        // The last one moves into the seat of the one that leaves; slashed below the minimum is as good as leaving.
        vm.prank(node.owner);
        registry.requestUnstake(node.id, uint96(params.minStake) * 9 + 1);
        vm.assertEq(registry.seatCount(), 2);
        vm.assertEq(bytes32(registry.seatAt(0)), bytes32(third.id));
        vm.prank(address(beacon));
        registry.slash(second.id, uint96(params.minStake) * 9 + 1);
        vm.assertEq(registry.seatCount(), 1);
        vm.assertEq(bytes32(registry.seatAt(0)), bytes32(third.id));
        vm.prank(address(beacon));
        registry.slash(third.id, 1);
        vm.assertEq(registry.seatCount(), 1, "still staked enough");

        // As it stood then, whatever came after, in the same second too.
        addStake(second.id, 1);
        vm.prank(node.owner);
        registry.requestUnstake(node.id, 1);
        vm.assertEq(registry.seatCount(), 2);
        skip(1);
        vm.assertEq(keccak256(abi.encode(drawn("seed", 8, before))), keccak256(abi.encode(then)));
        vm.assertEq(drawn("seed", 8, uint48(time() - 1)).length, 2);
        // The provider lost its seat and is barred all the same.
        vm.assertEq(registry.drawMany("seed", 8, uint48(time() - 1), third.id, buyer).length, 1);
    }

    function test_DrawLimits() public {
        bytes memory data = abi.encodeCall(registry.drawMany, ("s", 1, uint48(time()), node.id, buyer));
        revertsWith(who, address(registry), data, IRegistry.SnapshotNotPast.selector);
        data = abi.encodeCall(registry.drawMany, ("s", 9, uint48(time() - 1), node.id, buyer));
        revertsWith(who, address(registry), data, IRegistry.TooManyDrawn.selector);
    }
}
