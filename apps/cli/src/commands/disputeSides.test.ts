// `weft dispute join` and `defend`: one side is the command as a process of its own with a real replay, the other plays in the test.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { keyOf } from "@weft/chain/chainFixture";
import { startRival } from "@weft/chain/courtGrounds";
import { readChallenges, readDispute } from "@weft/chain/courtReads";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { fund, type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import {
  bonded,
  type CourtLease,
  challenged,
  commit,
  commitmentOf,
  courtLease,
  playerOf,
  refilled,
} from "@weft/court/disputeFixture";
import { ladderOf } from "@weft/court/gameRules";
import { playDispute } from "@weft/court/playDispute";
import type { Player } from "@weft/court/playOut";
import { buildRoutes, listen } from "@weft/gateway/http/server";
import { openBlobs } from "@weft/host/blobs/BlobStore";
import { createKey } from "@weft/host/keystore/keystore";
import { devPassword } from "@weft/host/keystore/password";
import { putLease } from "@weft/node/store/leases";
import { closeStore, openStore } from "@weft/node/store/Store";
import * as Segment from "@weft/protocol/Segment";
import { flipWeight } from "@weft/tensor/commit/cheats";
import { encodeTrainProgram } from "@weft/tensor/train/Program";
import { tinyCorpus, tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { historyOf, stageOf } from "@weft/verification/court/playFixture";
import { oracleOf, type TraceOracle } from "@weft/verification/court/TraceOracle";
import { keccak256 } from "viem";
import { homeAt, nodeHome } from "../Home.ts";
import { contentIdOf } from "../job/corpus.ts";
import { runCli } from "../runCli.fixture.ts";
import { give } from "../start/faucet.ts";
import { buyerKey, keystoreOf, nodeKeys, passwordFile } from "../start/keys.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-sides-"));
const home = homeAt(join(folder, ".weft"));
const tokenFile = join(folder, "token");
const program = tinyTrainProgram({ model: tinyMlpModel });
const stage = await stageOf(program);
const truth = oracleOf(stage.side());
const weight = { name: "hidden.weight", element: 17, bit: 20 };
const lie = oracleOf(stage.side(flipWeight((step) => step === 3, weight)));
const corpus = { contentId: contentIdOf(new Uint8Array(tinyCorpus)), bytes: tinyCorpus.length };
let network: NetworkFixture;
let gateway: { port: number; close(): Promise<void> };
/** Nonce of the next order. */
let nonce = 1n;
const leases = new Map<string, CourtLease>();

before(async () => {
  network = await networkFixture({ blockTimeSeconds: 0.05 });
  await network.freeze();
  mkdirSync(home.root, { recursive: true });
  writeFileSync(home.network, NetworkFile.encode(network.file));
  writeFileSync(tokenFile, "token", { mode: 0o600 });
  const { signer } = await buyerKey(home);
  await give(network.client, [{ who: "buyer", address: signer.address, gas: 10n ** 18n }]);
  await fund(network, ["rival"]);
  await bonded(network, "rival", 4n * ladderOf(network.client.params));
  // What the buyer's gateway would say of these leases.
  const service = {
    listLeases: () => [...leases.keys()].map((leaseId) => ({ leaseId })),
    materials: (leaseId: string) => {
      const { opening, openings } = leases.get(leaseId)!;
      return JSON.parse(
        JSON.stringify({ order: opening.order, details: openings, corpus }, (_, value) =>
          typeof value === "bigint" ? value.toString() : value,
        ),
      );
    },
    content: async () => new Uint8Array(tinyCorpus),
  };
  const where = { host: "127.0.0.1", port: 0, token: "token", maxBlobBytes: 1000 };
  gateway = await listen(buildRoutes(service as never, where), where);
});
after(async () => {
  await gateway.close();
  await network.end();
  rmSync(folder, { recursive: true, force: true });
});

const cli = (...words: string[]) =>
  runCli(
    [
      "dispute",
      ...words,
      "--home",
      home.root,
      "--gateway",
      `http://127.0.0.1:${gateway.port}`,
      "--token-file",
      tokenFile,
    ],
    { cwd: folder, environment: {} },
  );

async function leased(): Promise<CourtLease> {
  const fields = { program: JSON.parse(encodeTrainProgram(program)), corpus, name: "tiny" };
  const lease = await courtLease(network, { program: stage.program, nonce, isNew: nonce === 1n, fields });
  nonce += 1n;
  leases.set(lease.leaseId, lease);
  return lease;
}

async function committed(oracle: TraceOracle) {
  const lease = await leased();
  const { startRoot } = stage.program;
  const said = { oracle, firstStep: 0n, lastStep: BigInt(stage.steps - 1), startRoot };
  return { lease, commitment: await commit(network, lease, await commitmentOf(lease, said)) };
}

/** Plays a side here as soon as it is its turn, until the command has ended. */
async function beside<T>(player: () => Promise<Player | undefined>, command: Promise<T>): Promise<T> {
  let over = false;
  void command.finally(() => {
    over = true;
  });
  for (let found: Player | undefined; !over; await new Promise((wake) => setTimeout(wake, 100))) {
    found ??= await player();
    if (found !== undefined) await playDispute(found.table, found.seat).catch(() => undefined);
  }
  return command;
}

test("join: a replay that differs is named in court and played to the end; the bond is back", async () => {
  const { lease, commitment } = await committed(lie);
  const hash = Segment.hash(commitment);
  const defender = async () => {
    const [found] = await readChallenges(network.client, { commitment: hash, fromBlock: network.file.fromBlock });
    if (found === undefined || found.rival === startRival) return undefined;
    const dispute = { ...found, commitment, nodeId: lease.nodeId, fromBlock: found.block };
    return playerOf(network, dispute, {
      ...{ side: "defender", account: "liar operator", program: stage.program, oracle: lie },
    });
  };
  const { code, out, err } = await beside(defender, cli("join", lease.leaseId.slice(0, 14), "0"));
  assert.equal(code, 0, `${out}${err}`);
  assert.match(out, /the replay differs: challenge, rival history 0x/);
  assert.match(out, /named in court with a bond of 0\.000900/);
  assert.match(out, /verdict: [\s\S]*slashed: [\s\S]*0\.000900 of bonds are back in the wallet/);
  assert.ok((await readDispute(network.client, hash)).eliminated);
});

test("join: a replay that agrees challenges nothing; a bond above the cap is not paid", async () => {
  const { lease } = await committed(truth);
  const agreed = await cli("join", lease.leaseId, "0", "--json");
  assert.equal(agreed.code, 1);
  assert.match(agreed.out, /"code":"dispute\.nothing","message":"the replay agrees with the node/);
  const { lease: false1 } = await committed(lie);
  const capped = await cli("join", false1.leaseId, "0", "--max-bond", "0.0001");
  assert.match(capped.err, /the bond is 0\.000900, the most allowed 0\.000100/);
  assert.equal((await readChallenges(network.client, { fromBlock: network.file.fromBlock })).length, 1);
  const [unknown, malformed] = [await cli("join", "0xffff", "0"), await cli("join", lease.leaseId, "first")];
  assert.deepEqual([unknown.code, malformed.code], [1, 2]);
  const missing = await cli("join", lease.leaseId, "99");
  assert.match(missing.err, /no commitment to segment 99 of lease .* is on the chain/);
  await network.pass(Number(network.client.params.challengeWindowSeconds) + 1);
  const late = await cli("join", false1.leaseId, "0");
  assert.equal(late.code, 1);
  assert.match(late.out, /nobody can challenge this segment any more, since .*Z: a replay can only tell/);
  assert.match(late.err, /the segment is false, and nobody can challenge it any more/);
});

test("defend: a node that is down is defended with its key and its disk, to a wrong rival's end", async () => {
  const { lease, commitment } = await committed(truth);
  const name = "node-1";
  const store = join(nodeHome(home, name), "store.sqlite");
  await nodeOnDisk(name, lease);
  const rival = await historyOf(stage, lie);
  const accusation = { call: "challenge", rival } as const;
  const dispute = await challenged(network, { lease, commitment, accusation, sponsor: "rival" });
  const open = openStore(store);
  const running = await cli("defend", dispute.game, "--name", name);
  closeStore(open);
  assert.match(running.err, /node-1 runs, and defends its segments by itself/);
  const stranger = await cli("defend", dispute.game, "--name", "node-2");
  assert.match(stranger.err, /there is no node node-2 on this home/);

  const player = playerOf(network, dispute, { side: "rival", account: "rival", program: stage.program, oracle: lie });
  // A rival that has nothing left to say is silent, until its clock is over.
  let silent = false;
  const silently = async () => {
    const { turn } = await playDispute(player.table, player.seat);
    if (turn.act === "stuck" && !silent) await network.pass(Number(network.client.params.courtClockSeconds) + 2);
    silent ||= turn.act === "stuck";
    return undefined;
  };
  const { code, out, err } = await beside(
    () => silently().catch(() => undefined),
    cli("defend", dispute.game, "--name", name),
  );
  assert.equal(code, 0, `${out}${err}`);
  assert.match(out, /wins: .* let its clock run out/);
  assert.ok(!(await readDispute(network.client, Segment.hash(commitment))).eliminated);
});

test("join: a lease that begins in a state of its node's own choice is challenged on that; who shows nothing loses", async () => {
  const lease = await leased();
  const said = { oracle: truth, firstStep: 0n, lastStep: BigInt(stage.steps - 1), startRoot: keccak256("0x5e1f") };
  const commitment = await commit(network, lease, await commitmentOf(lease, said));
  const hash = Segment.hash(commitment);
  let passed = false;
  const { code, out, err } = await beside(
    async () => {
      const [found] = await readChallenges(network.client, { commitment: hash, fromBlock: network.file.fromBlock });
      if (found === undefined || passed) return undefined;
      assert.equal(found.rival, startRival);
      await network.pass(Number(network.client.params.courtClockSeconds) + 30);
      passed = true;
      return undefined;
    },
    cli("join", lease.leaseId, "0", "--json"),
  );
  assert.equal(code, 0, `${out}${err}`);
  const events = out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>]));
  assert.deepEqual([events[0]?.["kind"], events[0]?.["ground"]], ["challenged", "start"]);
  const { game, ...end } = events.at(-1)!;
  assert.match(String(game), /^0x[0-9a-f]{40}$/);
  const { leaseId } = lease;
  assert.deepEqual(end, { kind: "summary", ok: true, won: true, leaseId, segment: 0, call: "challengeStart" });
  assert.ok((await readDispute(network.client, hash)).eliminated);
});

test("defend: a lease that went on from where the one before ended is defended with that, from the chain alone", async () => {
  const { lease: before, commitment: earlier } = await committed(truth);
  const lease = await refilled(network, before, "second");
  leases.set(lease.leaseId, lease);
  const [firstStep, lastStep] = [earlier.lastStep + 1n, earlier.lastStep + BigInt(stage.steps)];
  const { startRoot: _, ...same } = earlier;
  const { leaseId } = lease;
  const said = { ...same, leaseId, firstStep, lastStep, startRoot: earlier.endRoot, endRoot: keccak256("0xe7d0") };
  const commitment = await commit(network, lease, said);
  const accusation = { call: "challengeStart" } as const;
  const dispute = await challenged(network, { lease, commitment, accusation, sponsor: "rival" });
  // A key and an empty disk: of the lease it knows nothing.
  await keysOnDisk("node-2", lease);
  closeStore(openStore(join(nodeHome(home, "node-2"), "store.sqlite")));
  const { code, out, err } = await cli("defend", dispute.game, "--name", "node-2", "--json");
  assert.equal(code, 0, `${out}${err}`);
  const end = JSON.parse(out.trim().split("\n").at(-1)!) as object;
  const { game } = dispute;
  assert.deepEqual(end, { kind: "summary", ok: true, won: true, game, leaseId, segment: 0, ground: "start" });
  assert.ok(!(await readDispute(network.client, Segment.hash(commitment))).eliminated);
});

test("list: who won, who lost so far, and for good once the window is over", async () => {
  const states = async () => {
    const { out } = await cli("list", "--json");
    const rows = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { state?: string; ground?: string });
    return rows.flatMap(({ state, ground }) => (state === undefined ? [] : [`${ground} ${state}`]));
  };
  // Time that was passed for the later ones is over for the earlier one as well.
  assert.deepEqual(await states(), ["history won", "history final", "start won", "start lost"]);
  await network.pass(Number(network.client.params.challengeWindowSeconds) + 1);
  assert.deepEqual(await states(), ["history won", "history final", "start won", "start final"]);
  assert.match(
    (await cli("list", "--limit", "1")).out,
    /final: stands[\s\S]*and 3 before these: weft dispute list --limit 4/,
  );
});

async function keysOnDisk(name: string, lease: CourtLease): Promise<void> {
  const keys = keystoreOf(home, name);
  const secret = keyOf(`${lease.owner} operator`);
  await createKey(keys, { role: "operator", password: devPassword(passwordFile(keys)), cost: "light", secret });
  const owners = join(home.owners, name);
  await createKey(owners, {
    ...{ role: "owner", password: devPassword(passwordFile(owners)), cost: "light", secret: keyOf(lease.owner) },
  });
  await nodeKeys(home, name);
}

/** What a provider's disk has of a lease, and its operator's key. */
async function nodeOnDisk(name: string, lease: CourtLease): Promise<void> {
  await keysOnDisk(name, lease);
  const blobs = openBlobs(join(nodeHome(home, name), "blobs"));
  await blobs.put(tinyCorpus, { maxBytes: tinyCorpus.length });
  const store = openStore(join(nodeHome(home, name), "store.sqlite"));
  const { leaseId, opening, openings, orderHash, offerHash } = lease;
  const job = { order: opening.order, details: openings, corpus, gateway: { peerId: "p", addresses: [] } };
  const body = { orderHash, offerHash, carryMs: 0, job };
  putLease(store, { lease: { leaseId, role: "provider", phase: "running", body }, at: 1 } as never);
  closeStore(store);
}
