// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Constants, ProtocolParams} from "../generated/Params.sol";
import {Attributes} from "../libraries/Attributes.sol";
import {Draw} from "../libraries/Draw.sol";
import {Wiring} from "../types/Wiring.sol";
import {NodeBook} from "./NodeBook.sol";
import {Stakes} from "./Stakes.sol";

/// @title Nodes, capacity pools and WEFT stake, see {IRegistry}. Here: capacity, and draws by stake.
contract Registry is Stakes {
    using Draw for Draw.State;

    constructor(Wiring memory wiring, ProtocolParams memory params, address governance)
        NodeBook(wiring, params, governance)
    {}

    modifier onlyMarket() {
        if (msg.sender != MARKET) revert NotMarket(msg.sender);
        _;
    }

    // ---- capacity --------------------------------------------------------------------------------------------------

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

    // ---- draws -----------------------------------------------------------------------------------------------------

    function drawMany(bytes32 seed, uint256 count, uint48 snapshotTime, bytes20 provider, address buyer)
        external
        view
        returns (bytes20[] memory drawn)
    {
        if (count > Draw.MAX_DRAWN) revert TooManyDrawn(count, Draw.MAX_DRAWN);
        if (snapshotTime >= block.timestamp) revert SnapshotNotPast(snapshotTime, block.timestamp);
        Draw.Query memory q = Draw.Query({
            seed: 0,
            time: snapshotTime,
            cap: DRAW_STAKE_CAP,
            provider: _draw.ownerAt(provider, snapshotTime),
            buyer: buyer,
            drawnOwners: new address[](count)
        });
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

    // ---- views -----------------------------------------------------------------------------------------------------

    function pool(bytes20 nodeId, uint32 poolId) external view returns (Pool memory) {
        return _pools[nodeId][poolId];
    }
}
