import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeId } from "@weft/protocol/NodeId";
import { dueStandIn, type StandInState } from "./dueStandIn.ts";

const node = (n: number): NodeId => `0x${n.toString(16).padStart(2, "0").repeat(20)}`;
const nodes = Array.from({ length: 16 }, (_, index) => node(index * 13 + 5));
const provider = nodes[3]!;
const enrolled = (ids: readonly NodeId[], firstRound = 5n) =>
  ids.map((nodeId) => ({ nodeId, firstRound, lastRound: undefined, misses: 0 }));
const ended = (round: bigint, reveals = 0) => ({ round, revealed: nodes.slice(0, reveals), penalised: [] });
/** Round 99 was named and ended at 1000 with one reveal of two. */
const state: StandInState = {
  nodeId: provider,
  now: 1000n,
  beacon: { genesis: 0n, roundSeconds: 10n },
  named: [{ round: 99n, provider }],
  rounds: [ended(99n, 1)],
  enrolments: enrolled(nodes),
  asked: undefined,
  decidedTo: -1n,
  minReveals: 2n,
  leadRounds: 2n,
  turnSeconds: 6n,
};
const due = (change: Partial<StandInState> = {}) => dueStandIn({ ...state, ...change });
const whoAt = (now: bigint) => nodes.filter((nodeId) => due({ nodeId, now }) !== undefined);

test("the provider asks as soon as its round is over, then one node more, and twice as many with each turn", () => {
  assert.equal(whoAt(999n).length, 0);
  assert.deepEqual(whoAt(1000n), [provider]);
  const counts = [6n, 12n, 18n, 24n, 30n].map((later) => new Set([...whoAt(1000n + later), provider]).size);
  assert.ok(counts[0]! >= 1 && counts[0]! <= 2);
  for (const [index, most] of [2, 3, 5, 9, 16].entries())
    assert.ok(counts[index]! <= most && counts[index]! >= most - 1, `${counts}`);
  assert.equal(counts.at(-1), 16);
});

test("a round near enough to be mined in time, whichever one that is", () => {
  assert.deepEqual(due(), { round: 102n, waitingFor: 99n });
  assert.deepEqual(due({ now: 1019n }), { round: 103n, waitingFor: 99n });
});

test("nothing is due for a round that is complete, or decided by a later one, or not over", () => {
  assert.equal(due({ rounds: [ended(99n, 2)] }), undefined);
  assert.equal(due({ now: 1050n, rounds: [ended(99n, 1), ended(101n, 2)] }), undefined);
  assert.equal(due({ named: [{ round: 100n, provider }] }), undefined);
  assert.equal(due({ named: [] }), undefined);
  assert.equal(due({ decidedTo: 99n }), undefined, "the chain said so, although this node forgot the round");
  assert.deepEqual(
    due({ now: 1050n, rounds: [ended(97n, 2), ended(99n, 1)] })?.waitingFor,
    99n,
    "an earlier one doesn't",
  );
});

test("one at a time: a round that runs or comes soon is waited for, whoever asked; a far one is not", () => {
  for (const round of [100n, 101n, 102n]) {
    assert.equal(due({ rounds: [ended(99n, 1), ended(round)] }), undefined);
    assert.equal(due({ asked: round }), undefined, "its own may not be in the snapshot yet");
  }
  assert.equal(due({ rounds: [ended(99n, 1), ended(120n)] })?.round, 102n);
  assert.equal(due({ now: 1030n, asked: 102n })?.round, 105n, "that one never reached the chain");
});

test("one round stands in for all segments that wait, and the newest decides whether one is needed", () => {
  const named = [97n, 99n, 98n].map((round) => ({ round, provider }));
  const rounds = [97n, 98n, 99n].map((round) => ended(round, 1));
  assert.deepEqual(due({ named, rounds, now: 1200n }), { round: 122n, waitingFor: 99n });
  assert.equal(due({ named, rounds: [...rounds, ended(103n, 2)], now: 1200n }), undefined);
});

test("each round that fails doubles the pause, up to 32 rounds: silent nodes pay for every one", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failed) => {
    const rounds = Array.from({ length: failed }, (_, index) => ended(99n + BigInt(index), 1));
    const over = 1000n + 10n * BigInt(failed - 1);
    const at = Array.from({ length: 400 }, (_, index) => over + BigInt(index)).find((now) => due({ now, rounds }));
    return (at! - over) / 10n;
  });
  assert.deepEqual(pauses, [0n, 1n, 2n, 4n, 8n, 16n, 32n, 32n, 32n]);
});

test("nobody asks while fewer are enrolled than a round needs", () => {
  assert.equal(due({ enrolments: enrolled(nodes.slice(0, 1)) }), undefined);
  assert.equal(due({ enrolments: enrolled(nodes.slice(0, 2), 103n) }), undefined, "they owe later rounds only");
  const retired = enrolled(nodes.slice(0, 2)).map((one) => ({ ...one, lastRound: 98n }));
  assert.equal(due({ enrolments: retired }), undefined);
  assert.equal(due({ enrolments: enrolled(nodes.slice(0, 2)) })?.round, 102n);
});
