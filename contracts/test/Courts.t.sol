// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../src/interfaces/IChannels.sol";
import {ICourts} from "../src/interfaces/ICourt.sol";
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
    TestCourt internal court;
    NodeKeys internal node;
    bytes32 internal id;
    address internal who = address(0xa11);

    function setUp() public override {
        super.setUp();
        node = addNode();
        court = new TestCourt(market);
        vm.prank(governance);
        courts.propose(COURT, address(court));
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
        vm.assertEq(courts.indexOf("second"), 2);
        vm.assertEq(courts.courtAt(2), who);
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
        vm.assertEq(market.lease(id).court, 1);
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

    function test_AFreezePausesPayForABoundedTimeOnce() public {
        channels.claim(id, 500, voucher(id, 500));
        court.freeze(id);
        skip(params.releaseDelaySeconds);
        revertsWith(who, address(channels), abi.encodeCall(channels.release, (id)), IChannels.ChannelFrozen.selector);
        (, bool disputed) = market.stateOf(id);
        vm.assertTrue(disputed);
        revertsWith(who, address(court), abi.encodeCall(court.freeze, (id)), IMarket.CourtFreezeUsed.selector);
        skip(params.unbondDelaySeconds);
        vm.assertEq(channels.release(id), 500);
    }

    function test_AnUnfreezeLetsPayFlow() public {
        channels.claim(id, 500, voucher(id, 500));
        court.freeze(id);
        court.unfreeze(id);
        skip(params.releaseDelaySeconds);
        vm.assertEq(channels.release(id), 500);
    }

    function test_AVerdictVoidsSlashesAndCloses() public {
        uint64 bond = market.moneyOf(id).bond;
        channels.claim(id, 500, voucher(id, 500));
        court.freeze(id);
        court.void(id, 100);
        court.slash(id, bond / 2, who);
        court.close(id, CloseReason.falseSegment);
        court.unfreeze(id);
        vm.assertEq(earned(who), bond / 2);
        bytes memory more = abi.encodeCall(court.slash, (id, bond - bond / 2 + 1, who));
        revertsWith(who, address(court), more, IChannels.BondTooLow.selector);
        settleLease(id);
        vm.assertEq(earned(node.owner), 100);
        vm.assertEq(channels.bondsOf(node.id).free, FUNDS - bond / 2);
        vm.assertEq(channels.bondsOf(node.id).locked, 0);
        vm.assertEq(free(buyer), FUNDS - 100);
        revertsWith(who, address(court), abi.encodeCall(court.slash, (id, 1, who)), IMarket.WrongState.selector);
        revertsWith(who, address(court), abi.encodeCall(court.freeze, (id)), IMarket.WrongState.selector);
    }

    function test_ACourtHasNoPowerOverOtherLeases() public {
        bytes32 other = openLease(node);
        bytes memory expected = abi.encodeWithSelector(IMarket.NotCourt.selector, other, address(court));
        reverts(who, address(court), abi.encodeCall(court.freeze, (other)), expected);
        reverts(who, address(court), abi.encodeCall(court.unfreeze, (other)), expected);
        reverts(who, address(court), abi.encodeCall(court.void, (other, 0)), expected);
        reverts(who, address(court), abi.encodeCall(court.slash, (other, 1, who)), expected);
        bytes memory close = abi.encodeCall(court.close, (other, CloseReason.falseSegment));
        revertsWith(who, address(court), close, IMarket.NotParty.selector);
    }

    function test_NobodyElseIsTheCourt() public {
        bytes memory expected = abi.encodeWithSelector(IMarket.NotCourt.selector, id, who);
        reverts(who, address(market), abi.encodeCall(market.courtFreeze, (id)), expected);
        reverts(who, address(market), abi.encodeCall(market.courtVoid, (id, 0)), expected);
        reverts(who, address(market), abi.encodeCall(market.courtSlash, (id, 1, who)), expected);
    }

    function test_ACourtClosesOnlyForFault() public {
        bytes memory data = abi.encodeCall(court.close, (id, CloseReason.completed));
        revertsWith(who, address(court), data, IMarket.ReasonNotAllowed.selector);
        closeAs(buyer, id, CloseReason.completed);
        court.close(id, CloseReason.falseSegment);
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
    }

    function test_AWithheldExitIsImpossible() public {
        court.freeze(id);
        uint96 rest = uint96(free(buyer));
        vm.prank(buyer);
        channels.requestExit(rest);
        skip(params.exitDelaySeconds);
        vm.prank(buyer);
        channels.exit(buyer);
        vm.assertEq(stable.balanceOf(buyer), rest);
    }
}
