import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseFacts, SegmentFacts } from "@weft/chain/facts";
import type { DisputeState } from "@weft/chain/Snapshot";
import type { NodeId } from "@weft/protocol/NodeId";
import { convictedNodes, dueRechecks, type Recheck } from "./dueRechecks.ts";

const node = (byte: string): NodeId => `0x${byte.repeat(20)}`;
const [liar, honest, own] = [node("aa"), node("bb"), node("cc")];

function segment(
  nodeId: NodeId,
  number: bigint,
  change: Partial<SegmentFacts> & { committedAt?: bigint } = {},
): Recheck {
  const { committedAt = 1000n + number, ...facts } = change;
  return {
    lease: { leaseId: `0x${nodeId.slice(2, 4)}`, nodeId } as LeaseFacts,
    segment: { segment: number, nodeId, voided: false, audit: "none", ...facts } as SegmentFacts,
    committedAt,
  };
}

const due = (open: Recheck[], busy = false) =>
  dueRechecks({ convicted: new Set([liar, own]), nodeId: own, now: 1010n, windowSeconds: 60n, busy, open }).map(
    ({ lease, segment: { segment } }) => `${lease.leaseId}/${segment}`,
  );

test("what a convicted node committed to is looked at again, in all its leases, the most recent first", () => {
  const other = { ...segment(liar, 0n, { committedAt: 1003n }) };
  other.lease = { ...other.lease, leaseId: "0xdd" };
  assert.deepEqual(due([segment(liar, 1n), segment(liar, 2n), other, segment(liar, 4n)]), [
    ...["0xaa/4", "0xdd/0", "0xaa/2", "0xaa/1"],
  ]);
});

test("not what others committed to, what is void, audited, one's own, or out of its window", () => {
  assert.deepEqual(
    due([
      segment(honest, 1n),
      segment(own, 1n),
      segment(liar, 1n, { voided: true }),
      segment(liar, 2n, { audit: "waiting" }),
      segment(liar, 3n, { audit: "passed" }),
      segment(liar, 4n, { committedAt: 949n }),
      segment(liar, 5n, { committedAt: 950n }),
    ]),
    ["0xaa/5"],
  );
});

test("paid work goes first, until half of the window is over", () => {
  const both = [segment(liar, 1n, { committedAt: 981n }), segment(liar, 0n, { committedAt: 980n })];
  assert.deepEqual([due(both), due(both, true)], [["0xaa/1", "0xaa/0"], ["0xaa/0"]]);
});

test("convicted is whose commitment was eliminated or confirmed false by two auditors, not who is accused", () => {
  const dispute = (leaseId: string, eliminated?: object) => ({ leaseId, eliminated }) as unknown as DisputeState;
  const nodes = new Map([
    ["0x01", liar],
    ["0x02", honest],
  ]);
  const disputes = [dispute("0x01", {}), dispute("0x02"), dispute("0x03", {})];
  const nodeOf = ({ leaseId }: DisputeState) => nodes.get(leaseId);
  assert.deepEqual([...convictedNodes(disputes, [], nodeOf)], [liar]);
  const audited = (audit: SegmentFacts["audit"]) => [segment(honest, 1n, { audit })];
  for (const audit of ["none", "waiting", "committed", "passed", "lapsed"] as const)
    assert.deepEqual([...convictedNodes(disputes, audited(audit), nodeOf)], [liar]);
  assert.deepEqual([...convictedNodes([], audited("confirmed"), nodeOf)], [honest]);
});
