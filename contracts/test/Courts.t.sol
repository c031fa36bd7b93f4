// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../src/interfaces/IChannels.sol";
import {EXACT_COURT, EXACT_COURT_INDEX, ICourts} from "../src/interfaces/ICourt.sol";
import {IMarket} from "../src/interfaces/IMarket.sol";
import {CloseReason, LeaseState} from "../src/types/Leases.sol";
import {Order} from "../src/types/Orders.sol";
import {Calls} from "./base/Calls.sol";
import {Fixture} from "./base/Fixture.sol";
import {TestCourt} from "./base/TestCourt.sol";
import {Vm, vm} from "./base/Vm.sol";

/// @notice Adding courts, and what a pinned court may do to its own leases and to no others.
contract CourtsTest is Fixture, Calls {
    bytes32 internal constant COURT = "test court";
    TestCourt internal tested;
    NodeKeys internal node;
    bytes32 internal id;
    address internal who = address(0xa11);

    function setUp() public override {
        super.setUp();
        node = addNode();
        tested = new TestCourt(market);
        vm.prank(governance);
        courts.propose(COURT, address(tested));
        skip(params.slasherDelaySeconds);
        courts.activate(COURT);
        Order memory order = orderOf(buyer);
        order.courtId = COURT;
        id = openLease(node, order);
        startLease(id, node);
    }

    function test_CourtsArriveByGovernanceAndDelay() public {
        bytes memory data = abi.encodeCall(courts.propose, ("second", who));
        reverts(who, address(courts), data, abi.encodeWithSelector(ICourts.NotGovernance.selector, who));
        succeeds(governance, address(courts), data);
        bytes memory activate = abi.encodeCall(courts.activate, ("second"));
        revertsWith(who, address(courts), activate, ICourts.CourtNotActive.selector);
        skip(params.slasherDelaySeconds);
        succeeds(who, address(courts), activate);
        vm.assertEq(courts.indexOf("second"), 3);
        vm.assertEq(courts.courtAt(3), who);
        vm.assertEq(courts.courtOf("second"), who);
        vm.assertEq(courts.courtAt(0), address(0));
        vm.assertEq(courts.courtOf("nobody"), address(0));
        // Never replaced, never nothing.
        revertsWith(governance, address(courts), data, ICourts.CourtKnown.selector);
        data = abi.encodeCall(courts.propose, (bytes32(0), who));
        revertsWith(governance, address(courts), data, ICourts.CourtIdInvalid.selector);
        data = abi.encodeCall(courts.propose, ("third", address(0)));
        revertsWith(governance, address(courts), data, ICourts.CourtIdInvalid.selector);
        revertsWith(who, address(courts), abi.encodeCall(courts.activate, ("third")), ICourts.CourtUnknown.selector);
    }

    function test_ALeaseKeepsItsCourtAndSaysWhich() public {
        vm.assertEq(market.lease(id).court, 2);
        Order memory order = orderOf(buyer);
        order.courtId = COURT;
        vm.recordLogs();
        bytes32 second = openLease(node, order);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        vm.assertEq(logs[1].topics[0], IMarket.CourtPinned.selector);
        vm.assertEq(logs[1].topics[1], second);
        vm.assertEq(logs[1].topics[2], COURT);
    }

    function test_TheFirstCourtIsKnownWithoutAsking() public {
        vm.assertEq(courts.indexOf(EXACT_COURT), EXACT_COURT_INDEX);
        vm.assertEq(courts.courtAt(EXACT_COURT_INDEX), wiring.court);
        Order memory order = orderOf(buyer);
        order.courtId = EXACT_COURT;
        vm.assertEq(market.lease(openLease(node, order)).court, EXACT_COURT_INDEX);
    }

    function test_AFreezePausesPayForABoundedTime() public {
        channels.claim(id, 500, voucher(id, 500));
        vm.assertEq(tested.freeze(id), time() + params.unbondDelaySeconds);
        skip(params.releaseDelaySeconds);
        revertsWith(who, address(channels), abi.encodeCall(channels.release, (id)), IChannels.ChannelFrozen.selector);
        (, bool disputed) = market.stateOf(id);
        vm.assertTrue(disputed);
        skip(params.unbondDelaySeconds);
        vm.assertEq(channels.release(id), 500);
        // Another one has a time of its own, whether or not the first was ended.
        vm.assertEq(tested.freeze(id), time() + params.unbondDelaySeconds);
        (, disputed) = market.stateOf(id);
        vm.assertTrue(disputed);
    }

    function test_AnUnfreezeLetsPayFlow() public {
        channels.claim(id, 500, voucher(id, 500));
        tested.freeze(id);
        tested.unfreeze(id);
        skip(params.releaseDelaySeconds);
        vm.assertEq(channels.release(id), 500);
    }

    function test_AFreezeIsHeldByAsManyUnfreezes() public {
        tested.freeze(id);
        skip(100);
        // A second game beside the first, for a time of its own; either one alone holds the lease.
        uint256 until = time() + params.unbondDelaySeconds;
        vm.assertEq(tested.freeze(id), until);
        skip(20);
        tested.unfreeze(id);
        vm.assertEq(channels.channel(id).frozenUntil, until);
        skip(30);
        tested.unfreeze(id);
        vm.assertEq(channels.channel(id).frozenUntil, 0);
        // One that has nothing to end changes nothing.
        tested.unfreeze(id);
        vm.assertEq(tested.freeze(id), time() + params.unbondDelaySeconds);
    }

    /// @notice However freezes and their ends mix: none holds for longer than the delay after it came, none less while it isn't ended.
    function testFuzz_ALeaseIsFrozenForTheUnbondingDelayAfterTheLastFreeze(uint256 seed) public {
        (uint256 last, uint256 held) = (0, 0);
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 2 == 0) {
                tested.freeze(id);
                (last, held) = (time(), held + 1);
            } else {
                tested.unfreeze(id);
                if (held != 0) --held;
            }
            vm.assertEq(channels.channel(id).frozenUntil, held == 0 ? 0 : last + params.unbondDelaySeconds);
            skip(seed / 2 % 300);
        }
    }

    function test_AVerdictVoidsSlashesAndCloses() public {
        uint64 bond = market.moneyOf(id).bond;
        channels.claim(id, 500, voucher(id, 500));
        tested.freeze(id);
        tested.void(id, 100);
        tested.slash(id, bond / 2, who);
        tested.close(id, CloseReason.falseSegment);
        tested.unfreeze(id);
        vm.assertEq(earned(who), bond / 2);
        bytes memory more = abi.encodeCall(tested.slash, (id, bond - bond / 2 + 1, who));
        revertsWith(who, address(tested), more, IChannels.BondTooLow.selector);
        settleLease(id);
        vm.assertEq(earned(node.owner), 100);
        vm.assertEq(channels.bondsOf(node.id).free, FUNDS - bond / 2);
        vm.assertEq(channels.bondsOf(node.id).locked, 0);
        vm.assertEq(free(buyer), FUNDS - 100);
        revertsWith(who, address(tested), abi.encodeCall(tested.slash, (id, 1, who)), IMarket.WrongState.selector);
        revertsWith(who, address(tested), abi.encodeCall(tested.freeze, (id)), IMarket.WrongState.selector);
    }

    function test_WhatIsLeftOfABondIsSplit() public {
        uint64 bond = market.moneyOf(id).bond;
        uint256 locked = channels.bondsOf(node.id).locked;
        tested.slash(id, bond - 3, address(0xbe));
        (uint64 toFinder, uint64 toBuyer) = tested.splitBond(id, who);
        vm.assertEq(toFinder, 1);
        vm.assertEq(toBuyer, 2);
        vm.assertEq(earned(who), 1);
        vm.assertEq(earned(buyer), 2);
        vm.assertEq(channels.channel(id).bondSlashed, bond);
        vm.assertEq(channels.bondsOf(node.id).locked, locked - bond);
        (toFinder, toBuyer) = tested.splitBond(id, who);
        vm.assertEq(uint256(toFinder) + toBuyer, 0);
        vm.assertEq(earned(who), 1);
        bytes memory direct = abi.encodeCall(channels.splitBond, (id, bond, who, who));
        reverts(who, address(channels), direct, abi.encodeWithSelector(IChannels.NotMarket.selector, who));
    }

    function test_ACourtHasNoPowerOverOtherLeases() public {
        powerless(openLease(node));
        // Nor over those of the first court, whose address nobody is asked for.
        Order memory order = orderOf(buyer);
        order.courtId = EXACT_COURT;
        bytes32 other = openLease(node, order);
        powerless(other);
        vm.prank(address(court));
        vm.assertGt(uint256(market.courtFreeze(other)), time());
        bytes memory expected = abi.encodeWithSelector(IMarket.NotCourt.selector, id, address(court));
        reverts(address(court), address(market), abi.encodeCall(market.courtFreeze, (id)), expected);
    }

    function powerless(bytes32 other) internal {
        bytes memory expected = abi.encodeWithSelector(IMarket.NotCourt.selector, other, address(tested));
        reverts(who, address(tested), abi.encodeCall(tested.freeze, (other)), expected);
        reverts(who, address(tested), abi.encodeCall(tested.unfreeze, (other)), expected);
        reverts(who, address(tested), abi.encodeCall(tested.void, (other, 0)), expected);
        reverts(who, address(tested), abi.encodeCall(tested.slash, (other, 1, who)), expected);
        reverts(who, address(tested), abi.encodeCall(tested.splitBond, (other, who)), expected);
        bytes memory close = abi.encodeCall(tested.close, (other, CloseReason.falseSegment));
        revertsWith(who, address(tested), close, IMarket.NotParty.selector);
    }

    function test_NobodyElseIsTheCourt() public {
        bytes memory expected = abi.encodeWithSelector(IMarket.NotCourt.selector, id, who);
        reverts(who, address(market), abi.encodeCall(market.courtFreeze, (id)), expected);
        reverts(who, address(market), abi.encodeCall(market.courtVoid, (id, 0)), expected);
        reverts(who, address(market), abi.encodeCall(market.courtSlash, (id, 1, who)), expected);
        reverts(who, address(market), abi.encodeCall(market.courtSplitBond, (id, who)), expected);
    }

    function test_ACourtClosesOnlyForFault() public {
        bytes memory data = abi.encodeCall(tested.close, (id, CloseReason.completed));
        revertsWith(who, address(tested), data, IMarket.ReasonNotAllowed.selector);
        closeAs(buyer, id, CloseReason.completed);
        tested.close(id, CloseReason.falseSegment);
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
    }

    function test_AWithheldExitIsImpossible() public {
        tested.freeze(id);
        uint96 rest = uint96(free(buyer));
        vm.prank(buyer);
        channels.requestExit(rest);
        skip(params.exitDelaySeconds);
        vm.prank(buyer);
        channels.exit(buyer);
        vm.assertEq(stable.balanceOf(buyer), rest);
    }
}
