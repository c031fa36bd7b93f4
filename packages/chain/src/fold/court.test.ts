// Disputes folded: rivals named, who plays, what became of them and of the commitment.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hex } from "viem";
import type { ChainEvent, Place } from "../Events.ts";
import { foldEvents } from "../foldEvents.ts";
import { empty } from "../Snapshot.ts";

const id = (byte: string, length: number): Hex => `0x${byte.repeat(length)}`;
const [leaseId, commitment, nodeId] = [id("1e", 32), id("c0", 32), id("0e", 20)];
const [one, two, three] = [id("a1", 20), id("a2", 20), id("a3", 20)];
const at: Place = { block: 7n, timestamp: 100n, logIndex: 0, transactionHash: id("7a", 32) };

const event = (contract: string, eventName: string, args: object) =>
  ({ contract, eventName, args, at }) as unknown as ChainEvent;
const opened = event("market", "LeaseOpened", {
  ...{ leaseId, nodeId, buyer: id("b0", 20), orderHash: id("0d", 32), offerHash: id("0f", 32) },
  ...{ jobCommitment: id("ab", 32), session: id("5e", 20), terms: 1n << 96n, money: 100n },
});
const about = { commitment, leaseId, segment: 4 };
const named = (game: Hex, bond: bigint, ground = 3) =>
  event("court", "Challenged", { ...about, game, sponsor: game, ground, rival: id("41", 32), bond });
const lost = (game: Hex, amount: bigint) => event("court", "RivalEliminated", { commitment, game, lost: amount });
const eliminated = (sponsor: Hex, ground: number) =>
  event("court", "CommitmentEliminated", { ...about, nodeId, sponsor, ground });
const punished = event("court", "Punished", {
  ...{ nodeId, bondToSponsor: 5n, bondToBuyer: 6n, stakeBurnt: 7n, pattern: false },
});
const fold = (events: ChainEvent[]) =>
  foldEvents(empty, [opened, ...events], { number: 7n, timestamp: at.timestamp }).disputes.get(commitment)!;
const ends = (dispute: ReturnType<typeof fold>) => dispute.rivals.map(({ end }) => end);

test("the first rival plays, then the highest bond, then the earliest", () => {
  const all = [named(one, 900n), named(two, 1800n), named(three, 3600n)];
  assert.equal(fold(all).live, one);
  assert.equal(fold([...all, lost(one, 400n)]).live, three);
  assert.equal(fold([...all, lost(one, 400n), lost(three, 9n)]).live, two);
  const over = fold([...all, lost(one, 400n), lost(three, 9n), lost(two, 1n)]);
  assert.equal(over.live, undefined);
  assert.deepEqual(ends(over), ["eliminated", "eliminated", "eliminated"]);
  assert.deepEqual(over.rivals[0]?.lost, 400n);
  const equal = [named(one, 900n), named(two, 3600n), named(three, 3600n), lost(one, 0n)];
  assert.equal(fold(equal).live, two);
});

test("a commitment is eliminated by the game that was played; the others have their bonds back", () => {
  const played = [named(one, 900n), named(two, 1800n), eliminated(one, 3), punished];
  const dispute = fold(played);
  assert.deepEqual(ends(dispute), ["won", "in"]);
  assert.deepEqual(dispute.eliminated, { sponsor: one, ground: "history", at: 100n });
  assert.deepEqual(dispute.punished, { bondToSponsor: 5n, bondToBuyer: 6n, stakeBurnt: 7n, pattern: false });
  const reclaimed = event("court", "Reclaimed", { commitment, game: two, bond: 1800n });
  assert.deepEqual(ends(fold([...played, reclaimed])), ["won", "reclaimed"]);
});

test("what is proven at once has no rival, and wins no game that is played meanwhile", () => {
  assert.deepEqual(fold([eliminated(one, 0)]).rivals, []);
  assert.deepEqual(ends(fold([named(one, 900n), eliminated(one, 1)])), ["in"]);
  const convicted = fold([named(one, 900n), eliminated(id("00", 20), 4)]);
  assert.deepEqual([ends(convicted), convicted.eliminated?.ground, convicted.live], [["in"], "convicted", undefined]);
});
