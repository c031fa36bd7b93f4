// Disputes between running nodes: nobody is asked anything, the court's word is on the chain.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DisputeState } from "@weft/chain/Snapshot";
import { ladderOf } from "@weft/court/gameRules";
import { startTestNetwork, type TestNetwork } from "@weft/testkit/TestNetwork";

const stepsPerSegment = 6;

/** Of the node's leases. */
const disputeOf = (network: TestNetwork, find: (dispute: DisputeState) => boolean) =>
  network.until("a segment is disputed to its end", () => [...network.snapshot.disputes.values()].find(find));

test("a corrupted run is found, challenged, played to one word, and slashed; the job is done elsewhere", async () => {
  const network = await startTestNetwork({ seed: 41, nodes: 5 });
  const liar = network.node("node-1");
  const flips = network.corrupt(liar, { step: 0, everySteps: stepsPerSegment });
  const stake = network.snapshot.nodes.get(liar.nodeId)!.stake;
  const job = await network.buy();
  const dispute = await disputeOf(
    network,
    ({ eliminated, punished }) => eliminated !== undefined && punished !== undefined,
  );
  const lease = network.snapshot.leases.get(dispute.leaseId)!;
  assert.equal(lease.nodeId, liar.nodeId);
  assert.ok(flips.has(dispute.leaseId));
  assert.equal(dispute.eliminated?.ground, "history");
  const won = dispute.rivals.find(({ end }) => end === "won");
  assert.ok(won !== undefined && won.bond >= ladderOf(network.chain.client.params));
  const { punished } = dispute;
  assert.ok(punished!.bondToSponsor > 0n && punished!.bondToBuyer > 0n);
  const { faultSlashPpm } = network.chain.client.params;
  assert.equal(punished!.stakeBurnt, (stake * faultSlashPpm) / 1_000_000n);
  await job.done();
  // The buyer was told all of it: who challenged whom, each move with its gas, the word that decided it, and what it cost.
  const [challenged] = job.all("challenged");
  assert.deepEqual([challenged?.nodeId, challenged?.leaseId], [liar.nodeId, dispute.leaseId]);
  assert.ok(challenged?.sponsorNode !== undefined && challenged.sponsorNode !== liar.nodeId);
  const moves = job.all("move").filter(({ game }) => game === won.game);
  assert.deepEqual([...new Set(moves.map(({ side }) => side))], ["defender", "rival"]);
  assert.ok(moves.every(({ gas, place }) => gas > 30_000 && place !== undefined));
  const verdict = job.all("verdict").find(({ game }) => game === won.game);
  const { words, operator } = verdict?.found ?? {};
  assert.deepEqual([verdict?.winner, verdict?.proof], ["rival", "proveWord"]);
  assert.ok(operator !== undefined && words?.right === words?.rival && words?.right !== words?.defender);
  const slashed = job.all("slashed").find(({ game }) => game === won.game);
  assert.deepEqual([slashed?.nodeId, slashed?.stakeBurnt], [liar.nodeId, `${punished!.stakeBurnt}`]);
  await network.stop();
});
