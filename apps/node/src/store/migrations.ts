// The schema, one entry per version; an entry never changes once released, later ones alter it.
// Amounts are decimal text of fixed width (39 digits), so that text order is number order: SQLite integers end at 2^63.

export const migrations: readonly string[] = [
  `
  create table vouchers(
    channel text primary key, payee text not null, cumulative text not null, signature text not null,
    updatedAt integer not null) strict;

  create table receipts(
    lease text not null, sequence integer not null, segment integer not null, hash text not null,
    body text not null, state text not null check(state in ('sent','paid','refused')), createdAt integer not null,
    primary key(lease, sequence)) strict;

  create table leases(
    lease text primary key, role text not null check(role in ('provider','buyer','holder','auditor')),
    phase text not null, body text not null, updatedAt integer not null, closedAt integer) strict;
  create index leasesOpen on leases(role, phase) where closedAt is null;

  create table audits(
    lease text not null, segment integer not null, round integer not null, secret text not null, body text not null,
    updatedAt integer not null, closedAt integer, primary key(lease, segment, round)) strict;

  create table checkpoints(
    lease text not null, segment integer not null, content text not null, bytes integer not null,
    heldAt integer not null, releasedAt integer, primary key(lease, segment, content)) strict;

  create table counters(name text primary key, value integer not null check(value >= 0)) strict;

  create table settings(name text primary key, body text not null) strict;
  `,
  `
  create table disputes(
    commitment text not null, side text not null check(side in ('defender','rival')),
    lease text not null, segment integer not null, body text not null,
    updatedAt integer not null, closedAt integer, primary key(commitment, side)) strict;
  create index disputesOpen on disputes(updatedAt) where closedAt is null;
  `,
];
