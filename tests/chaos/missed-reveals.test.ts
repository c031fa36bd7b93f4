// A node that enrols in the beacon and opens nothing: could it choose freely, it would choose the draws. It loses stake
// for each round, once, because some other node says so, and nobody pays gas for saying it again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { abis } from "@weft/chain/Abis";
import { wantedStake } from "@weft/protocol/Params";
import { startTestNetwork } from "@weft/testkit/TestNetwork";
import { decodeFunctionData } from "viem";

test("every missed reveal costs the node its penalty, in one transaction", { timeout: 600_000 }, async (t) => {
  const silent = { faults: { withholdReveals: true }, sells: false };
  const network = await startTestNetwork({ seed: 91, nodes: [{}, {}, {}, {}, silent] });
  t.after(() => network.stop());
  const { client } = network.chain;
  const { params, network: deployment } = client;
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
  let sent = 0;
  for (let number = network.chain.file.fromBlock; number <= state().block; number++) {
    const block = await client.rpc.getBlock({ blockNumber: number, includeTransactions: true });
    for (const { to, input } of block.transactions)
      if (to?.toLowerCase() === deployment.contracts.beacon)
        sent += decodeFunctionData({ abi: abis.beacon, data: input }).functionName === "penalise" ? 1 : 0;
  }
  t.diagnostic(`${missed} misses, ${sent} transactions`);
  assert.equal(sent, missed);
});
