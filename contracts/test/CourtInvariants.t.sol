// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CourtHandler} from "./base/CourtHandler.sol";
import {HonestDefender, LyingDefender} from "./base/CourtWorlds.sol";
import {vm} from "./base/Vm.sol";

/// @notice What holds of a dispute after any sequence of moves by anyone:
/// C1 an honest side that moves within its clock loses no game, whatever the others do and however many they are.
/// C2 the court's money is exactly the deposits and the bonds of the rivals that are in.
/// C3 a lost challenge leaves a false commitment challengeable, and the honest one that is named wins in the end.
/// C4 no call costs more than a bounded amount of gas.
/// C5 what isn't bonded leaves at any time.
/// C6 the registry's WEFT is exactly what is staked, unbonding, or slashed and not yet burnt; what is burnt is gone for good.
abstract contract CourtInvariants {
    uint256 internal constant MOST_GAS = 450_000;
    uint256 internal constant SUPPLY = 1_000_000_000e18;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function handler() internal view virtual returns (CourtHandler);

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler());
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[16] memory list = [
            CourtHandler.attack.selector,
            CourtHandler.attack.selector,
            CourtHandler.attack.selector,
            CourtHandler.dishonestMove.selector,
            CourtHandler.dishonestMove.selector,
            CourtHandler.dishonestMove.selector,
            CourtHandler.dishonestMove.selector,
            CourtHandler.mangledMove.selector,
            CourtHandler.noise.selector,
            CourtHandler.wait.selector,
            CourtHandler.timeout.selector,
            CourtHandler.lastMove.selector,
            CourtHandler.burn.selector,
            CourtHandler.withdraw.selector,
            CourtHandler.reclaim.selector,
            CourtHandler.name.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0].addr = address(handler());
        targets[0].selectors = new bytes4[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            targets[0].selectors[i] = list[i];
        }
    }

    function check() public view {
        CourtHandler h = handler();
        vm.assertEq(h.lostGames(), 0, "C1");
        vm.assertEq(h.courtBalance(), h.deposits() + h.locked(), "C2");
        vm.assertEq(h.courtBalance(), h.deposited(), "C2: in and out");
        vm.assertLe(h.mostGas(), MOST_GAS, h.mostGasBy());
        vm.assertEq(h.registryBalance(), h.staked(), "C6");
        vm.assertEq(h.supply() + h.burnt(), SUPPLY, "C6: supply");
    }

    function exits() internal {
        vm.assertTrue(handler().exitAll(), "C5");
        check();
        vm.assertEq(handler().courtBalance(), handler().locked(), "C5");
    }

    /// @dev A long seeded run, so that no action is theatre.
    function run(uint256 actions, bytes32 salt) internal {
        bytes4[] memory selectors = targetSelectors()[0].selectors;
        for (uint256 i = 0; i < actions; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(salt, i)));
            (bool ok,) = address(handler()).call(
                abi.encodeWithSelector(selectors[seed % selectors.length], keccak256(abi.encode(seed)))
            );
            vm.assertTrue(ok, "the handler never reverts");
            if (i % 20 == 0) this.check();
        }
    }

    function assertBusy(string memory action, uint256 times) internal view {
        vm.assertGe(handler().wins(action), times, action);
    }
}

contract HonestDefenderInvariants is CourtInvariants {
    HonestDefender internal world;

    function setUp() public {
        world = new HonestDefender();
    }

    function handler() internal view override returns (CourtHandler) {
        return world;
    }

    /// @dev Tens of milliseconds a call; 65,536 calls are made in the deep profile.
    /// forge-config: default.invariant.runs = 4
    function invariant_AnHonestDefenderLosesNothing() public view {
        check();
        vm.assertTrue(world.untouched(), "C1");
    }

    function afterInvariant() public {
        world.finish();
        check();
        vm.assertTrue(world.untouched(), "C1");
        vm.assertEq(world.locked(), 0);
        exits();
    }

    function test_EveryActionSucceedsOften() public {
        run(260, "honest defender");
        assertBusy("attack", 10);
        assertBusy("dishonest move", 10);
        assertBusy("honest move", 15);
        assertBusy("timeout", 3);
        assertBusy("conclude", 3);
        assertBusy("last move", 2);
        assertBusy("withdraw", 3);
        assertBusy("forgery", 3);
        vm.assertEq(world.wins("forge"), 0);
        vm.assertTrue(world.untouched(), "C1");
        this.afterInvariant();
    }
}

contract LyingDefenderInvariants is CourtInvariants {
    LyingDefender internal world;

    function setUp() public {
        world = new LyingDefender();
    }

    function handler() internal view override returns (CourtHandler) {
        return world;
    }

    /// forge-config: default.invariant.runs = 4
    function invariant_AnHonestRivalLosesNothing() public view {
        check();
    }

    function afterInvariant() public {
        vm.assertTrue(world.isChallengeable(), "C3");
        world.finish();
        check();
        if (world.honestRival() != 0) vm.assertTrue(world.isEliminated(), "C3");
        exits();
    }

    function test_EveryActionSucceedsOften() public {
        uint256 eliminated = 0;
        uint256 launderings = 0;
        uint256 forgeries = 0;
        for (uint256 i = 0; i < 6; ++i) {
            world = new LyingDefender();
            run(50, keccak256(abi.encode("lying defender", i)));
            if (world.isEliminated()) ++eliminated;
            launderings += world.wins("conclude") + world.wins("last move");
            forgeries += world.wins("forgery");
            vm.assertEq(world.wins("forge"), 0);
            this.afterInvariant();
            if (!world.isEliminated()) continue;
            world.burn(0);
            vm.assertGt(world.burnt(), 0);
            this.check();
        }
        vm.assertGt(eliminated, 1);
        vm.assertGt(launderings, 5);
        vm.assertGt(forgeries, 0);
    }
}
