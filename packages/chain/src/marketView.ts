// A chain snapshot as the market's decisions want it. Nothing is copied: entries are mapped when they are asked for, so
// that a view costs nothing per block, however many nodes and orders there are.
import type { BuyerView, MarketView, NodeView, OrderView, SessionView } from "@weft/market/MarketView";
import { type Carry, type Refill, refill } from "@weft/market/refill";
import type { NodeId } from "@weft/protocol/NodeId";
import type { ProtocolParams } from "@weft/protocol/Params";
import type { Address, Hex } from "viem";
import type { PersistentMap } from "./PersistentMap.ts";
import { accountOf, type LeaseRecord, type SessionState, type Snapshot, sessionKey, stateAt } from "./Snapshot.ts";

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

/** Folds the fills of one order through the contract's own rule for what the next one may use. */
function orderView(snapshot: Snapshot, orderHash: Hex, now: bigint): OrderView | undefined {
  const leases = (snapshot.orders.get(orderHash) ?? []).map((id) => snapshot.leases.get(id));
  const known = leases.filter((lease): lease is LeaseRecord => lease !== undefined);
  const first = known[0];
  if (first === undefined) return undefined;
  // The order's own terms: its first fill runs its whole duration. A fee above what was charged is not known here.
  const order = { durationSeconds: first.durationSeconds, maxFee: first.fee } as Parameters<typeof refill>[0];
  let carry: Carry = { spent: 0n, secondsPaid: 0n };
  let last: Refill | undefined;
  for (const lease of known) {
    last = refill(order, previousFill(lease, carry, now), now);
    if (last.ok) carry = last.carry;
  }
  return {
    fills: BigInt(known.length),
    ...(last === undefined || last.ok ? {} : { blocked: last.why }),
    failed: known.map(({ nodeId }) => nodeId),
    spent: carry.spent,
    secondsLeft: last?.ok === true ? last.secondsLeft : 0n,
  };
}

function previousFill(lease: LeaseRecord, carry: Carry, now: bigint): Parameters<typeof refill>[1] {
  const { cap, claimed, auditSpent } = lease.channel;
  return {
    state: stateAt(lease, now),
    reason: lease.reason ?? ("none" as never),
    followed: false,
    rate: lease.rate,
    auditPot: lease.money.auditPot,
    channel: { cap, claimed, auditSpent, claimUntil: lease.claimUntil ?? 0n },
    carry,
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
