// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @notice Calls whose exact outcome is the test: who, where, what, and the revert data expected.
abstract contract Calls {
    /// @notice The call must fail with exactly this data.
    function reverts(address who, address target, bytes memory data, bytes memory expected) internal {
        vm.prank(who);
        (bool ok, bytes memory returned) = target.call(data);
        vm.assertFalse(ok, "call should have reverted");
        vm.assertEq(keccak256(returned), keccak256(expected), string(abi.encodePacked("revert data of ", expected)));
    }

    /// @notice The call must fail with this error, whatever its operands.
    function revertsWith(address who, address target, bytes memory data, bytes4 selector) internal {
        vm.prank(who);
        (bool ok, bytes memory returned) = target.call(data);
        vm.assertFalse(ok, "call should have reverted");
        vm.assertEq(bytes32(bytes4(returned)), bytes32(selector), "error selector");
    }

    function succeeds(address who, address target, bytes memory data) internal returns (bytes memory returned) {
        bool ok;
        vm.prank(who);
        (ok, returned) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(returned, 0x20), mload(returned))
            }
        }
    }

    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + x % (high - low + 1);
    }
}
