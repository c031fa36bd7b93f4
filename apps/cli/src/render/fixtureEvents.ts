// A recorded job, event by event: bids, an auction, a lease, a failover, audits and the end. For tests.
import type { JobEvent } from "@weft/protocol/JobEvent";

const node = (digit: number) => `0x${String(digit).repeat(40)}` as const;
const hash = (digits: string) => `0x${digits.repeat(32)}` as const;
const t0 = 1_800_000_000_000;

export const names = new Map([1, 2, 3, 4, 5].map((digit) => [node(digit) as string, `node-${digit}`]));

export const events: JobEvent[] = [
  { seq: 1, at: t0, kind: "created", jobId: "job-1", name: "train-own-text" },
  {
    ...{ seq: 2, at: t0 + 100, kind: "order", orderHash: hash("ab"), budget: "500000", maxPricePerUnitSecond: "277" },
    ...{ mechanism: "reverseAuction", tier: "exact", payMode: "voucher", biddingEndsAt: t0 + 2100, offersKnown: 5 },
  },
  { seq: 3, at: t0 + 300, kind: "bid", nodeId: node(1), pricePerUnitSecond: "180", total: "108000" },
  { seq: 4, at: t0 + 320, kind: "bid", nodeId: node(2), pricePerUnitSecond: "150", total: "90000" },
  {
    seq: 5,
    at: t0 + 340,
    kind: "bidRefused",
    nodeId: node(3),
    reasons: ["asks 1.08 per unit and hour, 0.0828 above the ceiling of 0.9972"],
  },
  {
    ...{ seq: 6, at: t0 + 2100, kind: "auction", winner: { nodeId: node(2), pricePerUnitSecond: "150" } },
    ...{ runnerUp: { nodeId: node(1), pricePerUnitSecond: "180" }, bids: 2, refused: [] },
  },
  {
    ...{ seq: 7, at: t0 + 2500, kind: "lease", leaseId: hash("cd"), nodeId: node(2), transaction: hash("ef") },
    ...{ blockNumber: 41, gasUsed: 171_204, latencyMs: 380, fill: 0, bond: "9000", reserved: "135000" },
  },
  { seq: 8, at: t0 + 3000, kind: "started", leaseId: hash("cd"), transaction: hash("12") },
  {
    seq: 9,
    at: t0 + 4000,
    kind: "progress",
    step: 100,
    totalSteps: 1000,
    bitsPerByte: 4.123,
    tokensPerSecond: 118_432,
  },
  { seq: 10, at: t0 + 6000, kind: "progress", step: 300, totalSteps: 1000, bitsPerByte: 3.2, tokensPerSecond: 121_000 },
  {
    ...{ seq: 11, at: t0 + 6100, kind: "segment", segment: 0, firstStep: 0, lastStep: 249, historyRoot: hash("01") },
    ...{ checkpoint: hash("02"), holders: [node(4), node(5)] },
  },
  { seq: 12, at: t0 + 6200, kind: "paid", segment: 0, cumulative: "450", nodeId: node(2) },
  { seq: 13, at: t0 + 6300, kind: "audit", segment: 0, auditor: node(5), phase: "drawn" },
  { seq: 14, at: t0 + 7300, kind: "audit", segment: 0, auditor: node(5), phase: "ok" },
  {
    seq: 15,
    at: t0 + 8000,
    kind: "failover",
    fromNode: node(2),
    reason: "providerSilent",
    fromStep: 250,
    toNode: node(1),
  },
  {
    ...{ seq: 16, at: t0 + 8500, kind: "lease", leaseId: hash("ce"), nodeId: node(1), transaction: hash("e0") },
    ...{ blockNumber: 60, gasUsed: 170_900, latencyMs: 310, fill: 1, bond: "10800", reserved: "130000" },
  },
  { seq: 17, at: t0 + 9000, kind: "started", leaseId: hash("ce") },
  {
    seq: 18,
    at: t0 + 10_000,
    kind: "progress",
    step: 300,
    totalSteps: 1000,
    bitsPerByte: 3.1,
    tokensPerSecond: 99_000,
  },
  {
    ...{
      seq: 19,
      at: t0 + 12_000,
      kind: "segment",
      segment: 1,
      firstStep: 250,
      lastStep: 499,
      historyRoot: hash("03"),
    },
    ...{ checkpoint: hash("04"), holders: [] },
  },
  {
    seq: 20,
    at: t0 + 12_100,
    kind: "unpaid",
    segment: 1,
    code: "segment.notHeld",
    message: "nobody holds the checkpoint",
  },
  { seq: 21, at: t0 + 13_000, kind: "paid", segment: 1, cumulative: "900", nodeId: node(1) },
  { seq: 22, at: t0 + 14_000, kind: "closing", finalInSeconds: 48, leaseId: hash("ce"), reason: "completed" },
  {
    seq: 23,
    at: t0 + 14_100,
    kind: "evaluated",
    bitsPerByte: 2.514,
    baselineOneChar: 3.59,
    baselineTwoChar: 2.2,
    heldOutBytes: 111_539,
  },
  { seq: 24, at: t0 + 14_200, kind: "sample", text: "The market\u001b[2J\u0007 settles\nwhat was claimed." },
  {
    seq: 25,
    at: t0 + 17_000,
    kind: "settled",
    leaseId: hash("ce"),
    nodeId: node(1),
    paid: "900",
    refunded: "129000",
    auditorsPaid: "560",
  },
  {
    ...{
      seq: 26,
      at: t0 + 18_000,
      kind: "done",
      checkpointPath: "/out/model.safetensors",
      bytes: 456_789,
      seconds: 18,
    },
    paid: [
      { nodeId: node(1), role: "provider", amount: "900" },
      { nodeId: node(2), role: "provider", amount: "450" },
      { nodeId: node(5), role: "auditor", amount: "560" },
    ],
    gas: { byAction: { claim: "70200", openLease: "342104" }, total: "412304" },
  },
];
