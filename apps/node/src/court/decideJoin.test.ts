import assert from "node:assert/strict";
import { test } from "node:test";
import type { DisputeState, RivalState } from "@weft/chain/Snapshot";
import type { Hex } from "viem";
import { decideJoin, type JoinInput, ownRival } from "./decideJoin.ts";

const id = (byte: string, length: number): Hex => `0x${byte.repeat(length)}`;
const [account, rival] = [id("ac", 20), id("41", 32)];
const input: JoinInput = {
  ...{ now: 1000n, committedAt: 990n, windowSeconds: 40n, begun: true, settled: false, dispute: undefined },
  ...{ rival, account, nextBond: 900n, locked: 0n, mostLocked: 7200n, games: 0, mostGames: 4, leaving: false },
};
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
  assert.deepEqual(decide({ dispute: dispute(named({ rival: id("42", 32) })), nextBond: 1800n }), {
    ...{ act: "join", bond: 1800n },
  });
  assert.deepEqual(decide({ rival: undefined, mostLocked: 0n, games: 9 }), { act: "join", bond: 0n });
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

test("the owner's limits are said by their codes", () => {
  assert.deepEqual(decide({ mostLocked: 0n }), { act: "refuse", code: "court.bonds" });
  assert.deepEqual(decide({ locked: 6301n }), { act: "refuse", code: "court.bonds" });
  assert.deepEqual(decide({ locked: 6300n }), { act: "join", bond: 900n });
  assert.deepEqual(decide({ games: 4 }), { act: "refuse", code: "court.games" });
  assert.deepEqual(decide({ leaving: true }), { act: "refuse", code: "court.leaving" });
});

test("a node's own rival is the one that its operator sponsors", () => {
  const own = named({ sponsor: account.toUpperCase().replace("0X", "0x") as Hex });
  assert.equal(ownRival(dispute(named({}), own), account), own);
  assert.equal(ownRival(dispute(named({})), account), undefined);
  assert.equal(ownRival(undefined, account), undefined);
});
