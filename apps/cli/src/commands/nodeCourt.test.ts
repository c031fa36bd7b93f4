// A node's money for disputes on a real chain: what is asked for and by whom it is paid, deposits in and out, and an operator key that
// changes while a challenge of it is in the court.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { endGame } from "@weft/chain/actions/endGame";
import { timeoutGame } from "@weft/chain/actions/timeoutGame";
import { accountOf, keyOf } from "@weft/chain/chainFixture";
import { readBondDeposit, readGameView } from "@weft/chain/courtReads";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import { balances, chainTime, readNode } from "@weft/chain/reads";
import { challenged, commit, commitmentOf, courtLease } from "@weft/court/disputeFixture";
import { bondsWanted, ladderOf } from "@weft/court/gameRules";
import { createKey } from "@weft/host/keystore/keystore";
import { devPassword } from "@weft/host/keystore/password";
import { parseFlags } from "@weft/node/flags";
import * as Amount from "@weft/protocol/Amount";
import * as Attributes from "@weft/protocol/Attributes";
import { hasCode } from "@weft/protocol/Errors";
import { flipWeight } from "@weft/tensor/commit/cheats";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { historyOf, stageOf } from "@weft/verification/court/playFixture";
import { oracleOf } from "@weft/verification/court/TraceOracle";
import type { Context } from "../Context.ts";
import { homeAt } from "../Home.ts";
import { courtBonds, courtChoice, courtParameters } from "../start/courtChoice.ts";
import { topUp } from "../start/faucet.ts";
import { fundOperator } from "../start/fundOperator.ts";
import { keystoreOf, type NodeKeys, nodeKeys, passwordFile } from "../start/keys.ts";
import { needsOf, nodeIdFor, registerNode } from "../start/registerNode.ts";
import { nodeCommand } from "./node.ts";
import { courtWarnings } from "./nodeCourt.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-court-"));
const home = homeAt(join(folder, ".weft"));
const name = "node-1";
const operatorName = `${name} operator`;
let network: NetworkFixture;
let keys: NodeKeys;
let wanted = 0n;
let said: string[] = [];
let emitted: Record<string, unknown>[] = [];
const context = {
  home,
  say: (line: string) => void said.push(line),
  emit: (value: object) => void emitted.push(value as Record<string, unknown>),
} as Context;

before(async () => {
  network = await networkFixture({ blockTimeSeconds: 0.05 });
  await network.freeze();
  mkdirSync(home.root, { recursive: true });
  writeFileSync(home.network, NetworkFile.encode(network.file));
  const at = keystoreOf(home, name);
  // The owner's first: an operator's key alone is one whose owner's is lost.
  await createKey(join(home.owners, name), {
    ...{ role: "owner", password: devPassword(passwordFile(join(home.owners, name))), cost: "light" },
    secret: keyOf(name),
  });
  await createKey(at, {
    ...{ role: "operator", password: devPassword(passwordFile(at)), cost: "light" },
    secret: keyOf(operatorName),
  });
  keys = await nodeKeys(home, name);
  wanted = bondsWanted(network.client.params);
});
after(async () => {
  await network.end();
  rmSync(folder, { recursive: true, force: true });
});

/** What a command emitted last. */
async function node(verb: string, flags: object = {}, ...parameters: string[]): Promise<Record<string, unknown>> {
  said = [];
  emitted = [];
  assert.equal(await nodeCommand(context, verb, { parameters, flags: { name, ...flags } }), 0);
  return emitted.at(-1) as Record<string, unknown>;
}

const signers = () => ({ owner: keys.owner.signer, operator: keys.operator.signer });

test("where money is worth something the operator is asked for its bonds, unless its owner allows none", async () => {
  const { client } = network;
  const elsewhere = { ...client, network: { ...client.network, chainId: 1 } };
  const [, operator] = await needsOf(elsewhere, name, signers());
  assert.equal(operator.stable, wanted);
  await assert.rejects(topUp(elsewhere, [operator]), (error) => {
    assert.ok(hasCode(error, "faucet.none") && error.remedy?.includes("--fund"));
    const [text] = Object.entries(error.details ?? {}).flatMap(([who, sum]) => (who.includes("(stable)") ? [sum] : []));
    assert.equal(text, `${Amount.format(wanted)} of the stablecoin`);
    return true;
  });
  assert.equal((await needsOf(elsewhere, name, { ...signers(), court: { bonds: "0" } }))[1].stable, 0n);
  assert.equal(courtBonds(client, { bonds: "7" }), 7n);
  assert.equal(courtBonds(client, { games: 0 }), 0n);
});

test("--fund: the owner pays what its operator lacks, once", async () => {
  const { client } = network;
  const needs = await needsOf(client, name, signers());
  const paid = await fundOperator(client, keys.owner.signer, needs);
  assert.equal(paid.stable, wanted);
  assert.ok(paid.gas > 0n);
  const { stable, native } = await balances(client, keys.operator.signer.address);
  assert.ok(stable === wanted && native === paid.gas);
  assert.deepEqual(await fundOperator(client, keys.owner.signer, needs), { gas: 0n, stable: 0n });
  const capabilities = [{ class: "cpu", units: 1, attributes: { ...Attributes.none, cpuThreads: 4, memoryGiB: 8 } }];
  await registerNode(client, { ...signers(), endpoint: "/ip4/127.0.0.1/tcp/1", capabilities: capabilities as never });
});

test("what is missing is named with the command that brings it; withdraw takes out all that nothing has locked", async () => {
  const { client } = network;
  const { owner, operator } = signers();
  assert.deepEqual((await node("court status"))["warnings"], []);
  assert.equal((await node("court withdraw"))["paid"], wanted);
  const [warning] = (await node("court status"))["warnings"] as string[];
  const command = `weft node court deposit ${Amount.format(wanted)} --name ${name}`;
  assert.ok(warning?.endsWith(command), warning);
  assert.ok(said.some((line) => line.includes("challenges at a time: 16")));
  // As `weft status` says it.
  assert.deepEqual(await courtWarnings(context, { name }), [warning]);
  assert.deepEqual(await courtWarnings(context, { name, court: { bonds: "0" } }), []);
  const { deposit } = await node("court deposit", {}, Amount.format(wanted));
  assert.equal(deposit, wanted);
  assert.deepEqual((await node("court status"))["warnings"], []);
  const before = (await balances(client, owner.address)).stable;
  await node("court withdraw", {}, "0.000001");
  assert.equal((await balances(client, owner.address)).stable, before + 1n);
  assert.equal(await readBondDeposit(client, operator.address), wanted - 1n);
  await assert.rejects(node("court withdraw", {}, "1000"), (error) => hasCode(error, "node.moneyShort"));
  await assert.rejects(node("court deposit", {}, "100000"), (error) => hasCode(error, "node.moneyShort"));
});

test("limits are kept for the next start and reach the node's process", () => {
  const chosen = courtChoice({ workers: 3 }, { courtBonds: "7.2", courtGas: 2_000_000, courtGames: 0 });
  assert.deepEqual(chosen, { workers: 3, bonds: "7200000", gas: 2_000_000, games: 0 });
  assert.deepEqual(courtChoice(chosen, {}), chosen);
  const flags = parseFlags(["--home", "h", "--network", "n", ...courtParameters(chosen)]);
  const { courtBonds: bonds, courtGas: gas, courtGames: games, courtWorkers: workers } = flags;
  assert.deepEqual([bonds, gas, games, workers], [7_200_000n, 2_000_000n, 0, 3]);
  assert.deepEqual(courtParameters(undefined), []);
});

test("an operator key that has a challenge in the court isn't replaced unless forced; its money moves, its bond comes back", async () => {
  const { client } = network;
  const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }));
  const lie = oracleOf(stage.side(flipWeight((step) => step === 3, { name: "hidden.weight", element: 17, bit: 20 })));
  const lease = await courtLease(network, { program: stage.program });
  const { startRoot } = stage.program;
  const segment = { oracle: lie, firstStep: 0n, lastStep: BigInt(stage.steps - 1), startRoot };
  const commitment = await commit(network, lease, await commitmentOf(lease, segment));
  const rival = await historyOf(stage, oracleOf(stage.side()));
  const accusation = { call: "challenge", rival } as const;
  const old = accountOf(operatorName).address;
  const { game, sponsor } = await challenged(network, { lease, commitment, accusation, sponsor: operatorName });
  await assert.rejects(node("rotate-operator"), (error) => hasCode(error, "node.disputes"));
  const ladder = ladderOf(client.params);
  const { moved, challenges, operator } = await node("rotate-operator", { force: true });
  assert.deepEqual([moved, challenges], [wanted - 1n - ladder, 1]);
  assert.equal((await readNode(client, nodeIdFor(keys.owner.signer))).operator.toLowerCase(), operator);
  assert.equal((await balances(client, operator as `0x${string}`)).stable, moved);
  const during = await node("court status");
  assert.deepEqual([during["locked"], during["formerDeposit"], during["challenges"]], [ladder, 0n, 1]);

  // The liar says nothing.
  const { deadline } = await readGameView(client, game);
  await network.pass(deadline - Number(await chainTime(client)) + 1);
  const pair = { commitment, sponsor, rival };
  const buyer = accountOf("buyer");
  await network.senderOf(buyer).send(endGame(client, pair, timeoutGame(client, { game })));
  assert.equal(await readBondDeposit(client, old), ladder);
  assert.equal((await node("court status"))["formerDeposit"], ladder);
  const before = (await balances(client, keys.owner.signer.address)).stable;
  assert.equal((await node("court withdraw"))["paid"], ladder + (moved as bigint));
  assert.equal((await balances(client, keys.owner.signer.address)).stable, before + ladder + (moved as bigint));
});
