// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExactCourt} from "../src/interfaces/ICourt.sol";
import {IGames} from "../src/interfaces/IGames.sol";
import {IRivals} from "../src/interfaces/IRivals.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice What several false segments of one lease cost: one wrong turn is one fault, however often it is named.
contract CourtFaultsTest is CourtFixture {
    bytes32 internal constant START = "start";

    function hashOf(SegmentCommitment memory c) internal view returns (bytes32) {
        return audits.commitmentHash(c);
    }

    /// @dev `count` segments that begin nowhere and are of no program; all may be challenged, and proven false at once.
    function lies(uint32 count) internal returns (SegmentCommitment[] memory all) {
        skip(SEGMENT_SECONDS);
        all = new SegmentCommitment[](count);
        for (uint32 i = 0; i < count; ++i) {
            SegmentCommitment memory c = segmentOf(honest());
            (c.segment, c.firstStep, c.lastStep) = (i, 40 * (i + 1), 40 * (i + 2) - 1);
            c.startRoot = i == 0 ? bytes32("nowhere") : all[i - 1].endRoot;
            (c.program, c.meteredSeconds) = ("another", 1);
            c.endRoot = keccak256(abi.encode(i));
            succeeds(matcher, address(audits), commitData(c));
            all[i] = c;
        }
        vm.warp(beacon.startOf(all[count - 1].beaconRound));
    }

    function startAs(address who, SegmentCommitment memory c, SegmentCommitment memory first)
        internal
        returns (bytes20)
    {
        uint64 bond = court.dispute(hashOf(c)).nextBond;
        bytes memory data = abi.encodeCall(court.challengeStart, (c, first, orderOpening, bond));
        return abi.decode(succeeds(who, address(court), data), (bytes20));
    }

    function proveData(SegmentCommitment memory c) internal view returns (bytes memory) {
        IExactCourt.StepOpening memory unread;
        return abi.encodeCall(court.proveFields, (c, orderOpening, unread));
    }

    function concludeStart(SegmentCommitment memory c, address who) internal view returns (bytes memory) {
        return abi.encodeCall(court.conclude, (c, who, START));
    }

    /// @dev What a fault leaves of the stake.
    function after_(uint96 stake, uint256 ppm) internal pure returns (uint96) {
        return stake - uint96(uint256(stake) * ppm / 1e6);
    }

    /// @notice One wrong start, named in two segments: the second game ends for nothing, for whoever plays it.
    function test_OneWrongStartIsOneFault() public {
        SegmentCommitment[] memory all = lies(2);
        uint96 stake = registry.stakeOf(provider.id);
        bytes20 first = startAs(sponsor, all[0], all[0]);
        bytes20 second = startAs(sponsor, all[1], all[0]);
        lateFor(first);
        games.timeout(first);
        succeeds(matcher, address(court), concludeStart(all[0], sponsor));
        stake = after_(stake, params.faultSlashPpm);
        vm.assertEq(registry.stakeOf(provider.id), stake);
        games.timeout(second);
        assertOutcome(second, IGames.Outcome.rival);
        uint256 money = earned(sponsor);
        succeeds(matcher, address(court), concludeStart(all[1], sponsor));
        vm.assertEq(registry.stakeOf(provider.id), stake, "nothing more");
        vm.assertEq(earned(sponsor), money);
        vm.assertTrue(court.dispute(hashOf(all[1])).eliminated);
        bytes memory again = concludeStart(all[1], sponsor);
        reverts(matcher, address(court), again, abi.encodeWithSelector(IRivals.Eliminated.selector, hashOf(all[1])));
        court.reclaim(hashOf(all[1]), sponsor, START);
        vm.assertEq(court.depositOf(sponsor), 1e9);
        vm.assertEq(channels.channel(id).frozenUntil, 0);
    }

    /// @notice A later segment of the lease is void already: nobody names it, and nothing is proven of it.
    function test_WhatIsVoidAlreadyIsNotNamed() public {
        SegmentCommitment[] memory all = lies(3);
        succeeds(other, address(court), proveData(all[1]));
        uint96 stake = registry.stakeOf(provider.id);
        bytes memory expected = abi.encodeWithSelector(IExactCourt.AlreadyConvicted.selector, id, 2);
        reverts(sponsor, address(court), proveData(all[2]), expected);
        reverts(sponsor, address(court), challengeData(all[2], "rival", ladder()), expected);
        bytes memory data = abi.encodeCall(court.challengeStart, (all[2], all[0], orderOpening, ladder()));
        reverts(sponsor, address(court), data, expected);
        vm.assertEq(registry.stakeOf(provider.id), stake);
        // There is no game to conclude there.
        data = concludeStart(all[2], sponsor);
        revertsWith(sponsor, address(court), data, IRivals.NoGame.selector);
    }

    /// @notice A rival that has nearly lost, and one that waits: both have all of their bonds back.
    function test_RivalsOfWhatIsVoidHaveTheirBondsBack() public {
        SegmentCommitment[] memory all = lies(2);
        bytes20 game = abi.decode(
            succeeds(sponsor, address(court), challengeData(all[1], "nobody knows the data of", ladder())), (bytes20)
        );
        succeeds(other, address(court), challengeData(all[1], "nor of this one", 2 * ladder()));
        bytes memory conclude = abi.encodeCall(court.conclude, (all[1], sponsor, "nobody knows the data of"));
        // While nothing before it was found false the court knows no such end.
        reverts(provider.owner, address(court), conclude, abi.encodeWithSelector(IRivals.GameRunning.selector, game));
        succeeds(other, address(court), proveData(all[0]));
        lateFor(game);
        uint256 treasury_ = court.depositOf(treasury);
        bytes memory timeout = abi.encodeCall(games.timeout, (game));
        bytes memory whole =
            abi.encodeCall(court.concludeWith, (all[1], sponsor, "nobody knows the data of", timeout));
        succeeds(provider.owner, address(court), whole);
        court.reclaim(hashOf(all[1]), sponsor, "nobody knows the data of");
        court.reclaim(hashOf(all[1]), other, "nor of this one");
        vm.assertEq(court.depositOf(sponsor), 1e9);
        vm.assertEq(court.depositOf(other), 1e12);
        vm.assertEq(court.depositOf(provider.owner), 0);
        vm.assertEq(court.depositOf(treasury), treasury_);
        vm.assertEq(channels.channel(id).frozenUntil, 0);
    }

    /// @notice Found false from its end on, each earlier segment is a single fault again; then those of another lease a pattern.
    function test_AnEarlierSegmentOfTheLeaseIsAgainASingleFault() public {
        SegmentCommitment[] memory all = lies(3);
        uint96 stake = registry.stakeOf(provider.id);
        for (uint256 i = 3; i > 0; --i) {
            succeeds(other, address(court), proveData(all[i - 1]));
            stake = after_(stake, params.faultSlashPpm);
            vm.assertEq(registry.stakeOf(provider.id), stake);
        }
        (id, order, offerHash) = openRun(provider, courtProgram());
        startLease(id, provider);
        orderOpening = openingOf(order, courtProgram());
        all = lies(1);
        succeeds(other, address(court), proveData(all[0]));
        vm.assertEq(registry.stakeOf(provider.id), after_(stake, params.patternSlashPpm));
    }

    /// @notice What only Audits voided was never punished: it is disputed like any other.
    function test_WhatNoCourtFoundIsStillDisputed() public {
        SegmentCommitment[] memory all = lies(2);
        SegmentCommitment memory twin = abi.decode(abi.encode(all[0]), (SegmentCommitment));
        twin.tokens += 1;
        bytes memory a = signed(provider.operatorKey, audits.commitmentDigest(all[0]));
        bytes memory b = signed(provider.operatorKey, audits.commitmentDigest(twin));
        audits.reportEquivocation(all[0], a, twin, b);
        vm.assertFalse(audits.isConvicted(id, 1));
        succeeds(other, address(court), proveData(all[1]));
        vm.assertTrue(audits.isConvicted(id, 1));
        vm.assertFalse(audits.isConvicted(id, 0));
        succeeds(other, address(court), proveData(all[0]));
        vm.assertTrue(audits.isConvicted(id, 0));
    }
}
