// A chain snapshot as the market's decisions want it. Nothing is copied: entries are mapped when they are asked for, so
// that a view costs nothing per block, however many nodes and orders there are.
import type { BuyerView, MarketView, NodeView, OrderView, SessionView } from "@weft/market/MarketView";
import type { NodeId } from "@weft/protocol/NodeId";
import type { ProtocolParams } from "@weft/protocol/Params";
import type { Address, Hex } from "viem";
import { nextFill } from "./nextFill.ts";
import type { PersistentMap } from "./PersistentMap.ts";
import { accountOf, type SessionState, type Snapshot, sessionKey } from "./Snapshot.ts";

export interface ViewOptions {
  params: ProtocolParams;
  paramsHash: Hex;
  /** Chain time to judge at, Unix seconds. */
  now: bigint;
  matcher: { address: Address; fee: bigint };
}

const secondsPerDay = 86_400n;

export function marketViewOf(snapshot: Snapshot, options: ViewOptions): MarketView {
  return {
    now: options.now,
    params: options.params,
    paramsHash: options.paramsHash,
    matcher: options.matcher,
    courts: new Set([...snapshot.courts.keys()]),
    nodes: new MappedMap<NodeId, NodeView>(snapshot.nodes, (nodeId) => snapshot.nodes.get(nodeId)),
    buyers: new MappedMap<Address, BuyerView>(snapshot.accounts, (buyer) => buyerView(snapshot, buyer, options.now)),
    orders: new MappedMap<Hex, OrderView>(snapshot.orders, (order) => orderView(snapshot, order, options.now)),
  };
}

function buyerView(snapshot: Snapshot, buyer: Address, now: bigint): BuyerView {
  const account = accountOf(snapshot, buyer);
  const sessions = new Map<Address, SessionView>();
  for (const [key, session] of snapshot.sessions.entries())
    if (
      session.buyer === buyer &&
      session.sessionEpoch === account.sessionEpoch &&
      key === sessionKey(buyer, session.key)
    )
      sessions.set(session.key, sessionView(session, now));
  return { free: account.free, epoch: account.buyerEpoch, nonces: account.cancelledNonces, sessions };
}

function sessionView(session: SessionState, now: bigint): SessionView {
  const spent = session.day === now / secondsPerDay ? session.spentAtMost : 0n;
  return {
    expiresAt: session.expiresAt,
    capLeft: session.dailyCap > spent ? session.dailyCap - spent : 0n,
    ...(session.anyPayee ? {} : { allowed: new Set(session.nodeIds) }),
  };
}

function orderView(snapshot: Snapshot, orderHash: Hex, now: bigint): OrderView | undefined {
  const next = nextFill(snapshot, orderHash, now);
  if (next === undefined) return undefined;
  const fills = (snapshot.orders.get(orderHash) ?? []).flatMap((leaseId) => snapshot.leases.get(leaseId) ?? []);
  return {
    fills: BigInt(fills.length),
    ...(next.ok ? {} : { blocked: next.why }),
    failed: fills.map(({ nodeId }) => nodeId),
    spent: next.ok ? next.carry.spent : (fills.at(-1)?.carry.spent ?? 0n),
    secondsLeft: next.ok ? next.secondsLeft : 0n,
  };
}

/** A read-only map whose values are made on demand from another map's keys. */
class MappedMap<K, V> implements ReadonlyMap<K, V> {
  readonly #keys: Pick<PersistentMap<K & string, unknown>, "keys" | "size">;
  readonly #value: (key: K) => V | undefined;

  constructor(source: Pick<PersistentMap<K & string, unknown>, "keys" | "size">, value: (key: K) => V | undefined) {
    this.#keys = source;
    this.#value = value;
  }

  get size(): number {
    return this.#keys.size;
  }

  get(key: K): V | undefined {
    return this.#value(key);
  }

  has(key: K): boolean {
    return this.#value(key) !== undefined;
  }

  *keys(): MapIterator<K> {
    for (const key of this.#keys.keys()) yield key as K;
  }

  *values(): MapIterator<V> {
    for (const key of this.keys()) yield this.#value(key) as V;
  }

  *entries(): MapIterator<[K, V]> {
    for (const key of this.keys()) yield [key, this.#value(key) as V];
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}
