// How one event changes a snapshot: a table of pure functions per contract, and the edits they share.
import type { NodeId } from "@weft/protocol/NodeId";
import type { Address, Hex } from "viem";
import type { EventArgs, EventName, FollowedContract, Place } from "../Events.ts";
import { type AccountState, accountOf, type LeaseRecord, type NodeState, type Snapshot } from "../Snapshot.ts";

export type Reducers<Name extends FollowedContract> = {
  [Event in EventName<Name>]?: (state: Snapshot, args: EventArgs<Name, Event>, at: Place) => Snapshot;
};

type Edit<T> = (before: T) => Partial<T>;

/** A snapshot with one node changed; unknown nodes change nothing. */
export function editNode(state: Snapshot, nodeId: NodeId, edit: Edit<NodeState>): Snapshot {
  const node = state.nodes.get(nodeId);
  return node === undefined ? state : { ...state, nodes: state.nodes.set(nodeId, { ...node, ...edit(node) }) };
}

/** A snapshot with one account changed; every account exists with zeros. */
export function editAccount(state: Snapshot, address: Address, edit: Edit<AccountState>): Snapshot {
  const account = accountOf(state, address);
  return { ...state, accounts: state.accounts.set(address, { ...account, ...edit(account) }) };
}

export function editLease(state: Snapshot, leaseId: Hex, edit: Edit<LeaseRecord>): Snapshot {
  const lease = state.leases.get(leaseId);
  return lease === undefined ? state : { ...state, leases: state.leases.set(leaseId, { ...lease, ...edit(lease) }) };
}

export const editChannel = (state: Snapshot, leaseId: Hex, edit: Edit<LeaseRecord["channel"]>): Snapshot =>
  editLease(state, leaseId, (lease) => ({ channel: { ...lease.channel, ...edit(lease.channel) } }));

export const withEntry = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> =>
  new Map(map).set(key, value);
