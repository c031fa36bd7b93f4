// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {Draw} from "../libraries/Draw.sol";
import {NodeBook} from "./NodeBook.sol";

/// @title WEFT stake, and who may slash it.
abstract contract Stakes is NodeBook {
    using SafeERC20 for IERC20;
    using Draw for Draw.State;

    uint256 private constant PPM = 1e6;

    /// @dev Slashed and not yet burnt. Never 0 again: no slash but the first pays for a new slot.
    uint256 private _slashed;

    modifier onlyGovernance() {
        if (msg.sender != GOVERNANCE) revert NotGovernance(msg.sender);
        _;
    }

    modifier onlySlasher() {
        if (!_isSlasher[msg.sender]) revert NotSlasher(msg.sender);
        _;
    }

    // ---- stake -----------------------------------------------------------------------------------------------------

    function stake(bytes20 nodeId, uint96 amount) external {
        _stake(nodeId, amount);
    }

    function stakeWithPermit(bytes20 nodeId, uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // A permit that someone else already brought must not block the stake: the allowance decides.
        try IERC20Permit(WEFT).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _stake(nodeId, amount);
    }

    function requestUnstake(bytes20 nodeId, uint96 amount) external onlyOwner(nodeId) {
        if (amount == 0) revert ZeroAmount();
        Node storage self = _nodes[nodeId];
        if (amount > self.stake) revert StakeInsufficient(nodeId, self.stake, amount);
        self.stake -= amount;
        self.unbonding += amount;
        self.unbondsAt = uint40(block.timestamp + UNBOND_DELAY);
        _draw.recordStake(nodeId, self.stake, MIN_STAKE);
        emit UnstakeRequested(nodeId, amount, self.unbonding, self.unbondsAt);
    }

    function unstake(bytes20 nodeId, address to) external onlyOwner(nodeId) {
        Node storage self = _nodes[nodeId];
        uint96 amount = self.unbonding;
        if (amount == 0) revert NothingUnbonding(nodeId);
        if (block.timestamp < self.unbondsAt) revert StillUnbonding(nodeId, self.unbondsAt);
        if (self.stake < MIN_STAKE) _checkUnbound(nodeId);
        self.unbonding = 0;
        emit Unstaked(nodeId, to, amount);
        IERC20(WEFT).safeTransfer(to, amount);
    }

    /// @dev The least stake stays for as long as a lease of the node may still be found false, and a delay after that.
    function _checkUnbound(bytes20 nodeId) private view {
        IChannels.BondView memory bonds = IChannels(CHANNELS).bondsOf(nodeId);
        if (bonds.locked != 0) revert LeasesUnsettled(nodeId, bonds.locked);
        if (bonds.unlockedAt == 0) return;
        uint40 until = uint40(bonds.unlockedAt + UNBOND_DELAY);
        if (block.timestamp < until) revert StillUnbonding(nodeId, until);
    }

    function slash(bytes20 nodeId, uint96 amount) external onlySlasher returns (uint96 slashed) {
        return _slash(nodeId, _nodes[nodeId], amount);
    }

    function slashFault(
        bytes20 nodeId,
        bytes32 cause,
        uint256 firstPpm,
        uint256 furtherPpm,
        uint256 memorySeconds
    ) external onlySlasher returns (uint96 slashed, bool pattern) {
        if (firstPpm > PPM || furtherPpm > PPM) revert ShareTooLarge();
        Node storage self = _nodes[nodeId];
        Draw.Standing storage standing = _draw.standings[nodeId];
        uint256 last = standing.faultedAt;
        bool remembered = last != 0 && block.timestamp <= last + memorySeconds;
        pattern = remembered && standing.cause != bytes19(cause);
        (standing.faultedAt, standing.cause) = (uint40(block.timestamp), bytes19(cause));
        // At most the whole, which the token's supply holds.
        uint256 amount = (uint256(self.stake) + self.unbonding) * (pattern ? furtherPpm : firstPpm) / PPM;
        slashed = _slash(nodeId, self, uint96(amount));
    }

    function burnSlashed() external returns (uint256 amount) {
        uint256 all = _slashed;
        if (all < 2) revert ZeroAmount();
        amount = all - 1;
        _slashed = 1;
        emit SlashedBurnt(msg.sender, amount);
        ERC20Burnable(WEFT).burn(amount);
    }

    /// @dev What is slashed is nobody's from here on; the token burns it when somebody says so, for many slashes at once.
    function _slash(bytes20 nodeId, Node storage self, uint96 amount) private returns (uint96 slashed) {
        uint96 fromStake = amount < self.stake ? amount : self.stake;
        uint96 rest = amount - fromStake;
        uint96 fromUnbonding = rest < self.unbonding ? rest : self.unbonding;
        slashed = fromStake + fromUnbonding;
        if (slashed == 0) return 0;
        self.stake -= fromStake;
        self.unbonding -= fromUnbonding;
        if (fromStake != 0) _draw.recordStake(nodeId, self.stake, MIN_STAKE);
        emit Slashed(nodeId, msg.sender, slashed, self.stake, self.unbonding);
        _slashed += slashed;
    }

    function _stake(bytes20 nodeId, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        Node storage self = _nodes[nodeId];
        if (self.owner == address(0)) revert NodeUnknown(nodeId);
        self.stake += amount;
        _draw.recordStake(nodeId, self.stake, MIN_STAKE);
        emit Staked(nodeId, msg.sender, amount, self.stake);
        IERC20(WEFT).safeTransferFrom(msg.sender, address(this), amount);
    }

    // ---- slashers --------------------------------------------------------------------------------------------------

    function proposeSlasher(address slasher) external onlyGovernance {
        if (slasher == address(0)) revert ZeroAddress();
        uint40 activeAt = uint40(block.timestamp + SLASHER_DELAY);
        _slasherActiveAt[slasher] = activeAt;
        emit SlasherProposed(slasher, activeAt);
    }

    function activateSlasher(address slasher) external {
        uint40 activeAt = _slasherActiveAt[slasher];
        if (activeAt == 0) revert SlasherUnknown(slasher);
        if (block.timestamp < activeAt) revert SlasherNotActive(slasher, activeAt);
        _slasherActiveAt[slasher] = 0;
        _isSlasher[slasher] = true;
        emit SlasherActivated(slasher);
    }

    function removeSlasher(address slasher) external onlyGovernance {
        _slasherActiveAt[slasher] = 0;
        _isSlasher[slasher] = false;
        emit SlasherRemoved(slasher);
    }

    // ---- views -----------------------------------------------------------------------------------------------------

    function stakeOf(bytes20 nodeId) external view returns (uint96) {
        return _nodes[nodeId].stake;
    }

    function stakeAt(bytes20 nodeId, uint48 time) external view returns (uint256) {
        return _draw.stakeAt(nodeId, time);
    }

    function lastFaultOf(bytes20 nodeId) external view returns (uint40) {
        return _draw.standings[nodeId].faultedAt;
    }

    function slashedUnburnt() external view returns (uint256) {
        return _slashed;
    }

    function isSlasher(address slasher) external view returns (bool) {
        return _isSlasher[slasher];
    }

    function slasherActiveAt(address slasher) external view returns (uint40) {
        return _slasherActiveAt[slasher];
    }

    function minStake() external view returns (uint256) {
        return MIN_STAKE;
    }
}
