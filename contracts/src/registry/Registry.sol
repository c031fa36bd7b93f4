// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Constants, ProtocolParams} from "../generated/Params.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Attributes} from "../libraries/Attributes.sol";
import {Draw} from "../libraries/Draw.sol";
import {Typed} from "../libraries/Typed.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title Nodes, capacity pools and WEFT stake, see {IRegistry}.
contract Registry is IRegistry, EIP712 {
    using SafeERC20 for IERC20;
    using Draw for Draw.State;

    uint256 private constant MAX_ENDPOINT_BYTES = 256;

    /// @dev slot 0: | stake 96 | operator 160 |   slot 1: | index 32 | operatorNonce 32 | poolCount 32 | owner 160 |
    ///      slot 2: | unbonding 96 | pendingOwner 160 |   slot 3: | unbondsAt 40 |
    struct Node {
        address operator;
        uint96 stake;
        address owner;
        uint32 poolCount;
        uint32 operatorNonce;
        uint32 index;
        address pendingOwner;
        uint96 unbonding;
        uint40 unbondsAt;
    }

    struct OperatorRecord {
        bytes20 nodeId;
        uint40 until;
    }

    address private immutable WEFT;
    address private immutable MARKET;
    address private immutable GOVERNANCE;
    uint256 private immutable MIN_STAKE;
    uint256 private immutable DRAW_STAKE_CAP;
    uint256 private immutable UNBOND_DELAY;
    uint256 private immutable SLASHER_DELAY;

    mapping(bytes20 nodeId => Node) private _nodes;
    mapping(bytes20 nodeId => mapping(uint32 poolId => Pool)) private _pools;
    mapping(address operator => OperatorRecord) private _operators;
    mapping(address slasher => uint40) private _slasherActiveAt;
    mapping(address slasher => bool) private _isSlasher;
    Draw.State private _draw;

    /// @param governance May only propose and remove slashers.
    /// @dev The beacon is a slasher from the start: nobody has staked yet.
    constructor(Wiring memory wiring, ProtocolParams memory params, address governance) EIP712("Weft", "1") {
        if (wiring.registry != address(this)) revert MispredictedAddress(wiring.registry, address(this));
        uint256 longest =
            params.releaseDelaySeconds + params.maxAuditors * (params.auditCommitSeconds + params.auditRevealSeconds);
        if (params.unbondDelaySeconds <= longest || params.slasherDelaySeconds <= params.unbondDelaySeconds) {
            revert ParamsUnsafe();
        }
        if (params.minStake == 0 || params.drawStakeCap < params.minStake) revert ParamsUnsafe();
        WEFT = wiring.weft;
        MARKET = wiring.market;
        GOVERNANCE = governance;
        MIN_STAKE = params.minStake;
        DRAW_STAKE_CAP = params.drawStakeCap;
        UNBOND_DELAY = params.unbondDelaySeconds;
        SLASHER_DELAY = params.slasherDelaySeconds;
        _isSlasher[wiring.beacon] = true;
        emit SlasherActivated(wiring.beacon);
    }

    modifier onlyOwner(bytes20 nodeId) {
        if (_nodes[nodeId].owner != msg.sender) revert NotOwner(nodeId, msg.sender);
        _;
    }

    modifier onlyKeys(bytes20 nodeId) {
        if (_nodes[nodeId].owner != msg.sender && _nodes[nodeId].operator != msg.sender) {
            revert NotOwner(nodeId, msg.sender);
        }
        _;
    }

    modifier onlyMarket() {
        if (msg.sender != MARKET) revert NotMarket(msg.sender);
        _;
    }

    modifier onlyGovernance() {
        if (msg.sender != GOVERNANCE) revert NotGovernance(msg.sender);
        _;
    }

    // ---- identity -------------------------------------------------------------------------------------------------

    function register(
        address operator,
        bytes32 salt,
        string calldata endpoint,
        uint64 region,
        bytes calldata operatorSignature
    ) external returns (bytes20 nodeId) {
        nodeId = bytes20(keccak256(abi.encode(msg.sender, salt)));
        Node storage self = _nodes[nodeId];
        if (self.owner != address(0)) revert NodeExists(nodeId);
        _checkEndpoint(endpoint);
        self.owner = msg.sender;
        self.index = uint32(_draw.entries.length);
        _bindOperator(self, nodeId, operator, operatorSignature);
        _draw.append(nodeId, msg.sender);
        emit NodeRegistered(nodeId, msg.sender, operator, salt, region, endpoint);
    }

    function setEndpoint(bytes20 nodeId, string calldata endpoint, uint64 region) external onlyKeys(nodeId) {
        _checkEndpoint(endpoint);
        emit EndpointChanged(nodeId, region, endpoint);
    }

    function rotateOperator(bytes20 nodeId, address operator, bytes calldata operatorSignature)
        external
        onlyOwner(nodeId)
    {
        Node storage self = _nodes[nodeId];
        address previous = self.operator;
        _operators[previous].until = uint40(block.timestamp);
        _bindOperator(self, nodeId, operator, operatorSignature);
        emit OperatorRotated(nodeId, previous, operator);
    }

    function offerOwnership(bytes20 nodeId, address pendingOwner) external onlyOwner(nodeId) {
        _nodes[nodeId].pendingOwner = pendingOwner;
        emit OwnershipOffered(nodeId, msg.sender, pendingOwner);
    }

    function acceptOwnership(bytes20 nodeId) external {
        Node storage self = _nodes[nodeId];
        if (self.pendingOwner != msg.sender) revert NotPendingOwner(nodeId, msg.sender);
        address previous = self.owner;
        self.owner = msg.sender;
        self.pendingOwner = address(0);
        _draw.recordOwner(nodeId, msg.sender);
        emit OwnershipTransferred(nodeId, previous, msg.sender);
    }

    function _bindOperator(Node storage self, bytes20 nodeId, address operator, bytes calldata signature) private {
        if (operator == address(0)) revert ZeroAddress();
        OperatorRecord storage record = _operators[operator];
        if (record.nodeId != 0) revert OperatorTaken(operator, record.nodeId);
        if (operator != msg.sender) {
            bytes32 digest = _hashTypedDataV4(Typed.operatorConsent(nodeId, operator, self.operatorNonce));
            (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
            if (problem != ECDSA.RecoverError.NoError || recovered != operator) {
                revert OperatorConsentInvalid(nodeId, operator);
            }
        }
        record.nodeId = nodeId;
        self.operator = operator;
        ++self.operatorNonce;
    }

    function _checkEndpoint(string calldata endpoint) private pure {
        uint256 length = bytes(endpoint).length;
        if (length > MAX_ENDPOINT_BYTES) revert EndpointTooLong(length, MAX_ENDPOINT_BYTES);
    }

    // ---- capacity -------------------------------------------------------------------------------------------------

    function addPool(bytes20 nodeId, bytes8 class, uint32 capacity, uint128 attributes)
        external
        onlyKeys(nodeId)
        returns (uint32 poolId)
    {
        Node storage self = _nodes[nodeId];
        poolId = self.poolCount;
        if (poolId == Constants.MAX_POOLS) revert TooManyPools(nodeId, Constants.MAX_POOLS);
        if (class == 0) revert PoolUnknown(nodeId, poolId);
        self.poolCount = poolId + 1;
        _pools[nodeId][poolId] = Pool(class, capacity, 0, attributes);
        emit PoolAdded(nodeId, poolId, class, capacity, attributes);
    }

    function resizePool(bytes20 nodeId, uint32 poolId, uint32 capacity) external onlyKeys(nodeId) {
        Pool storage self = _pools[nodeId][poolId];
        if (self.class == 0) revert PoolUnknown(nodeId, poolId);
        if (capacity < self.used) revert PoolBelowUsed(nodeId, poolId, capacity, self.used);
        self.capacity = capacity;
        emit PoolResized(nodeId, poolId, capacity);
    }

    function take(bytes20 nodeId, uint32 poolId, uint32 units, bytes8 class, uint128 attributes)
        external
        onlyMarket
        returns (address operator)
    {
        Pool storage stored = _pools[nodeId][poolId];
        Pool memory p = stored;
        if (p.class == 0) revert PoolUnknown(nodeId, poolId);
        if (p.class != class) revert PoolClassMismatch(nodeId, poolId, p.class, class);
        if (!Attributes.covers(p.attributes, attributes)) {
            revert PoolAttributesTooLow(nodeId, poolId, p.attributes, attributes);
        }
        // `used` never passes `capacity`, here and in resizePool.
        unchecked {
            uint32 available = p.capacity - p.used;
            if (units > available) revert PoolFull(nodeId, poolId, units, available);
            stored.used = p.used + units;
        }
        Node storage self = _nodes[nodeId];
        uint96 staked = self.stake;
        if (staked < MIN_STAKE) revert StakeTooLow(nodeId, staked, MIN_STAKE);
        operator = self.operator;
    }

    function give(bytes20 nodeId, uint32 poolId, uint32 units) external onlyMarket {
        _pools[nodeId][poolId].used -= units;
    }

    // ---- stake ----------------------------------------------------------------------------------------------------

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
        _draw.recordStake(nodeId, self.stake);
        emit UnstakeRequested(nodeId, amount, self.unbonding, self.unbondsAt);
    }

    function unstake(bytes20 nodeId, address to) external onlyOwner(nodeId) {
        Node storage self = _nodes[nodeId];
        uint96 amount = self.unbonding;
        if (amount == 0) revert NothingUnbonding(nodeId);
        if (block.timestamp < self.unbondsAt) revert StillUnbonding(nodeId, self.unbondsAt);
        self.unbonding = 0;
        emit Unstaked(nodeId, to, amount);
        IERC20(WEFT).safeTransfer(to, amount);
    }

    function slash(bytes20 nodeId, uint96 amount) external returns (uint96 slashed) {
        if (!_isSlasher[msg.sender]) revert NotSlasher(msg.sender);
        Node storage self = _nodes[nodeId];
        uint96 fromStake = amount < self.stake ? amount : self.stake;
        uint96 rest = amount - fromStake;
        uint96 fromUnbonding = rest < self.unbonding ? rest : self.unbonding;
        slashed = fromStake + fromUnbonding;
        if (slashed == 0) return 0;
        self.stake -= fromStake;
        self.unbonding -= fromUnbonding;
        if (fromStake != 0) _draw.recordStake(nodeId, self.stake);
        emit Slashed(nodeId, msg.sender, slashed, self.stake, self.unbonding);
        ERC20Burnable(WEFT).burn(slashed);
    }

    function _stake(bytes20 nodeId, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        Node storage self = _nodes[nodeId];
        if (self.owner == address(0)) revert NodeUnknown(nodeId);
        self.stake += amount;
        _draw.recordStake(nodeId, self.stake);
        emit Staked(nodeId, msg.sender, amount, self.stake);
        IERC20(WEFT).safeTransferFrom(msg.sender, address(this), amount);
    }

    // ---- slashers -------------------------------------------------------------------------------------------------

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

    // ---- views ----------------------------------------------------------------------------------------------------

    function draw(bytes32 seed, uint256 index, uint48 snapshotTime, bytes20 excludedNode, bytes20[] calldata drawn)
        external
        view
        returns (bytes20)
    {
        if (drawn.length > Draw.MAX_DRAWN) revert TooManyDrawn(drawn.length, Draw.MAX_DRAWN);
        Draw.Query memory q = _query(snapshotTime, excludedNode, drawn.length);
        q.seed = keccak256(abi.encode(seed, index));
        for (uint256 i = 0; i < drawn.length; ++i) {
            q.drawnOwners[i] = _draw.ownerAt(drawn[i], snapshotTime);
        }
        return _draw.pick(q);
    }

    function drawMany(bytes32 seed, uint256 count, uint48 snapshotTime, bytes20 excludedNode)
        external
        view
        returns (bytes20[] memory drawn)
    {
        if (count > Draw.MAX_DRAWN) revert TooManyDrawn(count, Draw.MAX_DRAWN);
        Draw.Query memory q = _query(snapshotTime, excludedNode, count);
        drawn = new bytes20[](count);
        uint256 found = 0;
        for (uint256 i = 0; i < count; ++i) {
            q.seed = keccak256(abi.encode(seed, i));
            bytes20 nodeId = _draw.pick(q);
            if (nodeId == 0) break;
            drawn[found] = nodeId;
            q.drawnOwners[found++] = _draw.ownerAt(nodeId, snapshotTime);
        }
        // Nobody else fits: cut the list to what was found.
        assembly ("memory-safe") {
            mstore(drawn, found)
        }
    }

    function _query(uint48 snapshotTime, bytes20 excludedNode, uint256 drawnCount)
        private
        view
        returns (Draw.Query memory q)
    {
        if (snapshotTime >= block.timestamp) revert SnapshotNotPast(snapshotTime, block.timestamp);
        q.time = snapshotTime;
        q.minStake = MIN_STAKE;
        q.cap = DRAW_STAKE_CAP;
        q.excludedOwner = _draw.ownerAt(excludedNode, snapshotTime);
        q.drawnOwners = new address[](drawnCount);
    }

    function node(bytes20 nodeId) external view returns (NodeView memory view_) {
        Node storage self = _nodes[nodeId];
        if (self.owner == address(0)) revert NodeUnknown(nodeId);
        view_ = NodeView({
            owner: self.owner,
            pendingOwner: self.pendingOwner,
            operator: self.operator,
            stake: self.stake,
            unbonding: self.unbonding,
            unbondsAt: self.unbondsAt,
            registeredAt: _draw.entries[self.index].registeredAt,
            poolCount: self.poolCount,
            operatorNonce: self.operatorNonce
        });
    }

    function pool(bytes20 nodeId, uint32 poolId) external view returns (Pool memory) {
        return _pools[nodeId][poolId];
    }

    function ownerOf(bytes20 nodeId) external view returns (address) {
        return _nodes[nodeId].owner;
    }

    function operatorOf(bytes20 nodeId) external view returns (address) {
        return _nodes[nodeId].operator;
    }

    function stakeOf(bytes20 nodeId) external view returns (uint96) {
        return _nodes[nodeId].stake;
    }

    function stakeAt(bytes20 nodeId, uint48 time) external view returns (uint256) {
        return _draw.stakeAt(nodeId, time);
    }

    function ownerAt(bytes20 nodeId, uint48 time) external view returns (address) {
        return _draw.ownerAt(nodeId, time);
    }

    function operatorRecord(address operator) external view returns (bytes20 nodeId, uint40 until) {
        OperatorRecord memory record = _operators[operator];
        return (record.nodeId, record.until);
    }

    function nodeCount() external view returns (uint256) {
        return _draw.entries.length;
    }

    function nodeAt(uint256 index) external view returns (bytes20 nodeId, uint40 registeredAt) {
        Draw.Entry memory entry = _draw.entries[index];
        return (entry.nodeId, entry.registeredAt);
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
