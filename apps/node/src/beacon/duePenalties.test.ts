import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeId } from "@weft/protocol/NodeId";
import { duePenalties, type PenaltyState } from "./duePenalties.ts";

const node = (n: number): NodeId => `0x${n.toString(16).padStart(2, "0").repeat(20)}`;
const nodes = Array.from({ length: 8 }, (_, index) => node(index * 29 + 3));
const late = nodes[0]!;
const state: PenaltyState = {
  nodeId: nodes[1]!,
  now: 1000n,
  beacon: { genesis: 0n, roundSeconds: 10n },
  rounds: [{ round: 99n, revealed: nodes.slice(1), penalised: [] }],
  enrolments: nodes.map((nodeId) => ({ nodeId, firstRound: 5n, lastRound: undefined, misses: 0 })),
  mostMisses: 20n,
  callers: nodes,
  turnSeconds: 6n,
};
const due = (nodeId: NodeId, change: Partial<PenaltyState> = {}) => duePenalties({ ...state, nodeId, ...change });
const whoAt = (now: bigint) => nodes.filter((nodeId) => due(nodeId, { now }).length > 0);

test("one node takes the first turn, one more each turn after, and never the one that is late", () => {
  assert.equal(whoAt(999n).length, 0, "the round is not over");
  for (let turn = 0; turn < 7; turn++) assert.equal(whoAt(1000n + 6n * BigInt(turn)).length, turn + 1);
  assert.equal(whoAt(1500n).length, 7);
  assert.ok(!whoAt(1500n).includes(late));
  assert.deepEqual(due(whoAt(1000n)[0]!), [{ nodeId: late, round: 99n }]);
});

test("who goes first differs from miss to miss", () => {
  const first = (round: bigint) =>
    nodes.find(
      (nodeId) => due(nodeId, { now: 10n * round + 10n, rounds: [{ ...state.rounds[0]!, round }] }).length > 0,
    );
  const firsts = Array.from({ length: 40 }, (_, index) => first(BigInt(20 + index)));
  assert.ok(new Set(firsts).size >= 4);
});

test("nothing is due for what was revealed, penalised, not owed, or long ago", () => {
  const caller = whoAt(1000n)[0]!;
  const round = state.rounds[0]!;
  assert.equal(due(caller, { rounds: [{ ...round, revealed: nodes }] }).length, 0);
  assert.equal(due(caller, { rounds: [{ ...round, penalised: [late] }] }).length, 0);
  assert.equal(due(caller, { now: 1000n + 2561n }).length, 0);
  const enrolled = (firstRound: bigint, lastRound: bigint | undefined) => [
    { nodeId: late, firstRound, lastRound, misses: 0 },
  ];
  assert.equal(due(caller, { enrolments: enrolled(100n, undefined) }).length, 0);
  assert.equal(due(caller, { enrolments: enrolled(5n, 98n) }).length, 0);
  assert.equal(due(caller, { enrolments: enrolled(99n, 99n) }).length, 1);
});

test("no more misses of one node are brought than the contract punishes", () => {
  const caller = whoAt(1000n)[0]!;
  const enrolledWith = (misses: number) => [{ nodeId: late, firstRound: 5n, lastRound: undefined, misses }];
  assert.equal(due(caller, { enrolments: enrolledWith(19) }).length, 1);
  assert.equal(due(caller, { enrolments: enrolledWith(20) }).length, 0);
});

test("a node brings a few at once, however many are owed", () => {
  const rounds = Array.from({ length: 50 }, (_, index) => ({ round: BigInt(50 + index), revealed: [], penalised: [] }));
  for (const nodeId of nodes) assert.equal(due(nodeId, { rounds, now: 1200n }).length, 4);
});
