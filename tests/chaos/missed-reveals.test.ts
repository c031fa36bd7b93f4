// A node that enrols in the beacon and opens nothing: could it choose freely, it would choose the draws. It loses stake
// for each round, once, because some other node says so, and nobody pays gas for saying it again. And rounds in which nobody
// opens anything: what waits for its draw gets it when the nodes are back, however long that takes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { abis } from "@weft/chain/Abis";
import { readBeaconClock, roundAt } from "@weft/chain/reads";
import { wantedStake } from "@weft/protocol/Params";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";
import { decodeFunctionData } from "viem";

test("every missed reveal costs the node its penalty, in one transaction", { timeout: 600_000 }, async (t) => {
  const silent = { faults: { withholdReveals: true }, sells: false };
  const network = await startTestNetwork({ seed: 91, nodes: [{}, {}, {}, {}, silent] });
  t.after(() => network.stop());
  const { client } = network.chain;
  const { params } = client;
  const bad = network.node("node-5");
  const job = await network.buy({ program: { steps: 48, stepsPerSegment: 6 }, duration: "120s" });
  await job.done();

  const state = () => network.snapshot;
  const owed = () =>
    [...state().rounds.values()].filter(
      ({ round, requestedAt }) => requestedAt !== undefined && round >= state().enrolments.get(bad.nodeId)!.firstRound,
    );
  const missed = owed().length;
  assert.ok(missed >= 6, `${missed} rounds were asked for`);
  await network.until("every miss is penalised", () =>
    owed().every(({ penalised }) => penalised.includes(bad.nodeId)) ? true : undefined,
  );
  assert.equal(state().nodes.get(bad.nodeId)?.stake, wantedStake(params) - BigInt(missed) * params.revealPenalty);
  for (const node of network.nodes.slice(0, 4))
    assert.equal(state().nodes.get(node.nodeId)?.stake, wantedStake(params), `${node.name} opened its layers`);

  // Time for a second caller to come, if one did not see the first.
  await network.pass(15);
  const sent = (await callsOf(network, "penalise")).length;
  t.diagnostic(`${missed} misses, ${sent} transactions`);
  assert.equal(sent, missed);
});

/** Longer than rounds were once looked for that stand in: 64 of them. */
const silentRounds = 66n;

test("the last segment's round has no reveals, and none after it for long: the draw comes with the nodes, and the job ends", {
  timeout: 600_000,
}, async (t) => {
  const network = await startTestNetwork({ seed: 92, nodes: 4 });
  t.after(() => network.stop());
  const { params } = network.chain.client;
  const job = await network.buy({ program: { steps: 12, stepsPerSegment: 6 }, duration: "600s" });
  const { beaconRound: named } = await network.until("the last segment is committed", () =>
    [...network.snapshot.segments.values()].find(({ segment }) => segment === 1),
  );
  for (const { faults } of network.nodes) faults.withholdReveals = true;
  const clock = await readBeaconClock(network.chain.client);
  await network.until("many rounds have passed", () =>
    roundAt(clock, network.snapshot.timestamp) > named + silentRounds ? true : undefined,
  );
  const silent = [...network.snapshot.rounds.values()].filter(({ round }) => round >= named);
  assert.ok(silent.every(({ revealed }) => BigInt(revealed.length) < params.minReveals));
  assert.ok(silent.length >= 4, "rounds are asked for although nobody commits anything");
  // Every one of them costs each silent node its penalty.
  assert.ok(silent.length <= 10, `${silent.length} rounds were asked for`);
  assert.equal(job.all("done").length, 0);
  for (const { faults } of network.nodes) faults.withholdReveals = false;

  const done = await job.done();
  assert.deepEqual(
    job.all("paid").map(({ segment }) => segment),
    [0, 1],
  );
  assert.equal(job.all("failover").length, 0);
  assert.equal(done.paid.find(({ role }) => role === "provider")?.amount, "400");
  const provider = network.node(job.all("lease")[0]!.nodeId);
  const asked = await callsOf(network, "request");
  t.diagnostic(`${asked.length} rounds asked for, ${silent.length} of them in vain`);
  assert.ok(asked.length <= silent.length + 1);
  assert.ok(
    asked.every(({ from }) => from === provider.plan.operator.signer.address.toLowerCase()),
    "it is there to ask",
  );
});

/** Transactions that called this function of the beacon. */
async function callsOf(network: TestNetwork, name: "penalise" | "request"): Promise<{ from: string }[]> {
  const { client, file } = network.chain;
  const calls: { from: string }[] = [];
  for (let number = file.fromBlock; number <= network.snapshot.block; number++) {
    const block = await client.rpc.getBlock({ blockNumber: number, includeTransactions: true });
    for (const { from, to, input } of block.transactions) {
      if (to?.toLowerCase() !== client.network.contracts.beacon) continue;
      if (decodeFunctionData({ abi: abis.beacon, data: input }).functionName === name) calls.push({ from });
    }
  }
  return calls;
}
