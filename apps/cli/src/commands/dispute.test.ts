// `weft dispute` against a real chain on which a whole game was played: products summed in another order, found in one partial sum.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
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
    [game, leaseId, "accs", "won", "rival"],
  );
  assert.ok(Number(row?.["gas"]) > 500_000);
  const people = await cli();
  assert.match(people.out, /node-1 .*accs +won: false/);
  assert.match((await cli("list", "--limit", "0")).err, /Use a whole number from 1/);
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

test("a wrong id is refused with what to do: one that nothing has, one that can't be any", async () => {
  const { code, err } = await cli("watch", "0xffffffff");
  assert.equal(code, 1);
  assert.match(err, /there is no dispute 0xffffffff[\s\S]*weft dispute list/);
  for (const words of [
    ["watch", "five"],
    ["defend", "0xno"],
    ["join", "lease", "4"],
  ]) {
    const wrong = await cli(...words);
    assert.equal(wrong.code, 2, wrong.err);
    assert.match(wrong.err, /is not the id of a (game or )?lease\n +remedy: write 0x/);
  }
});

test("--json: a summary last and the same keys each time, also where it fails", async () => {
  const row = [
    ...[
      "kind",
      "game",
      "commitment",
      "leaseId",
      "segment",
      "ground",
      "nodeId",
      "sponsor",
      "sponsorNode",
      "bond",
      "state",
    ],
    ...["winner", "concluded", "level", "turn", "left", "moves", "gas"],
  ];
  const [listed, counted] = linesOf((await cli("list", "--json")).out);
  assert.deepEqual([Object.keys(listed!), Object.keys(counted!)], [row, ["kind", "ok", "count"]]);
  const watched = linesOf((await cli("watch", game, "--json", "--once")).out).at(-1);
  assert.deepEqual(Object.keys(watched!), ["kind", "ok", "game", "state", "concluded"]);
  const failed = linesOf((await cli("watch", "0xffffffff", "--json")).out);
  assert.deepEqual([failed.length, failed[0]?.["ok"], Object.keys(failed[0]!)], [1, false, ["kind", "ok", "error"]]);
  assert.deepEqual(Object.keys(failed[0]!["error"] as object), ["code", "message", "remedy"]);
});

test("a chain that refuses, one that never answers, and one of another network: said soon, with what to do", async () => {
  const open: Socket[] = [];
  const silent = createServer((socket) => void open.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const other = homeAt(join(folder, "elsewhere"));
  mkdirSync(other.root, { recursive: true });
  const { port } = silent.address() as AddressInfo;
  try {
    for (const [rpcUrl, command] of [
      ["http://127.0.0.1:9", ["watch", game, "--once"]],
      [`http://127.0.0.1:${port}`, ["list"]],
    ] as const) {
      writeFileSync(other.network, NetworkFile.encode({ ...network.file, rpcUrl }));
      const started = performance.now();
      const { code, err } = await runCli(["dispute", ...command, "--home", other.root], {
        cwd: folder,
        environment: {},
      });
      // A request that hangs is given up three times after 2.5 s; the 60 s of an outage while following are far above that.
      assert.ok(performance.now() - started < 40_000, `${performance.now() - started} ms`);
      assert.equal(code, 1);
      assert.match(err, /the chain at http:\S+ does not answer[\s\S]*remedy: start the network/);
    }
  } finally {
    for (const socket of open) socket.destroy();
    silent.close();
  }
  const genesisHash = `0x${"12".repeat(32)}` as const;
  const file = { ...network.file, genesisHash };
  writeFileSync(other.network, NetworkFile.encode({ ...file, networkId: NetworkFile.networkIdOf(file) }));
  const wrong = await runCli(["dispute", "list", "--home", other.root], { cwd: folder, environment: {} });
  assert.match(wrong.err, /another chain than the network file means[\s\S]*remedy: /);
  const none = await runCli(["dispute", "list", "--home", join(folder, "nowhere")], { cwd: folder, environment: {} });
  assert.deepEqual([none.code, /remedy: /.test(none.err)], [1, true]);
});
