// Whole disputes on a real chain: both sides' histories are replays of a real training, of which the defender's has one word
// flipped; the word is found and recomputed by the contract.
import assert from "node:assert/strict";
import { test } from "node:test";
import { timeoutGame } from "@weft/chain/actions/timeoutGame";
import type { ChainClient } from "@weft/chain/ChainClient";
import { accountOf } from "@weft/chain/chainFixture";
import { readBondDeposit, readDispute, readGameView, readVoids } from "@weft/chain/courtReads";
import type { Intent } from "@weft/chain/Intent";
import { fund, type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import { readCommitments } from "@weft/chain/readCommitment";
import { chainTime, readBonds, readNode } from "@weft/chain/reads";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { zeroHash } from "@weft/protocol/fields";
import * as Segment from "@weft/protocol/Segment";
import { flipWeight, reversedProducts } from "@weft/tensor/commit/cheats";
import { tinyMlpModel, tinyTrainProgram } from "@weft/tensor/train/tinyTrainProgram";
import { historyOf, type Stage, stageOf } from "@weft/verification/court/playFixture";
import { oracleOf, type TraceOracle } from "@weft/verification/court/TraceOracle";
import { createPublicClient, custom, type Hex, keccak256 } from "viem";
import { bonded, type CourtLease, challenged, commit, commitmentOf, courtLease, playerOf } from "./disputeFixture.ts";
import { ladderOf } from "./gameRules.ts";
import { lookAtDispute, playDispute, readDisputeOf } from "./playDispute.ts";
import { playOut, type Step } from "./playOut.ts";
import { openDisputes } from "./readDisputes.ts";

const stage = await stageOf(tinyTrainProgram({ model: tinyMlpModel }));
const truth = oracleOf(stage.side());
const weight = { name: "hidden.weight", element: 17, bit: 20 };
const atStep3 = (step: number) => step === 3;
const lie = oracleOf(stage.side(flipWeight(atStep3, weight)));
/** Sums products from the last term to the first: another word in some partial sum. */
const deepLie = oracleOf(stage.side(reversedProducts(atStep3, stage.open)));

interface Setting {
  network: NetworkFixture;
  lease: CourtLease;
}

async function setting(narrow?: (client: ChainClient) => ChainClient): Promise<Setting> {
  const opened = await networkFixture({ blockTimeSeconds: 0.05 });
  const network = narrow === undefined ? opened : { ...opened, client: narrow(opened.client) };
  await network.freeze();
  const lease = await courtLease(network, { program: stage.program });
  await fund(network, ["rival"]);
  await bonded(network, "rival", 4n * ladderOf(network.client.params));
  return { network, lease };
}

const committed = async ({ network, lease }: Setting, oracle: TraceOracle, { steps }: Pick<Stage, "steps"> = stage) =>
  commit(
    network,
    lease,
    await commitmentOf(lease, {
      ...{ oracle, firstStep: 0n, lastStep: BigInt(steps - 1), startRoot: stage.program.startRoot },
    }),
  );

/** Both sides of a commitment to one history that somebody challenges with another. */
async function sides(at: Setting, histories: { defender: TraceOracle; rival: TraceOracle }) {
  const { network, lease } = at;
  const commitment = await committed(at, histories.defender);
  const rival = await historyOf(stage, histories.rival);
  const dispute = await challenged(network, {
    ...{ lease, commitment, accusation: { call: "challenge", rival }, sponsor: "rival" },
  });
  const { program } = stage;
  return {
    commitment,
    dispute,
    defender: playerOf(network, dispute, {
      ...{ side: "defender", account: "liar operator", program, oracle: histories.defender },
    }),
    rival: playerOf(network, dispute, { side: "rival", account: "rival", program, oracle: histories.rival }),
  };
}

const said = (steps: readonly Step[]) => steps.map(({ result }) => result.kind).join(" ");

test("products summed in another order: found in one partial sum, bond and stake are slashed", async (t) => {
  const at = await setting();
  const { client } = at.network;
  const before = { bonds: await readBonds(client, at.lease.nodeId), node: await readNode(client, at.lease.nodeId) };
  const { commitment, ...players } = await sides(at, { defender: deepLie, rival: truth });
  const steps = await playOut(players);
  assert.match(said(steps), /^reveal chooseStep enterStep .*chooseWord enterFold .*proveFold$/);
  const bySide = (side: string) =>
    steps.filter((step) => step.side === side).reduce((sum, { result }) => sum + result.gasUsed, 0n);
  t.diagnostic(`${said(steps)}; gas: defender ${bySide("defender")}, rival ${bySide("rival")}`);
  assert.ok((await readDispute(client, Segment.hash(commitment))).eliminated);
  const [bonds, node] = [await readBonds(client, at.lease.nodeId), await readNode(client, at.lease.nodeId)];
  assert.ok(bonds.free + bonds.locked < before.bonds.free + before.bonds.locked);
  assert.equal(node.stake, before.node.stake - (before.node.stake * client.params.faultSlashPpm) / 1_000_000n);
  const sponsor = accountOf("rival").address;
  assert.equal(await readBondDeposit(client, sponsor), 4n * ladderOf(client.params));
  for (const { table, seat } of [players.defender, players.rival]) {
    const { turn } = await playDispute(table, seat);
    assert.deepEqual(turn, { act: "done", won: seat.side === "rival", eliminated: true });
  }
  await at.network.end();
});

test("another key plays a rival on: its deep claims carry the sponsor's signature", async () => {
  const at = await setting();
  const { client } = at.network;
  const { commitment, defender, rival } = await sides(at, { defender: deepLie, rival: truth });
  await fund(at.network, ["heir"]);
  const heir = at.network.senderOf(accountOf("heir"));
  const table = { client, send: (intent: Intent) => heir.send(intent) };
  const unsigned = { ...rival, table };
  await assert.rejects(playOut({ defender, rival: unsigned }), (error) => hasCode(error, "games.ClaimNotAuthorized"));
  assert.equal((await readGameView(client, rival.seat.game)).outcome, "none");
  const steps = await playOut({ defender, rival: { ...rival, table: { ...table, claimant: accountOf("rival") } } });
  assert.match(said(steps), /^chooseStep .*chooseWord enterFold .*proveFold$/);
  assert.ok((await readDispute(client, Segment.hash(commitment))).eliminated);
  // The bond is the sponsor's, whoever played.
  assert.equal(await readBondDeposit(client, accountOf("rival").address), 4n * ladderOf(client.params));
  assert.equal(await readBondDeposit(client, accountOf("heir").address), 0n);
  await at.network.end();
});

test("a false rival of a true history loses, and half of what it bonded is the node's", async () => {
  const at = await setting();
  const { client, pass } = at.network;
  const { commitment, ...players } = await sides(at, { defender: truth, rival: lie });
  const first = await playOut(players);
  assert.equal(said(first), "reveal chooseStep enterStep");
  const { turn } = await playDispute(players.rival.table, players.rival.seat);
  assert.deepEqual(turn, { act: "stuck", why: "DefenderRight" });
  await pass(Number(client.params.courtClockSeconds) + 1);
  // Whoever says that a clock is over: the court has yet to be told.
  const passer = at.network.senderOf(accountOf("liar"));
  await passer.send(timeoutGame(client, { game: players.rival.seat.game }));
  const last = await playOut(players);
  assert.equal(said(last), "concludeGame");
  const dispute = await readDispute(client, Segment.hash(commitment));
  assert.deepEqual([dispute.eliminated, dispute.rivals, dispute.live], [false, 0, undefined]);
  const ladder = ladderOf(client.params);
  const owners = await readBondDeposit(client, accountOf("liar").address);
  const left = await readBondDeposit(client, accountOf("rival").address);
  // It got past the first level: two of three level bonds are lost, or all.
  const { courtBondAccs } = client.params;
  const lost = 4n * ladder - left;
  assert.ok(lost === ladder - courtBondAccs || lost === ladder, `${lost}`);
  assert.equal(owners, lost / 2n);
  await at.network.end();
});

test("a side that has no history waits, ends the other's silence and takes the verdict; only its own move needs one", async () => {
  const at = await setting();
  const { client, pass } = at.network;
  const { defender, rival, commitment } = await sides(at, { defender: lie, rival: truth });
  const asked: number[] = [];
  const history = async ({ deadline }: { deadline: number }): Promise<never> => {
    asked.push(deadline);
    throw new WeftError("the worker has no memory", { code: "runtime.memory" });
  };
  const blind = { ...rival.seat, history };
  const { deadline } = await readGameView(client, blind.game);
  const look = await lookAtDispute(client, blind);
  assert.deepEqual(look, { level: "steps", turn: { act: "wait", until: deadline } });
  await assert.rejects(lookAtDispute(client, { ...defender.seat, history }), { code: "runtime.memory" });
  assert.deepEqual(asked, [deadline]);
  await pass(deadline - Number(await chainTime(client)) + 1);
  assert.deepEqual((await lookAtDispute(client, { ...defender.seat, history })).turn, { act: "late" });
  const { turn, result } = await playDispute(rival.table, blind);
  assert.deepEqual([turn.act, result?.kind, asked.length], ["timeout", "timeoutGame", 1]);
  assert.ok((await readDispute(client, Segment.hash(commitment))).eliminated);
  assert.deepEqual((await playDispute(rival.table, blind)).turn, { act: "done", won: true, eliminated: true });
  await at.network.end();
});

/** The same chain by way of a provider that refuses logs of more than three blocks at once. */
function narrow(client: ChainClient): ChainClient {
  const request = async ({ method, params }: { method: string; params?: unknown }): Promise<unknown> => {
    const [filter] = (params ?? []) as { fromBlock?: Hex; toBlock?: Hex }[];
    const isNarrow = Number(filter?.toBlock) - Number(filter?.fromBlock) < 3;
    if (method === "eth_getLogs" && !isNarrow) throw new Error("block range is too wide");
    return client.rpc.request({ method, params } as never);
  };
  return { ...client, rpc: createPublicClient({ transport: custom({ request }, { retryCount: 0 }), cacheTime: 0 }) };
}

test("a provider that refuses wide ranges of blocks: the game is found, read and played all the same", async () => {
  const at = await setting(narrow);
  const { client, file } = at.network;
  const { commitment, dispute, ...players } = await sides(at, { defender: lie, rival: truth });
  const { fromBlock } = file;
  assert.deepEqual((await readDisputeOf(client, { game: dispute.game, fromBlock })).commitment, commitment);
  const [only, ...others] = await readCommitments(client, { leaseId: at.lease.leaseId, fromBlock });
  assert.deepEqual([only, others], [commitment, []]);
  assert.match(said(await playOut(players)), /proveEntry$/);
  assert.deepEqual(await readVoids(client, { leaseId: at.lease.leaseId, fromBlock }), [0n]);
  const { events } = await openDisputes(client, { fromBlock }).read();
  assert.ok(events.some(({ kind }) => kind === "verdict"));
  await at.network.end();
});

test("a rival of a segment that an earlier conviction made void gets its bond back without another move", async () => {
  const at = await setting();
  const { network, lease } = at;
  const { client } = network;
  const other = { programHash: keccak256("0x00"), dataRoot: stage.program.dataRoot } as CourtLease["program"];
  const span = { firstStep: 0n, lastStep: BigInt(stage.steps - 1), startRoot: stage.program.startRoot };
  const first = await commit(
    network,
    lease,
    await commitmentOf({ ...lease, program: other }, { oracle: lie, ...span }),
  );
  const next = { number: 1n, firstStep: BigInt(stage.steps), lastStep: BigInt(2 * stage.steps - 1) };
  const commitment = await commit(network, lease, {
    ...(await commitmentOf(lease, { oracle: lie, ...span, startRoot: first.endRoot })),
    ...{ segment: next.number, firstStep: next.firstStep, lastStep: next.lastStep },
  });
  const rival = keccak256("0x01");
  const accusation = { call: "challenge", rival } as const;
  const dispute = await challenged(network, { lease, commitment, accusation, sponsor: "rival" });
  const { program } = stage;
  const own = playerOf(network, dispute, { side: "rival", account: "rival", program, oracle: truth });
  const node = playerOf(network, dispute, { side: "defender", account: "liar operator", program, oracle: lie });
  assert.equal((await lookAtDispute(client, own.seat)).turn.act, "wait");
  const last = { step: 0n, loss: 0, state: zeroHash, path: [] };
  await challenged(network, { lease, commitment: first, accusation: { call: "proveFields", last }, sponsor: "rival" });
  const { stake } = await readNode(client, lease.nodeId);
  assert.deepEqual((await lookAtDispute(client, node.seat)).turn, { act: "wait", until: undefined });
  assert.equal((await playDispute(own.table, own.seat)).result?.kind, "concludeGame");
  assert.equal((await playDispute(own.table, own.seat)).result?.kind, "reclaimBond");
  assert.equal((await playDispute(own.table, own.seat)).turn.act, "done");
  assert.equal(await readBondDeposit(client, accountOf("rival").address), 4n * ladderOf(client.params));
  assert.equal((await readNode(client, lease.nodeId)).stake, stake, "nothing more");
  await network.end();
});
