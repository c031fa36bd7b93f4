// A dispute told from its log: what is in dispute gets less with every move, what is found stays, words and gas add up; a log that
// can't be read through tells what it can.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DisputeEvent, type DisputeEventKind, shapes } from "@weft/protocol/DisputeEvent";
import * as cheats from "@weft/tensor/commit/cheats";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import type { CourtLogEntry } from "./CourtLog.ts";
import { commitment, gas, leaseId, logOf, nodeId, sponsor } from "./courtLogFixture.ts";
import { contest, idOf, rules, stageOf } from "./playFixture.ts";
import { syntheticDispute } from "./syntheticFixture.ts";
import { oracleOf } from "./TraceOracle.ts";
import { tellDisputes } from "./tellDisputes.ts";

type Told<K extends DisputeEventKind> = Extract<DisputeEvent, { kind: K }>;
const telling = {
  rules,
  nodeOf: (lease: string) => (lease === leaseId ? nodeId : undefined),
  nodeWith: (account: string) => (account === sponsor ? auditor : undefined),
};

async function tell(log: readonly CourtLogEntry[]): Promise<DisputeEvent[]> {
  const told = await tellDisputes(log, telling);
  for (const { kind, ...body } of told) assert.ok(shapes[kind].strict().safeParse(body).success, kind);
  return told;
}

const all = <K extends DisputeEventKind>(told: readonly DisputeEvent[], kind: K): Told<K>[] =>
  told.filter((event): event is Told<K> => event.kind === kind);

const auditor = idOf("auditor", 20);
const shape = { steps: 40, values: 100, rows: 256, columns: 256, terms: 8192 };
const deep = await syntheticDispute(shape, { step: 3, element: 40_000, chunk: 70 });
const log = logOf(await contest(deep.court, { defender: deep.lie, rival: deep.truth }), deep.court);

test("down to the partial sums: the place narrows to one word on every level, and the right one is among the two", async () => {
  const told = await tell(log);
  const [challenged] = all(told, "challenged");
  assert.deepEqual(
    [challenged?.nodeId, challenged?.sponsorNode, challenged?.ground, challenged?.firstStep, challenged?.lastStep],
    [nodeId, auditor, "history", 0, 39],
  );
  const moves = all(told, "move");
  for (const [n, move] of moves.entries()) {
    const before = moves[n - 1]?.place;
    const { level, first, end } = move.place!;
    if (before?.level === level) assert.ok(first >= before.first && end <= before.end, move.call);
    if (move.side === "rival") assert.ok(end - first < 129, `${move.call} leaves ${end - first}`);
  }
  assert.deepEqual([...new Set(moves.map(({ place }) => place?.level))], ["steps", "values", "leaves", "accs"]);
  assert.deepEqual(moves[0]?.defenderLeft, rules.clockSeconds);
  const found = moves.at(-1)?.found;
  assert.deepEqual([found?.step, found?.operator, found?.shape, found?.element], [3, "matmul", [256, 256], 40_000]);

  const [verdict] = all(told, "verdict");
  assert.deepEqual([verdict?.winner, verdict?.proof, verdict?.found?.chunk], ["rival", "proveFold", 70]);
  const { defender, rival, right, dtype } = verdict!.found!.words!;
  assert.deepEqual([dtype, right], ["f32", rival]);
  assert.notEqual(defender, right);
  assert.equal(
    verdict!.gasOf.defender + verdict!.gasOf.rival,
    gas * (moves.length + 2),
    "challenge and proof are the rival's",
  );
  const [slashed] = all(told, "slashed");
  assert.deepEqual([slashed?.game, slashed?.bondToSponsor, slashed?.bondToBuyer], [challenged?.game, "500", "501"]);
});

test("into the state and into an input: the entry has a name", async () => {
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 4);
  const truth = oracleOf(stage.side());
  const flip = cheats.flipWeight((step) => step === 2, { name: "hidden.weight", element: 100, bit: 0 });
  const skipped = cheats.skipSteps((step) => step === 1);
  for (const [cheat, entry] of [
    [flip, "hidden.weight"],
    [skipped, undefined],
  ] as const) {
    const sides = { defender: oracleOf(stage.side(cheat)), rival: truth };
    const [verdict] = all(await tell(logOf(await contest(stage, sides), stage)), "verdict");
    assert.equal(verdict?.proof, "proveEntry");
    if (entry !== undefined) assert.equal(verdict?.found?.entry, entry);
  }
});

test("a wrong word of an operator: element, both words and the right one", async () => {
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }), 2);
  const lie = oracleOf(stage.side(cheats.libraryExp(() => true, stage.open)));
  const [verdict] = all(
    await tell(logOf(await contest(stage, { defender: lie, rival: oracleOf(stage.side()) }), stage)),
    "verdict",
  );
  assert.deepEqual([verdict?.proof, verdict?.found?.operator], ["proveWord", "exp"]);
  assert.equal(verdict?.found?.words?.right, verdict?.found?.words?.rival);
});

test("a rival that is wrong falls silent and loses; moves through other contracts are told without their places", async () => {
  const lost = logOf(await contest(deep.court, { defender: deep.truth, rival: deep.lie }), deep.court);
  const told = await tell(lost);
  const [verdict] = all(told, "verdict");
  assert.deepEqual([verdict?.winner, verdict?.silent, verdict?.proof], ["defender", true, undefined]);
  assert.equal(all(told, "rivalLost")[0]?.lost, "400");

  // A rival that still waited when another one won takes its bond back.
  const [first] = log;
  const args = { commitment, game: idOf("game", 20), bond: 900n };
  const late = await tell([...log, { ...first!, eventName: "Reclaimed", args, call: undefined } as CourtLogEntry]);
  const [back] = all(late, "reclaimed");
  assert.deepEqual([back?.game, back?.leaseId, back?.segment, back?.bond], [args.game, leaseId, 3, "900"]);

  // So does one whose segment an earlier conviction of its lease made void: nobody is slashed for that.
  const begun = log.slice(
    0,
    log.findIndex(({ eventName }) => eventName === "GameEnded"),
  );
  const convicted = { commitment, nodeId, sponsor: idOf("", 20), leaseId, segment: 3, ground: 4 };
  const voided = await tell([
    ...begun,
    { ...first!, eventName: "CommitmentEliminated", args: convicted, call: undefined } as CourtLogEntry,
  ]);
  assert.deepEqual([all(voided, "voided")[0]?.commitment, all(voided, "slashed")], [commitment, []]);

  const hidden = await tell(log.map((entry) => ({ ...entry, call: undefined })));
  assert.equal(hidden.length, (await tell(log)).length);
  assert.ok(all(hidden, "move").every(({ place, call }) => place === undefined && call !== ""));
  assert.deepEqual(all(hidden, "verdict")[0]?.winner, "rival");

  const partly = await tell(
    log.map((entry) => (entry.eventName === "ValueChosen" ? { ...entry, call: undefined } : entry)),
  );
  const seen = all(partly, "move").map(({ call, place }) => [call, place !== undefined]);
  const chosen = seen.findIndex(([call]) => call === "chooseValue");
  assert.ok(chosen > 0 && seen.every(([_, known], n) => known === n < chosen));
});
