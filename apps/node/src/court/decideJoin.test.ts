import assert from "node:assert/strict";
import { test } from "node:test";
import type { DisputeState, RivalState } from "@weft/chain/Snapshot";
import type { Hex } from "viem";
import { aheadOf, decideJoin, type JoinInput, type JoinPurse, ownRival, type Want } from "./decideJoin.ts";

const id = (byte: string, length: number): Hex => `0x${byte.repeat(length)}`;
const [account, rival] = [id("ac", 20), id("41", 32)];
const purse: JoinPurse = {
  ...{ locked: 0n, mostLocked: undefined, free: 7200n, rivals: 0, mostRivals: 16 },
  ahead: { bonds: 0n, rivals: 0 },
};
const input: JoinInput = {
  ...{ now: 1000n, committedAt: 990n, windowSeconds: 40n, begun: true, settled: false, dispute: undefined },
  ...{ rival, least: 900n, head: 0n, dearest: 7200n, purse, leaving: false },
};
const having = (change: Partial<JoinPurse>, also: Partial<JoinInput> = {}) =>
  decide({ ...also, purse: { ...purse, ...change } });
const decide = (change: Partial<JoinInput>) => decideJoin({ ...input, ...change });

const named = (change: Partial<RivalState>): RivalState => ({
  ...{ game: id("9a", 20), sponsor: id("05", 20), ground: "history", rival, bond: 900n, at: 995n, block: 1n },
  ...{ end: "in", lost: 0n, ...change },
});
const dispute = (...rivals: RivalState[]): DisputeState => ({
  ...{ commitmentHash: id("c0", 32), leaseId: id("1e", 32), segment: 0, rivals, live: rivals[0]?.game },
  ...{ eliminated: undefined, punished: undefined },
});

test("a rival is named at once, for the least bond", () => {
  assert.deepEqual(decide({}), { act: "join", bond: 900n });
  assert.deepEqual(decide({ dispute: dispute(named({ rival: id("42", 32) })), least: 1800n }), {
    ...{ act: "join", bond: 1800n },
  });
  assert.deepEqual(having({ mostLocked: 0n, free: 0n }, { rival: undefined, least: 0n }), { act: "join", bond: 0n });
});

test("not before the round begins, not after the window, the settlement or somebody else's success", () => {
  assert.deepEqual(decide({ begun: false }), { act: "wait", why: "notBegun" });
  assert.deepEqual(decide({ now: 1030n }), { act: "join", bond: 900n });
  assert.deepEqual(decide({ now: 1031n }), { act: "drop", why: "windowOver" });
  assert.deepEqual(decide({ settled: true }), { act: "drop", why: "settled" });
  const eliminated = { sponsor: id("05", 20), ground: "history", at: 999n } as const;
  assert.deepEqual(decide({ dispute: { ...dispute(named({ end: "won" })), eliminated } }), {
    ...{ act: "drop", why: "eliminated" },
  });
});

test("another sponsor of the same history is waited for, but not until it is too late", () => {
  const other = dispute(named({}));
  assert.deepEqual(decide({ dispute: other }), { act: "wait", why: "otherSponsor" });
  assert.deepEqual(decide({ dispute: other, now: 1020n }), { act: "wait", why: "otherSponsor" });
  assert.deepEqual(decide({ dispute: other, now: 1021n }), { act: "join", bond: 900n });
  assert.deepEqual(decide({ dispute: dispute(named({ end: "eliminated" })) }), { act: "join", bond: 900n });
});

test("however many friends a liar sends: eight ladders name a rival", () => {
  const friends = Array.from({ length: 40 }, (_, i) =>
    named({ rival: id("42", 32), game: id(`${10 + (i % 80)}`, 20) }),
  );
  assert.deepEqual(decide({ dispute: dispute(...friends), least: 7200n }), { act: "join", bond: 7200n });
  // One unit more than the first that waits, where there is as much: up to twice the dearest place.
  const crowd = { dispute: dispute(...friends), least: 7200n, head: 7200n };
  assert.deepEqual(decide(crowd), { act: "join", bond: 7200n });
  assert.deepEqual(having({ free: 7201n }, crowd), { act: "join", bond: 7201n });
  assert.deepEqual(having({ free: 99_999n }, { ...crowd, head: 14_399n }), { act: "join", bond: 14_400n });
  assert.deepEqual(having({ free: 99_999n }, { ...crowd, head: 14_400n }), { act: "join", bond: 7200n });
  assert.deepEqual(having({ free: 99_999n, mostLocked: 7200n }, crowd), { act: "join", bond: 7200n });
});

test("what the owner has to change is refused with the sum; what comes back is waited for", () => {
  const bond = 900n;
  assert.deepEqual(having({ mostLocked: 0n }), { act: "refuse", code: "court.bonds", bond, missing: 900n });
  assert.deepEqual(having({ mostRivals: 0 }), { act: "refuse", code: "court.games", bond, missing: 0n });
  assert.deepEqual(having({ free: 500n }), { act: "refuse", code: "court.money", bond, missing: 400n });
  assert.deepEqual(having({ free: 899n, locked: 900n }), { act: "queue", code: "court.money", bond });
  assert.deepEqual(having({ locked: 901n, mostLocked: 1800n }), { act: "queue", code: "court.bonds", bond });
  assert.deepEqual(having({ locked: 900n, mostLocked: 1800n }), { act: "join", bond });
  assert.deepEqual(having({ rivals: 16 }), { act: "queue", code: "court.games", bond });
  assert.deepEqual(decide({ leaving: true }), { act: "refuse", code: "court.leaving" });
});

test("the more valuable accusation comes first, of equals the one whose window ends first", () => {
  const want = (key: string, value: bigint, until: bigint): Want => ({ key, value, until, bond: 900n });
  const wants = [want("a", 5n, 70n), want("b", 9n, 80n), want("c", 5n, 60n), want("d", 5n, 60n)];
  const ahead = (key: string) => aheadOf(wants.find((one) => one.key === key)!, wants);
  assert.deepEqual(ahead("b"), { bonds: 0n, rivals: 0 });
  assert.deepEqual(ahead("c"), { bonds: 900n, rivals: 1 });
  assert.deepEqual(ahead("d"), { bonds: 1800n, rivals: 2 });
  assert.deepEqual(ahead("a"), { bonds: 2700n, rivals: 3 });
  const bond = 900n;
  assert.deepEqual(having({ free: 3599n, ahead: ahead("a") }), { act: "queue", code: "court.money", bond });
  assert.deepEqual(having({ free: 3600n, ahead: ahead("a") }), { act: "join", bond });
  assert.deepEqual(having({ mostRivals: 3, ahead: ahead("a") }), { act: "queue", code: "court.games", bond });
  assert.deepEqual(having({ mostLocked: 3599n, ahead: ahead("a") }), { act: "queue", code: "court.bonds", bond });
});

test("a node's own rival is the one that its operator sponsors, or one before it", () => {
  const own = named({ sponsor: account.toUpperCase().replace("0X", "0x") as Hex });
  assert.equal(ownRival(dispute(named({}), own), [account]), own);
  assert.equal(ownRival(dispute(named({})), [account]), undefined);
  assert.equal(ownRival(dispute(named({}), own), [id("ad", 20), account]), own);
  assert.equal(ownRival(undefined, [account]), undefined);
});
