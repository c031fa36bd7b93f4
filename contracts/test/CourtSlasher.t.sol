// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Constants} from "../src/generated/Params.sol";
import {IExactCourt} from "../src/interfaces/ICourt.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {CloseReason} from "../src/types/Leases.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice A verdict and the registry, which knows slashers that governance may remove: the verdict stands, and nobody keeps the
/// stake by sending little gas.
contract CourtSlasherTest is CourtFixture {
    uint256 private constant SLASH_GAS = 200_000;

    SegmentCommitment internal c;

    function setUp() public override {
        super.setUp();
        Side memory lie = liar(Lie.sum, SUM_VALUE, 1);
        c = commitSide(lie);
        play(challengeAs(sponsor, c, honest(), ladder()), lie, honest());
    }

    function hash() internal view returns (bytes32) {
        return audits.commitmentHash(c);
    }

    function removeCourt() internal {
        vm.prank(governance);
        registry.removeSlasher(address(court));
    }

    function assertPunishedWithoutStake(uint96 stake) internal view {
        uint64 bond = market.moneyOf(id).bond;
        vm.assertTrue(court.dispute(hash()).eliminated);
        vm.assertEq(court.depositOf(sponsor), 1e9, "the honest sponsor's bond is back");
        vm.assertEq(earned(sponsor), bond / 2, "half of the bond");
        vm.assertEq(earned(buyer), bond - bond / 2, "the other half");
        vm.assertEq(uint256(market.lease(id).reason), uint256(CloseReason.falseSegment));
        vm.assertTrue(audits.isConvicted(id, 0));
        vm.assertEq(channels.channel(id).frozenUntil, 0, "not frozen any more");
        vm.assertEq(channels.channel(id).cap, 0, "void");
        vm.assertEq(registry.stakeOf(provider.id), stake, "the registry refused");
    }

    /// @notice Removing the court as a slasher spares the stake, and nothing else: the event says so.
    function test_ARemovedSlasherStopsNoVerdict() public {
        uint96 stake = registry.stakeOf(provider.id);
        removeCourt();
        vm.expectEmit(address(court));
        emit IExactCourt.SlashRefused(provider.id, IRegistry.NotSlasher.selector);
        vm.expectEmit(address(court));
        uint64 bond = market.moneyOf(id).bond;
        emit IExactCourt.Punished(provider.id, bond / 2, bond - bond / 2, 0, false);
        succeeds(matcher, address(court), concludeData(c, sponsor, honest()));
        assertPunishedWithoutStake(stake);
    }

    /// @notice Also where no game was played.
    function test_ARemovedSlasherStopsNoProofAtOnce() public {
        removeCourt();
        skip(2);
        SegmentCommitment memory next = segmentOf(honest());
        (next.segment, next.firstStep, next.lastStep) = (1, c.lastStep + 1, c.lastStep + steps());
        (next.startRoot, next.program, next.meteredSeconds) = (c.endRoot, "another", 1);
        ++next.beaconRound;
        commit(next);
        IExactCourt.StepOpening memory unread;
        succeeds(other, address(court), abi.encodeCall(court.proveFields, (next, orderOpening, unread)));
        vm.assertTrue(court.dispute(audits.commitmentHash(next)).eliminated);
        vm.assertTrue(audits.isConvicted(id, 1));
    }

    /// @notice With any gas at all the verdict takes the stake, or doesn't come.
    function test_LittleGasSparesNoStake() public {
        uint96 stake = registry.stakeOf(provider.id);
        bytes memory data = concludeData(c, sponsor, honest());
        uint256 state = vm.snapshotState();
        bool came = false;
        for (uint256 gas = 60_000; gas < 500_000; gas += 2500) {
            vm.prank(matcher);
            (bool ok,) = address(court).call{gas: gas}(data);
            vm.assertTrue(ok == (registry.stakeOf(provider.id) < stake), "a verdict that spares the stake");
            came = came || ok;
            vm.revertToState(state);
        }
        vm.assertTrue(came);
    }

    /// @notice As long as the registry refuses for a reason, and the gas would have been enough for any answer.
    function test_ARefusedSlashNeedsTheGasOfADoneOne() public {
        removeCourt();
        bytes memory data = concludeData(c, sponsor, honest());
        uint256 state = vm.snapshotState();
        uint256 starved = 0;
        bool came = false;
        for (uint256 gas = 60_000; gas < 600_000; gas += 5000) {
            vm.prank(matcher);
            (bool ok, bytes memory out) = address(court).call{gas: gas}(data);
            if (!ok && bytes4(out) == IExactCourt.GasTooLow.selector) ++starved;
            came = came || ok;
            vm.revertToState(state);
        }
        vm.assertTrue(came);
        vm.assertGt(starved, 10);
    }

    /// @notice The dearest conviction: cold, a first fault that takes the seat, of stake and unbonding, with others left in the queue.
    function test_NoVerdictNeedsMoreThanNodesKeepForIt() public {
        uint96 above = registry.stakeOf(provider.id) - uint96(params.minStake);
        vm.prank(provider.owner);
        registry.requestUnstake(provider.id, above);
        succeeds(other, address(court), challengeData(c, "another", 2 * ladder()));
        skip(1);
        succeeds(matcher, address(court), concludeData(c, sponsor, honest()));
        uint256 gas = vm.lastCallGas().gasTotalUsed - 21_000;
        vm.assertLt(registry.stakeOf(provider.id), params.minStake);
        vm.assertGt(gas, 150_000);
        vm.assertLt(gas, Constants.COURT_VERDICT_GAS);
    }

    /// @notice The dearest slash of all: a first fault that takes the seat, with another moved into it, of stake and unbonding.
    function test_NoSlashNeedsTheGasThatIsKeptForIt() public {
        uint96 above = registry.stakeOf(provider.id) - uint96(params.minStake);
        vm.prank(provider.owner);
        registry.requestUnstake(provider.id, above);
        skip(1);
        vm.cool(address(registry));
        bytes memory data = abi.encodeCall(registry.slashFault, (provider.id, id, 1e6, 1e6, 1));
        succeeds(address(court), address(registry), data);
        uint256 gas = vm.lastCallGas().gasTotalUsed - 21_000;
        vm.assertEq(registry.stakeOf(provider.id), 0);
        vm.assertGt(gas, 120_000, "cold, and with the seat");
        // Of what is left a call gets 63 of 64 parts, once the registry's address is paid for.
        vm.assertLt(gas * 5 / 4, (SLASH_GAS - 3000) * 63 / 64);
    }
}
