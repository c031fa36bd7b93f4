// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IPurse} from "../interfaces/IRivals.sol";

/// @title Money for bonds. Every balance is a number in here; a donation raises none.
abstract contract Purse is IPurse {
    using SafeERC20 for IERC20;

    IERC20 private immutable TOKEN;

    mapping(address account => uint256) internal _deposits;

    constructor(address stable) {
        TOKEN = IERC20(stable);
    }

    function deposit(address account, uint96 amount) external {
        _deposit(account, amount);
    }

    function depositWithPermit(address account, uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        // A permit that someone else already brought must not block the deposit: the allowance decides.
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(account, amount);
    }

    function withdraw(uint96 amount, address to) external {
        if (amount == 0) revert ZeroAmount();
        _lock(msg.sender, amount);
        emit Withdrawn(msg.sender, to, amount);
        TOKEN.safeTransfer(to, amount);
    }

    function _deposit(address account, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = TOKEN.balanceOf(address(this)) - before;
        if (received != amount) revert TokenDeltaWrong(amount, received);
        _deposits[account] += amount;
        emit Deposited(account, msg.sender, amount);
    }

    function _lock(address account, uint256 amount) internal {
        uint256 free = _deposits[account];
        if (amount > free) revert DepositTooLow(account, free, amount);
        _deposits[account] = free - amount;
    }

    function depositOf(address account) external view returns (uint256) {
        return _deposits[account];
    }
}
