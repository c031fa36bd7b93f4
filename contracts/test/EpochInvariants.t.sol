// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochHandler} from "./base/EpochHandler.sol";
import {vm} from "./base/Vm.sol";

/// @notice What holds of epochs after any sequence of calls by anyone:
/// E1 a side that tells the truth and moves within its clock loses no game.
/// E2 the court's money is exactly the deposits, the bonds of rivals and epochs, and what is left in channels.
/// E3 an epoch releases no more than its value, which its bond covers; an eliminated one nothing, and it has no bond.
/// E4 a false epoch that an honest sponsor challenged is eliminated in the end.
contract EpochInvariants {
    EpochHandler internal world;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        world = new EpochHandler();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    function selectors() private pure returns (bytes4[14] memory) {
        return [
            EpochHandler.commit.selector,
            EpochHandler.attack.selector,
            EpochHandler.attack.selector,
            EpochHandler.honestName.selector,
            EpochHandler.attack.selector,
            EpochHandler.dishonestMove.selector,
            EpochHandler.dishonestMove.selector,
            EpochHandler.silence.selector,
            EpochHandler.wait.selector,
            EpochHandler.reclaim.selector,
            EpochHandler.close.selector,
            EpochHandler.pay.selector,
            EpochHandler.leave.selector,
            EpochHandler.withdraw.selector
        ];
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[14] memory list = selectors();
        targets = new FuzzSelector[](1);
        targets[0].addr = address(world);
        targets[0].selectors = new bytes4[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            targets[0].selectors[i] = list[i];
        }
    }

    function check() public view {
        vm.assertEq(world.lostGames(), 0, "E1");
        vm.assertEq(world.balance(), world.owed(), "E2");
        vm.assertEq(world.balance(), world.deposited(), "E2: in and out");
        vm.assertTrue(world.isSound(), "E3");
    }

    /// forge-config: default.invariant.runs = 4
    /// forge-config: deep.invariant.runs = 32
    function invariant_EpochsAreSoundAndBondsConserved() public view {
        check();
    }

    function afterInvariant() public {
        world.finish();
        check();
        vm.assertTrue(world.isJust(), "E4");
    }

    /// @dev A long seeded run, so that no action is theatre.
    function test_EveryActionSucceedsOften() public {
        bytes4[14] memory list = selectors();
        string[10] memory actions =
            ["commit", "challenge", "move", "timeout", "conclude", "reclaim", "close", "fund", "release", "withdraw"];
        uint256[10] memory done;
        for (uint256 i = 0; i < 8; ++i) {
            world = new EpochHandler();
            for (uint256 j = 0; j < 45; ++j) {
                uint256 seed = uint256(keccak256(abi.encode("epochs", i, j)));
                (bool ok,) = address(world).call(abi.encodeWithSelector(list[seed % 14], keccak256(abi.encode(seed))));
                vm.assertTrue(ok, "the handler never reverts");
            }
            check();
            this.afterInvariant();
            for (uint256 k = 0; k < 10; ++k) {
                done[k] += world.wins(actions[k]);
            }
        }
        for (uint256 k = 0; k < 10; ++k) {
            vm.assertGt(done[k], 0, actions[k]);
        }
    }
}
