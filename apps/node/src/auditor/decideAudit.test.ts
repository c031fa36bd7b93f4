import assert from "node:assert/strict";
import { test } from "node:test";
import { zeroHash } from "@weft/protocol/fields";
import type { NodeId } from "@weft/protocol/NodeId";
import type { AuditFacts } from "../chain/NodeChain.ts";
import { type AuditInput, decideAudit } from "./decideAudit.ts";

const node = (byte: string): NodeId => `0x${byte.repeat(20)}`;
const auditors = [node("aa"), node("bb"), node("cc")];
const fresh: AuditFacts = {
  state: "none",
  used: [],
  accusers: 0,
  deadline: 0n,
  endsAt: 0n,
  auditor: undefined,
  auditCommitment: zeroHash,
  seed: zeroHash,
};
const input: AuditInput = {
  nodeId: node("aa"),
  now: 1000n,
  draw: { ready: true, sampled: true, seed: zeroHash, holders: [], auditors },
  facts: fresh,
  readySince: 1000n,
  verdict: undefined,
  commitSeconds: 40n,
  over: false,
  busy: false,
  leaving: false,
  closed: false,
};
const decide = (change: Partial<AuditInput>, facts: Partial<AuditFacts> = {}) =>
  decideAudit({ ...input, ...change, facts: { ...fresh, ...facts } });

test("the first auditor replays, seals, reveals", () => {
  assert.deepEqual(decide({}), { act: "replay" });
  assert.deepEqual(decide({ verdict: { sealed: false } }), { act: "seal" });
  const committed = { state: "committed", used: [node("aa")], auditor: node("aa"), deadline: 1015n } as const;
  assert.deepEqual(decide({ verdict: { sealed: true } }, committed), { act: "reveal" });
  assert.deepEqual(decide({ verdict: { sealed: true }, now: 1016n }, committed), { act: "resolve" });
});

test("a verdict on disk is opened even when this process never sealed it: the store knows more than memory", () => {
  const committed = { state: "committed", used: [node("aa")], auditor: node("aa"), deadline: 1015n } as const;
  assert.deepEqual(decide({ verdict: { sealed: false } }, committed), { act: "reveal" });
});

test("others wait, then start the clock, then take the turn after the deadline", () => {
  const second = { nodeId: node("bb") };
  assert.deepEqual(decide(second), { act: "wait" });
  assert.deepEqual(decide({ ...second, now: 1022n }), { act: "wait" });
  assert.deepEqual(decide({ ...second, now: 1023n }), { act: "open" });
  assert.deepEqual(decide({ ...second, now: 1030n }, { state: "waiting", deadline: 1040n, endsAt: 1100n }), {
    act: "wait",
  });
  assert.deepEqual(decide({ ...second, now: 1041n }, { state: "waiting", deadline: 1040n, endsAt: 1100n }), {
    act: "replay",
  });
  assert.deepEqual(decide({ nodeId: node("cc"), now: 1023n }), { act: "wait" });
  assert.deepEqual(decide({ nodeId: node("cc"), now: 1026n }), { act: "open" });
});

test("after an accusation anyone else speaks, and the accuser is done", () => {
  const accused = { state: "waiting", used: [node("aa")], accusers: 1, deadline: 0n, endsAt: 1100n } as const;
  assert.deepEqual(decide({ nodeId: node("bb") }, accused), { act: "replay" });
  assert.deepEqual(decide({ nodeId: node("cc"), busy: true }, accused), { act: "replay" });
  assert.deepEqual(decide({ nodeId: node("aa"), verdict: { sealed: true } }, accused), { act: "drop", why: "used" });
});

test("paid work goes first until half of the turn is over, or the lease", () => {
  assert.deepEqual(decide({ busy: true }), { act: "wait" });
  assert.deepEqual(decide({ busy: true, now: 1021n }), { act: "replay" });
  assert.deepEqual(decide({ busy: true, closed: true }), { act: "replay" });
  assert.deepEqual(decide({ busy: true, now: 1021n }, { state: "waiting", deadline: 1040n, endsAt: 1100n }), {
    act: "replay",
  });
});

test("a verdict that comes after the last seal is let go, sealed or not", () => {
  const open = { state: "waiting", deadline: 1040n, endsAt: 1100n } as const;
  for (const verdict of [undefined, { sealed: false }]) {
    assert.notEqual(decide({ verdict, now: 1100n }, open).act, "drop");
    assert.deepEqual(decide({ verdict, now: 1101n }, open), { act: "drop", why: "late" });
  }
  const sealed = { ...open, state: "committed", used: [node("aa")], auditor: node("aa"), deadline: 1110n } as const;
  assert.deepEqual(decide({ verdict: { sealed: true }, now: 1101n }, sealed), { act: "reveal" });
});

test("a node that leaves begins no audit, but seals and opens what it has", () => {
  assert.deepEqual(decide({ leaving: true }), { act: "wait" });
  assert.deepEqual(decide({ leaving: true, verdict: { sealed: false } }), { act: "seal" });
  const committed = { state: "committed", used: [node("aa")], auditor: node("aa"), deadline: 1015n } as const;
  assert.deepEqual(decide({ leaving: true, verdict: { sealed: true } }, committed), { act: "reveal" });
});

test("nothing to do: not drawn, not sampled, closed, over", () => {
  assert.deepEqual(decide({ nodeId: node("dd") }), { act: "drop", why: "notDrawn" });
  assert.deepEqual(decide({ draw: { ...input.draw, sampled: false } }), { act: "drop", why: "notSampled" });
  assert.deepEqual(decide({ draw: { ...input.draw, ready: false } }), { act: "wait" });
  for (const state of ["passed", "confirmed", "lapsed"] as const)
    assert.deepEqual(decide({}, { state }), { act: "drop", why: "over" });
  assert.deepEqual(decide({ over: true }), { act: "drop", why: "over" });
});
