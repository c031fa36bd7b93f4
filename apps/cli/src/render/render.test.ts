import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { shapes as disputeShapes } from "@weft/protocol/DisputeEvent";
import { type JobEvent, shapes } from "@weft/protocol/JobEvent";
import { events, names } from "./fixtureEvents.ts";
import { applyEvent, auditCounts, emptyView, type JobView, secondsLeft, totalStreamed } from "./JobView.ts";
import { liveLines, progressBar } from "./liveLines.ts";
import { lossPlot } from "./lossPlot.ts";
import { plainLine } from "./plainLines.ts";
import { reportLines } from "./reportLines.ts";
import { jobSummary } from "./summary.ts";
import { widthOf } from "./terminalText.ts";

const look = { colour: false, width: 100 };
const t0 = events[0]!.at;
const viewAfter = (count: number): JobView => events.slice(0, count).reduce(applyEvent, emptyView);

test("the recorded events are what the protocol allows", () => {
  for (const event of events) assert.doesNotThrow(() => shapes[event.kind].parse(event), event.kind);
  assert.deepEqual(
    new Set(Object.keys(shapes)).difference(new Set(events.map(({ kind }) => kind))),
    // Those of disputes are in dispute.test.ts.
    new Set([...Object.keys(disputeShapes), "unmatched", "failed", "cancelled"]),
  );
});

test("live view while bids come in", () => {
  assert.deepEqual(
    liveLines(viewAfter(5), {
      look,
      names,
      now: t0 + 1400,
      notice: "shared-host: the five nodes run on this one machine",
    }),
    [
      "weft  train-own-text  bidding  0:01",
      "shared-host: the five nodes run on this one machine",
      "✓ order    0xababab…abab  ceiling 0.9972 an hour  budget 0.500000  reverseAuction  tier exact  5 of…",
      "  bid of  per hour   at most",
      "  node-2    0.5400  0.090000",
      "  node-1    0.6480  0.108000",
      "  node-3         –         –  asks 1.08 per unit and hour, 0.0828 above the ceiling of 0.9972",
    ],
  );
});

test("live view while it runs: auction, lease, progress, segments, money", () => {
  assert.deepEqual(liveLines(viewAfter(14), { look, names, now: t0 + 7000 }), [
    "weft  train-own-text  running  0:07",
    "✓ order    0xababab…abab  ceiling 0.9972 an hour  budget 0.500000  reverseAuction  tier exact  5 of…",
    "✓ auction  node-2 wins at 0.5400 an hour, runner-up node-1 at 0.6480, 2 bids",
    "✓ lease    0xcdcdcd…cdcd  node-2  tx 0xefefef…efef  block 41  gas 171,204  380 ms",
    "  bid of  per hour   at most",
    "  node-2    0.5400  0.090000  winner",
    "  node-1    0.6480  0.108000  runner-up",
    "  node-3         –         –  asks 1.08 per unit and hour, 0.0828 above the ceiling of 0.9972",
    "  ███████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  30%",
    "  step 300/1,000  3.20 bits/byte  121k tokens/s  0:07 left",
    "  loss █▁ 4.12 → 3.20",
    "  segments 1 committed, 1 held, 1 paid; audits 1 drawn, 1 equal",
    "  money streamed 0.000450 of at most 0.500000",
  ]);
});

test("live view after a failover names both providers and what is not paid", () => {
  const lines = liveLines(viewAfter(20), { look, names, now: t0 + 12_500 });
  assert.ok(lines.includes("! moved    from node-2 (providerSilent) at step 250 to node-1"));
  assert.ok(lines.includes("  segment 1 is not paid: nobody holds the checkpoint"));
});

test("no line is wider than the terminal, with and without colour, at any width and point of the job", () => {
  for (const width of [20, 40, 80, 200])
    for (const colour of [false, true])
      for (let count = 0; count <= events.length; count++) {
        const view = viewAfter(count);
        const shown = { look: { colour, width }, names };
        const lines = [...liveLines(view, { ...shown, now: t0 + 20_000 })];
        for (const line of lines) assert.ok(widthOf(line) <= width, `${width}: ${line}`);
      }
});

test("the clock stops with the job", () => {
  assert.match(liveLines(viewAfter(26), { look, names, now: t0 + 9_000_000 })[0] ?? "", / done {2}0:18$/);
});

test("colour changes nothing but colour", () => {
  const options = { names, now: t0 + 7000 };
  const coloured = liveLines(viewAfter(26), { ...options, look: { colour: true, width: 200 } });
  const plain = liveLines(viewAfter(26), { ...options, look: { colour: false, width: 200 } });
  assert.ok(coloured.join("").includes("\u001b["));
  assert.deepEqual(coloured.map(stripVTControlCharacters), plain);
});

const expectedPlot = [
  "loss while training, bits per byte",
  ...lossPlot(viewAfter(26).losses, { columns: 60, rows: 6 }),
].map((line, index) => (index === 0 ? line : `  ${line}`));

test("what stays is never cut: on a narrow terminal paths, hashes and figures of the report are whole", () => {
  const view = { ...viewAfter(26), savedContentId: `0x${"ab".repeat(32)}` };
  const report = reportLines(view, { look: { colour: false, width: 40 }, names, sharedHost: true });
  for (const line of [
    "  n-gram, two characters of context  2.200  not beaten, 0.31 worse",
    `  sha-256  ${view.savedContentId}`,
    "  node-1  provider  0.000900",
  ])
    assert.ok(report.includes(line), `${line}\nin\n${report.join("\n")}`);
  assert.ok(!report.join("").includes("…"), report.join("\n"));
});

test("final report", () => {
  assert.deepEqual(reportLines(viewAfter(26), { look, names, sharedHost: true }), [
    "done: train-own-text in 0:18",
    "",
    ...expectedPlot,
    "",
    "bits per character on 111,539 held-out bytes, lower is better",
    "  this model                         2.514",
    "  n-gram, one character of context   3.590  beaten by 1.08",
    "  n-gram, two characters of context  2.200  not beaten, 0.31 worse",
    "",
    "text the model wrote",
    "  │ The market· settles",
    "  │ what was claimed.",
    "",
    "checkpoint (safetensors)",
    "  /out/model.safetensors  446.1 KiB",
    "",
    "who was paid",
    "  node    as          amount",
    "  node-1  provider  0.000900",
    "  node-2  provider  0.000450",
    "  node-5  auditor   0.000560",
    "  total             0.001910",
    "  back to the buyer: 0.129000",
    "",
    "gas",
    "  action         gas",
    "  openLease  342,104",
    "  claim       70,200",
    "  total      412,304",
    "",
    "what this does and doesn't show",
    "  - verified: 1 of 2 segments were re-executed bit for bit by another node (segment 0)",
    "  - not verified: the 1 that no auditor re-executed (segment 1); loss and tokens/s are the",
    "    provider's word",
    "  - shared-host: the nodes run on this one machine, so holders and auditors here are separate keys,",
    "    not separate owners",
  ]);
});

test("a job that fails or finds nobody says why", () => {
  const unmatched: JobEvent = {
    ...{ seq: 3, at: t0 + 500, kind: "unmatched" },
    reasons: [{ nodeId: `0x${"1".repeat(40)}`, reasons: ["class cpu offered, gpu asked", "pool is full"] }],
    remedies: ["set resources.class to cpu"],
  };
  assert.deepEqual(reportLines(applyEvent(viewAfter(2), unmatched), { look, names, sharedHost: false }), [
    "no provider fits: train-own-text",
    "",
    "  node    why not",
    "  node-1  class cpu offered, gpu asked",
    "  node-1  pool is full",
    "  remedy: set resources.class to cpu",
  ]);
  assert.match(
    plainLine(viewAfter(2), unmatched, names) ?? "",
    /no provider fits: offers refused: 1; their reasons are in the report below$/,
  );
  const failed: JobEvent = {
    seq: 3,
    at: t0,
    kind: "failed",
    code: "wallet.short",
    message: "escrow is short",
    remedy: "deposit",
  };
  const view = applyEvent(viewAfter(2), failed);
  assert.deepEqual(reportLines(view, { look, names, sharedHost: false }), [
    "failed: train-own-text: escrow is short",
    "  remedy: deposit",
  ]);
  assert.deepEqual(jobSummary(view).error, { code: "wallet.short", message: "escrow is short", remedy: "deposit" });
});

test("plain lines: one per event, progress thinned to tenths", () => {
  let view = emptyView;
  const lines: string[] = [];
  for (const event of events) {
    const line = plainLine(view, event, names);
    view = applyEvent(view, event);
    if (line !== undefined) lines.push(line);
  }
  assert.equal(lines.length, events.length - 1, "the sample has no line of its own");
  assert.deepEqual(lines.slice(0, 3), [
    "[   0.0s] job job-1 (train-own-text)",
    "[   0.1s] order 0xababab…abab: reverseAuction, tier exact, pay voucher, ceiling 0.9972 an hour, budget 0.500000; 5 offers known",
    "[   0.3s] bid of node-1: 0.6480 an hour, at most 0.108000 for the whole duration and its audits",
  ]);
  assert.ok(lines.includes("[   6.1s] segment 0 (steps 0–249) committed, checkpoint held by node-4 and node-5"));
  assert.ok(lines.includes("[  12.0s] segment 1 (steps 250–499) committed, checkpoint held by nobody else"));
  const again: JobEvent = { ...(events[8] as JobEvent & { kind: "progress" }), step: 150 };
  assert.equal(plainLine(viewAfter(9), again, names), undefined, "150 of 1000 is in the tenth already told");
});

test("the wait at the end is explained, with the seconds that are left", () => {
  const index = events.findIndex(({ kind }) => kind === "closing");
  const closing = events[index] as JobEvent;
  const view = viewAfter(index + 1);
  const shown = (seconds: number) => liveLines(view, { look, names, now: closing.at + seconds * 1000 }).slice(-2);
  assert.deepEqual(shown(18), [
    "  settling: the money is final in 0:30",
    "  claims stay open that long, so that an audit can still stop a false one",
  ]);
  assert.match(shown(48.5)[1] ?? "", /^ {2}settling: the last claims are being released; an audit or a dispute may/);
  assert.match(
    plainLine(view, closing, names) ?? "",
    /closing the lease: .*; the money is final in 0:48: claims stay open/,
  );
  assert.ok(!liveLines(viewAfter(events.length), { look, names, now: 0 }).some((line) => line.includes("settling:")));
});

test("a voucher that adds nothing yet is not called pay", () => {
  const index = events.findIndex(({ kind }) => kind === "paid");
  const paid = events[index] as JobEvent;
  assert.match(plainLine(viewAfter(index), paid, names) ?? "", /segment 0 paid: node-2 has 0\.000450 in all$/);
  assert.equal(plainLine(viewAfter(index + 1), paid, names), undefined);
});

test("losses: what is done again after a failover is drawn once; their number is bounded", () => {
  assert.deepEqual(
    viewAfter(18).losses.map(({ step, bitsPerByte }) => [step, bitsPerByte]),
    [
      [100, 4.123],
      [300, 3.1],
    ],
  );
  let view = emptyView;
  for (let step = 1; step <= 5000; step++)
    view = applyEvent(view, {
      seq: 1,
      at: t0,
      kind: "progress",
      step,
      totalSteps: 5000,
      bitsPerByte: 1,
      tokensPerSecond: 1,
    });
  assert.ok(view.losses.length > 100 && view.losses.length <= 256, `${view.losses.length}`);
  assert.deepEqual([view.losses[0]?.step, view.losses.at(-1)?.step], [1, 5000]);
});

test("step 0 is no progress: no line, no bar, no pace", () => {
  const zero: JobEvent = { ...(events[8] as JobEvent & { kind: "progress" }), step: 0, at: t0 + 3100, bitsPerByte: 0 };
  const view = applyEvent(viewAfter(8), zero);
  assert.equal(plainLine(viewAfter(8), zero, names), undefined);
  assert.ok(!liveLines(view, { look, names, now: t0 }).some((line) => line.includes("bits/byte")));
  const first = applyEvent(view, events[8]!);
  assert.equal(plainLine(view, events[8]!, names), "[   4.0s] step 100 of 1,000: 4.123 bits/byte, 118k tokens/s");
  assert.equal(first.progress?.origin.step, 100);
});

test("time left is measured from where the present provider began", () => {
  assert.equal(secondsLeft(viewAfter(10).progress!), 7);
  assert.equal(secondsLeft(viewAfter(18).progress!), undefined, "one report after a failover says nothing yet");
});

test("several auditors of one segment: the graver finding stays", () => {
  const audit = (phase: (JobEvent & { kind: "audit" })["phase"]): JobEvent => ({
    seq: 1,
    at: t0,
    kind: "audit",
    segment: 3,
    phase,
  });
  const after = (...phases: Parameters<typeof audit>[0][]) =>
    auditCounts(phases.map(audit).reduce(applyEvent, emptyView));
  assert.deepEqual(after("drawn", "ok", "drawn"), { drawn: 1, ok: 1, accused: 0, confirmedFalse: 0, missed: 0 });
  assert.deepEqual(after("ok", "accused", "ok"), { drawn: 1, ok: 0, accused: 1, confirmedFalse: 0, missed: 0 });
  assert.deepEqual(after("accused", "confirmedFalse", "ok").confirmedFalse, 1);
  assert.deepEqual(after("accused", "cleared").ok, 1);
});

test("audits that nobody answered are said in the view, on the line and in the report, and count as not verified", () => {
  const audit = (segment: number, phase: "drawn" | "missed" | "ok"): JobEvent =>
    ({ seq: 1, at: t0, kind: "audit", segment, phase }) as JobEvent;
  const late = audit(14, "missed");
  const view = [audit(14, "drawn"), late, audit(17, "missed"), audit(10, "ok")].reduce(applyEvent, viewAfter(26));
  assert.match(plainLine(view, late, names)!, /audit of segment 14: no drawn auditor answered in time/);
  const report = reportLines(view, { look: { ...look, width: 400 }, names, sharedHost: true }).join("\n");
  assert.match(report, /unanswered: 2 of 4 audits lapsed: no drawn node sealed a verdict in time/);
  const live = liveLines({ ...view, phase: "running" }, { look: { ...look, width: 400 }, names, now: t0 }).join("\n");
  assert.match(live, /audits 4 drawn, \d equal, 2 unanswered/);
  assert.deepEqual(jobSummary(view)["audits"], auditCounts(view));
  assert.equal(auditCounts(view).missed, 2);
});

test("money: the highest voucher of each provider counts, in whatever order they come", () => {
  const paid = (nodeId: string, cumulative: string): JobEvent =>
    ({ seq: 1, at: t0, kind: "paid", segment: 0, nodeId, cumulative }) as JobEvent;
  const view = [paid("0xa", "10"), paid("0xa", "7"), paid("0xb", "5")].reduce(applyEvent, emptyView);
  assert.equal(totalStreamed(view), 15n);
});

test("summary carries what a script needs", () => {
  const summary = jobSummary(viewAfter(26));
  assert.equal(summary.ok, true);
  assert.deepEqual(
    {
      streamed: summary["streamed"],
      failovers: summary["failovers"],
      leases: summary["leases"],
      bits: summary["bitsPerByte"],
    },
    { streamed: "1350", failovers: 1, leases: 2, bits: 2.514 },
  );
  assert.doesNotThrow(() => JSON.stringify(summary), "no bigint in it");
});

test("others' rows are bounded", () => {
  let view = emptyView;
  for (let index = 0; index < 300; index++)
    view = applyEvent(view, { seq: 1, at: t0, kind: "bid", nodeId: `0x${index}`, pricePerUnitSecond: "1", total: "1" });
  assert.equal(view.bids.length, 64);
  const lines = liveLines(view, { look, names, now: t0 });
  assert.ok(lines.includes("  … and 56 more"));
});

test("the bar is full at the end, empty at the start and never leaves its bounds", () => {
  const narrow = { colour: false, width: 30 };
  assert.equal(progressBar(0, narrow), "  ░░░░░░░░░░░░░░░░░░░░   0%");
  assert.equal(progressBar(1, narrow), "  ████████████████████ 100%");
  assert.equal(progressBar(7, narrow), progressBar(1, narrow));
  assert.equal(progressBar(-1, narrow), progressBar(0, narrow));
});
