// A dispute on the screen, from the events of games that were played over the mirror of the contract: the tree gets longer and
// narrower, lines keep within the terminal, and the words at its tip are numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DisputeEvent } from "@weft/protocol/DisputeEvent";
import type { JobEvent } from "@weft/protocol/JobEvent";
import { flipWeight } from "@weft/tensor/commit/cheats";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { leaseId, logOf, nodeId, sponsor } from "@weft/verification/court/courtLogFixture";
import { contest, rules, stageOf } from "@weft/verification/court/playFixture";
import { syntheticDispute } from "@weft/verification/court/syntheticFixture";
import { oracleOf } from "@weft/verification/court/TraceOracle";
import { tellDisputes } from "@weft/verification/court/tellDisputes";
import { disputeNamed, isConcluded, summaries } from "../dispute/summarise.ts";
import { disputeText } from "./disputeText.ts";
import { disputeTree } from "./disputeTree.ts";
import { bitsApart, wordText } from "./disputeWords.ts";
import { applyEvent, emptyView } from "./JobView.ts";
import { liveLines } from "./liveLines.ts";
import { plainLine } from "./plainLines.ts";
import { reportLines } from "./reportLines.ts";
import { jobSummary } from "./summary.ts";
import { widthOf } from "./terminalText.ts";

const look = { colour: false, width: 100 };
const names = new Map<string, string>([
  [nodeId, "node-5"],
  [sponsor, "node-2"],
]);
const telling = { rules, nodeOf: () => nodeId, nodeWith: () => undefined };
const shape = { steps: 10_000, values: 400, rows: 2048, columns: 2048, terms: 131_072 };
const { court, truth, lie } = await syntheticDispute(shape, { step: 7_311, element: 1_234_567, chunk: 3_000 });
const told = await tellDisputes(logOf(await contest(court, { defender: lie, rival: truth }), court), telling);

test("a deep game: ten thousand steps to one partial sum, a row a level, and the two words with the one that is right", () => {
  const lines = disputeTree(told, { look, names });
  const text = lines.join("\n");
  assert.match(text, /node-5 defends it; node-2 has another history/);
  assert.match(text, /10,000 steps → 512 → 16 → step 7,311/);
  assert.match(text, /└─ 400 values of the step( → \d+)* → value 200 matmul \[2048, 2048\]/);
  assert.match(text, /131,072 leaves of 32 words( → [\d,]+)* → leaf 38,580, element 1,234,567/);
  assert.match(text, /4,096 partial sums( → \d+)* → partial sum 3,000/);
  assert.match(text, /node-5 +0x[0-9a-f]{8} = .*bits? apart/);
  assert.match(text, /the court +0x[0-9a-f]{8} = .*recomputed on chain/);
  assert.match(text, /verdict: node-2 wins/);
  assert.match(text, /slashed: node-5 loses its bond of 0\.001001: 0\.000500 to node-2, 0\.000501 to the buyer/);
  assert.match(text, /10 WEFT of its stake burnt/);
});

test("the tree grows with the game, within any terminal, and says whose clock runs", () => {
  let last = 0;
  for (let seen = 1; seen <= told.length; seen++) {
    const lines = disputeTree(told.slice(0, seen), { look: { colour: true, width: 60 }, names });
    assert.ok(lines.length >= last && lines.every((line) => widthOf(line) <= 60), `${seen} events`);
    last = lines.length;
  }
  assert.deepEqual(disputeTree([], { look, names }), []);
  const [, , first] = told as [DisputeEvent, DisputeEvent, DisputeEvent];
  const clocks = (now: number) =>
    disputeTree(told.slice(0, 3), { look, names, now }).find((line) => /clocks/.test(line));
  assert.match(clocks(first.time)!, /node-5 16:40, node-2 16:40 to move/);
  assert.match(clocks(first.time + 60)!, /node-2 15:40 to move/);
});

test("one line an event, which says whose it is; a weight that was changed after its step has a name", async () => {
  for (const event of told) {
    const text = disputeText(event, { names, told });
    assert.match(text, /^court: segment 3, game 0x[0-9a-f]{6}…[0-9a-f]{4}: \S/);
    assert.doesNotMatch(text, / {2}|the node|the rival/);
  }
  const move = told.find(({ kind }) => kind === "move")!;
  assert.match(disputeText(move, { names, told }), /: node-5 reveal: .*; clocks node-5 \d+ s, node-2 \d+ s$/);
  assert.match(disputeText(move, { names, told: [] }), /^court: game 0x\S+: the node reveal: /);
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 4);
  const cheat = flipWeight((step) => step === 2, { name: "hidden.weight", element: 100, bit: 0 });
  const sides = { defender: oracleOf(stage.side(cheat)), rival: oracleOf(stage.side()) };
  const events = await tellDisputes(logOf(await contest(stage, sides), stage), telling);
  const text = disputeTree(events, { look, names }).join("\n");
  assert.match(text, /entries of the state → hidden\.weight/);
  assert.match(text, /node-2 wins: hidden\.weight after the step isn't what its value is/);
});

test("disputes of a network: one by one, named by game or lease, over or whose turn it is", () => {
  const [one] = summaries(told, { now: 100 });
  assert.deepEqual([one?.state, one?.winner, one?.level, one?.segment], ["won", "rival", "accs", 3]);
  const [playing] = summaries(told.slice(0, 3), { now: told[2]!.time + 5 });
  assert.deepEqual([playing?.state, playing?.turn, playing?.left], ["playing", "rival", rules.clockSeconds - 5]);
  const game = told[0]!.game!;
  assert.equal(disputeNamed(told, game.slice(0, 8)).length, told.length);
  assert.equal(disputeNamed(told, leaseId.slice(0, 8)).length, told.length);
  assert.deepEqual([isConcluded(told), isConcluded(told.slice(0, -1))], [true, false]);
});

test("a rival waits, plays, wins, loses, or has lost for good; a row always has the same keys", () => {
  const state = (events: readonly DisputeEvent[], closed?: ReadonlySet<string>) =>
    summaries(events, { now: 100, ...(closed && { closed }) }).at(-1);
  const [challenged, began] = told as [DisputeEvent & { kind: "challenged" }, DisputeEvent];
  assert.deepEqual([challenged.kind, began.kind], ["challenged", "gameBegan"]);
  const waiting = state([challenged]);
  assert.deepEqual([waiting?.state, waiting?.turn, waiting?.left], ["waiting", null, null]);
  assert.match(disputeTree([challenged], { look, names }).join("\n"), /waits until those before it are through/);
  assert.equal(state([challenged, began])?.state, "playing");
  const { time, transaction, gas, game } = began;
  const common = { time, transaction, gas, ...(game !== undefined && { game }) };
  const lost: DisputeEvent = { kind: "rivalLost", ...common, lost: "400" };
  const out = state([challenged, began, lost]);
  assert.deepEqual([out?.state, out?.concluded], ["lost", true]);
  assert.equal(state([challenged, began, lost], new Set([challenged.commitment]))?.state, "final");
  // Behind the rival that won: its segment is false whether or not it has its bond back.
  const second = { ...challenged, game: `0x${"77".repeat(20)}` as const };
  assert.deepEqual([state([...told, second])?.state, state([...told, second])?.winner], ["won", null]);
  const { commitment, leaseId: lease, segment, nodeId: node } = challenged;
  const voided: DisputeEvent = { kind: "voided", ...common, commitment, leaseId: lease, segment, nodeId: node };
  delete voided.game;
  assert.deepEqual([state([challenged, began, voided])?.state, state([voided])], ["won", undefined]);
  for (const row of [waiting, out, state(told)]) assert.deepEqual(Object.keys(row!), Object.keys(state(told)!));
  assert.ok(Object.values(waiting!).every((value) => value !== undefined));
});

test("an id: what can't be one is a wrong call, what nothing has is unknown, what several have is asked for in full", () => {
  const codeOf = (named: string, events: readonly DisputeEvent[] = told) => {
    try {
      disputeNamed(events, named);
      return "found";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const [challenged] = told as [DisputeEvent & { kind: "challenged" }];
  const { game } = challenged;
  const twin = { ...challenged, game: `${game!.slice(0, 40)}${game!.endsWith("00") ? "11" : "00"}` as `0x${string}` };
  assert.deepEqual(
    ["0xzz00", "segment 5", "0x", `0x${"1".repeat(65)}`].map((one) => codeOf(one)),
    Array(4).fill("cli.usage"),
  );
  assert.deepEqual([codeOf("0xffffffff"), codeOf("0xff", [])], ["dispute.unknown", "dispute.unknown"]);
  assert.equal(codeOf(game!.slice(0, 12), [...told, twin]), "dispute.ambiguous");
  assert.equal(codeOf(game!, [...told, twin]), "found");
});

test("at forty columns every word of the tree is there, whole", () => {
  const words = (width: number) => {
    const lines = disputeTree(told, { look: { colour: false, width }, names });
    assert.ok(lines.every((line) => widthOf(line) <= width));
    return lines
      .join(" ")
      .split(/\s+/)
      .filter((word) => word !== "");
  };
  assert.deepEqual(words(40), words(200));
  assert.ok(!words(40).some((word) => word.includes("…") && !/^0x[0-9a-f]+…[0-9a-f]{4}:?$/.test(word)));
});

test("words: bits and the number that they are", () => {
  assert.equal(wordText(0x3f800000, "f32"), "0x3f800000 = 1");
  assert.equal(wordText(0x00000001, "f32"), "0x00000001 = 1.40129846e-45");
  assert.equal(wordText(0x7fc00000, "f32"), "0x7fc00000 = NaN");
  assert.equal(wordText(0xffffffff, "i32"), "0xffffffff = -1");
  assert.deepEqual([bitsApart(1, 3), bitsApart(0, 0xffffffff)], ["1 bit apart", "32 bits apart"]);
});

test("a job with a dispute: its lines, the live screen, the report and the summary have it", () => {
  const at = 1_800_000_000_000;
  const asJob = told.map((event, n) => ({ ...event, seq: n + 2, at: at + n }) as JobEvent);
  const created: JobEvent = { seq: 1, at, kind: "created", jobId: "job-1", name: "t" };
  let view = emptyView;
  for (const event of [created, ...asJob]) {
    if (event.kind !== "created") assert.match(plainLine(view, event, names)!, /^\[ +\d+\.\ds\] court: /);
    view = applyEvent(view, event);
  }
  assert.match(liveLines(view, { look, names, now: at }).join("\n"), /node-5 defends it; node-2 has another history/);
  const live = (...more: JobEvent[]) => liveLines(more.reduce(applyEvent, view), { look, names, now: at }).join("\n");
  const [challenged, began] = asJob as [JobEvent & { kind: "challenged" }, JobEvent & { kind: "gameBegan" }];
  const { time, transaction, gas } = began;
  const { commitment, leaseId: lease, segment, nodeId: node } = challenged;
  const about = { commitment, leaseId: lease, segment, nodeId: node, time, transaction, gas };
  assert.match(live({ seq: 99, at, kind: "voided", ...about }), /node-5 defends it/);
  // One that is played is shown before one that is over, whichever was named last.
  const other = { ...challenged, game: `0x${"77".repeat(20)}` as const, segment: 4 };
  const text = live(
    other,
    { ...began, game: other.game },
    { ...began, kind: "reclaimed", game: challenged.game, bond: "1" },
  );
  assert.match(text, /1 more in court[\s\S]*dispute 0x777777…7777: segment 4/);
  const report = reportLines(view, { look, names, sharedHost: false }).join("\n");
  assert.match(report, /in court\ndispute 0x[\s\S]*recomputed on chain[\s\S]*slashed: node-5/);
  const [dispute] = jobSummary(view)["disputes"] as { winner: string; slashed: { stakeBurnt: string } }[];
  assert.deepEqual([dispute?.winner, dispute?.slashed.stakeBurnt], ["rival", "10000000000000000000"]);
});
