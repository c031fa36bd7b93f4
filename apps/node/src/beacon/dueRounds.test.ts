import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeId } from "@weft/protocol/NodeId";
import { dueRounds, type RoundsState } from "./dueRounds.ts";

const node = (n: number): NodeId => `0x${n.toString(16).padStart(2, "0").repeat(20)}`;
const nodes = Array.from({ length: 16 }, (_, index) => node(index * 13 + 5));
const state: RoundsState = {
  nodeId: nodes[0]!,
  now: 1000n,
  beacon: { genesis: 0n, roundSeconds: 10n },
  named: [99n],
  isKnown: () => false,
  callers: nodes,
  turnSeconds: 6n,
};
const due = (nodeId: NodeId, change: Partial<RoundsState> = {}) => dueRounds({ ...state, nodeId, ...change });
const whoAt = (now: bigint) => nodes.filter((nodeId) => due(nodeId, { now }).length > 0);

test("nobody before the round is over, then one node, and twice as many with each turn", () => {
  assert.equal(whoAt(999n).length, 0);
  const counts = [0n, 6n, 12n, 18n, 24n].map((later) => whoAt(1000n + later).length);
  assert.deepEqual(counts, [1, 2, 4, 8, 16]);
  assert.ok(whoAt(1006n).includes(whoAt(1000n)[0]!));
});

test("who goes first differs from round to round", () => {
  const first = (round: bigint) =>
    nodes.find((nodeId) => due(nodeId, { now: 10n * round + 10n, named: [round] }).length > 0);
  assert.ok(new Set(Array.from({ length: 40 }, (_, index) => first(BigInt(20 + index)))).size >= 8);
});

test("a node without a seat brings rounds too, once it is its turn", () => {
  assert.equal(due(node(1), { now: 1000n + 6n * 5n }).length, 1);
});

test("what is known is not brought again; the newest come first, each once, and not without end", () => {
  const late = 100_000n;
  const named = [7n, 9n, 8n, 9n, 10n];
  assert.deepEqual(due(nodes[0]!, { now: late, named }), [10n, 9n, 8n, 7n]);
  assert.deepEqual(due(nodes[0]!, { now: late, named, isKnown: (round) => round > 8n }), [8n, 7n]);
  const many = Array.from({ length: 500 }, (_, index) => BigInt(index));
  const found = due(nodes[0]!, { now: late, named: many });
  assert.equal(found.length, 64);
  assert.equal(found[0], 499n);
});
