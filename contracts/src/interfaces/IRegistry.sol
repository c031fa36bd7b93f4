// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Registry of nodes, their capacity pools and their WEFT stake.
/// @notice A node is an immutable id derived from its first owner and a salt. The cold `owner` exits and is paid, the
/// hot `operator` signs offers, segments and acknowledgements. An operator key belongs to one node for ever, so that a
/// rotated key can still be held to what it signed.
interface IRegistry {
    /// @notice A capacity pool, one slot: | attributes 128 | used 32 | capacity 32 | class 64 |
    struct Pool {
        bytes8 class;
        uint32 capacity;
        uint32 used;
        uint128 attributes;
    }

    struct NodeView {
        address owner;
        address pendingOwner;
        address operator;
        uint96 stake;
        uint96 unbonding;
        uint40 unbondsAt;
        uint40 registeredAt;
        uint32 poolCount;
        uint32 operatorNonce;
    }

    event NodeRegistered(
        bytes20 indexed nodeId,
        address indexed owner,
        address indexed operator,
        bytes32 salt,
        uint64 region,
        string endpoint
    );
    event EndpointChanged(bytes20 indexed nodeId, uint64 region, string endpoint);
    event OperatorRotated(bytes20 indexed nodeId, address indexed previousOperator, address indexed newOperator);
    event OwnershipOffered(bytes20 indexed nodeId, address indexed owner, address indexed pendingOwner);
    event OwnershipTransferred(bytes20 indexed nodeId, address indexed previousOwner, address indexed newOwner);
    event PoolAdded(bytes20 indexed nodeId, uint32 indexed poolId, bytes8 class, uint32 capacity, uint128 attributes);
    event PoolResized(bytes20 indexed nodeId, uint32 indexed poolId, uint32 capacity);
    event Staked(bytes20 indexed nodeId, address indexed from, uint96 amount, uint96 stake);
    event UnstakeRequested(bytes20 indexed nodeId, uint96 amount, uint96 unbonding, uint40 unbondsAt);
    event Unstaked(bytes20 indexed nodeId, address indexed to, uint96 amount);
    event Slashed(bytes20 indexed nodeId, address indexed slasher, uint96 amount, uint96 stake, uint96 unbonding);
    event SlashedBurnt(address indexed by, uint256 amount);
    event SlasherProposed(address indexed slasher, uint40 activeAt);
    event SlasherActivated(address indexed slasher);
    event SlasherRemoved(address indexed slasher);

    error NotOwner(bytes20 nodeId, address caller);
    error NotPendingOwner(bytes20 nodeId, address caller);
    error NotMarket(address caller);
    error NotGovernance(address caller);
    error NotSlasher(address caller);
    error NodeExists(bytes20 nodeId);
    error NodeUnknown(bytes20 nodeId);
    error OperatorTaken(address operator, bytes20 nodeId);
    error OperatorConsentInvalid(bytes20 nodeId, address operator);
    error ZeroAddress();
    error ZeroAmount();
    error EndpointTooLong(uint256 length, uint256 limit);
    error TooManyPools(bytes20 nodeId, uint256 limit);
    error PoolUnknown(bytes20 nodeId, uint32 poolId);
    error PoolBelowUsed(bytes20 nodeId, uint32 poolId, uint32 capacity, uint32 used);
    error PoolFull(bytes20 nodeId, uint32 poolId, uint32 units, uint32 available);
    error PoolClassMismatch(bytes20 nodeId, uint32 poolId, bytes8 class, bytes8 wanted);
    error PoolAttributesTooLow(bytes20 nodeId, uint32 poolId, uint128 attributes, uint128 wanted);
    error StakeTooLow(bytes20 nodeId, uint96 stake, uint256 minStake);
    error StakeInsufficient(bytes20 nodeId, uint96 stake, uint96 wanted);
    error NothingUnbonding(bytes20 nodeId);
    error StillUnbonding(bytes20 nodeId, uint40 unbondsAt);
    /// @notice Bonds of leases that aren't settled, for which the least stake has to stay.
    error LeasesUnsettled(bytes20 nodeId, uint96 locked);
    error SlasherUnknown(address slasher);
    error SlasherNotActive(address slasher, uint40 activeAt);
    error SnapshotNotPast(uint256 snapshotTime, uint256 now_);
    error TooManyDrawn(uint256 length, uint256 limit);
    error ShareTooLarge();
    error ParamsUnsafe();

    /// @notice Registers a node owned by the caller. Anyone but the caller itself must consent to be its operator by
    /// signing `OperatorConsent(bytes20 nodeId,address operator,uint64 nonce)` (EIP-712, nonce 0).
    /// @param endpoint Where the node is reached, at most 256 bytes; only emitted.
    /// @param region H3 cell; only emitted.
    /// @return nodeId bytes20(keccak256(abi.encode(owner, salt))).
    function register(
        address operator,
        bytes32 salt,
        string calldata endpoint,
        uint64 region,
        bytes calldata operatorSignature
    ) external returns (bytes20 nodeId);

    /// @notice Emits a new endpoint and region. Owner or operator.
    function setEndpoint(bytes20 nodeId, string calldata endpoint, uint64 region) external;

    /// @notice Replaces the operator at once: nothing that the old key signs opens a lease any more.
    function rotateOperator(bytes20 nodeId, address operator, bytes calldata operatorSignature) external;

    function offerOwnership(bytes20 nodeId, address pendingOwner) external;

    function acceptOwnership(bytes20 nodeId) external;

    /// @notice Adds a pool of `capacity` units, at most 16 pools a node. Owner or operator.
    function addPool(bytes20 nodeId, bytes8 class, uint32 capacity, uint128 attributes) external returns (uint32 poolId);

    /// @notice Never below what is in use. Owner or operator.
    function resizePool(bytes20 nodeId, uint32 poolId, uint32 capacity) external;

    /// @notice Takes units for a lease and says whose signature an offer of this node must bear. Market only.
    function take(bytes20 nodeId, uint32 poolId, uint32 units, bytes8 class, uint128 attributes)
        external
        returns (address operator);

    /// @notice Gives units back. Market only.
    function give(bytes20 nodeId, uint32 poolId, uint32 units) external;

    /// @notice Anyone may stake for a node; only the owner gets it back.
    function stake(bytes20 nodeId, uint96 amount) external;

    function stakeWithPermit(bytes20 nodeId, uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Starts unbonding; asking again restarts the delay for the whole unbonding amount. Still slashable.
    function requestUnstake(bytes20 nodeId, uint96 amount) external;

    /// @notice Pays what was asked for, after its delay. Where less than the least stake remains: not while a lease of the node is
    /// unsettled, nor within the delay after the last one's bond was given back or taken.
    function unstake(bytes20 nodeId, address to) external;

    /// @notice Takes up to `amount` of a node's stake, bonded first, for `burnSlashed`. Active slashers only.
    function slash(bytes20 nodeId, uint96 amount) external returns (uint96 slashed);

    /// @notice Takes a share of a node's stake and unbonding stake: that of a first fault, or that of a further one within the
    /// memory of the last, where that had another cause. All slashers share one memory. Active slashers only.
    /// @param cause What the fault is one of, a lease: several of one cause are no pattern. Its first 19 bytes count.
    function slashFault(
        bytes20 nodeId,
        bytes32 cause,
        uint256 firstPpm,
        uint256 furtherPpm,
        uint256 memorySeconds
    ) external returns (uint96 slashed, bool pattern);

    /// @notice Burns what was slashed, but for one unit that stays. Anyone.
    function burnSlashed() external returns (uint256 amount);

    /// @notice Governance names a slasher; it becomes one only after a delay longer than unbonding.
    function proposeSlasher(address slasher) external;

    function activateSlasher(address slasher) external;

    function removeSlasher(address slasher) external;

    /// @notice Up to `count` (at most 8) stake-weighted draws from the nodes and stakes as they stood at `snapshotTime`
    /// (strictly past): never a node of the provider's owner, a node that the buyer owns, or two of one owner.
    /// Rejection sampling: 64 attempts, then a bounded scan. The weight of a node is capped at `drawStakeCap`.
    /// @return Fewer than `count` when nobody else fits.
    function drawMany(bytes32 seed, uint256 count, uint48 snapshotTime, bytes20 provider, address buyer)
        external
        view
        returns (bytes20[] memory);

    function node(bytes20 nodeId) external view returns (NodeView memory);
    function pool(bytes20 nodeId, uint32 poolId) external view returns (Pool memory);
    function ownerOf(bytes20 nodeId) external view returns (address);
    function operatorOf(bytes20 nodeId) external view returns (address);
    function stakeOf(bytes20 nodeId) external view returns (uint96);
    function stakeAt(bytes20 nodeId, uint48 time) external view returns (uint256);
    function ownerAt(bytes20 nodeId, uint48 time) external view returns (address);

    /// @notice The node a key signs or signed for, and when it was rotated out (0: still the operator).
    function operatorRecord(address operator) external view returns (bytes20 nodeId, uint40 until);
    /// @notice Nodes that may be drawn now: those staked with the minimum or more, one a seat.
    function seatCount() external view returns (uint256);
    /// @return nodeId 0 from `seatCount` on.
    function seatAt(uint256 seat) external view returns (bytes20 nodeId);
    /// @notice When `slashFault` was last called for the node; 0: never.
    function lastFaultOf(bytes20 nodeId) external view returns (uint40);
    /// @notice Slashed WEFT that is in here until it is burnt: nobody's stake.
    function slashedUnburnt() external view returns (uint256);
    function isSlasher(address slasher) external view returns (bool);
    function slasherActiveAt(address slasher) external view returns (uint40);
    function minStake() external view returns (uint256);
}
