// Checkpoints and inputs this node promised to hold for others. The bytes lie in the blob store, pinned by the lease.
import { inputsSegment } from "@weft/protocol/generated/params";
import type { Hex } from "viem";
import { all, get, type Row, run, type Store } from "./Store.ts";

export interface HeldCheckpoint {
  leaseId: Hex;
  /** `inputsSegment` stands for the job's inputs. */
  segment: number;
  content: Hex;
  bytes: number;
}

const fromRow = (row: Row): HeldCheckpoint => ({
  leaseId: row["lease"] as Hex,
  segment: Number(row["segment"]),
  content: row["content"] as Hex,
  bytes: Number(row["bytes"]),
});

export function holdCheckpoint(store: Store, options: { held: HeldCheckpoint; at: number }): void {
  const { leaseId, segment, content, bytes } = options.held;
  run(
    store,
    `insert into checkpoints(lease, segment, content, bytes, heldAt, releasedAt) values (?, ?, ?, ?, ?, null)
     on conflict(lease, segment, content) do update set releasedAt = null`,
    [leaseId, segment, content, bytes, options.at],
  );
}

/** Ends the promise for a lease, or for one segment of it; returns what was released, for unpinning. */
export function releaseCheckpoints(
  store: Store,
  options: { leaseId: Hex; segment?: number; at: number },
): HeldCheckpoint[] {
  const segment = options.segment ?? null;
  return all(
    store,
    `update checkpoints set releasedAt = ? where lease = ? and releasedAt is null and (? is null or segment = ?)
     returning *`,
    [options.at, options.leaseId, segment, segment],
  ).map(fromRow);
}

/** Held for a lease, segments in order. */
export function heldFor(store: Store, options: { leaseId: Hex; limit: number }): HeldCheckpoint[] {
  return all(
    store,
    "select * from checkpoints where lease = ? and releasedAt is null order by segment, content limit ?",
    [options.leaseId, options.limit],
  ).map(fromRow);
}

/** Bytes promised in all. */
export function heldBytes(store: Store): number {
  return Number(
    get(store, "select coalesce(sum(bytes), 0) as total from checkpoints where releasedAt is null")?.["total"],
  );
}

/** Leases whose inputs are held. */
export function heldInputs(store: Store, options: { limit: number }): Hex[] {
  return all(
    store,
    "select distinct lease from checkpoints where segment = ? and releasedAt is null order by lease limit ?",
    [inputsSegment, options.limit],
  ).map((row) => row["lease"] as Hex);
}

/** Leases with something held for them. */
export function heldLeases(store: Store, options: { limit: number }): Hex[] {
  return all(store, "select distinct lease from checkpoints where releasedAt is null order by lease limit ?", [
    options.limit,
  ]).map((row) => row["lease"] as Hex);
}
