// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ProtocolParams} from "../generated/Params.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Pending} from "../libraries/Pending.sol";
import {Sessions} from "../libraries/Sessions.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title Everyone's balances and the nodes' bonds: all that {Channels} stores, and the only way for money in and out.
/// @dev Every balance is a number in here; tokens move only in `_deposit` and `_push`. A donation raises no number, so it
/// is never claimable.
abstract contract Escrow is IChannels, EIP712 {
    using SafeERC20 for IERC20;

    /// @dev slot 0: | sessionEpoch 32 | buyerEpoch 32 | earned 96 | free 96 |   slot 1: | exitAt 32 | exiting 96 |
    /// Slot 0 holds all that opening a lease reads and writes.
    struct Account {
        uint96 free;
        uint96 earned;
        uint32 buyerEpoch;
        uint32 sessionEpoch;
        uint96 exiting;
        uint32 exitAt;
    }

    /// @dev | unlockedAt 40 | offersCancelled 8 | locked 96 | free 96 |
    struct Bonds {
        uint96 free;
        uint96 locked;
        bool offersCancelled;
        uint40 unlockedAt;
    }

    IERC20 internal immutable TOKEN;
    IRegistry internal immutable REGISTRY;
    address internal immutable MARKET;
    address internal immutable AUDITS;
    uint256 internal immutable RELEASE_DELAY;
    uint256 internal immutable EXIT_DELAY;

    mapping(address account => Account) internal _accounts;
    mapping(bytes20 nodeId => Bonds) internal _bonds;
    mapping(bytes32 channelId => Pending.Channel) internal _channels;
    Sessions.State internal _sessions;
    uint256 internal _totalHeld;

    constructor(Wiring memory wiring, ProtocolParams memory params) EIP712("Weft", "1") {
        if (wiring.channels != address(this)) revert MispredictedAddress(wiring.channels, address(this));
        TOKEN = IERC20(wiring.stable);
        REGISTRY = IRegistry(wiring.registry);
        MARKET = wiring.market;
        AUDITS = wiring.audits;
        RELEASE_DELAY = params.releaseDelaySeconds;
        EXIT_DELAY = params.exitDelaySeconds;
    }

    // ---- balances --------------------------------------------------------------------------------------------------

    function deposit(uint96 amount) external {
        _deposit(msg.sender, amount);
    }

    function depositFor(address account, uint96 amount) external {
        if (account == address(0)) revert ZeroAddress();
        _deposit(account, amount);
    }

    function depositWithPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // A permit that someone else already brought must not block the deposit: the allowance decides.
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(msg.sender, amount);
    }

    function depositWithAuthorization(
        address from,
        uint96 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (amount == 0) revert ZeroAmount();
        uint256 before = TOKEN.balanceOf(address(this));
        IERC3009(address(TOKEN))
            .receiveWithAuthorization(from, address(this), amount, validAfter, validBefore, nonce, v, r, s);
        _credit(from, amount, before);
    }

    function withdraw(uint96 amount, address to) external {
        Account storage account = _accounts[msg.sender];
        uint96 earned = account.earned;
        if (amount > earned) revert EarnedTooLow(msg.sender, earned, amount);
        // Checked just above.
        unchecked {
            account.earned = earned - amount;
        }
        emit Withdrawn(msg.sender, to, amount);
        _push(to, amount);
    }

    function requestExit(uint96 amount) external {
        Account storage account = _accounts[msg.sender];
        uint256 whole = uint256(account.free) + account.exiting;
        if (amount > whole) revert FreeTooLow(msg.sender, uint96(whole), amount);
        account.free = uint96(whole - amount);
        account.exiting = amount;
        uint32 exitAt = uint32(block.timestamp + EXIT_DELAY);
        account.exitAt = exitAt;
        emit ExitRequested(msg.sender, amount, exitAt);
    }

    function exit(address to) external {
        Account storage account = _accounts[msg.sender];
        uint96 amount = account.exiting;
        if (amount == 0) revert ExitNotRequested(msg.sender);
        if (block.timestamp < account.exitAt) revert ExitNotDue(msg.sender, account.exitAt);
        account.exiting = 0;
        emit Exited(msg.sender, to, amount);
        _push(to, amount);
    }

    function keepEarnings(uint96 amount) external {
        Account storage account = _accounts[msg.sender];
        if (amount > account.earned) revert EarnedTooLow(msg.sender, account.earned, amount);
        account.earned -= amount;
        account.free += amount;
        emit EarningsKept(msg.sender, amount);
    }

    function fundBonds(bytes20 nodeId, uint96 amount) external {
        _onlyNodeOwner(nodeId);
        Account storage account = _accounts[msg.sender];
        if (amount > account.free) revert FreeTooLow(msg.sender, account.free, amount);
        account.free -= amount;
        _bonds[nodeId].free += amount;
        emit BondsFunded(nodeId, msg.sender, amount);
    }

    function defundBonds(bytes20 nodeId, uint96 amount) external {
        _onlyNodeOwner(nodeId);
        Bonds storage bonds = _bonds[nodeId];
        if (amount > bonds.free) revert BondFreeTooLow(nodeId, bonds.free, amount);
        bonds.free -= amount;
        _accounts[msg.sender].free += amount;
        emit BondsDefunded(nodeId, msg.sender, amount);
    }

    // ---- internals -------------------------------------------------------------------------------------------------

    function _deposit(address account, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        _credit(account, amount, before);
    }

    function _credit(address account, uint96 amount, uint256 before) private {
        uint256 received = TOKEN.balanceOf(address(this)) - before;
        if (received != amount) revert TokenDeltaWrong(amount, received);
        _accounts[account].free += amount;
        _totalHeld += amount;
        emit Deposited(account, msg.sender, amount);
    }

    function _push(address to, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        _totalHeld -= amount;
        TOKEN.safeTransfer(to, amount);
    }

    function _onlyNodeOwner(bytes20 nodeId) private view {
        if (REGISTRY.ownerOf(nodeId) != msg.sender) revert NotNodeOwner(nodeId, msg.sender);
    }

    // ---- views -----------------------------------------------------------------------------------------------------

    function token() external view returns (address) {
        return address(TOKEN);
    }

    function totalHeld() external view returns (uint256) {
        return _totalHeld;
    }

    function accountOf(address account) external view returns (AccountView memory) {
        Account memory a = _accounts[account];
        return AccountView(a.free, a.earned, a.exiting, a.exitAt, a.buyerEpoch, a.sessionEpoch);
    }

    function bondsOf(bytes20 nodeId) external view returns (BondView memory) {
        Bonds memory bonds = _bonds[nodeId];
        return BondView(bonds.free, bonds.locked, bonds.unlockedAt);
    }
}
