// Nodes, pools and stake.
import { editNode, type Reducers, withEntry } from "./reducer.ts";

export const registry: Reducers<"registry"> = {
  NodeRegistered: (state, { nodeId, owner, operator, region, endpoint }, at) => ({
    ...state,
    nodes: state.nodes.set(nodeId, {
      ...{ nodeId, owner, operator, region, endpoint, registeredAt: at.timestamp },
      ...{ pastOperators: [], stake: 0n, unbonding: 0n, unbondsAt: 0n, bondFree: 0n, bondLocked: 0n },
      ...{ pools: new Map(), minSeq: new Map() },
    }),
  }),
  EndpointChanged: (state, { nodeId, region, endpoint }) => editNode(state, nodeId, () => ({ region, endpoint })),
  OperatorRotated: (state, { nodeId, previousOperator, newOperator }) =>
    editNode(state, nodeId, (node) => ({
      operator: newOperator,
      pastOperators: [...node.pastOperators, previousOperator],
    })),
  OwnershipTransferred: (state, { nodeId, newOwner }) => editNode(state, nodeId, () => ({ owner: newOwner })),
  PoolAdded: (state, { nodeId, poolId, class: label, capacity, attributes }) =>
    editNode(state, nodeId, (node) => ({
      pools: withEntry(node.pools, BigInt(poolId), { class: label, capacity: BigInt(capacity), used: 0n, attributes }),
    })),
  PoolResized: (state, { nodeId, poolId, capacity }) =>
    editNode(state, nodeId, (node) => {
      const pool = node.pools.get(BigInt(poolId));
      if (pool === undefined) return {};
      return { pools: withEntry(node.pools, BigInt(poolId), { ...pool, capacity: BigInt(capacity) }) };
    }),
  Staked: (state, { nodeId, stake }) => editNode(state, nodeId, () => ({ stake })),
  UnstakeRequested: (state, { nodeId, amount, unbonding, unbondsAt }) =>
    editNode(state, nodeId, (node) => ({ stake: node.stake - amount, unbonding, unbondsAt: BigInt(unbondsAt) })),
  Unstaked: (state, { nodeId }) => editNode(state, nodeId, () => ({ unbonding: 0n })),
  Slashed: (state, { nodeId, stake, unbonding }) => editNode(state, nodeId, () => ({ stake, unbonding })),
};
