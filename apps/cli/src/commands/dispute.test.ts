// `weft dispute` against a real chain on which a whole game was played: products summed in another order, found in one partial sum.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { fund, type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import { challenged, commit, commitmentOf, courtLease, playerOf } from "@weft/court/disputeFixture";
import { playOut } from "@weft/court/playOut";
import { reversedProducts } from "@weft/tensor/commit/cheats";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { historyOf, stageOf } from "@weft/verification/court/playFixture";
import { oracleOf } from "@weft/verification/court/TraceOracle";
import { homeAt } from "../Home.ts";
import { writeNames } from "../job/nodeNames.ts";
import { runCli } from "../runCli.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-dispute-"));
const home = homeAt(join(folder, ".weft"));
const linesOf = (out: string) =>
  out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>]));
const cli = (...words: string[]) =>
  runCli(["dispute", ...words, "--home", home.root], { cwd: folder, environment: {} });
let network: NetworkFixture;
let game = "";
let leaseId = "";

before(async () => {
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }));
  const [truth, lie] = [
    oracleOf(stage.side()),
    oracleOf(stage.side(reversedProducts((step) => step === 3, stage.open))),
  ];
  network = await networkFixture({ blockTimeSeconds: 0.05 });
  await network.freeze();
  const { program, steps } = stage;
  const lease = await courtLease(network, { program });
  await fund(network, ["rival"]);
  const said = { oracle: lie, firstStep: 0n, lastStep: BigInt(steps - 1), startRoot: program.startRoot };
  const commitment = await commit(network, lease, await commitmentOf(lease, said));
  const accusation = { call: "challenge", rival: await historyOf(stage, truth) } as const;
  const dispute = await challenged(network, { lease, commitment, accusation, sponsor: "rival", brings: true });
  const seat = { program, oracle: lie };
  await playOut({
    defender: playerOf(network, dispute, { side: "defender", account: "liar operator", ...seat }),
    rival: playerOf(network, dispute, { side: "rival", account: "rival", program, oracle: truth }),
  });
  [game, leaseId] = [dispute.game, lease.leaseId];
  mkdirSync(home.root, { recursive: true });
  writeFileSync(home.network, NetworkFile.encode(network.file));
  writeNames(home, new Map([[lease.nodeId, "node-1"]]));
});
after(async () => {
  await network.end();
  rmSync(folder, { recursive: true, force: true });
});

test("list: who is challenged by whom, how far it got, what it cost", async () => {
  const { code, out } = await cli("list", "--json");
  const [row, summary] = linesOf(out);
  assert.deepEqual([code, summary?.["count"]], [0, 1]);
  assert.deepEqual(
    [row?.["game"], row?.["leaseId"], row?.["level"], row?.["state"], row?.["winner"]],
    [game, leaseId, "accs", "over", "rival"],
  );
  assert.ok(Number(row?.["gas"]) > 500_000);
  const people = await cli();
  assert.match(people.out, /node-1 .*accs +false/);
});

test("watch: a finished game is told move by move down to the word, by its own id or its lease's", async () => {
  const { code, out } = await cli("watch", leaseId.slice(0, 12), "--json");
  assert.equal(code, 0);
  const events = linesOf(out);
  assert.deepEqual(
    [events[0]?.["kind"], events[0]?.["game"], events.at(-1)?.["concluded"]],
    ["challenged", game, true],
  );
  const kinds = events.map(({ kind }) => kind);
  assert.ok(kinds.indexOf("verdict") < kinds.indexOf("slashed") && kinds.filter((kind) => kind === "move").length > 5);

  const people = await cli("watch", game.slice(0, 10));
  for (const part of [
    /6 steps → step 3/,
    /└─ .*values of the step.* → value \d+ matmul \[/,
    /partial sum/,
    /recomputed on chain/,
  ])
    assert.match(people.out, part);
  assert.match(
    people.out,
    /slashed: node-1 loses its bond of \d+\.\d{6}: .*\n.* WEFT of its stake burnt \(its first fault\)/,
  );
});

test("watch: an id that nothing has is refused with what to do", async () => {
  const { code, err } = await cli("watch", "0xffffffff");
  assert.equal(code, 1);
  assert.match(err, /there is no dispute 0xffffffff[\s\S]*weft dispute list/);
});
