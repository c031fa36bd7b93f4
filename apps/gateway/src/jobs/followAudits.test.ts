// What is told of an audit, by its state on the chain and the time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { presets } from "@weft/protocol/generated/params";
import { phaseOf } from "./followAudits.ts";

const params = presets.local;
const openedAt = 1000n;
const last = openedAt + 2n * params.auditCommitSeconds + (params.maxAuditors - 1n) * params.auditRevealSeconds;
const phase = (facts: Partial<Parameters<typeof phaseOf>[0]>, now = last) =>
  phaseOf({ audit: "waiting", auditOpenedAt: openedAt, accusers: 0, ...facts }, { now, params });

test("a wait is over one second after the last seal, an accusation stands, an end is an end", () => {
  assert.equal(phase({}), "drawn");
  assert.equal(phase({}, last + 1n), "missed");
  assert.equal(phase({ accusers: 1 }, last + 1n), "accused");
  assert.equal(phase({ audit: "none", auditOpenedAt: undefined }, last + 1n), undefined);
  assert.equal(phase({ audit: "committed" }, last + 1n), "sealed");
  assert.equal(phase({ audit: "passed" }, last + 1n), "ok");
  assert.equal(phase({ audit: "lapsed" }), "missed");
});
