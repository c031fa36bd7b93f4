// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

interface IStable is IERC20Metadata, IERC20Permit, IERC3009, IERC3009Cancel {
    function mint(address to, uint256 value) external;
}

interface IWeft is IERC20, IERC20Permit {
    function delegate(address delegatee) external;
    function getVotes(address account) external view returns (uint256);
    function clock() external view returns (uint48);
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external view returns (string memory);
    function burn(uint256 value) external;
}
