// A job whose first provider was convicted: which segments the model is made of, which of them somebody looked at, what the liar keeps,
// where the work went on from, and whom the court took what from.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobEvent, shapes } from "@weft/protocol/JobEvent";
import { applyEvent, emptyView, type JobView } from "./JobView.ts";
import { plainLine } from "./plainLines.ts";
import { reportLines } from "./reportLines.ts";
import { fatesOf, numbersText } from "./segmentFates.ts";
import { jobSummary } from "./summary.ts";

const node = (digit: number) => `0x${String(digit).repeat(40)}` as const;
const hash = (digits: string) => `0x${digits.repeat(32)}` as const;
const names = new Map([1, 2, 3, 5].map((digit) => [node(digit) as string, `node-${digit}`]));
const [liars, next] = [hash("c5"), hash("c1")];
const game = `0x${"9a".repeat(20)}` as const;
let seq = 0;

function event<K extends JobEvent["kind"]>(kind: K, body: object): JobEvent {
  seq += 1;
  return { seq, at: 1_800_000_000_000 + seq, kind, ...shapes[kind].strict().parse(body) } as unknown as JobEvent;
}

const lease = (leaseId: string, nodeId: string) =>
  event("lease", {
    ...{ leaseId, nodeId, transaction: hash("aa"), blockNumber: 1, gasUsed: 1, latencyMs: 1, fill: 0 },
    ...{ bond: "18900", reserved: "1" },
  });
const segment = (leaseId: string, number: number, paid: string, nodeId: string) => [
  event("segment", {
    ...{ segment: number, leaseId, firstStep: number * 20, lastStep: number * 20 + 19 },
    ...{ historyRoot: hash("01"), checkpoint: hash("02"), holders: [] },
  }),
  event("paid", { segment: number, cumulative: paid, nodeId }),
];
const audit = (leaseId: string, number: number, phase: string) =>
  event("audit", { segment: number, leaseId, auditor: node(2), phase });
const common = { time: 100, transaction: hash("77"), gas: 300_000 };
const slashing = {
  ...{ ...common, game, leaseId: liars, segment: 5, ground: "history", nodeId: node(5), sponsor: node(9) },
  ...{
    sponsorNode: node(1),
    bondToSponsor: "9450",
    bondToBuyer: "9450",
    stakeBurnt: `51${"0".repeat(18)}`,
    pattern: false,
  },
};
const slashed = event("slashed", slashing);
const failover = event("failover", {
  ...{ fromNode: node(5), reason: "falseSegment: two auditors", fromStep: 100, toNode: node(1) },
});
const done = event("done", {
  ...{ checkpointPath: "/out/m.safetensors", bytes: 1, seconds: 1 },
  paid: [{ nodeId: node(5), role: "provider", amount: "2160" }],
  gas: { byAction: { "court.challenge": "200185" }, total: "200185" },
});

/** Node 5 does 0 to 7, of which 2 was looked at and 5 is false; node 1 does 5 to 9 anew. */
const story = [
  lease(liars, node(5)),
  ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((number) => segment(liars, number, `${100 * number + 100}`, node(5))),
  audit(liars, 2, "ok"),
  audit(liars, 5, "accused"),
  // Committed to, but never paid, so never told of as a segment.
  audit(liars, 8, "drawn"),
  audit(liars, 5, "confirmedFalse"),
  failover,
  lease(next, node(1)),
  audit(liars, 8, "missed"),
  slashed,
  ...[5, 6, 7, 8, 9].flatMap((number) => segment(next, number, `${100 * number}`, node(1))),
  audit(next, 5, "ok"),
  audit(next, 8, "ok"),
  done,
];
const after = (events: readonly JobEvent[]): JobView => events.reduce(applyEvent, emptyView);
const wide = { look: { colour: false, width: 1000 }, names, sharedHost: false };
const numbers = (segments: readonly { segment: number }[]) => segments.map((one) => one.segment);

test("a segment stands once, as it was done last; one that was found false counts neither as verified nor as not verified", () => {
  const { verified, unverified, foundFalse, fell, convicted } = fatesOf(after(story));
  assert.deepEqual(
    [numbers(verified), numbers(unverified)],
    [
      [2, 5, 8],
      [0, 1, 3, 4, 6, 7, 9],
    ],
  );
  assert.deepEqual([numbers(foundFalse), numbers(fell)], [[5], [6, 7]]);
  assert.deepEqual(
    convicted.map(({ nodeId, unseen, goesOnFrom }) => [nodeId, numbers(unseen), goesOnFrom]),
    [[node(5), [0, 1, 3, 4], 100]],
  );
});

test("one auditor's word alone: it stands, as accused, neither seen to be right nor unseen", () => {
  const accusedOne = [...story.slice(0, story.indexOf(failover)), audit(liars, 4, "accused"), failover, done];
  const { accused, unverified, convicted } = fatesOf(after(accusedOne));
  assert.deepEqual([numbers(accused), numbers(unverified), numbers(convicted[0]!.unseen)], [[4], [0, 1, 3], [0, 1, 3]]);
  const text = reportLines(after(accusedOne), wide).join("\n");
  assert.match(
    text,
    /1 of 5 segments were[\s\S]*the 3 that no auditor[\s\S]*accused: an auditor found segment 4 of node-5 false/,
  );
  assert.match(
    plainLine(after(accusedOne.slice(0, -2)), failover, names)!,
    /end of segment 4 of node-5, which one auditor found false/,
  );
});

test("an earlier one that is convicted afterwards takes back where the work goes on from", () => {
  const again = event("slashed", { ...slashing, segment: 3 });
  const back = event("failover", { fromNode: node(5), reason: "falseSegment", fromStep: 60 });
  const { foundFalse, convicted, unverified } = fatesOf(after([...story.slice(0, -1), again, back]));
  assert.deepEqual(
    [numbers(foundFalse), numbers(unverified)],
    [
      [3, 5],
      [0, 1],
    ],
  );
  assert.deepEqual(
    convicted.map(({ unseen, goesOnFrom }) => [numbers(unseen), goesOnFrom]),
    [[[0, 1], 60]],
  );
});

test("the report names them, what the liar keeps and where the work went on from; only who arranged a cheat knows the unseen lies", () => {
  const view = after(story);
  const text = reportLines(view, wide).join("\n");
  assert.match(text, /verified: 3 of 10 segments were re-executed bit for bit by another node \(segments 2, 5, 8\)/);
  assert.match(text, /not verified: the 7 that no auditor re-executed \(segments 0–1, 3–4, 6–7, 9\)/);
  assert.match(
    text,
    /found false: segment 5 of node-5; void\n.*void: segments 6–7 of node-5, which went on from a false segment/,
  );
  assert.match(
    text,
    /unseen: segments 0–1, 3–4 of node-5 came before its false one .* node-5 keeps the 0\.002160 .* state after step 99 as node-5 left it/,
  );
  assert.doesNotMatch(text, /arrangement/);
  const arranged = reportLines(view, { ...wide, arranged: { nodeId: node(5), firstFalse: 1 } }).join("\n");
  assert.match(arranged, /by this cheat's arrangement segments 1, 3–4 are false too/);
  const { fates } = jobSummary(view) as unknown as { fates: Record<string, unknown> };
  assert.deepEqual(fates["false"], [{ segment: 5, nodeId: node(5) }]);
  assert.deepEqual(fates["verified"], [2, 5, 8]);
});

test("who got the halves of the bond, and what was burnt; the court's gas is in the table", () => {
  const lines = reportLines(after(story), wide);
  const from = lines.indexOf("what the court moved");
  assert.deepEqual(lines.slice(from, from + 5), [
    "what the court moved",
    "  to      of                                amount",
    "  node-1  the bond of node-5, segment 5   0.009450",
    "  buyer   the bond of node-5, segment 5   0.009450",
    "  burnt   the stake of node-5, segment 5   51 WEFT",
  ]);
  assert.ok(lines.includes("  court.challenge  200,185"));
  const lost = [
    event("challenged", {
      ...{ ...common, game, commitment: hash("0c"), leaseId: next, segment: 6, ground: "history", nodeId: node(1) },
      ...{ sponsor: node(8), sponsorNode: node(3), bond: "900", clockSeconds: 150 },
    }),
    event("rivalLost", { ...common, game, leaseId: next, segment: 6, lost: "401" }),
  ];
  const text = reportLines(after([...story, ...lost]), wide).join("\n");
  assert.match(text, /node-1 +the bond of node-3 +0\.000200\n +treasury +the bond of node-3 +0\.000201/);
});

test("on the line: whose audit it is once another works, and what nobody looked at that the work goes on from", () => {
  const line = (one: JobEvent) => plainLine(after(story.slice(0, story.indexOf(one))), one, names);
  assert.match(
    line(failover)!,
    /work goes on from step 100 at node-1, from the end of segment 4 of node-5, which no audit re-exec/,
  );
  const [drawn, missed] = story.filter((one) => one.kind === "audit" && one.segment === 8);
  assert.match(line(drawn!)!, /audit of segment 8: drawn \(node-2\)/);
  assert.match(line(missed!)!, /audit of segment 8 of node-5: no drawn auditor/);
});

test("numbers as ranges", () => {
  const of = (...all: number[]) => numbersText(all.map((one) => ({ segment: one })));
  assert.deepEqual([of(), of(3), of(2, 1, 0, 5, 7, 8)], ["", "3", "0–2, 5, 7–8"]);
});
