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
  await network.stop();
});
